/** What pages import of the verifier. */
import { recognise } from "./decode.js";
import { FormatError } from "./faults.js";

export { openBundle } from "./bundle.js";
export { FormatError, TrustFault } from "./faults.js";
export { MemorySources } from "./sources.js";
export { openTrustedList, parseRoots } from "./trust.js";
export { verify } from "./verify.js";

/**
 * What a text is, without judging it and without ever opening it: a code to verify, a code to look up, or something foreign
 * named by `looksLike` (a key of the catalogue's `looks_like` words).
 * @param {string} text
 * @param {ReadonlyMap<number, Uint8Array>} [dictionaries] without them the frame of a licence code is not read
 * @param {string | null} [registry] the base URL that links should lead to
 * @returns {import("./decode.js").Decoded | {kind: "foreign", looksLike: string} | {kind: "unreadable", reason: string}}
 */
export function decode(text, dictionaries = new Map(), registry = null) {
  try {
    return recognise(String(text), dictionaries, registry);
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault;
    const looksLike = fault.facts.looks_like;
    return looksLike === undefined ? { kind: "unreadable", reason: fault.code } : { kind: "foreign", looksLike };
  }
}
