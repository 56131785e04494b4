/** What one office asks of a licence code: how fresh its status must be, which type, and whose. */

const ID_TAIL = /^[0-9A-Z]{2,18}$/;
const MOST_LEEWAY = 300;
const MOST_CLOCK_OFF = 300;

/**
 * The rules of one verification; lengths of time in seconds, as in `verifier/policy.py`.
 * @typedef {{maxStatusAge: number, hardStatusAge: number, leeway: number, clockOff: number, expectedType: string | null,
 *   idTail: string | null, acceptTest: boolean, environment: "production" | "demo" | null, paper: boolean}} Policy
 */

/** @type {Readonly<Policy>} */
const DEFAULT = Object.freeze({
  maxStatusAge: 86_400,
  hardStatusAge: 604_800,
  leeway: 60,
  clockOff: 0,
  expectedType: null,
  idTail: null,
  acceptTest: false,
  environment: null,
  paper: false,
});

/**
 * A policy with what is not said filled in.
 * @param {Partial<Policy>} [rules]
 * @returns {Readonly<Policy>}
 * @throws {RangeError} for rules that no office may have: a fault of the program that asks, never of a scanned text
 */
export function policyOf(rules = {}) {
  const unknown = Object.keys(rules).filter((name) => !Object.hasOwn(DEFAULT, name));
  if (unknown.length) throw new RangeError(`a policy has no ${unknown.join(", ")}`);
  const policy = Object.freeze({ ...DEFAULT, ...rules });
  if (!(policy.maxStatusAge > 0 && policy.maxStatusAge <= policy.hardStatusAge)) {
    throw new RangeError("maxStatusAge must be above zero and not above hardStatusAge");
  }
  if (!(policy.leeway >= 0 && policy.leeway <= MOST_LEEWAY)) {
    throw new RangeError("leeway must lie between zero and five minutes");
  }
  if (!Number.isFinite(policy.clockOff)) throw new RangeError("clockOff must be a number of seconds");
  if (policy.idTail !== null && !ID_TAIL.test(policy.idTail)) {
    throw new RangeError("idTail must be 2 to 18 digits or capital letters");
  }
  return policy;
}

/** Whether the clock is known to be wrong by more than can be allowed for. @param {Readonly<Policy>} policy */
export const clockIsOff = ({ clockOff }) => Math.abs(clockOff) > MOST_CLOCK_OFF;
