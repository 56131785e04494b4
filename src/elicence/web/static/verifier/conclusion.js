/** From findings to a report: one verdict, and no more of the licence than that verdict may show. */
import { CHECKS, REQUIRED, WITHOUT_FACE, entryOf, factJson, firstOf, word, wording } from "./catalogue.js";
import { skipped, troubled } from "./checks.js";
import { Duration } from "./instants.js";
import { plain } from "./json.js";

/**
 * What a verification has learnt so far. `key` and `credential` are set only after the signature has passed.
 * @typedef {import("./checks.js").Check} Check
 * @typedef {import("./catalogue.js").Language} Language
 * @typedef {{trust: import("./trust.js").TrustedList, now: import("./instants.js").Instant, checks: Check[],
 *   key: import("./trust.js").AgencyKey | null, credential: import("./vc.js").CodeCredential | null,
 *   licenceType: import("./licence_type.js").LicenceType | null,
 *   listed: import("./status_list.js").StatusListToken | null}} Findings
 * @typedef {{verdict: string, reason: string | null, because: Check | null}} Decision
 *
 * The body of a verification answer, the same as that of `POST /v1/verifications`; `licence` stands in it only where the
 * verdict allows showing it.
 * @typedef {{type: string, type_version: number, title: string, number: string, licence_identifier: string, version: number,
 *   issuer: string, valid_from: string, valid_until: string | null, holders: {kind: string, name?: string,
 *   id_scheme?: string, id?: string}[], claims: {name: string, label: string, value: unknown}[]}} Licence
 * @typedef {{object: "verification", verdict: string, class: "accept" | "stop" | "check" | "cannot_decide",
 *   reason: string | null, heading: string, sentence: string, advice: string, checked_at: string,
 *   status_as_of: string | null, issuer: string | null, checks: {name: string, label: string, outcome: string,
 *   reason: string | null, facts: Record<string, string | number>}[], notices: {code: string, text: string}[],
 *   licence?: Licence}} Report
 */

/**
 * The report of a verification that has ended, wherever it ended.
 * @param {Findings} found
 * @param {Language} language
 * @returns {Report}
 */
export function conclude(found, language) {
  const decision = decide(found.checks);
  const entry = entryOf(decision.verdict);
  const { heading, sentence, advice } = wording(decision.verdict, decision.reason, factsOf(found, decision), language);
  /** @type {Report} */
  const report = {
    object: "verification",
    verdict: decision.verdict,
    class: entry.class,
    reason: decision.reason,
    heading,
    sentence,
    advice,
    checked_at: found.now.text,
    status_as_of: found.listed === null ? null : found.listed.issuedAt.text,
    issuer: found.key === null ? null : found.key.agency.name[language],
    checks: everyCheck(found.checks).map((check) => checkJson(check, language)),
    notices: entry.class === "accept" ? [{ code: "copy_possible", text: word("notices", "copy_possible", language) }] : [],
  };
  const licence = faceOf(found, entry.show_face, language);
  return licence === null ? report : { ...report, licence };
}

/**
 * The one verdict of many checks. `valid` is never a default: it needs every required check to be there and passed.
 * @param {readonly Check[]} checks
 * @returns {Decision}
 */
function decide(checks) {
  const trouble = checks.filter(troubled);
  const [verdict, reason] = trouble.length ? firstOf(trouble.map((check) => check.reason ?? "")) : ["valid", null];
  const good = new Set(checks.filter((check) => check.outcome === "passed").map((check) => check.name));
  if (entryOf(verdict).class === "accept" && !REQUIRED.every((name) => good.has(name))) {
    return { verdict: "unsupported", reason: null, because: null };
  }
  return { verdict, reason, because: trouble.find((check) => check.reason === reason) ?? null };
}

/** All checks of the catalogue in its order; those never reached are skipped. @returns {Check[]} */
function everyCheck(/** @type {readonly Check[]} */ made) {
  const byName = new Map(made.map((check) => [check.name, check]));
  return CHECKS.map((name) => byName.get(name) ?? skipped(name));
}

/** @returns {import("./catalogue.js").Facts} */
function factsOf(/** @type {Findings} */ found, /** @type {Decision} */ decision) {
  return {
    trust_date: found.trust.issuedAt,
    ...(found.key === null ? {} : { issuer: found.key.agency.name }),
    ...(found.listed === null ? {} : { age: new Duration(found.now.seconds - found.listed.issuedAt.seconds) }),
    ...(decision.because === null ? {} : decision.because.facts),
  };
}

function checkJson(/** @type {Check} */ check, /** @type {Language} */ language) {
  const facts = Object.entries(check.facts).map(([name, value]) => [name, factJson(value, language)]);
  return {
    name: check.name,
    label: word("checks", check.name, language),
    outcome: check.outcome,
    reason: check.reason,
    facts: Object.fromEntries(facts),
  };
}

/** @returns {Licence | null} */
function faceOf(
  /** @type {Findings} */ found, /** @type {"none" | "type_and_number" | "full"} */ shown, /** @type {Language} */ language,
) {
  const { key, credential, licenceType } = found;
  const barred = found.checks.some((check) => troubled(check) && WITHOUT_FACE.has(check.reason ?? ""));
  if (shown === "none" || barred || key === null || credential === null || licenceType === null) return null;
  const { subject, validFrom, validUntil } = credential;
  const full = shown === "full";
  return {
    type: licenceType.slug,
    type_version: licenceType.version,
    title: licenceType.title[language],
    number: subject.licenceNumber,
    licence_identifier: subject.licenceIdentifier,
    version: subject.version,
    issuer: key.agency.name[language],
    valid_from: validFrom.text,
    valid_until: validUntil === null ? null : validUntil.text,
    holders: full ? subject.holders.map(holderJson) : [],
    claims: full ? claimsJson(subject.claims, licenceType, language) : [],
  };
}

function holderJson(/** @type {import("./vc.js").HolderFace} */ holder) {
  return {
    kind: holder.kind,
    ...(holder.name === null ? {} : { name: holder.name }),
    ...(holder.idScheme === null ? {} : { id_scheme: holder.idScheme }),
    ...(holder.id === null ? {} : { id: holder.id }),
  };
}

/** The claims in the order of the type file. */
function claimsJson(
  /** @type {import("./vc.js").Subject["claims"]} */ claims,
  /** @type {import("./licence_type.js").LicenceType} */ licenceType, /** @type {Language} */ language,
) {
  return [...licenceType.claims]
    .filter(([name]) => claims.has(name))
    .map(([name, rule]) => ({ name, label: rule.label[language], value: plain(claims.get(name) ?? null) }));
}
