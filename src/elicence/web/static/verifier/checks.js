/**
 * The single checks of a verification: each asks one question and answers with a `Check` and what it found. None throws for
 * anything a stranger can write. `verify.js` tells in which order they are asked and why.
 *
 * @typedef {import("./catalogue.js").Facts} Facts
 * @typedef {"passed" | "failed" | "unknown" | "skipped"} Outcome
 * @typedef {{name: string, outcome: Outcome, reason: string | null, facts: Facts}} Check
 * @typedef {import("./trust.js").TrustedList} TrustedList
 * @typedef {import("./trust.js").AgencyKey} AgencyKey
 * @typedef {import("./vc.js").CodeCredential} CodeCredential
 * @typedef {import("./licence_type.js").LicenceType} LicenceType
 * @typedef {import("./instants.js").Instant} Instant
 * @typedef {import("./policy.js").Policy} Policy
 */
import { texts } from "./catalogue.js";
import { isForeignToken, recognise } from "./decode.js";
import { FormatError } from "./faults.js";
import { Duration } from "./instants.js";
import { parseJws, verifyJws } from "./jws.js";
import { clockIsOff } from "./policy.js";
import { INVALID, SUPERSEDED, SUSPENDED, VALID } from "./status_list.js";
import { TYP, decodePayload } from "./vc.js";

// What a token says of its issuer is shown only if it cannot dress up as anything else.
const CLAIMED = /^did:web:([a-z0-9.-]{1,80}(?:%3A[0-9]{1,5})?):a:([a-z][a-z0-9-]{1,11})$/;
const NAMED_TYPE = /^\/ns\/([a-z][a-z0-9-]{0,63})\/v([1-9][0-9]{0,3})$/;
const LISTED = new Map([[INVALID, "revoked"], [SUSPENDED, "suspended"], [SUPERSEDED, "newer_version"]]);

/** @returns {Check} */
export function passed(/** @type {string} */ name, /** @type {Facts} */ facts = {}) {
  return { name, outcome: "passed", reason: null, facts };
}

/** @returns {Check} */
export function failed(/** @type {string} */ name, /** @type {string} */ reason, /** @type {Facts} */ facts = {}) {
  return { name, outcome: "failed", reason, facts };
}

/** A check that could not be made. @returns {Check} */
export function unknown(/** @type {string} */ name, /** @type {string} */ reason, /** @type {Facts} */ facts = {}) {
  return { name, outcome: "unknown", reason, facts };
}

/** @returns {Check} */
export function skipped(/** @type {string} */ name) {
  return { name, outcome: "skipped", reason: null, facts: {} };
}

/** Whether a check stands in the way of acceptance. @param {Check} check @returns {boolean} */
export function troubled(check) {
  return check.outcome === "failed" || check.outcome === "unknown";
}

/** What `work` returns, or the code of the FormatError it throws. @template T @param {() => T} work */
function attempt(work) {
  try {
    return { value: work() };
  } catch (fault) {
    if (fault instanceof FormatError) return { fault };
    throw fault;
  }
}

/**
 * Is this a licence code, and a well-formed token? A licence of this registry behind a link to another site is none.
 * @param {string} text
 * @param {ReadonlyMap<number, Uint8Array>} dictionaries
 * @param {TrustedList} trust
 * @returns {[Check, import("./jws.js").Jws | null]}
 */
export function checkFormat(text, dictionaries, trust) {
  const decoded = attempt(() => recognise(text, dictionaries, trust.baseUrl));
  if (decoded.fault) {
    const seen = decoded.fault.facts.looks_like;
    const reason = seen === "presentation" ? "needs_network" : decoded.fault.code;
    return [failed("format", reason, seen === undefined ? {} : { looks_like: texts("looks_like", seen) }), null];
  }
  const { elsewhere } = decoded.value;
  const otherSite = () => failed("format", "qr_not_licence", { looks_like: texts("looks_like", "other_site") });
  if (decoded.value.kind === "verification_code") return [elsewhere ? otherSite() : unknown("format", "needs_lookup"), null];
  const { token } = decoded.value;
  const parsed = attempt(() => parseJws(token, { typ: TYP }));
  if (!parsed.fault) {
    const ours = trust.agencyByDid(namedKey(parsed.value.kid)[0]) !== null;
    return elsewhere && ours ? [otherSite(), null] : [passed("format"), parsed.value];
  }
  const reason = isForeignToken(token) ? "typ_wrong" : parsed.fault.code;
  const facts = reason === "typ_wrong" ? { looks_like: texts("looks_like", "foreign_record") } : {};
  return [failed("format", reason, facts), null];
}

