/**
 * The trusted list as a document: who may issue what, with which keys, signed by the roots. Bytes become values here; whom to
 * believe is judged in `trust.js`.
 *
 * @typedef {import("./json.js").JsonValue} JsonValue
 * @typedef {import("./instants.js").Instant} Instant
 * @typedef {Readonly<Record<"zh-CN" | "en", string>>} Text one wording per language
 * @typedef {{kid: string, purpose: string, use: string, state: string, validFrom: Instant, validUntil: Instant | null,
 *   compromisedAt: Instant | null, verification: VerificationKey}} TrustedKey
 * @typedef {{typeSlug: string, validFrom: Instant, validUntil: Instant | null}} Permission
 * @typedef {{did: string, slug: string, name: Text, statusFamily: string, contact: string | null,
 *   permissions: readonly Permission[], keys: readonly TrustedKey[]}} TrustedAgency
 * @typedef {{slug: string, version: number, context: string, typeSha256: string}} TrustedType
 * @typedef {{issuer: string, issuedAt: Instant, expiresAt: Instant, version: number, environment: "production" | "demo",
 *   agencies: readonly TrustedAgency[], types: readonly TrustedType[]}} TrustedListPayload
 */
import { b64urlDecode, lengthOf } from "./encoding.js";
import { FormatError, TrustFault } from "./faults.js";
import { unixInstant } from "./instants.js";
import { parseCanonical } from "./json.js";
import { VerificationKey } from "./jwk.js";
import { parseJws } from "./jws.js";

export const TYP = "licence-trusted-list+jwt";
export const MAX_SIGNATURES = 16;
const MAX_DOCUMENT = 8_388_608;
const MAX_KEYS = 5_000;
const BASE_URL = new RegExp(
  "^(?:https://[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|http://localhost)" +
    "(?::[1-9][0-9]{0,4})?$",
);
const AGENCY_SLUG = /^[a-z][a-z0-9-]{1,11}$/;
const TYPE_SLUG = /^[a-z][a-z0-9-]{0,63}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Payload bytes and the unjudged signatures over them.
 * @param {Uint8Array} data
 * @returns {{payload: Uint8Array, signatures: import("./jws.js").Jws[]}}
 * @throws {TrustFault} trust_bad, trust_too_large
 */
export function parseDocument(data) {
  if (data.length > MAX_DOCUMENT) {
    throw new TrustFault("trust_too_large", `a trusted list has ${data.length} bytes; allowed are ${MAX_DOCUMENT}`);
  }
  return reading(() => {
    const document = members(parseCanonical(data, { maxBytes: MAX_DOCUMENT }), "list signatures", "the document");
    return signedDocument(document.get("list"), document.get("signatures"), { typ: TYP, maxChars: MAX_DOCUMENT });
  });
}

/**
 * A payload segment and compact JWTs over it, letter by letter, as the trusted list and the bundle carry them.
 * @param {JsonValue | undefined} segment
 * @param {JsonValue | undefined} jwts
 * @param {{typ: string, maxChars: number}} expected
 */
export function signedDocument(segment, jwts, expected) {
  if (typeof segment !== "string" || !Array.isArray(jwts) || jwts.length < 1 || jwts.length > MAX_SIGNATURES) {
    throw bad(`the document needs its payload as text and 1 to ${MAX_SIGNATURES} signatures`);
  }
  const payload = b64urlDecode(segment);
  const signatures = jwts.map((jwt) => {
    if (typeof jwt !== "string" || jwt.split(".")[1] !== segment) throw bad("a signature is not over what stands beside it");
    return parseJws(jwt, expected);
  });
  return { payload, signatures };
}

/**
 * The list in a payload; every member must be there and fit.
 * @param {Uint8Array} data
 * @returns {Promise<TrustedListPayload>}
 * @throws {TrustFault} trust_bad, trust_too_large
 */
