/**
 * The code credential: a W3C Verifiable Credential 2.0 as the payload of a JWT. One shape of it is read, and nothing else:
 * a payload with a member too many, too few or of another kind is refused, however good its signature.
 *
 * @typedef {import("./json.js").JsonValue} JsonValue
 * @typedef {{kind: string, name: string | null, idScheme: string | null, id: string | null}} HolderFace
 * @typedef {{licenceIdentifier: string, licenceNumber: string, version: number, holders: readonly HolderFace[],
 *   claims: ReadonlyMap<string, JsonValue>}} Subject
 * @typedef {{context: string, vcType: string, issuer: string, issuedAt: Instant, validFrom: Instant,
 *   validUntil: Instant | null, statusIndex: number, statusUrl: string, subject: Subject}} CodeCredential
 */
import { lengthOf } from "./encoding.js";
import { FormatError } from "./faults.js";
import { Instant, unixInstant } from "./instants.js";
import { checkNumbers, parseCanonical } from "./json.js";

export const TYP = "vc+jwt";
const BASE_CONTEXT = "https://www.w3.org/ns/credentials/v2";
const STATUS_TYPE = "BitstringStatusListEntry";
const REQUIRED = ["@context", "type", "iss", "issuer", "iat", "validFrom", "credentialStatus", "credentialSubject"];
const ALLOWED = new Set([...REQUIRED, "validUntil"]);
// VC-JOSE-COSE §3.1.1: a second place for what the credential says already; here never used.
const DOUBLES = ["vc", "vp", "nbf", "exp", "sub", "jti"];
const TYPE_CONTEXT = /^https?:\/\/[^ \t\n\r\f\v/?#@\\]+\/ns\/[a-z][a-z0-9-]*\/v[1-9][0-9]{0,3}$/;
const VC_TYPE = /^[A-Z][A-Za-z0-9]{0,99}$/;
const CLAIM = /^[a-z][a-z0-9_]{0,63}$/;
const UNSAFE_NAMES = ["__proto__", "constructor", "prototype"];
const MAX_TEXT = 512;
const MAX_HOLDERS = 64;
const MAX_CLAIMS = 200;

/**
 * The credential in a payload whose signature was verified.
 * @param {Uint8Array} payload
 * @returns {CodeCredential}
 * @throws {FormatError} vc_bad, vc_claims_disagree, context_unknown, time_claim_bad, time_order, status_claim_bad,
 *   claim_name, payload_bad, json_…
 */
export function decodePayload(payload) {
  if (payload.length === 0) throw new FormatError("payload_bad", "the payload of a credential is empty");
  // Numbers have one place: see `claimsOf`.
  const members = parseCanonical(payload, { checkFractions: false });
  if (!(members instanceof Map)) throw new FormatError("payload_bad", "the payload of a credential is not a JSON object");
  checkMembers(members);
  const validFrom = dateTime(members.get("validFrom"));
  const validUntil = members.has("validUntil") ? dateTime(members.get("validUntil")) : null;
  if (validUntil !== null && validUntil.seconds < validFrom.seconds) {
    throw new FormatError("time_order", "validUntil lies before validFrom");
  }
  const [context, vcType] = kindOf(members.get("@context"), members.get("type"));
  const issuer = issuerOf(members.get("iss"), members.get("issuer"));
  const issuedAt = unixInstant(members.get("iat"));
  if (issuedAt === null) {
    throw new FormatError("time_claim_bad", "iat is not a whole number of seconds from 1970 to 9999");
  }
  const [statusIndex, statusUrl] = statusOf(members.get("credentialStatus"));
  const subject = subjectOf(members.get("credentialSubject"));
  return Object.freeze(
    { context, vcType, issuer, issuedAt, validFrom, validUntil, statusIndex, statusUrl, subject },
  );
}

function bad(/** @type {string} */ sentence) {
  return new FormatError("vc_bad", sentence);
}

function checkMembers(/** @type {Map<string, JsonValue>} */ members) {
  const complete = REQUIRED.every((name) => members.has(name));
  if (complete && [...members.keys()].every((name) => ALLOWED.has(name))) return;
  if (DOUBLES.some((name) => members.has(name))) {
    throw new FormatError("vc_claims_disagree", "a JWT claim states again what the credential says: vc, nbf, exp …");
  }
  throw bad(complete ? "a credential has a member that has no place in it" : "a credential lacks a member");
}

/** @returns {string} */
function textOf(/** @type {JsonValue | undefined} */ value, /** @type {string} */ what) {
  if (typeof value !== "string" || value === "" || lengthOf(value) > MAX_TEXT) {
    throw bad(`${what} is not a text of 1 to ${MAX_TEXT} characters`);
  }
  return value;
}

/** @returns {[string, string]} context of the type, and its name as a credential */
function kindOf(/** @type {JsonValue | undefined} */ contexts, /** @type {JsonValue | undefined} */ types) {
  if (!Array.isArray(contexts) || contexts.length !== 2 || contexts[0] !== BASE_CONTEXT) {
    throw new FormatError("context_unknown", "a credential names the W3C base context and the type's own, nothing else");
  }
  if (!Array.isArray(types) || types.length !== 2 || types[0] !== "VerifiableCredential") {
    throw bad("the type of a credential is VerifiableCredential and one licence type");
  }
  const [context, vcType] = [contexts[1], types[1]];
  if (typeof context !== "string") {
    throw new FormatError("context_unknown", "the second context of a credential is not a URL");
  }
  if (typeof vcType !== "string") throw bad("the licence type of a credential is not a text");
  if (lengthOf(context) > MAX_TEXT || !TYPE_CONTEXT.test(context)) {
    throw new FormatError("context_unknown", "the second context is not that of a licence type: …/ns/<type>/v<n>");
  }
  if (!VC_TYPE.test(vcType)) throw bad("the licence type of a credential is not a PascalCase word");
  return [context, vcType];
}

function issuerOf(/** @type {JsonValue | undefined} */ iss, /** @type {JsonValue | undefined} */ issuer) {
  const name = textOf(iss, "iss");
  if (issuer !== name) {
    textOf(issuer, "issuer");
    throw new FormatError("vc_claims_disagree", "iss and issuer name different parties");
  }
  return name;
}

/** @returns {Instant} */
function dateTime(/** @type {JsonValue | undefined} */ value) {
  const instant = typeof value === "string" ? Instant.read(value) : null;
  if (instant === null) {
    throw new FormatError("time_claim_bad", "validFrom and validUntil are written YYYY-MM-DDThh:mm:ss+hh:mm");
  }
  return instant;
}

/** One row of one agency's list, seen through one or two purposes. @returns {[number, string]} index and URL */
function statusOf(/** @type {JsonValue | undefined} */ value) {
  if (!Array.isArray(value) || value.length < 1 || value.length > 2) {
    throw new FormatError("status_claim_bad", "a credential names a revocation entry and at most a suspension entry");
  }
  const [index, url] = statusEntry(value[0], "revocation");
  // Bitstring Status List v1.0 §2.1: the index is a string.
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(index)) {
    throw new FormatError("status_claim_bad", "statusListIndex is not a decimal number written as text");
  }
  if (lengthOf(url) > MAX_TEXT || !url.endsWith("/revocation")) {
    throw new FormatError("status_claim_bad", "statusListCredential is not a URL that ends in /revocation");
  }
  if (value.length === 2) {
    const [other, otherUrl] = statusEntry(value[1], "suspension");
    if (other !== index || otherUrl !== `${url.slice(0, -10)}suspension`) {
      throw new FormatError("status_claim_bad", "the status entries of a credential belong to different rows");
    }
  }
  return [Number(index), url];
}

