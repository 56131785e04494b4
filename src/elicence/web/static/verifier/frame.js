/** The QR frame: decimal digits back to the exact compact JWS (docs/qr-frame.md). */
import { b64urlEncode, isAscii, lengthOf } from "./encoding.js";
import { FormatError } from "./faults.js";
import { inflate } from "./inflate.js";

export const MAX_DIGITS = 4296;
export const MAX_INFLATED = 32_768;
export const MIN_DIGITS = 162;
const MAX_URL = 2048;
const VERSION = 1;
const SIGNATURE = 64;
const DIGITS = /^[0-9]+$/;
const URL_OF_LICENCE = /^(?:https:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?|http:\/\/localhost(?::[0-9]{1,5})?)\/v#(.*)$/is;

/**
 * The exact compact JWS in `digits`; whatever is not one whole frame is refused.
 * @param {string} digits
 * @param {ReadonlyMap<number, Uint8Array>} dictionaries
 * @returns {string}
 * @throws {FormatError} qr_too_long, qr_alphabet, qr_corrupt, qr_version, qr_dictionary, qr_too_large
 */
export function decodeFrame(digits, dictionaries) {
  if (lengthOf(digits) > MAX_DIGITS) {
    throw new FormatError("qr_too_long", `the frame has more than ${MAX_DIGITS} digits`);
  }
  if (!DIGITS.test(digits)) {
    throw new FormatError("qr_alphabet", "the frame has other characters than the digits 0 to 9");
  }
  if (digits[0] === "0") throw corrupt("the frame begins with a zero");
  const frame = bytesOf(BigInt(digits));
  if (frame[0] !== VERSION) {
    throw new FormatError("qr_version", "the frame has a version that this reader does not know");
  }
  const dictionary = frame.length < 2 ? undefined : dictionaries.get(frame[1]);
  if (dictionary === undefined) {
    throw new FormatError("qr_dictionary", "the frame needs a dictionary that this reader does not have");
  }
  const [headerLength, start] = readVarint(frame, 2);
  const end = frame.length - SIGNATURE;
  if (end <= start) throw corrupt("the frame is too short to hold a licence and its signature");
  const text = inflated(frame.subarray(start, end), dictionary);
  if (headerLength >= text.length) throw corrupt("the header length of the frame does not fit its content");
  return [text.subarray(0, headerLength), text.subarray(headerLength), frame.subarray(end)].map(b64urlEncode).join(".");
}

/**
 * The digits in what a scanner, keyboard or clipboard delivers: a licence URL of any host, or bare digits. The host is not
 * judged and never opened.
 * @param {string} text
 * @returns {string}
 * @throws {FormatError} qr_too_long, qr_alphabet, qr_not_licence
 */
export function digitsOf(text) {
  if (lengthOf(text) > MAX_DIGITS + MAX_URL) {
    throw new FormatError("qr_too_long", "the text has more characters than any licence code");
  }
  const plain = stripped(isAscii(text) ? text : text.normalize("NFKC"));
  const found = URL_OF_LICENCE.exec(plain);
  if (found !== null) {
    if (!DIGITS.test(found[1])) {
      throw new FormatError("qr_alphabet", "what follows /v# has other characters than the digits 0 to 9");
    }
    return found[1];
  }
  // A shorter number is a bar code or a telephone number, never a licence.
  if (plain.length >= MIN_DIGITS && DIGITS.test(plain)) return plain;
  throw new FormatError("qr_not_licence", "the text is neither a licence URL nor the digits of one");
}

/** Without white space around: spaces, tabs, line ends. @param {string} text @returns {string} */
export function stripped(text) {
  let start = 0;
  let end = text.length;
  while (start < end && " \t\r\n".includes(text[start])) start += 1;
  while (end > start && " \t\r\n".includes(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function corrupt(/** @type {string} */ sentence) {
  return new FormatError("qr_corrupt", sentence);
}

function bytesOf(/** @type {bigint} */ number) {
  const digits = number.toString(16);
  const even = digits.length % 2 ? `0${digits}` : digits;
  const data = new Uint8Array(even.length / 2);
  for (let at = 0; at < data.length; at += 1) data[at] = parseInt(even.slice(2 * at, 2 * at + 2), 16);
  return data;
}

/** LEB128 in its shortest form, at most three bytes: the number and where it ends. @returns {[number, number]} */
function readVarint(/** @type {Uint8Array} */ frame, /** @type {number} */ start) {
  let number = 0;
  for (let offset = 0; offset < 3 && start + offset < frame.length; offset += 1) {
    const octet = frame[start + offset];
    number |= (octet & 0x7f) << (7 * offset);
    if (octet <= 0x7f) {
      // 0 is no header, and a last 0 after others is a longer way to write a shorter number.
      if (octet === 0) break;
      return [number, start + offset + 1];
    }
  }
  throw corrupt("the header length of the frame is not a shortest varint of at most three bytes");
}

function inflated(/** @type {Uint8Array} */ body, /** @type {Uint8Array} */ dictionary) {
  const found = inflate(body, { most: MAX_INFLATED, raw: true, dictionary });
  if ("ok" in found) return found.ok;
  if (found.trouble === "too_large") {
    throw new FormatError("qr_too_large", `the frame inflates to more than ${MAX_INFLATED} bytes`);
  }
  throw corrupt("the compressed part does not inflate, or does not end exactly before the signature");
}
