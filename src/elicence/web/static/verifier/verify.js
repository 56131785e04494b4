/**
 * The story of one verification, step by step as in `verifier/verify.py`, of which this is the twin: the same steps in the same
 * order, the same verdicts for the same reasons, held to the same cases. Nothing leaves the device.
 *
 * Whatever the text, the answer is a report. Acceptance is the last thing a report can become: each step either adds what it
 * learnt or ends the story, and a step that was never reached stays `skipped`.
 */
import { LANGUAGES } from "./catalogue.js";
import * as ask from "./checks.js";
import { conclude } from "./conclusion.js";
import { Instant } from "./instants.js";
import { policyOf } from "./policy.js";
import { checkExpectedType, checkStatusList, checkType } from "./published.js";

/**
 * Judge a scanned, pasted or typed text.
 * @param {string} text
 * @param {{trust: import("./trust.js").TrustedList, sources: import("./sources.js").Sources, now: Date,
 *   policy?: Partial<import("./policy.js").Policy>, language?: import("./catalogue.js").Language}} setting
 * @returns {Promise<import("./conclusion.js").Report>}
 * @throws {RangeError} for a policy, time or language that cannot be; never for any text
 */
export async function verify(text, { trust, sources, now, policy, language = "zh-CN" }) {
  if (!LANGUAGES.includes(language)) throw new RangeError(`a report is in one of ${LANGUAGES.join(", ")}`);
  const setting = { trust, sources, now: Instant.ofDate(now), policy: policyOf(policy) };
  return conclude(await findings(String(text), setting), language);
}

/** @returns {Promise<import("./conclusion.js").Findings>} */
async function findings(/** @type {string} */ text, /** @type {import("./published.js").Setting} */ setting) {
  const { trust, sources, now, policy } = setting;
  /** @type {import("./conclusion.js").Findings} */
  const found = { trust, now, checks: [], key: null, credential: null, licenceType: null, listed: null };
  const made = found.checks;

  // 0. Decode. What is this text? Nothing in it is opened or followed; no byte of the payload is read yet.
  const [format, jws] = ask.checkFormat(text, await sources.dictionaries(), trust);
  made.push(format);
  if (jws === null) return found;

  // 1. Issuer and key. The token only names a key; which one that is, and whose, the trusted list says.
  made.push(ask.checkTrustedList(trust, now));
  const [known, key] = ask.checkKey(jws, trust);
  made.push(known);
  if (key === null) return found;

  // 2. Signature. If it fails the story ends: everything further would be a stranger's word.
  const signature = await ask.checkSignature(jws, key);
  made.push(signature);
  if (signature.outcome !== "passed") return found;
  found.key = key;

  // 2a. Only now is the payload opened. What an agency signed and we cannot read is "unsupported", not "damaged".
  const [content, credential] = ask.checkContent(jws);
  made.push(content);
  if (credential === null) return found;
  found.credential = credential;

  // 1a. The rest of step 1 hangs on what was signed (issuer, time, type), so it could not be asked before. An agency
  // that names another as issuer ends the story: there is nobody by whose rules to judge the rest.
  const issuer = ask.checkIssuer(credential, key);
  made.push(issuer);
  if (issuer.outcome !== "passed") return found;
  made.push(ask.checkAuthority(credential, key, trust));
  made.push(ask.checkTest(key, trust, policy));

  // 3. Time. From here on no answer ends the story: a clerk is told of every defect, the gravest first.
  made.push(ask.checkClock(credential, trust, setting));
  made.push(ask.checkValidity(credential, now));

  // 4. Type and claims. The published file, pinned by its digest, says what a code of this type may carry.
  const [type, licenceType] = await checkType(credential, setting);
  made.push(type);
  if (licenceType !== null) {
    found.licenceType = licenceType;
    made.push(ask.checkClaims(credential, licenceType));
    made.push(await checkExpectedType(licenceType, setting));
  }

  // 5. Status, and how old it is. Absent or stale is its own answer: never green, never "revoked".
  const [list, listed] = await checkStatusList(credential, key, setting);
  made.push(list);
  if (listed !== null) {
    found.listed = listed;
    made.push(ask.checkStatus(credential, listed));
  }

  // 6. Log evidence is asked by policies that need it; a code credential carries none, so the check stays skipped.

  // 7. Holder. A code can be copied: compare what was typed, or send the clerk to the photo ID.
  made.push(ask.checkHolder(credential, policy));
  if (licenceType !== null) made.push(ask.checkPhotoId(licenceType, policy));
  return found;
}
