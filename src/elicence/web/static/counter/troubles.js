// What kept a question from being answered. It is no verdict, and must never look like one.
import { el } from "./dom.js";
import { besideNote } from "./show.js";
import { settings } from "./settings.js";
import { say } from "./words.js";

const FIELDS = {
  code_bad: "code", code_unknown: "code", too_many_tries: "code", tail_bad: "tail", nothing_given: "content", too_many_codes: "content",
  file_empty: "file", file_too_large: "file", file_unreadable: "file", picture_too_large: "file", no_code_in_file: "file",
  pdf_unreadable: "file", too_many_pages: "file", file_takes_too_long: "file",
};
const ABOUT_THE_CODE = new Set(["code_unknown", "code_bad", "nothing_given"]);
const place = document.getElementById("troubles");

export function clearTroubles() {
  place.replaceChildren();
  for (const each of document.querySelectorAll("form.ask [aria-invalid]")) each.removeAttribute("aria-invalid");
}

export function showTroubles(codes, { beside, byServer }) {
  clearTroubles();
  const line = (code) => {
    const text = say(`problem.${code}`);
    const field = document.getElementById(FIELDS[code] ?? "");
    field?.setAttribute("aria-invalid", "true");
    return el("li", {}, field ? el("a", { href: `#${field.id}` }, text) : text);
  };
  const box = el("div", { class: "troubles", role: "alert", tabindex: "-1", "aria-labelledby": "troubles-title" },
    el("h2", { id: "troubles-title" }, say("problem.title")),
    el("ul", {}, codes.map(line)),
    codes.some((code) => !ABOUT_THE_CODE.has(code)) ? el("p", {}, say("problem.says_nothing")) : null,
    beside.length ? besideNote(beside) : null);
  if (byServer) {
    const button = el("button", { type: "button", class: "second" }, say("counter.ask_server", { host: settings.host }));
    button.addEventListener("click", byServer);
    box.append(el("p", {}, button));
  }
  place.append(box);
  box.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest" });
}
