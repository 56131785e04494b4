/** Base64url, UTF-8 and SHA-256: one text for each byte string, and every other text refused. */
import { FormatError } from "./faults.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Uint8Array(128).fill(255);
for (let value = 0; value < 64; value += 1) VALUES[ALPHABET.charCodeAt(value)] = value;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TO_UTF8 = new TextEncoder();

/**
 * Base64url without padding (RFC 7515 §2).
 * @param {Uint8Array} data
 * @returns {string}
 */
export function b64urlEncode(data) {
  const parts = [];
  for (let at = 0; at < data.length; at += 3) {
    const left = data.length - at;
    const bits = (data[at] << 16) | ((left > 1 ? data[at + 1] : 0) << 8) | (left > 2 ? data[at + 2] : 0);
    parts.push(ALPHABET[bits >> 18], ALPHABET[(bits >> 12) & 63]);
    if (left > 1) parts.push(ALPHABET[(bits >> 6) & 63]);
    if (left > 2) parts.push(ALPHABET[bits & 63]);
  }
  return parts.join("");
}

/**
 * The bytes of canonical base64url: no padding, no foreign character, unused bits zero (RFC 4648 §3.5).
 * @param {string} text
 * @returns {Uint8Array}
 * @throws {FormatError} b64_alphabet, b64_not_canonical
 */
export function b64urlDecode(text) {
  const over = text.length & 3;
  const data = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let place = 0; place < text.length; place += 1) {
    const letter = text.charCodeAt(place);
    const value = letter < 128 ? VALUES[letter] : 255;
    if (value === 255) throw refusedB64(text);
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      data[at] = (bits >> held) & 255;
      at += 1;
    }
  }
  if (over === 1 || bits & ((1 << held) - 1)) throw refusedB64(text);
  return data;
}

/** @param {string} text @returns {FormatError} */
function refusedB64(text) {
  if (/[^A-Za-z0-9_=-]/.test(text) || /=[^=]/.test(text)) {
    return new FormatError("b64_alphabet", "base64url text holds a foreign character; allowed: A-Z a-z 0-9 - _");
  }
  return new FormatError("b64_not_canonical", "base64url text is padded, cut off, or sets bits that carry no data");
}

/**
 * Text in bytes that must be UTF-8; a byte order mark is a character like others.
 * @param {Uint8Array} data
 * @returns {string | null} null where it is not UTF-8
 */
export function utf8Text(data) {
  try {
    return UTF8.decode(data);
  } catch {
    return null;
  }
}

/** @param {string} text @returns {Uint8Array} */
export function utf8Bytes(text) {
  return TO_UTF8.encode(text);
}

/** Whether a text has nothing outside ASCII. @param {string} text @returns {boolean} */
export function isAscii(text) {
  // eslint-disable-next-line no-control-regex
  return !/[^\x00-\x7f]/.test(text);
}

/** Length in code points: what people and Python count. @param {string} text @returns {number} */
export function lengthOf(text) {
  let pairs = 0;
  for (let place = 0; place + 1 < text.length; place += 1) {
    if ((text.charCodeAt(place) & 0xfc00) === 0xd800 && (text.charCodeAt(place + 1) & 0xfc00) === 0xdc00) {
      pairs += 1;
      place += 1;
    }
  }
  return text.length - pairs;
}

/** @param {Uint8Array} data @returns {Promise<Uint8Array>} */
export async function sha256(data) {
  return new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", data));
}

/** SHA-256 in lower-case hexadecimal. @param {Uint8Array} data @returns {Promise<string>} */
export async function sha256Hex(data) {
  return Array.from(await sha256(data), (octet) => octet.toString(16).padStart(2, "0")).join("");
}
