// How values of a licence are written out: invisible characters made visible, days, instants, lists; as on the server.
import { el } from "./dom.js";
import { day, say } from "./words.js";
import { settings } from "./settings.js";

const LONG = 400;
// Controls, formats, unassigned, line ends; and letters that are blank to the eye.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/u;
const HAN = /[\u4e00-\u9fff]/;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

export const isTricky = (text) => UNSEEN.test(text);

function segments(text) {
  const parts = [];
  let run = "";
  for (const character of text) {
    if (!UNSEEN.test(character)) {
      run += character;
      continue;
    }
    if (run) parts.push(run);
    run = "";
    const number = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    parts.push(el("span", { class: "unseen" }, `U+${number}`));
  }
  return run ? [...parts, run] : parts;
}

const tongue = (text) => (HAN.test(text) && settings.language === "en" ? { lang: "zh-CN" } : {});

// A text in isolation, so that its direction touches nothing else; a long one gets a box of its own that scrolls.
export function text(value, label = "") {
  const inner = el("bdi", tongue(value), segments(value));
  if ([...value].length <= LONG) return inner;
  return el("div", { class: "long", tabindex: "0", role: "group", "aria-label": label }, inner);
}

// A number or code, where every character counts; a long one breaks after its dots.
export function code(value) {
  const groups = value.split(".");
  const parts = groups.map((group, i) => (i + 1 < groups.length ? [...segments(`${group}.`), el("wbr")] : segments(group)));
  return el("bdi", { class: "code", ...tongue(value) }, parts.flat());
}

export const dayElement = (iso) => el("time", { datetime: iso.slice(0, 10) }, day(iso));

const isDay = (value) => {
  const found = DAY.exec(value);
  if (!found) return false;
  const date = new Date(0);
  date.setUTCFullYear(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
  return found[1] !== "0000" && date.getUTCMonth() === Number(found[2]) - 1 && date.getUTCDate() === Number(found[3]);
};

export function plain(value) {
  if (typeof value === "boolean") return say(value ? "value.yes" : "value.no");
  if (value === null) return say("value.none");
  if (Array.isArray(value)) return value.map(plain).join(say("value.and"));
  if (typeof value === "object") {
    return Object.entries(value).map(([name, each]) => `${name}: ${plain(each)}`).join(say("value.and"));
  }
  return String(value);
}

export function claim(value, label) {
  return typeof value === "string" && isDay(value) ? dayElement(value) : text(plain(value), label);
}

// Minutes east of UTC, as this device's own clock shows it.
export const offsetHere = (iso) => -new Date(iso).getTimezoneOffset();

// Minutes east of UTC, as an ISO instant writes them.
export function offsetOf(iso) {
  const found = /([+-])(\d{2}):(\d{2})(?::\d{2})?$/.exec(iso);
  return found ? (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3])) : 0;
}

// An instant to the minute in the zone of that offset.
export function instant(iso, offset) {
  const local = new Date(Date.parse(iso) + offset * 60_000).toISOString();
  const size = Math.abs(offset);
  const minutes = size % 60 ? `:${String(size % 60).padStart(2, "0")}` : "";
  const zone = offset ? `UTC${offset < 0 ? "-" : "+"}${Math.floor(size / 60)}${minutes}` : "UTC";
  return el("time", { datetime: iso }, `${day(local)} ${local.slice(11, 16)} (${zone})`);
}