/** Does the trusted list still run? @param {TrustedList} trust @param {Instant} now @returns {Check} */
export function checkTrustedList(trust, now) {
  if (now.seconds >= trust.expiresAt.seconds) return unknown("trusted_list", "trust_expired", { date: trust.expiresAt });
  return passed("trusted_list", { trust_date: trust.issuedAt });
}

/**
 * Does the trusted list know the key, as one that signs licences for the agency the token names? A compromised key is returned
 * too, so that a forged licence is told from one whose issuer lost its key.
 * @param {import("./jws.js").Jws} jws
 * @param {TrustedList} trust
 * @returns {[Check, AgencyKey | null]}
 */
export function checkKey(jws, trust) {
  const [did, thumbprint] = namedKey(jws.kid);
  const [agency, key] = [trust.agencyByDid(did), trust.keyOfAnyone(thumbprint)];
  if (key === null) {
    if (agency !== null) return [failed("key", "key_unknown", { issuer: agency.name }), null];
    return [failed("key", "issuer_unknown", claimedIssuer(did)), null];
  }
  const issuer = key.agency.name;
  if (key.agency !== agency) return [failed("key", "key_not_for_issuer", { issuer }), null];
  if (key.entry.purpose !== "credential") return [failed("key", "key_wrong_purpose", { issuer }), null];
  if (key.entry.state === "compromised") {
    const since = key.entry.compromisedAt;
    return [failed("key", "key_compromised", since === null ? { issuer } : { issuer, date: since }), key];
  }
  return [passed("key"), key];
}

/** Agency and thumbprint in a `kid`. @param {string} kid @returns {[string, string]} */
export function namedKey(kid) {
  const mark = kid.lastIndexOf("#");
  return [kid.slice(0, Math.max(mark, 0)), kid.slice(mark + 1)];
}

/**
 * Did this key sign exactly these bytes?
 * @param {import("./jws.js").Jws} jws
 * @param {AgencyKey} key
 * @returns {Promise<Check>}
 */
export async function checkSignature(jws, key) {
  try {
    await verifyJws(jws, key.entry.verification);
    return passed("signature");
  } catch (fault) {
    if (fault instanceof FormatError) return failed("signature", fault.code);
    throw fault;
  }
}

/**
 * Is what was signed a credential of the one shape known here? Asked only after the signature passed.
 * @param {import("./jws.js").Jws} jws
 * @returns {[Check, CodeCredential | null]}
 */
export function checkContent(jws) {
  const decoded = attempt(() => decodePayload(jws.payload));
  if (!decoded.fault) return [passed("content"), decoded.value];
  // An agency signed this, so the code arrived whole: odd JSON in it is no sign of damage on the way.
  const defect = decoded.fault.code;
  return [failed("content", defect.startsWith("json_") ? "payload_bad" : defect, { defect }), null];
}

/** Does the credential name as issuer the agency whose key signed it? @returns {Check} */
export function checkIssuer(/** @type {CodeCredential} */ credential, /** @type {AgencyKey} */ key) {
  const facts = { issuer: key.agency.name };
  return credential.issuer === key.agency.did ? passed("issuer", facts) : failed("issuer", "key_not_for_issuer", facts);
}

/** When it signed, was the key in use and the agency allowed to issue this type? @returns {Check} */
export function checkAuthority(
  /** @type {CodeCredential} */ credential, /** @type {AgencyKey} */ key, /** @type {TrustedList} */ trust,
) {
  const issuer = key.agency.name;
  if (!key.inWindow(credential.issuedAt)) {
    return failed("authority", "key_out_of_window", { issuer, date: credential.issuedAt });
  }
  const named = namedType(credential, trust);
  if (named === null) return skipped("authority");
  if (!trust.permits(key.agency.did, named[0], credential.issuedAt)) {
    return failed("authority", "type_not_for_issuer", { issuer });
  }
  return passed("authority");
}

/** Is this more than a test? @returns {Check} */
export function checkTest(
  /** @type {AgencyKey} */ key, /** @type {TrustedList} */ trust, /** @type {Policy} */ policy,
) {
  if (key.entry.use === "test" && !policy.acceptTest) return failed("test", "test_key");
  if (policy.environment === "production" && trust.environment !== "production") return failed("test", "demo_list");
  return passed("test");
}

/** Can the time be right? A clock that is known to be wrong cannot, nor one before something already signed. @returns {Check} */
export function checkClock(
  /** @type {CodeCredential} */ credential, /** @type {TrustedList} */ trust,
  /** @type {{now: Instant, policy: Policy}} */ { now, policy },
) {
  if (clockIsOff(policy)) return failed("clock", "clock_off", { age: new Duration(Math.abs(policy.clockOff)) });
  const behind = Math.max(credential.issuedAt.seconds, trust.issuedAt.seconds) - now.seconds;
  return behind > policy.leeway ? failed("clock", "clock_behind", { age: new Duration(behind) }) : passed("clock");
}

