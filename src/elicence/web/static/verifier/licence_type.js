/**
 * A licence type as its published file says, as far as a verifier needs it. The file's digest stands in the trusted list, so
 * shape is checked and not sense; but the whole shape, as in `licences/licence_type.py`.
 *
 * @typedef {import("./json.js").JsonValue} JsonValue
 * @typedef {import("./trusted_list.js").Text} Text
 * @typedef {{label: Text, code: boolean, kind: string}} ClaimRule
 * @typedef {{slug: string, version: number, title: Text, vcType: string, holderKinds: readonly string[], several: boolean,
 *   counterPhotoId: "never" | "paper" | "always", claims: ReadonlyMap<string, ClaimRule>}} LicenceType
 */
import { utf8Text } from "./encoding.js";
import { FormatError, TypeFileError } from "./faults.js";
import { Reader } from "./json_reader.js";

const MAX_BYTES = 262_144;
const CLASSES = ["open", "restricted", "closed"];
const SEARCHES = ["none", "exact", "prefix", "keyed"];

/**
 * @param {Uint8Array} document
 * @returns {LicenceType}
 * @throws {TypeFileError}
 */
export function parseLicenceType(document) {
  const top = new Node(parsed(document));
  const slug = top.text("slug");
  const holder = holderOf(top.member("holder"));
  checkRest(top);
  return Object.freeze({
    slug,
    version: top.integer("version"),
    title: top.texts("title"),
    vcType: slug.split("-").map((part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase()).join(""),
    ...holder,
    counterPhotoId: top.member("counter").choice("photo_id", /** @type {const} */ (["never", "paper", "always"])),
    claims: new Map([...top.member("claims").mapping()].map(([name, value]) => [name, claimOf(new Node(value))])),
  });
}

/** @returns {JsonValue} */
function parsed(/** @type {Uint8Array} */ document) {
  const text = document.length > MAX_BYTES ? null : utf8Text(document);
  if (text === null) throw new TypeFileError("file_unreadable", "not UTF-8, or too long");
  try {
    return new Reader(text, { anyNumber: true }).document();
  } catch (fault) {
    throw fault instanceof FormatError ? new TypeFileError("json_syntax", "not JSON") : fault;
  }
}

/** A JSON value of a type file, with the kinds of members asked for by name. */
class Node {
  /** @param {JsonValue | undefined} value */
  constructor(value) {
    this.value = value;
  }

  mapping() {
    if (!(this.value instanceof Map)) throw wrong("an object is needed");
    return this.value;
  }

  has(/** @type {string} */ name) {
    return this.value instanceof Map && this.value.has(name);
  }

  member(/** @type {string} */ name) {
    if (!this.mapping().has(name)) throw wrong(`member ${name} is missing`);
    return new Node(this.mapping().get(name));
  }

  elements() {
    if (!Array.isArray(this.value)) throw wrong("an array is needed");
    return this.value.map((each) => new Node(each));
  }

  strings() {
    return this.elements().map((each) => each.string());
  }

  string() {
    if (typeof this.value !== "string") throw wrong("a string is needed");
    return this.value;
  }

  text(/** @type {string} */ name) {
    return this.member(name).string();
  }

  integer(/** @type {string} */ name) {
    const { value } = this.member(name);
    if (typeof value !== "number") throw wrong("an integer is needed");
    return value;
  }

  flag(/** @type {string} */ name, /** @type {boolean | undefined} */ otherwise) {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const { value } = this.member(name);
    if (typeof value !== "boolean") throw wrong("true or false is needed");
    return value;
  }

  optional(/** @type {"text" | "integer"} */ kind, /** @type {string[]} */ ...names) {
    for (const name of names) if (this.has(name)) this[kind](name);
  }

  /** @template {string} T @param {string} name @param {readonly T[]} allowed @param {T} [otherwise] @returns {T} */
  choice(name, allowed, otherwise) {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const text = this.text(name);
    const found = allowed.find((each) => each === text);
    if (found === undefined) throw wrong(`member ${name} must be one of ${allowed.join(", ")}`);
    return found;
  }

  /** @param {string} name @returns {Text} */
  texts(name) {
    const node = this.member(name);
    return Object.freeze({ "zh-CN": node.text("zh-CN"), en: node.text("en") });
  }
}

function wrong(/** @type {string} */ sentence) {
  return new TypeFileError("schema", sentence);
}

function holderOf(/** @type {Node} */ node) {
  const holderKinds = node.member("kinds").strings();
  const several = node.flag("several", undefined);
  const [name, ident] = [node.member("name"), node.member("id")];
  checkPerKind(name, holderKinds);
  name.flag("code", false);
  checkPerKind(ident, holderKinds);
  ident.flag("required", true);
  ident.flag("code", false);
  ident.optional("text", "mask");
  ident.choice("search", ["none", "keyed", "exact"], "none");
  for (const value of ident.member("schemes").mapping().values()) {
    const scheme = new Node(value);
    scheme.member("kinds").strings();
    scheme.texts("label");
    scheme.optional("text", "pattern");
  }
  return { holderKinds, several };
}

/** One disclosure class for all holder kinds, or one per kind. */
function checkPerKind(/** @type {Node} */ node, /** @type {string[]} */ kinds) {
  const each = node.member("disclosure");
  if (typeof each.value === "string") node.choice("disclosure", CLASSES);
  else for (const kind of kinds) each.choice(kind, CLASSES);
}

/** @returns {ClaimRule} */
function claimOf(/** @type {Node} */ node) {
  const schema = node.member("schema");
  schema.mapping();
  node.choice("disclosure", CLASSES);
  node.choice("search", SEARCHES, "none");
  node.flag("required", true);
  return Object.freeze({ label: node.texts("label"), code: node.flag("code", false), kind: schema.text("type") });
}

/** What a verifier does not use must be there all the same. */
function checkRest(/** @type {Node} */ top) {
  top.choice("status", ["draft", "published", "retired"]);
  top.text("code");
  top.member("publisher").texts("name");
  top.member("publisher").optional("text", "uscc");
  top.texts("legal_basis");
  const number = top.member("number");
  number.texts("label");
  number.text("pattern");
  number.integer("max_length");
  top.choice("register", ["listed", "exact", "none"]);
  const validity = top.member("validity");
  validity.choice("rule", ["fixed", "duration", "until_age", "open_ended"]);
  validity.text("time_zone");
  validity.optional("integer", "months", "max_months", "age");
  validity.optional("text", "birth_date_claim");
  validity.flag("end_allowed", false);
  const changes = top.member("changes");
  changes.flag("suspension", undefined);
  changes.member("reasons").strings();
  changes.flag("public_reason", undefined);
  top.member("correction").integer("deadline_days");
  top.member("correction").flag("notice", undefined);
  for (const leak of top.member("leak_exceptions").elements()) for (const name of ["open", "hidden", "reason"]) leak.text(name);
  const budget = top.member("code_budget");
  budget.integer("max_version");
  budget.choice("level", ["L", "M", "Q", "H"]);
  for (const set of top.member("presentation_sets").mapping().values()) new Node(set).strings();
  top.member("sources").strings();
}
