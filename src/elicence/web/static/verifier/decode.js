/**
 * Step 0: what has been scanned, pasted or typed? Nothing is opened, followed or trusted here. A licence URL, its bare digits,
 * a compact token and a verification code are taken; everything else is named for what it looks like.
 *
 * @typedef {{kind: "licence_url" | "digits" | "token", token: string, elsewhere: boolean}
 *   | {kind: "verification_code", code: string, elsewhere: boolean}} Decoded `elsewhere`: in a link to another site
 */
import { b64urlDecode, isAscii, lengthOf } from "./encoding.js";
import { FormatError } from "./faults.js";
import { decodeFrame, digitsOf, stripped } from "./frame.js";
import { parseJson } from "./json.js";
import { plainTyp } from "./jws.js";
import { TYP } from "./vc.js";

// Every JSON object with a member begins with `{"`, which base64url writes as `ey`; a cut token still looks like one.
const TOKEN = /^ey[\x21-\x7e]*$/;
const LICENCE_URL = /^(https?:\/\/[^/?# \t\n\r\f\v]+)\/v#/i;
const ONLINE_CODE = /^(https?:\/\/[^/?# \t\n\r\f\v]+)\/v\/([0-9A-Za-z-]{12,14})$/i;
const TYPED_CODE = /^[0-9A-TV-Za-tv-z]{4}([ -]?)[0-9A-TV-Za-tv-z]{4}\1[0-9A-TV-Za-tv-z]{4}$/;
const LONGEST_CODE = 512;
const LOOKS = /** @type {[string, RegExp][]} */ (
  [
    ["presentation", "https?://[^/?# \\t\\n\\r\\f\\v]+/p#.*"],
    ["payment", "https?://(?:qr\\.alipay\\.com|wx\\.tenpay\\.com|payapp\\.weixin\\.qq\\.com|qr\\.95516\\.com)/.*"],
    ["payment", "(?:wxp|alipays?|upi|upwallet|bitcoin|ethereum|lightning):.*|000201[0-9]{2}.*|BCD\\r?\\n.*"],
    ["web_link", "https?://.*|www\\..*"],
    ["wifi", "WIFI:.*"],
    ["contact", "BEGIN:VCARD.*|MECARD:.*|BIZCARD:.*"],
    ["calendar", "BEGIN:V(?:EVENT|CALENDAR).*"],
    ["health_certificate", "HC1:.*|SHC:.*|DGC:.*"],
    ["email", "mailto:.*|MATMSG:.*|SMTP:.*"],
    ["phone", "(?:tel|sms|smsto|mms):.*|\\+[0-9 ()-]{6,}"],
    ["place", "geo:.*"],
    ["one_time_password", "otpauth(?:-migration)?:.*"],
    ["number", "[0-9 -]+"],
    ["foreign_record", "[{\\[].*|did:.*|<\\?xml.*"],
    ["other_link", "[a-z][a-z0-9+.-]*:.*"],
  ].map(([name, pattern]) => [name, new RegExp(`^(?:${pattern})$`, "is")])
);

/**
 * Recognise a scanned text. `registry` is the base URL that links should lead to, null where that is not asked.
 * @param {string} text
 * @param {ReadonlyMap<number, Uint8Array>} dictionaries
 * @param {string | null} registry
 * @returns {Decoded}
 * @throws {FormatError} `qr_not_licence` with the fact `looks_like`, or another code that begins with `qr_`
 */
export function recognise(text, dictionaries, registry) {
  const plain = stripped(text);
  if (TOKEN.test(plain)) return { kind: "token", token: plain, elsewhere: false };
  const found = verificationCode(plain);
  if (found !== null) return { kind: "verification_code", code: found.code, elsewhere: isElsewhere(found.site, registry) };
  let digits;
  try {
    digits = digitsOf(plain);
  } catch (fault) {
    if (!(fault instanceof FormatError) || fault.code !== "qr_not_licence") throw fault;
    throw new FormatError(fault.code, fault.message, { looks_like: looksLike(plain) });
  }
  const url = LICENCE_URL.exec(isAscii(plain) ? plain : plain.normalize("NFKC"));
  const token = decodeFrame(digits, dictionaries);
  return { kind: url ? "licence_url" : "digits", token, elsewhere: isElsewhere(url?.[1], registry) };
}

/** A code of the catalogue's `looks_like` words, judged by the first characters only. @param {string} text @returns {string} */
export function looksLike(text) {
  const plain = stripped(firstCharacters(text, 256));
  if (!plain) return "empty";
  return LOOKS.find(([, pattern]) => pattern.test(plain))?.[0] ?? "text";
}

/**
 * Whether a compact token says of itself that it is something else than a licence, or does not say at all: an access token
 * scanned by mistake must not be called a forgery.
 * @param {string} text
 * @returns {boolean}
 */
export function isForeignToken(text) {
  try {
    const header = parseJson(b64urlDecode(text.split(".", 1)[0].slice(0, 4096)));
    return header instanceof Map && plainTyp(header.get("typ")) !== TYP;
  } catch (fault) {
    if (fault instanceof FormatError) return false;
    throw fault;
  }
}

/** The site of the link it stood in, if it did, and the code. @returns {{site?: string, code: string} | null} */
function verificationCode(/** @type {string} */ plain) {
  if (lengthOf(plain) > LONGEST_CODE) return null;
  const text = plain.normalize("NFKC");
  const link = ONLINE_CODE.exec(text);
  if (link !== null) return { site: link[1], code: link[2].toUpperCase() };
  return TYPED_CODE.test(text) ? { code: text.toUpperCase() } : null;
}

function isElsewhere(/** @type {string | undefined} */ site, /** @type {string | null} */ registry) {
  return site !== undefined && registry !== null && site.toLowerCase() !== registry.toLowerCase();
}

/** At most `count` code points. @returns {string} */
function firstCharacters(/** @type {string} */ text, /** @type {number} */ count) {
  return Array.from(text.slice(0, 2 * count)).slice(0, count).join("");
}
