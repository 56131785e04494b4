/**
 * What can be wrong, as errors with frozen codes: the same codes as in `elicence/errors.py`. A code is API; the message is
 * for people and names no rejected value.
 */

class Fault extends Error {
  /**
   * @param {string} code which defect
   * @param {string} message what was found and what is allowed
   * @param {Readonly<Record<string, string>>} [facts] what more is known of it
   */
  constructor(code, message, facts = Object.freeze({})) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.facts = facts;
  }
}

/** Bytes or text are not what they claim to be. */
export class FormatError extends Fault {}

/** A licence type file is not acceptable. */
export class TypeFileError extends Fault {}

/** A trusted list or bundle is not to be believed: keep the one you have. */
export class TrustFault extends Fault {}
