/** Whom to believe: pinned roots, and the trusted list that enough of them have signed. */
import { utf8Bytes } from "./encoding.js";
import { FormatError, TrustFault } from "./faults.js";
import { parseJson } from "./json.js";
import { VerificationKey } from "./jwk.js";
import { verifyJws } from "./jws.js";
import { bad, decodePayload, members, parseDocument } from "./trusted_list.js";

const MAX_ROOTS = 16;

/**
 * The keys that may sign a trusted list, and how many different ones must.
 * @typedef {{threshold: number, keys: ReadonlyMap<string, VerificationKey>}} Roots
 * @typedef {import("./trusted_list.js").TrustedAgency} TrustedAgency
 * @typedef {import("./instants.js").Instant} Instant
 */

/** A key of the trusted list together with whose it is. */
export class AgencyKey {
  /** @param {TrustedAgency} agency @param {import("./trusted_list.js").TrustedKey} entry */
  constructor(agency, entry) {
    this.agency = agency;
    this.entry = entry;
    Object.freeze(this);
  }

  /** Whether the key was in use at `at`; both ends count. @param {Instant} at @returns {boolean} */
  inWindow(at) {
    return within(at, this.entry);
  }
}

/** The trusted list, indexed for verifying. */
export class TrustedList {
  /** @type {Map<string, TrustedAgency>} */
  #agencies = new Map();
  /** @type {Map<string, AgencyKey>} */
  #keys = new Map();

  /** @param {import("./trusted_list.js").TrustedListPayload} payload */
  constructor(payload) {
    this.payload = payload;
    this.baseUrl = payload.issuer;
    this.environment = payload.environment;
    this.version = payload.version;
    this.issuedAt = payload.issuedAt;
    this.expiresAt = payload.expiresAt;
    for (const agency of payload.agencies) {
      this.#agencies.set(agency.did, agency);
      for (const key of agency.keys) this.#keys.set(key.kid, new AgencyKey(agency, key));
    }
    Object.freeze(this);
  }

  /** @param {string} did @returns {TrustedAgency | null} */
  agencyByDid(did) {
    return this.#agencies.get(did) ?? null;
  }

  /** The key with that thumbprint, whoever's it is. @param {string} kid @returns {AgencyKey | null} */
  keyOfAnyone(kid) {
    return this.#keys.get(kid) ?? null;
  }

  /** The same if it is this agency's; state and purpose are not judged. @param {string} did @param {string} kid */
  key(did, kid) {
    const key = this.keyOfAnyone(kid);
    return key !== null && key.agency.did === did ? key : null;
  }

  /** Whether the agency might issue that type at that time. @param {string} did @param {string} slug @param {Instant} at */
  permits(did, slug, at) {
    const permissions = this.#agencies.get(did)?.permissions ?? [];
    return permissions.some((each) => each.typeSlug === slug && within(at, each));
  }

  /** @param {string} slug @param {number} version @returns {import("./trusted_list.js").TrustedType | null} */
  type(slug, version) {
    return this.payload.types.find((each) => each.slug === slug && each.version === version) ?? null;
  }

  /** The highest version of a licence type. @param {string} slug */
  newestType(slug) {
    const versions = this.payload.types.filter((each) => each.slug === slug);
    return versions.reduce((newest, each) => (each.version > newest.version ? each : newest), versions[0]) ?? null;
  }
}

/**
 * Read `roots.json`: `{"threshold": n, "keys": [<JWK>, …]}`.
 * @param {Uint8Array | string} document
 * @returns {Promise<Roots>}
 * @throws {TrustFault} trust_bad
 */
export async function parseRoots(document) {
  /** @type {Map<string, VerificationKey>} */
  const keys = new Map();
  let threshold;
  let count = 0;
  try {
    const value = members(parseJson(bytesOf(document)), "threshold keys", "the file of roots");
    const jwks = value.get("keys");
    threshold = value.get("threshold");
    if (!Array.isArray(jwks) || jwks.length < 1 || jwks.length > MAX_ROOTS) {
      throw bad(`the file of roots has not 1 to ${MAX_ROOTS} keys`);
    }
    count = jwks.length;
    for (const jwk of jwks) {
      const key = await VerificationKey.fromJwk(jwk);
      keys.set(key.kid, key);
    }
  } catch (fault) {
    throw fault instanceof FormatError ? bad(fault.message) : fault;
  }
  // Two copies of one key must not count as two people.
  if (keys.size !== count || typeof threshold !== "number" || threshold < 1 || threshold > keys.size) {
    throw bad("the roots repeat a key, or the threshold is not between 1 and their number");
  }
  return Object.freeze({ threshold, keys });
}

/**
 * Believe a published trusted list, or throw a TrustFault: keep the one you have.
 * @param {Uint8Array | string} document the file, byte for byte
 * @param {Roots} roots
 * @param {{now: Date, newestSeen?: number}} state `newestSeen`: the highest version ever seen
 * @returns {Promise<TrustedList>}
 * @throws {TrustFault} trust_bad, trust_too_large, trust_untrusted, trust_rollback, trust_expired
 */
export async function openTrustedList(document, roots, { now, newestSeen = 0 }) {
  const { payload, signatures } = parseDocument(bytesOf(document));
  await enoughRoots(signatures, roots, "the trusted list");
  const trusted = new TrustedList(await decodePayload(payload));
  if (trusted.version < newestSeen) {
    throw new TrustFault(
      "trust_rollback", `the trusted list is version ${trusted.version}; version ${newestSeen} was seen before`,
    );
  }
  if (now.getTime() / 1000 >= trusted.expiresAt.seconds) {
    throw new TrustFault("trust_expired", `the trusted list ended at ${trusted.expiresAt.text}`);
  }
  return trusted;
}

/**
 * Return if as many different roots as must agree have signed.
 * @param {Iterable<import("./jws.js").Jws>} signatures
 * @param {Roots} roots
 * @param {string} what
 * @throws {TrustFault} trust_untrusted
 */
export async function enoughRoots(signatures, roots, what) {
  const signedBy = new Set();
  for (const jws of signatures) if (await signedByRoot(jws, roots)) signedBy.add(jws.kid);
  if (signedBy.size < roots.threshold) {
    throw new TrustFault("trust_untrusted", `${signedBy.size} known roots signed ${what}; ${roots.threshold} must`);
  }
}

/** A file as bytes, also where it was read as text. @param {Uint8Array | string} document @returns {Uint8Array} */
export function bytesOf(document) {
  return typeof document === "string" ? utf8Bytes(document) : document;
}

async function signedByRoot(/** @type {import("./jws.js").Jws} */ jws, /** @type {Roots} */ roots) {
  const root = roots.keys.get(jws.kid);
  if (root === undefined) return false;
  try {
    await verifyJws(jws, root);
    return true;
  } catch (fault) {
    if (fault instanceof FormatError) return false;
    throw fault;
  }
}

/** @returns {boolean} */
function within(
  /** @type {Instant} */ at, /** @type {{validFrom: Instant, validUntil: Instant | null}} */ { validFrom, validUntil },
) {
  return validFrom.seconds <= at.seconds && (validUntil === null || at.seconds <= validUntil.seconds);
}
