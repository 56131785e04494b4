/**
 * Believing an offline bundle (docs/trust-bundle.md): the roots have signed its manifest, the manifest names every part, and
 * it still serves. Each part goes on proving itself besides.
 *
 * @typedef {import("./json.js").JsonValue} JsonValue
 * @typedef {{trust: import("./trust.js").TrustedList, sources: MemorySources, contexts: ReadonlyMap<string, string>,
 *   issuedAt: Date, expiresAt: Date}} Bundle
 */
import { b64urlDecode, lengthOf, sha256Hex, utf8Bytes } from "./encoding.js";
import { TrustFault } from "./faults.js";
import { parseJson } from "./json.js";
import { MemorySources } from "./sources.js";
import { bytesOf, enoughRoots, openTrustedList } from "./trust.js";
import { bad, baseUrl, digest, instant, members, reading, signedDocument } from "./trusted_list.js";

const TYP = "licence-bundle+jwt";
const MAX_BUNDLE = 33_554_432;
const MAX_MANIFEST = 4_194_304;
const LEEWAY = 60;
const LONGEST_NAME = 512;
const GROUPS = /** @type {const} */ (["status_lists", "types", "contexts", "dictionaries"]);
const NUMBER = /^[1-9][0-9]{0,2}$/;
const TYPE = /^types\/([a-z][a-z0-9-]{0,63})\/v([1-9][0-9]{0,3})\.json$/;
const LIST = /^\/status\/[a-z][a-z0-9-]{0,63}\/[1-9][0-9]{0,8}$/;

/**
 * Believe a bundle, or throw a TrustFault: keep the one you have.
 * @param {Uint8Array | string} document
 * @param {import("./trust.js").Roots} roots
 * @param {{now: Date, newestSeen?: number, newestBundle?: Date | null}} state `newestSeen`: the highest version of the trusted
 *   list ever seen; `newestBundle`: the latest `issuedAt` of a bundle
 * @returns {Promise<Bundle>}
 * @throws {TrustFault} trust_bad, trust_too_large, trust_untrusted, trust_rollback, trust_expired
 */
export async function openBundle(document, roots, { now, newestSeen = 0, newestBundle = null }) {
  const { parts, manifest, signatures } = parseBundle(bytesOf(document));
  await enoughRoots(signatures, roots, "the offline bundle");
  await checkParts(parts, manifest);
  judgeAge(manifest, now, newestBundle);
  const trust = await openTrustedList(parts.trustedList, roots, { now, newestSeen });
  if (trust.baseUrl !== manifest.issuer) throw bad("the offline bundle carries the trusted list of another registry");
  return Object.freeze({
    trust,
    sources: sourcesOf(parts, manifest.issuer),
    contexts: parts.texts.contexts,
    issuedAt: new Date(manifest.issuedAt.seconds * 1000),
    expiresAt: new Date(manifest.expiresAt.seconds * 1000),
  });
}

function parseBundle(/** @type {Uint8Array} */ data) {
  if (data.length > MAX_BUNDLE) {
    throw new TrustFault("trust_too_large", `an offline bundle has ${data.length} bytes; allowed are ${MAX_BUNDLE}`);
  }
  return reading(() => {
    const names = `object base_url manifest signatures trusted_list ${GROUPS.join(" ")}`;
    const whole = members(parseJson(data, { maxBytes: MAX_BUNDLE }), names, "the bundle");
    const expected = { typ: TYP, maxChars: 2 * MAX_MANIFEST };
    const { payload, signatures } = signedDocument(whole.get("manifest"), whole.get("signatures"), expected);
    const manifest = manifestOf(payload);
    if (whole.get("object") !== "trust_bundle" || whole.get("base_url") !== manifest.issuer) {
      throw bad("it is not a bundle of the registry that its manifest names");
    }
    return { manifest, signatures, parts: partsOf(whole) };
  });
}

/** Texts by group and name, and the dictionaries as bytes. */
function partsOf(/** @type {Map<string, JsonValue>} */ whole) {
  const texts = {
    status_lists: textsOf(whole, "status_lists"),
    types: textsOf(whole, "types"),
    contexts: textsOf(whole, "contexts"),
  };
  /** @type {Map<string, Uint8Array>} */
  const dictionaries = new Map();
  for (const [name, text] of textsOf(whole, "dictionaries")) {
    if (!NUMBER.test(name)) throw bad("a dictionary has no number from 1 to 999");
    dictionaries.set(name, b64urlDecode(text));
  }
  const trustedList = whole.get("trusted_list");
  if (typeof trustedList !== "string") throw bad("the trusted list is not text");
  return { trustedList, texts, dictionaries };
}

