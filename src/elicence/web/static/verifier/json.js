/**
 * JSON, read strictly (RFC 8259 within the limits of RFC 7493) by a reader of our own: `JSON.parse` takes duplicate names,
 * rounds numbers and makes objects with a prototype.
 *
 * Objects become `Map`s, so that no name means anything by itself; integers become numbers; a number with a fraction or an
 * exponent becomes a `Fraction`, because 1.0 is no integer here.
 *
 * @typedef {null | boolean | number | string | Fraction | JsonValue[] | Map<string, JsonValue>} JsonValue
 */
import { utf8Text } from "./encoding.js";
import { FormatError } from "./faults.js";
import { Fraction, Reader } from "./json_reader.js";

export { Fraction };

export const MAX_BYTES = 65_536;
export const MAX_DEPTH = 16;
const MAX_INTEGER = Number.MAX_SAFE_INTEGER;

/**
 * Foreign JSON text as values.
 * @param {Uint8Array} data
 * @param {{maxBytes?: number, maxDepth?: number}} [limits]
 * @returns {JsonValue}
 * @throws {FormatError} json_too_long, json_text, json_depth, json_syntax, json_number, json_duplicate_key
 */
export function parseJson(data, { maxBytes = MAX_BYTES, maxDepth = MAX_DEPTH } = {}) {
  if (data.length > maxBytes) {
    throw new FormatError("json_too_long", `JSON text has ${data.length} bytes; allowed are ${maxBytes}`);
  }
  const text = utf8Text(data);
  if (text === null || text.startsWith("\ufeff")) {
    throw new FormatError("json_text", "JSON text is not UTF-8, or starts with a byte order mark");
  }
  if (text.includes("\0")) throw new FormatError("json_text", "JSON text holds a NUL character");
  refuseDepth(text, maxDepth);
  const value = new Reader(text).document();
  checkStrings(value);
  return value;
}

/**
 * As `parseJson`; but a text in our own exact form (compact, shortest spellings) may have its numbers judged by the caller,
 * with `checkNumbers`, so that the defect of a signed document is told by the member it stands in.
 * @param {Uint8Array} data
 * @param {{maxBytes?: number, maxDepth?: number, checkFractions?: boolean}} [limits]
 * @returns {JsonValue}
 * @throws {FormatError}
 */
export function parseCanonical(data, { maxBytes = MAX_BYTES, maxDepth = MAX_DEPTH, checkFractions = true } = {}) {
  const exact = data.length <= maxBytes ? readExact(data) : undefined;
  if (exact === undefined) return parseJson(data, { maxBytes, maxDepth });
  if (checkFractions || exact.brackets > maxDepth) checkNumbers([exact.value], maxDepth);
  return exact.value;
}

/** @param {Uint8Array} data @returns {{value: JsonValue, brackets: number} | undefined} */
function readExact(data) {
  const text = utf8Text(data);
  if (text === null || text.includes("\\u0000")) return undefined;
  const reader = new Reader(text, { anyFraction: true });
  try {
    const value = reader.document();
    return reader.exact ? { value, brackets: (text.match(/[[{]/g) ?? []).length } : undefined;
  } catch (fault) {
    if (fault instanceof FormatError) return undefined;
    throw fault;
  }
}

/**
 * Refuse numbers out of range, and more levels than allowed.
 * @param {Iterable<JsonValue>} items
 * @param {number} [levels]
 * @throws {FormatError} json_number, json_depth
 */
export function checkNumbers(items, levels = MAX_DEPTH) {
  for (const item of items) {
    if (item instanceof Map || Array.isArray(item)) {
      if (levels === 0) throw new FormatError("json_depth", "JSON text is nested too deep");
      checkNumbers(item.values(), levels - 1);
    } else if (typeof item === "number" || item instanceof Fraction) {
      const value = Number(item);
      if (!(value >= -MAX_INTEGER && value <= MAX_INTEGER) || Object.is(value, -0)) {
        throw new FormatError("json_number", "a JSON number is not finite, minus zero, or beyond ±(2^53 - 1)");
      }
    }
  }
}

/**
 * A value as plain data for an answer: objects without a prototype, fractions as numbers.
 * @param {JsonValue} value
 * @returns {unknown}
 */
export function plain(value) {
  if (value instanceof Fraction) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const made = Object.create(null);
  for (const [name, item] of value) made[name] = plain(item);
  return made;
}

/** Count brackets outside strings. On malformed text the count may be too high, never too low. */
function refuseDepth(/** @type {string} */ text, /** @type {number} */ maxDepth) {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') {
      at = endOfString(text, at);
    } else if (letter === "[" || letter === "{") {
      depth += 1;
      if (depth > maxDepth) throw new FormatError("json_depth", `JSON text is nested deeper than ${maxDepth} levels`);
    } else if (letter === "]" || letter === "}") {
      depth -= 1;
    }
  }
}

/** The place of the closing quote; that of the opening one if there is none. */
function endOfString(/** @type {string} */ text, /** @type {number} */ start) {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return start;
}

/** @param {JsonValue} value */
function checkStrings(value) {
  if (typeof value === "string") {
    if (value.includes("\0")) throw new FormatError("json_text", "a JSON string holds NUL");
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) {
      throw new FormatError("json_text", "a JSON string holds a lone surrogate");
    }
  } else if (value instanceof Map) {
    for (const [name, item] of value) {
      checkStrings(name);
      checkStrings(item);
    }
  } else if (Array.isArray(value)) {
    for (const item of value) checkStrings(item);
  }
}