/** Is the licence in force by its own dates? The first instant and the whole last second count. @returns {Check} */
export function checkValidity(/** @type {CodeCredential} */ credential, /** @type {Instant} */ now) {
  const { validFrom, validUntil } = credential;
  if (now.seconds < validFrom.seconds) return failed("validity", "not_yet", { date: validFrom });
  if (validUntil !== null && now.seconds >= validUntil.seconds + 1) return failed("validity", "expired", { date: validUntil });
  return passed("validity");
}

/** Slug and version in the credential's context, if it is one of this registry's. @returns {[string, number] | null} */
export function namedType(/** @type {CodeCredential} */ credential, /** @type {TrustedList} */ trust) {
  if (!credential.context.startsWith(trust.baseUrl)) return null;
  const found = NAMED_TYPE.exec(credential.context.slice(trust.baseUrl.length));
  return found === null ? null : [found[1], Number(found[2])];
}

/** Are all claims and holders ones that a code of this type may carry, of the right JSON kind? @returns {Check} */
export function checkClaims(/** @type {CodeCredential} */ credential, /** @type {LicenceType} */ licenceType) {
  const { claims, holders } = credential.subject;
  for (const [name, value] of claims) {
    const rule = licenceType.claims.get(name);
    if (rule === undefined || !rule.code) return failed("claims", "claim_unknown");
    if (kindOf(value) !== rule.kind) return failed("claims", "claim_kind");
  }
  const stranger = holders.some((holder) => !licenceType.holderKinds.includes(holder.kind));
  if (stranger || (holders.length > 1 && !licenceType.several)) return failed("claims", "holder_kind");
  return passed("claims");
}

/** The name JSON Schema has for a value; none for null and for fractions, which no claim may be. @returns {string} */
function kindOf(/** @type {import("./json.js").JsonValue} */ value) {
  if (value instanceof Map) return "object";
  if (Array.isArray(value)) return "array";
  const kinds = new Map([["string", "string"], ["number", "integer"], ["boolean", "boolean"]]);
  return kinds.get(typeof value) ?? "";
}

/**
 * What does the list say of this licence version? Asked however old the list is: bad news stays bad news, and good news from
 * an old list is stopped by the check of the list itself.
 * @param {CodeCredential} credential
 * @param {import("./status_list.js").StatusListToken} listed
 * @returns {Check}
 */
export function checkStatus(credential, listed) {
  const found = attempt(() => listed.statuses.get(credential.statusIndex));
  if (found.fault) return failed("status", found.fault.code);
  const facts = { as_of: listed.issuedAt };
  if (found.value === VALID) return passed("status", facts);
  const reason = LISTED.get(found.value);
  return reason === undefined ? unknown("status", "status_value_unknown") : failed("status", reason, facts);
}

/** Do the characters typed end a holder's identifier? Masked characters are not compared. @returns {Check} */
export function checkHolder(/** @type {CodeCredential} */ credential, /** @type {Policy} */ policy) {
  const typed = policy.idTail;
  if (typed === null) return skipped("holder");
  const visible = credential.subject.holders.map(visibleTail).filter((tail) => tail.length > 0);
  if (!visible.length) return unknown("holder", "holder_id_absent");
  // Of a masked identifier perhaps fewer characters are left than were typed.
  const ends = visible.some((tail) => tail.length >= 2 && typed.endsWith(tail.slice(-typed.length).join("")));
  return ends ? passed("holder") : failed("holder", "holder_id_differs");
}

/** Must a person still compare the holder with a photo ID? @returns {Check} */
export function checkPhotoId(/** @type {LicenceType} */ licenceType, /** @type {Policy} */ policy) {
  const rule = licenceType.counterPhotoId;
  const needed = rule === "always" || (rule === "paper" && policy.paper);
  return needed ? unknown("photo_id", "photo_id_needed") : skipped("photo_id");
}

/** @returns {Facts} */
function claimedIssuer(/** @type {string} */ did) {
  const found = CLAIMED.exec(did);
  return found === null ? {} : { claimed_issuer: `${found[1].replace("%3A", ":")}/${found[2]}` };
}

/** The code points after the last masked one. @returns {string[]} */
function visibleTail(/** @type {import("./vc.js").HolderFace} */ holder) {
  const id = holder.id ?? "";
  return Array.from(id.slice(id.lastIndexOf("*") + 1).toUpperCase());
}
