// What the server hands the page beside its HTML: words, roots, addresses. Data in an attribute, never a script.
const given = JSON.parse(document.getElementById("counter").dataset.settings);

export const settings = Object.freeze(given);

// Whether the registry serves the reader of pictures and the one of PDF; they come from npm and may be missing.
export const reads = Boolean(given.reader);
export const readsPdf = reads && Boolean(given.pdf_reader);

// Whether this browser can verify by itself: signatures need a protected address, and there must be roots to trust.
export const able = Boolean(globalThis.isSecureContext && globalThis.crypto?.subtle && given.roots);
