/** Public keys as JSON Web Keys (RFC 7517): read strictly, then used through WebCrypto. P-256 and nothing else. */
import { b64urlDecode, b64urlEncode, sha256, utf8Bytes } from "./encoding.js";
import { FormatError } from "./faults.js";

const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const COORDINATE = 32;
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };
const SIGNATURE = 64;

/** A public key ready for use: `kid` is its RFC 7638 thumbprint. */
export class VerificationKey {
  /** @type {Promise<CryptoKey> | null} */
  #prepared = null;
  #point;

  /** @param {string} kid @param {Uint8Array} point uncompressed, 65 bytes */
  constructor(kid, point) {
    this.kid = kid;
    this.alg = "ES256";
    this.#point = point;
    Object.freeze(this);
  }

  /**
   * A published JWK, refused if anything of it is not for verifying ES256.
   * @param {import("./json.js").JsonValue} jwk
   * @returns {Promise<VerificationKey>}
   * @throws {FormatError} jwk_bad
   */
  static async fromJwk(jwk) {
    if (!(jwk instanceof Map)) throw bad("a JWK is a JSON object");
    if (PRIVATE_MEMBERS.some((name) => jwk.has(name))) throw bad("a published JWK carries a private or symmetric member");
    if (jwk.has("alg") && jwk.get("alg") !== "ES256") throw bad("the alg of a JWK is not ES256");
    checkPurpose(jwk);
    if (jwk.get("kty") !== "EC" || jwk.get("crv") !== "P-256") throw bad("a key for ES256 has kty EC and crv P-256");
    const [x, y] = [coordinate(jwk.get("x")), coordinate(jwk.get("y"))];
    checkPoint(numberOf(x), numberOf(y));
    const members = `{"crv":"P-256","kty":"EC","x":"${b64urlEncode(x)}","y":"${b64urlEncode(y)}"}`;
    const point = new Uint8Array([4, ...x, ...y]);
    return new VerificationKey(b64urlEncode(await sha256(utf8Bytes(members))), point);
  }

  /**
   * Whether this key made the signature (r ‖ s) over exactly these bytes.
   * @param {Uint8Array} signingInput
   * @param {Uint8Array} signature
   * @returns {Promise<boolean>}
   */
  async verifies(signingInput, signature) {
    if (signature.length !== SIGNATURE) return false;
    const subtle = globalThis.crypto.subtle;
    this.#prepared ??= subtle.importKey("raw", this.#point, ECDSA, false, ["verify"]);
    return subtle.verify(ES256, await this.#prepared, signature, signingInput);
  }
}

function bad(/** @type {string} */ sentence) {
  return new FormatError("jwk_bad", sentence);
}

/** RFC 7517 §4.2, §4.3 */
function checkPurpose(/** @type {Map<string, import("./json.js").JsonValue>} */ jwk) {
  if (jwk.has("use") && jwk.get("use") !== "sig") throw bad("the use of a JWK is not 'sig'");
  const operations = jwk.get("key_ops");
  const verifies = Array.isArray(operations) && operations.length === 1 && operations[0] === "verify";
  if (jwk.has("key_ops") && !verifies) throw bad("the key_ops of a JWK are not exactly ['verify']");
  if (jwk.has("kid") && typeof jwk.get("kid") !== "string") throw bad("the kid of a JWK is not a string");
}

/** RFC 7518 §6.2.1.2: as many bytes as the curve has, leading zeros included. @returns {Uint8Array} */
function coordinate(/** @type {import("./json.js").JsonValue | undefined} */ value) {
  if (typeof value !== "string") throw bad("a coordinate of the key is not a string");
  let data;
  try {
    data = b64urlDecode(value);
  } catch {
    throw bad("a coordinate of the key is not canonical base64url");
  }
  if (data.length !== COORDINATE) throw bad(`a coordinate of the key has ${data.length} bytes; P-256 has 32`);
  return data;
}

function numberOf(/** @type {Uint8Array} */ data) {
  return data.reduce((number, octet) => (number << 8n) | BigInt(octet), 0n);
}

/** Browsers check this too, but each with an error of its own and some only at first use. */
function checkPoint(/** @type {bigint} */ x, /** @type {bigint} */ y) {
  if (x >= P || y >= P || (y * y - (x * x * x - 3n * x + B)) % P !== 0n) {
    throw bad("the point of the key does not lie on P-256");
  }
}