export async function decodePayload(data) {
  const list = reading(() => {
    const names = "iss iat exp version environment agencies types";
    return members(parseCanonical(data, { maxBytes: MAX_DOCUMENT }), names, "the list");
  });
  const issuer = baseUrl(list.get("iss"));
  const [issuedAt, expiresAt] = [instant(list.get("iat"), "iat"), instant(list.get("exp"), "exp")];
  const version = count(list.get("version"), "version");
  const environment = oneOf(list.get("environment"), /** @type {const} */ (["production", "demo"]), "environment");
  const agencies = [];
  for (const each of items(list.get("agencies"), "agencies")) agencies.push(await agencyOf(each, issuer));
  const types = items(list.get("types"), "types").map(typeOf);
  const payload = Object.freeze({ issuer, issuedAt, expiresAt, version, environment, agencies, types });
  checkWhole(payload);
  return payload;
}

/** The base URL of a registry: `https://host[:port]` or `http://localhost[:port]`. @returns {string} */
export function baseUrl(/** @type {JsonValue | undefined} */ value) {
  const url = textOf(value, "iss");
  if (!BASE_URL.test(url)) throw bad("a base URL is https://host[:port] in lower case, or http://localhost[:port]");
  return url;
}

/** An object with exactly the members named. @returns {Map<string, JsonValue>} */
export function members(
  /** @type {JsonValue | undefined} */ value, /** @type {string} */ names, /** @type {string} */ what,
) {
  const wanted = names.split(" ");
  if (!(value instanceof Map) || value.size !== wanted.length || !wanted.every((name) => value.has(name))) {
    throw bad(`${what} has not exactly the members ${names}`);
  }
  return value;
}

/** @returns {Instant} */
export function instant(/** @type {JsonValue | undefined} */ value, /** @type {string} */ what) {
  const found = unixInstant(value);
  if (found === null) throw bad(`${what} is not a whole number of seconds from 1970 to 9999`);
  return found;
}

/** @returns {string} */
export function digest(/** @type {JsonValue | undefined} */ value) {
  if (typeof value !== "string" || !SHA256.test(value)) throw bad("a digest is not 64 lower-case hexadecimal digits");
  return value;
}

/** What breaks a rule of form below is a document not to be believed. @template T @param {() => T} read @returns {T} */
export function reading(read) {
  try {
    return read();
  } catch (fault) {
    throw fault instanceof FormatError ? bad(fault.message) : fault;
  }
}

export function bad(/** @type {string} */ sentence) {
  return new TrustFault("trust_bad", `malformed: ${sentence}`);
}

/** What no single member shows: order of times, and names that must be unique. */
function checkWhole(/** @type {TrustedListPayload} */ payload) {
  if (payload.issuedAt.seconds >= payload.expiresAt.seconds) throw bad("a trusted list ends before it begins");
  const keys = payload.agencies.flatMap((agency) => agency.keys.map((key) => key.kid));
  if (keys.length > MAX_KEYS) {
    throw new TrustFault("trust_too_large", `a trusted list has ${keys.length} keys; allowed are ${MAX_KEYS}`);
  }
  const slugs = payload.agencies.map((agency) => agency.slug);
  const types = payload.types.map((type) => `${type.slug} ${type.version}`);
  for (const names of [keys, slugs, types]) {
    if (new Set(names).size !== names.length) throw bad("a trusted list names a key, agency or type version twice");
  }
}

/** @returns {Promise<TrustedAgency>} */
async function agencyOf(/** @type {JsonValue} */ value, /** @type {string} */ issuer) {
  const names = "id https slug name uscc contact status_family permissions keys";
  const agency = members(value, names, "an agency");
  const slug = textOf(agency.get("slug"), "slug");
  textOf(agency.get("uscc"), "uscc");
  const contact = agency.get("contact") === null ? null : textOf(agency.get("contact"), "contact");
  const name = nameOf(agency.get("name"));
  const permissions = items(agency.get("permissions"), "permissions").map(permissionOf);
  const keys = [];
  for (const key of items(agency.get("keys"), "keys")) keys.push(await keyOf(key));
  const did = `did:web:${issuer.slice(issuer.indexOf("://") + 3).replace(":", "%3A")}:a:${slug}`;
  const statusFamily = `${issuer}/status/${slug}/`;
  const follows =
    AGENCY_SLUG.test(slug) &&
    agency.get("id") === did &&
    agency.get("https") === `${issuer}/a/${slug}` &&
    agency.get("status_family") === statusFamily;
  if (!follows) throw bad("the identifiers of an agency do not follow from the registry's base URL and its slug");
  return Object.freeze({ did, slug, name, statusFamily, contact, permissions, keys });
}

