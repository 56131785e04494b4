/** The reader behind `json.js`: one pass over the text, no recursion beyond a bound, faults in the order of reading. */
import { FormatError } from "./faults.js";

// Deeper than any caller allows; it only keeps the stack whole where the caller judges depth later.
const DEEPEST = 1024;
const PLAIN = /[^"\\\x00-\x1f]*/y; // eslint-disable-line no-control-regex
const NUMBER = /-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)/y;
const ESCAPES = new Map(Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }));
const WORDS = /** @type {const} */ ([["true", true], ["false", false], ["null", null]]);
const CONSTANTS = ["NaN", "Infinity", "-Infinity"];
const LONGEST_INTEGER = 17;
const LONGEST_FRACTION = 64;

/** A JSON number written with a fraction or an exponent. */
export class Fraction {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
    Object.freeze(this);
  }

  valueOf() {
    return this.value;
  }
}

export class Reader {
  /**
   * @param {string} text
   * @param {{anyFraction?: boolean, anyNumber?: boolean}} [options] `anyFraction`: fractions of any size are taken,
   *   for a caller who looks at them; `anyNumber`: integers too
   */
  constructor(text, { anyFraction = false, anyNumber = false } = {}) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
    this.anyFraction = anyFraction || anyNumber;
    this.anyNumber = anyNumber;
    /** Whether everything so far is in the one form in which this project writes JSON. */
    this.exact = true;
  }

  /** The one value of the text. @returns {import("./json.js").JsonValue} */
  document() {
    this.skip();
    const value = this.value();
    this.skip();
    if (this.at !== this.text.length) throw this.malformed();
    return value;
  }

  /** @returns {import("./json.js").JsonValue} */
  value() {
    switch (this.text[this.at]) {
      case '"':
        return this.string();
      case "{":
        return this.nested(() => this.object());
      case "[":
        return this.nested(() => this.array());
      default:
        return this.word();
    }
  }

  /** @template T @param {() => T} read @returns {T} */
  nested(read) {
    this.depth += 1;
    if (this.depth > DEEPEST) throw new FormatError("json_depth", "JSON text is nested too deep");
    this.at += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  /** @returns {Map<string, import("./json.js").JsonValue>} */
  object() {
    const members = new Map();
    let count = 0;
    this.skip();
    if (this.takes("}")) return members;
    do {
      this.skip();
      if (this.text[this.at] !== '"') throw this.malformed();
      const name = this.string();
      this.skip();
      if (!this.takes(":")) throw this.malformed();
      this.skip();
      members.set(name, this.value());
      count += 1;
      this.skip();
    } while (this.takes(","));
    if (!this.takes("}")) throw this.malformed();
    if (members.size !== count) throw new FormatError("json_duplicate_key", "a JSON object names a member twice");
    return members;
  }

  /** @returns {import("./json.js").JsonValue[]} */
  array() {
    /** @type {import("./json.js").JsonValue[]} */
    const items = [];
    this.skip();
    if (this.takes("]")) return items;
    do {
      this.skip();
      items.push(this.value());
      this.skip();
    } while (this.takes(","));
    if (!this.takes("]")) throw this.malformed();
    return items;
  }

  /** @returns {string} */
  string() {
    this.at += 1;
    let made = "";
    for (;;) {
      PLAIN.lastIndex = this.at;
      const run = /** @type {RegExpExecArray} */ (PLAIN.exec(this.text))[0];
      made += run;
      this.at += run.length;
      const letter = this.text[this.at];
      if (letter === '"') {
        this.at += 1;
        return made;
      }
      if (letter !== "\\") throw this.malformed();
      made += this.escape();
    }
  }

  /** @returns {string} */
  escape() {
    const letter = this.text[this.at + 1];
    if (letter === "u") {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.malformed();
      this.at += 6;
      const code = parseInt(digits, 16);
      // Only control characters without a short form are written so, in lower case.
      if (code >= 0x20 || digits !== digits.toLowerCase() || [8, 9, 10, 12, 13].includes(code)) this.exact = false;
      return String.fromCharCode(code);
    }
    const made = ESCAPES.get(letter);
    if (made === undefined) throw this.malformed();
    if (letter === "/") this.exact = false;
    this.at += 2;
    return made;
  }

  /** A number or a word; NaN and infinities are told from garbage. @returns {number | Fraction | boolean | null} */
  word() {
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    if (CONSTANTS.some((word) => this.text.startsWith(word, this.at))) {
      throw new FormatError("json_number", "JSON has no NaN and no infinity");
    }
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (found === null) throw this.malformed();
    this.at += found[0].length;
    return found[1] ? this.fraction(found[0]) : this.integer(found[0]);
  }

  /** @param {string} digits @returns {number} */
  integer(digits) {
    const value = Number(digits);
    if (!this.anyNumber && (digits.length > LONGEST_INTEGER || digits === "-0" || !Number.isSafeInteger(value))) {
      throw new FormatError("json_number", "a JSON integer is minus zero or beyond ±(2^53 - 1)");
    }
    return value;
  }

  /** @param {string} digits @returns {Fraction} */
  fraction(digits) {
    const value = Number(digits);
    if (spelling(value) !== digits) this.exact = false;
    const fits = digits.length <= LONGEST_FRACTION && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    if (!this.anyFraction && (!fits || Object.is(value, -0))) {
      throw new FormatError("json_number", "a JSON number is not finite, minus zero, or beyond ±(2^53 - 1)");
    }
    return new Fraction(value);
  }

  skip() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) {
      this.at += 1;
      this.exact = false;
    }
  }

  /** @param {string} letter @returns {boolean} */
  takes(letter) {
    if (this.text[this.at] !== letter) return false;
    this.at += 1;
    return true;
  }

  malformed() {
    return new FormatError("json_syntax", `JSON text is malformed at character ${this.at}`);
  }
}

/** How this project writes a double: the shortest digits, with a point, or with an exponent from 1e16 and below 1e-5. */
function spelling(/** @type {number} */ value) {
  if (!Number.isFinite(value)) return "";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa, power] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  if (exponent >= 16 || exponent < -5) return `${sign}${mantissa}e${power}`;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