function manifestOf(/** @type {Uint8Array} */ payload) {
  const names = `iss iat exp trusted_list ${GROUPS.join(" ")}`;
  const whole = members(parseJson(payload, { maxBytes: MAX_MANIFEST }), names, "the manifest");
  const manifest = {
    issuer: baseUrl(whole.get("iss")),
    issuedAt: instant(whole.get("iat"), "iat"),
    expiresAt: instant(whole.get("exp"), "exp"),
    trustedList: digest(whole.get("trusted_list")),
    digests: new Map(GROUPS.map((group) => [group, digestsOf(whole, group)])),
  };
  if (manifest.issuedAt.seconds >= manifest.expiresAt.seconds) throw bad("it ends before it begins");
  return manifest;
}

/** Whether the manifest names exactly these parts: no other, none missing, not a byte changed. */
async function checkParts(
  /** @type {ReturnType<typeof partsOf>} */ parts, /** @type {ReturnType<typeof manifestOf>} */ manifest,
) {
  let whole = (await sha256Hex(utf8Bytes(parts.trustedList))) === manifest.trustedList;
  for (const group of GROUPS) {
    const named = manifest.digests.get(group) ?? new Map();
    const there = group === "dictionaries" ? parts.dictionaries : parts.texts[group];
    whole &&= named.size === there.size;
    for (const [name, part] of there) whole &&= named.get(name) === (await sha256Hex(bytesOf(part)));
  }
  if (!whole) throw bad("the parts of the offline bundle are not those its manifest names");
}

function judgeAge(
  /** @type {ReturnType<typeof manifestOf>} */ manifest, /** @type {Date} */ now, /** @type {Date | null} */ newestBundle,
) {
  const seconds = now.getTime() / 1000;
  if (manifest.issuedAt.seconds > seconds + LEEWAY) {
    throw bad("the offline bundle was made in the future; is the clock right?");
  }
  if (seconds >= manifest.expiresAt.seconds) {
    throw new TrustFault("trust_expired", `the offline bundle ended at ${manifest.expiresAt.text}`);
  }
  if (newestBundle !== null && manifest.issuedAt.seconds < newestBundle.getTime() / 1000) {
    throw new TrustFault("trust_rollback", "the offline bundle is older than one that was seen before");
  }
}

function sourcesOf(/** @type {ReturnType<typeof partsOf>} */ parts, /** @type {string} */ issuer) {
  for (const url of parts.texts.status_lists.keys()) {
    if (!url.startsWith(`${issuer}/`) || !LIST.test(url.slice(issuer.length))) {
      throw bad("a status list of the offline bundle is not one of this registry");
    }
  }
  /** @type {[string, Uint8Array][]} */
  const documents = [...parts.texts.types].map(([place, text]) => {
    const found = TYPE.exec(place);
    if (found === null) throw bad("a type file of the offline bundle has an odd name");
    return [`${found[1]}/v${found[2]}`, utf8Bytes(text)];
  });
  const dictionaries = [...parts.dictionaries].map(([name, data]) => /** @type {const} */ ([Number(name), data]));
  return new MemorySources({ tokens: parts.texts.status_lists, documents, dictionaries });
}

/** @returns {Map<string, JsonValue>} */
function named(/** @type {Map<string, JsonValue>} */ whole, /** @type {string} */ group) {
  const value = whole.get(group);
  if (!(value instanceof Map) || [...value.keys()].some((name) => name === "" || lengthOf(name) > LONGEST_NAME)) {
    throw bad(`${group} is not an object with names of 1 to ${LONGEST_NAME} characters`);
  }
  return value;
}

/** @returns {Map<string, string>} */
function textsOf(/** @type {Map<string, JsonValue>} */ whole, /** @type {string} */ group) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  for (const [name, text] of named(whole, group)) {
    if (typeof text !== "string") throw bad(`a part of ${group} is not text`);
    texts.set(name, text);
  }
  return texts;
}

function digestsOf(/** @type {Map<string, JsonValue>} */ whole, /** @type {string} */ group) {
  return new Map([...named(whole, group)].map(([name, value]) => [name, digest(value)]));
}
