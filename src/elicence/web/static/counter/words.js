// The texts of the page in its language. A key that is missing is a defect and never an empty place.
import { settings } from "./settings.js";

const { words, classes, outcomes, durations, dates } = settings;

export function say(key, facts = {}) {
  const text = words[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(facts[name]));
}

export const classWord = (code) => classes[code];
export const outcomeWord = (code) => outcomes[code];

// A length of time as people read it, rounded down to one unit; 24 to 48 hours are told in hours.
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  for (const [unit, length] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    const count = Math.floor(seconds / length);
    if (count >= (unit === "day" ? 2 : 1)) return durations[unit][count === 1 ? 0 : 1].replace("{n}", String(count));
  }
  return durations.moment;
}

// A civil day, given as its ISO form or as a longer one that begins with it.
export function day(iso) {
  const [year, month, date] = iso.slice(0, 10).split("-").map(Number);
  return dates.pattern.replace("{year}", year).replace("{month}", dates.months[month - 1]).replace("{day}", date);
}
