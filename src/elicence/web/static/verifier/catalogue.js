/**
 * The verdict catalogue: the one file `verifier/verdicts.json` of the package, which the server hands out as a module, so that
 * a clerk is told the same by every door.
 *
 * @typedef {import("./trusted_list.js").Text} Text
 * @typedef {"zh-CN" | "en"} Language
 * @typedef {string | number | Instant | Duration | Text} FactValue
 * @typedef {Readonly<Record<string, FactValue>>} Facts
 * @typedef {{sentences?: string[], heading?: string, advice?: string}} Words
 * @typedef {{code: string, class: "accept" | "stop" | "check" | "cannot_decide",
 *   show_face: "none" | "type_and_number" | "full", texts: Record<Language, Required<Words>>,
 *   because: Record<string, Record<Language, Words>>}} Entry
 */
import { Duration, Instant } from "./instants.js";
import file from "./verdicts.js";

export const LANGUAGES = /** @type {const} */ (["zh-CN", "en"]);
const UNITS = /** @type {const} */ ([["day", 86_400], ["hour", 3_600], ["minute", 60]]);

/** @type {ReadonlyMap<string, Entry>} in order of precedence */
const ENTRIES = new Map(file.verdicts.map((/** @type {Entry} */ entry) => [entry.code, entry]));
const RANKS = new Map([...ENTRIES.keys()].map((code, rank) => [code, rank]));
/** @type {ReadonlyMap<string, string>} */
const REASONS = new Map(Object.entries(file.reasons));

/** @type {ReadonlySet<string>} */
export const WITHOUT_FACE = new Set(file.reasons_without_face);
/** Names of the checks that must have passed before anything is accepted. @type {readonly string[]} */
export const REQUIRED = file.required;
/** Names of all checks in their order. @type {readonly string[]} */
export const CHECKS = Object.keys(file.checks);

/** @param {string} verdict @returns {Entry} */
export function entryOf(verdict) {
  return /** @type {Entry} */ (ENTRIES.get(verdict));
}

/**
 * The verdict that comes first among those of the given reasons, and the reason that led to it. A reason this catalogue does
 * not know counts as `unsupported`.
 * @param {readonly string[]} reasons
 * @returns {[string, string]}
 */
export function firstOf(reasons) {
  const found = reasons.map((reason) => /** @type {[string, string]} */ ([REASONS.get(reason) ?? "unsupported", reason]));
  const rank = (/** @type {string} */ verdict) => RANKS.get(verdict) ?? -1;
  return found.reduce((first, each) => (rank(each[0]) < rank(first[0]) ? each : first));
}

/**
 * The words for a verdict reached for a reason, with the facts filled in: the first sentence whose every placeholder has a
 * fact; the last one has no placeholder.
 * @param {string} verdict
 * @param {string | null} reason
 * @param {Facts} facts
 * @param {Language} language
 * @returns {{heading: string, sentence: string, advice: string}}
 */
export function wording(verdict, reason, facts, language) {
  const entry = entryOf(verdict);
  const general = entry.texts[language];
  const special = (reason !== null && Object.hasOwn(entry.because, reason) && entry.because[reason][language]) || {};
  const sentences = [...(special.sentences ?? []), ...general.sentences];
  const sentence = sentences.find((each) => placeholders(each).every((name) => Object.hasOwn(facts, name))) ?? "";
  const told = filled(sentence, (name) => factText(facts[name], language));
  return { heading: special.heading ?? general.heading, sentence: told, advice: special.advice ?? general.advice };
}

/** The name of a check, outcome, class, notice or look-alike. @returns {string} */
export function word(
  /** @type {"checks" | "outcomes" | "classes" | "notices" | "looks_like"} */ group,
  /** @type {string} */ code, /** @type {Language} */ language,
) {
  return texts(group, code)[language];
}

/** The same in every language. @returns {Text} */
export function texts(/** @type {string} */ group, /** @type {string} */ code) {
  return file[group][code];
}

/** A fact for machines: ISO 8601, seconds, the wording of one language. @returns {string | number} */
export function factJson(/** @type {FactValue} */ value, /** @type {Language} */ language) {
  if (value instanceof Instant) return value.text;
  if (value instanceof Duration) return Math.trunc(value.seconds) + 0;
  return typeof value === "object" ? value[language] : value;
}

/** A fact as people read it: durations rounded down to one unit, days without the time. @returns {string} */
function factText(/** @type {FactValue} */ value, /** @type {Language} */ language) {
  if (value instanceof Duration) return durationText(value, language);
  if (value instanceof Instant) {
    const [year, month, day] = value.text.slice(0, 10).split("-").map(Number);
    const style = file.dates[language];
    const parts = new Map([["year", year], ["month", style.months[month - 1]], ["day", day]]);
    return filled(style.pattern, (name) => String(parts.get(name)));
  }
  return typeof value === "object" ? value[language] : String(value);
}

function durationText(/** @type {Duration} */ value, /** @type {Language} */ language) {
  const seconds = Math.max(0, Math.trunc(value.seconds));
  const style = file.durations[language];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    // 24 to 48 hours are told in hours: "1 day" would hide by how much a limit of a day was passed.
    if (count >= (unit === "day" ? 2 : 1)) return filled(style[unit][count === 1 ? 0 : 1], () => String(count));
  }
  return style.moment;
}

/** @returns {string[]} */
function placeholders(/** @type {string} */ text) {
  return Array.from(text.matchAll(/\{([a-z_]+)\}/g), (found) => found[1]);
}

/** @returns {string} */
function filled(/** @type {string} */ text, /** @type {(name: string) => string} */ value) {
  return text.replace(/\{([a-z_]+)\}/g, (_, name) => value(name));
}
