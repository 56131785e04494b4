/** Token Status List (draft-ietf-oauth-status-list-20): many small status values in one signed, compressed list. */
import { b64urlDecode } from "./encoding.js";
import { FormatError } from "./faults.js";
import { inflate } from "./inflate.js";
import { unixInstant } from "./instants.js";
import { Fraction, parseCanonical } from "./json.js";

export const TYP = "statuslist+jwt";
export const ENTRIES = 131_072;
export const VALID = 0;
export const INVALID = 1;
export const SUSPENDED = 2;
export const SUPERSEDED = 3;
const WIDTHS = [1, 2, 4, 8];

/** The bare list: entries of `bits` bits each, counted from the least significant bit (§4.1). */
export class StatusList {
  /** @param {number} bits @param {Uint8Array} data */
  constructor(bits, data) {
    this.bits = bits;
    this.data = data;
    this.size = (data.length * 8) / bits;
  }

  /**
   * The value at `index`; an index outside the list is an error, never "valid" (§8.3).
   * @param {number} index
   * @returns {number}
   * @throws {FormatError} status_index_range
   */
  get(index) {
    if (!(index >= 0 && index < this.size)) {
      throw new FormatError("status_index_range", `the list has ${this.size} entries, the index lies outside`);
    }
    const position = index * this.bits;
    return (this.data[position >> 3] >> (position & 7)) & ((1 << this.bits) - 1);
  }
}

/**
 * What a Status List Token says.
 * @typedef {{issuedAt: import("./instants.js").Instant, expiresAt: import("./instants.js").Instant,
 *   statuses: StatusList}} StatusListToken
 */

/**
 * Read the payload of a Status List Token whose signature was verified. The draft makes `exp` optional; here it is required,
 * because a verifier without network relies on it.
 * @param {Uint8Array} payload
 * @param {string} expectedUri
 * @returns {StatusListToken}
 * @throws {FormatError} list_bad, list_substituted, list_corrupt, list_too_large
 */
export function decodeTokenPayload(payload, expectedUri) {
  const claims = claimsOf(payload);
  const sub = claims.get("sub");
  if (typeof sub !== "string") throw bad("sub is absent or not a text");
  if (sub !== expectedUri) {
    throw new FormatError("list_substituted", "the token is for another status list than the licence names");
  }
  const [issuedAt, expiresAt] = [unixInstant(claims.get("iat")), unixInstant(claims.get("exp"))];
  if (issuedAt === null || expiresAt === null) throw bad("iat or exp is not a whole number of seconds since 1970");
  const ttl = claims.get("ttl");
  if (claims.has("ttl") && typeof ttl !== "number" && !(ttl instanceof Fraction)) throw bad("ttl is not a number");
  return Object.freeze({ issuedAt, expiresAt, statuses: statusesOf(claims.get("status_list")) });
}

function bad(/** @type {string} */ sentence) {
  return new FormatError("list_bad", sentence);
}

function claimsOf(/** @type {Uint8Array} */ payload) {
  let claims;
  try {
    claims = parseCanonical(payload, { maxBytes: 4096 + 2 * ENTRIES });
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault;
    throw bad("the payload of the status list token is not acceptable JSON");
  }
  if (!(claims instanceof Map)) throw bad("the payload of the status list token is not an object");
  return claims;
}

function statusesOf(/** @type {import("./json.js").JsonValue | undefined} */ value) {
  if (!(value instanceof Map)) throw bad("status_list is absent or not an object");
  const [bits, lst] = [value.get("bits"), value.get("lst")];
  if (typeof bits !== "number" || !WIDTHS.includes(bits)) throw bad("bits is not one of 1, 2, 4, 8");
  if (typeof lst !== "string" || !lst) throw bad("lst is absent, empty or not a text");
  let compressed;
  try {
    compressed = b64urlDecode(lst);
  } catch {
    throw bad("lst is not base64url without padding");
  }
  return new StatusList(bits, inflated(compressed, (ENTRIES * bits) / 8));
}

function inflated(/** @type {Uint8Array} */ compressed, /** @type {number} */ size) {
  const found = inflate(compressed, { most: size });
  if (!("ok" in found)) {
    const code = found.trouble === "too_large" ? "list_too_large" : "list_corrupt";
    throw new FormatError(code, `the compressed list is no whole ZLIB stream of ${size} bytes`);
  }
  if (found.ok.length !== size) throw new FormatError("list_corrupt", `the list does not inflate to ${size} bytes`);
  return found.ok;
}
