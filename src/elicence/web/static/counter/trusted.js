// The one policy under which this page makes an address into a script: our workers and that of pdf.js, and nothing else.
export const SERVICE_WORKER = new URL("/service-worker.js", location.origin).href;
export const PDF_WORKER = new URL("../vendor/pdfjs/pdf.worker.min.mjs", import.meta.url).href;
const ALLOWED = new Set([new URL("./inputs/reader-worker.js", import.meta.url).href, SERVICE_WORKER, PDF_WORKER]);

function checked(url) {
  if (!ALLOWED.has(url)) throw new TypeError("no script of this page");
  return url;
}

const policy = globalThis.trustedTypes?.createPolicy("counter", { createScriptURL: checked });

export const scriptUrl = (url) => (policy ? policy.createScriptURL(url) : checked(url));
