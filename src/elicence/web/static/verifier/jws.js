/**
 * Compact JSON Web Signatures (RFC 7515) behind one strict gate. Nothing is believed that a token says about keys, and no
 * text has a second spelling (RFC 8725).
 */
import { b64urlDecode, isAscii, utf8Bytes } from "./encoding.js";
import { FormatError } from "./faults.js";
import { parseCanonical } from "./json.js";

export const MAX_CHARS = 16_384;
const MAX_HEADER_CHARS = 2_048;
const ALGORITHMS = ["ES256"];
const REFUSED = new Map([
  ["jwk", "header_key_forbidden"],
  ["jku", "header_key_forbidden"],
  ["x5u", "header_key_forbidden"],
  ["x5c", "header_key_forbidden"],
  ["zip", "header_zip_forbidden"],
  ["crit", "crit_unknown"],
  ["b64", "crit_unknown"],
]);
// VC-JOSE-COSE §3.1: a token of this typ that names its content names this one.
const CONTENT = new Map([["vc+jwt", "vc"]]);

/**
 * A well-formed token whose signature nobody has judged yet.
 * @typedef {{header: Map<string, import("./json.js").JsonValue>, kid: string, payload: Uint8Array,
 *   signingInput: Uint8Array, signature: Uint8Array, text: string}} Jws
 */

/**
 * Split and check a compact token.
 * @param {string} text
 * @param {{typ: string, maxChars?: number}} expected
 * @returns {Jws}
 * @throws {FormatError}
 */
export function parseJws(text, { typ, maxChars = MAX_CHARS }) {
  if (!isAscii(text)) throw new FormatError("b64_alphabet", "a token holds a character outside ASCII");
  const segments = text.split(".", 4);
  if (segments.length !== 3 || !segments[0]) {
    throw new FormatError("token_format", "a compact token has exactly three segments and begins with a header");
  }
  if (text.length > maxChars) throw new FormatError("token_too_long", `a token has more than ${maxChars} characters`);
  const [head, body, tail] = segments;
  if (head.length > MAX_HEADER_CHARS) {
    throw new FormatError("header_bad", `a token header has more than ${MAX_HEADER_CHARS} characters`);
  }
  const header = readHeader(head);
  checkTyp(header, typ);
  const [payload, signature] = [b64urlDecode(body), b64urlDecode(tail)];
  const signingInput = utf8Bytes(text.slice(0, text.length - tail.length - 1));
  return { header, kid: String(header.get("kid")), payload, signingInput, signature, text };
}

/**
 * Return if `key`, which the caller chose, signed the token.
 * @param {Jws} jws
 * @param {import("./jwk.js").VerificationKey} key
 * @throws {FormatError} alg_key_mismatch, sig_bad
 */
export async function verifyJws(jws, key) {
  if (jws.header.get("alg") !== key.alg) {
    throw new FormatError("alg_key_mismatch", `the token names another algorithm than its key, which is for ${key.alg}`);
  }
  if (!(await key.verifies(jws.signingInput, jws.signature))) {
    throw new FormatError("sig_bad", "the signature does not belong to these bytes and this key");
  }
}

/** What a `typ` says in the one spelling used here (RFC 7515 §4.1.9); empty for what is no text. @returns {string} */
export function plainTyp(/** @type {import("./json.js").JsonValue | undefined} */ typ) {
  return typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : "";
}

function readHeader(/** @type {string} */ segment) {
  const header = parseCanonical(b64urlDecode(segment));
  if (!(header instanceof Map)) throw new FormatError("header_bad", "a token header is a JSON object");
  for (const [name, code] of REFUSED) {
    if (header.has(name)) throw new FormatError(code, `a token header may not carry ${name}`);
  }
  if ([...header.values()].some((value) => value instanceof Map || Array.isArray(value))) {
    throw new FormatError("header_bad", "a token header has a member that is neither text nor number");
  }
  const [alg, kid] = [header.get("alg"), header.get("kid")];
  if (typeof alg !== "string") throw new FormatError("header_bad", "a token header names no algorithm");
  if (!ALGORITHMS.includes(alg)) {
    throw new FormatError("alg_not_allowed", `the algorithm of a token is not one of ${ALGORITHMS.join(", ")}`);
  }
  if (typeof kid !== "string" || !kid) throw new FormatError("header_bad", "a token header names no key");
  return header;
}

function checkTyp(/** @type {Map<string, import("./json.js").JsonValue>} */ header, /** @type {string} */ typ) {
  if (plainTyp(header.get("typ")) !== typ) throw new FormatError("typ_wrong", `a token is not of the type ${typ}`);
  const content = header.get("cty");
  if (header.has("cty") && content !== (CONTENT.get(typ) ?? null)) {
    throw new FormatError("typ_wrong", `the content of a token of the type ${typ} is not what it should be`);
  }
}