/** @returns {[string, string]} */
function statusEntry(/** @type {JsonValue} */ value, /** @type {string} */ purpose) {
  if (!(value instanceof Map) || value.size !== 4) {
    throw new FormatError("status_claim_bad", `a status entry has not exactly the members of a ${STATUS_TYPE}`);
  }
  if (value.get("type") !== STATUS_TYPE || value.get("statusPurpose") !== purpose) {
    throw new FormatError("status_claim_bad", `a status entry is not a ${STATUS_TYPE} for ${purpose} in its place`);
  }
  const [index, url] = [value.get("statusListIndex"), value.get("statusListCredential")];
  if (typeof index !== "string" || typeof url !== "string") {
    throw new FormatError("status_claim_bad", "statusListIndex and statusListCredential are not both text");
  }
  return [index, url];
}

/** @returns {Subject} */
function subjectOf(/** @type {JsonValue | undefined} */ value) {
  if (!(value instanceof Map) || value.size !== 5) {
    throw bad("credentialSubject has not exactly licenceIdentifier, licenceNumber, version, holders, claims");
  }
  const [version, holders] = [value.get("version"), value.get("holders")];
  if (typeof version !== "number" || version < 1 || version > 999) {
    throw bad("the version of a licence is not a whole number from 1 to 999");
  }
  if (!Array.isArray(holders) || holders.length < 1 || holders.length > MAX_HOLDERS) {
    throw bad(`a licence has 1 to ${MAX_HOLDERS} holders`);
  }
  return Object.freeze({
    licenceIdentifier: textOf(value.get("licenceIdentifier"), "licenceIdentifier"),
    licenceNumber: textOf(value.get("licenceNumber"), "licenceNumber"),
    version,
    holders: holders.map(holderOf),
    claims: claimsOf(value.get("claims")),
  });
}

/** A null is never allowed, so it may stand for "absent" until the count is compared. @returns {HolderFace} */
function holderOf(/** @type {JsonValue} */ value) {
  if (!(value instanceof Map)) throw bad("a holder is not a JSON object");
  const [kind, name, scheme, own] = ["kind", "name", "idScheme", "id"].map((member) => value.get(member) ?? null);
  if (kind !== "person" && kind !== "organization") throw bad("the kind of a holder is neither person nor organization");
  if ((scheme === null) !== (own === null)) throw bad("a holder has an id without its scheme, or a scheme without an id");
  const face = {
    kind,
    name: name === null ? null : textOf(name, "name"),
    idScheme: scheme === null ? null : textOf(scheme, "idScheme"),
    id: own === null ? null : textOf(own, "id"),
  };
  if (value.size !== Object.values(face).filter((member) => member !== null).length) {
    throw bad("a holder has a member besides kind, name, idScheme, id, or one that is null");
  }
  return Object.freeze(face);
}

/** @returns {Map<string, JsonValue>} */
function claimsOf(/** @type {JsonValue | undefined} */ value) {
  if (!(value instanceof Map)) throw bad("the claims of a licence are not a JSON object");
  if (value.size > MAX_CLAIMS) throw bad(`a licence has more than ${MAX_CLAIMS} claims`);
  for (const name of value.keys()) {
    if (!CLAIM.test(name) || UNSAFE_NAMES.includes(name)) {
      throw new FormatError("claim_name", "the name of a claim is not lower-case letters, digits and underscores");
    }
  }
  checkNumbers(value.values());
  for (const claim of value.values()) checkNames(claim);
  return value;
}

function checkNames(/** @type {JsonValue} */ value) {
  if (value instanceof Map && UNSAFE_NAMES.some((name) => value.has(name))) {
    throw new FormatError("claim_name", "a member inside a claim has a name that is not allowed");
  }
  if (value instanceof Map || Array.isArray(value)) for (const item of value.values()) checkNames(item);
}
