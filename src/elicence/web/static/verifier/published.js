/** The two checks that need something published: the licence type's file and the status list. */
import { failed, namedKey, namedType, passed, skipped, unknown } from "./checks.js";
import { sha256Hex } from "./encoding.js";
import { FormatError, TypeFileError } from "./faults.js";
import { Duration } from "./instants.js";
import { parseJws, verifyJws } from "./jws.js";
import { parseLicenceType } from "./licence_type.js";
import { MAX_STATUS_CHARS } from "./sources.js";
import { TYP, decodeTokenPayload } from "./status_list.js";

/**
 * @typedef {import("./checks.js").Check} Check
 * @typedef {import("./trust.js").AgencyKey} AgencyKey
 * @typedef {import("./trust.js").TrustedList} TrustedList
 * @typedef {import("./sources.js").Sources} Sources
 * @typedef {import("./licence_type.js").LicenceType} LicenceType
 * @typedef {import("./status_list.js").StatusListToken} StatusListToken
 * @typedef {import("./policy.js").Policy} Policy
 * @typedef {{trust: TrustedList, sources: Sources, now: import("./instants.js").Instant, policy: Policy}} Setting
 */

const LIST_NUMBER = /^[1-9][0-9]{0,8}$/;
const SIGNATURE_CODES = ["sig_bad", "alg_not_allowed", "alg_key_mismatch"];

/**
 * Is the type version known, and is its file here the one whose digest the trusted list pins?
 * @param {import("./vc.js").CodeCredential} credential
 * @param {Setting} setting
 * @returns {Promise<[Check, LicenceType | null]>}
 */
export async function checkType(credential, { trust, sources }) {
  const named = namedType(credential, trust);
  if (named === null) return [failed("type", "context_unknown"), null];
  const pinned = trust.type(...named);
  if (pinned === null) return [failed("type", "type_unknown"), null];
  if (pinned.context !== credential.context) return [failed("type", "context_unknown"), null];
  const opened = await openType(pinned, sources);
  if (typeof opened === "string") return [unknown("type", opened), null];
  if (opened.vcType !== credential.vcType) return [failed("type", "vc_claims_disagree"), null];
  return [passed("type", { type: opened.title }), opened];
}

/**
 * Is it the type that was asked for?
 * @param {LicenceType} found
 * @param {Setting} setting
 * @returns {Promise<Check>}
 */
export async function checkExpectedType(found, { trust, sources, policy }) {
  const expected = policy.expectedType;
  if (expected === null) return skipped("expected_type");
  if (expected === found.slug) return passed("expected_type");
  const pinned = trust.newestType(expected);
  const opened = pinned === null ? "type_unknown" : await openType(pinned, sources);
  const title = typeof opened === "string" ? expected : opened.title;
  return failed("expected_type", "type_other", { type: found.title, expected_type: title });
}

/** The type a pinned file describes, or the reason why it cannot be had. @returns {Promise<LicenceType | string>} */
async function openType(/** @type {import("./trusted_list.js").TrustedType} */ pinned, /** @type {Sources} */ sources) {
  const document = await fetched(() => sources.typeDocument(pinned.slug, pinned.version));
  if (document === null) return "type_document_absent";
  if ((await sha256Hex(document)) !== pinned.typeSha256) return "type_document_changed";
  try {
    const opened = parseLicenceType(document);
    return opened.slug === pinned.slug && opened.version === pinned.version ? opened : "type_document_changed";
  } catch (fault) {
    // Pinned, so genuine: written by rules newer than this reader.
    if (fault instanceof TypeFileError) return "type_unknown";
    throw fault;
  }
}

/**
 * Is there a status list of this agency for this licence, genuine and fresh enough? A genuine list is returned even if it is
 * too old to confirm anything, because it may still hold bad news.
 * @param {import("./vc.js").CodeCredential} credential
 * @param {AgencyKey} key
 * @param {Setting} setting
 * @returns {Promise<[Check, StatusListToken | null]>}
 */
export async function checkStatusList(credential, key, { trust, sources, now, policy }) {
  const uri = credential.statusUrl.slice(0, -"/revocation".length);
  const family = key.agency.statusFamily;
  if (!uri.startsWith(family) || !LIST_NUMBER.test(uri.slice(family.length))) {
    return [failed("status_list", "status_claim_bad"), null];
  }
  const text = await fetched(() => sources.statusToken(uri));
  if (text === null) return [unknown("status_list", "list_unreachable"), null];
  let signer;
  let listed;
  try {
    const jws = parseJws(text, { typ: TYP, maxChars: MAX_STATUS_CHARS });
    signer = listKey(jws.kid, key, trust);
    if (signer === null) return [unknown("status_list", "list_untrusted"), null];
    await verifyJws(jws, signer.entry.verification);
    listed = decodeTokenPayload(jws.payload, uri);
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault;
    return [unknown("status_list", listReason(fault)), null];
  }
  if (!signer.inWindow(listed.issuedAt)) return [unknown("status_list", "list_untrusted"), null];
  return [freshness(listed, now, policy), listed];
}

/** @returns {Check} */
function freshness(
  /** @type {StatusListToken} */ listed, /** @type {import("./instants.js").Instant} */ now, /** @type {Policy} */ policy,
) {
  const seconds = now.seconds - listed.issuedAt.seconds;
  const age = new Duration(seconds);
  const { hardStatusAge, maxStatusAge, leeway } = policy;
  if (seconds < -leeway || listed.expiresAt.seconds <= listed.issuedAt.seconds) return unknown("status_list", "list_time");
  if (seconds > hardStatusAge) return unknown("status_list", "list_too_old", { age, limit: new Duration(hardStatusAge) });
  if (now.seconds >= listed.expiresAt.seconds) return unknown("status_list", "list_expired", { age });
  if (seconds > maxStatusAge) return unknown("status_list", "list_age", { age, limit: new Duration(maxStatusAge) });
  return passed("status_list", { age });
}

/** The agency's own status list key that the list names; a licence key, or another agency's, will not do. */
function listKey(/** @type {string} */ kid, /** @type {AgencyKey} */ key, /** @type {TrustedList} */ trust) {
  const [did, thumbprint] = namedKey(kid);
  const signer = trust.key(key.agency.did, thumbprint);
  if (signer === null || (did !== "" && did !== key.agency.did)) return null;
  const { purpose, state, use } = signer.entry;
  if (purpose !== "status_list" || state === "compromised") return null;
  // A test list must not speak for a licence with legal effect.
  return use === "test" && key.entry.use !== "test" ? null : signer;
}

function listReason(/** @type {FormatError} */ fault) {
  if (SIGNATURE_CODES.includes(fault.code)) return "list_sig";
  return fault.code.startsWith("list_") ? fault.code : "list_bad";
}

/** What a source gives; a source that fails gives nothing. @template T @param {() => T | null | Promise<T | null>} ask */
async function fetched(ask) {
  try {
    return (await ask()) ?? null;
  } catch {
    return null;
  }
}