/** @returns {Text} */
function nameOf(/** @type {JsonValue | undefined} */ value) {
  const name = members(value, "zh-CN en", "the name of an agency");
  return Object.freeze({ "zh-CN": textOf(name.get("zh-CN"), "name"), en: textOf(name.get("en"), "name") });
}

/** @returns {Permission} */
function permissionOf(/** @type {JsonValue} */ value) {
  const permission = members(value, "type from until", "a permission");
  return Object.freeze({ typeSlug: typeSlug(permission.get("type")), ...windowOf(permission) });
}

/** @returns {Promise<TrustedKey>} */
async function keyOf(/** @type {JsonValue} */ value) {
  const key = members(value, "kid purpose use state from until compromised_at jwk", "a key");
  let verification;
  try {
    verification = await VerificationKey.fromJwk(key.get("jwk") ?? null);
  } catch (fault) {
    throw fault instanceof FormatError ? bad(fault.message) : fault;
  }
  const state = oneOf(key.get("state"), /** @type {const} */ (["next", "active", "retired", "compromised"]), "state");
  const compromised = key.get("compromised_at");
  if (key.get("kid") !== verification.kid) throw bad("the kid of a key is not its thumbprint");
  if ((state === "compromised") !== (compromised !== null)) {
    throw bad("compromised_at is given for compromised keys and for no others");
  }
  return Object.freeze({
    kid: verification.kid,
    purpose: oneOf(key.get("purpose"), /** @type {const} */ (["credential", "status_list"]), "purpose"),
    use: oneOf(key.get("use"), /** @type {const} */ (["live", "test"]), "use"),
    state,
    ...windowOf(key),
    compromisedAt: compromised === null ? null : instant(compromised, "compromised_at"),
    verification,
  });
}

/** @returns {TrustedType} */
function typeOf(/** @type {JsonValue} */ value) {
  const type = members(value, "slug version context context_sha256 type_sha256", "a type");
  digest(type.get("context_sha256"));
  return Object.freeze({
    slug: typeSlug(type.get("slug")),
    version: count(type.get("version"), "version"),
    context: textOf(type.get("context"), "context"),
    typeSha256: digest(type.get("type_sha256")),
  });
}

function windowOf(/** @type {Map<string, JsonValue>} */ entry) {
  const validFrom = instant(entry.get("from"), "from");
  const validUntil = entry.get("until") === null ? null : instant(entry.get("until"), "until");
  if (validUntil !== null && validUntil.seconds < validFrom.seconds) throw bad("until lies before from");
  return { validFrom, validUntil };
}

/** @returns {JsonValue[]} */
function items(/** @type {JsonValue | undefined} */ value, /** @type {string} */ what) {
  if (!Array.isArray(value)) throw bad(`${what} is not an array`);
  return value;
}

/** @returns {string} */
function typeSlug(/** @type {JsonValue | undefined} */ value) {
  if (typeof value !== "string" || !TYPE_SLUG.test(value)) throw bad("the slug of a type is malformed");
  return value;
}

/** @returns {string} */
function textOf(/** @type {JsonValue | undefined} */ value, /** @type {string} */ what) {
  if (typeof value !== "string" || value === "" || lengthOf(value) > 512) {
    throw bad(`${what} is not a text of 1 to 512 characters`);
  }
  return value;
}

/** @template {string} T @returns {T} */
function oneOf(/** @type {JsonValue | undefined} */ value, /** @type {readonly T[]} */ allowed, /** @type {string} */ what) {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw bad(`${what} is not one of ${allowed.join(", ")}`);
  return found;
}

/** @returns {number} */
function count(/** @type {JsonValue | undefined} */ value, /** @type {string} */ what) {
  if (typeof value !== "number" || value < 1) throw bad(`${what} is not a whole number from 1`);
  return value;
}
