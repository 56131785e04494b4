// The screen of answers in place of the desk: one article or several, what could not be answered, and the way on.
import { el } from "./dom.js";
import { article } from "./result.js";
import { labelsOf } from "./trust.js";
import { classWord, say } from "./words.js";

const desk = document.getElementById("desk");
const stage = document.getElementById("answers");
const alarm = document.getElementById("said-at-once");
const idleTitle = document.title;

let steps = {};

export const showing = () => !stage.hidden;

// `answers` as `judge` gives them; `next`, `again`, `print` are what the buttons do, a missing one is not offered. `changed`:
// these answers take the place of others.
export function show({ answers, troubles = [], beside = [] }, { next, again, nextHref, changed = false }) {
  steps = { next };
  const single = answers.length === 1;
  const nodes = single ? [one(answers[0], { id: "verdict", level: 1 })] : several(answers);
  if (troubles.length) {
    nodes.push(el("div", { class: "notice" }, el("p", {}, say("result.not_looked_up")),
      el("ul", {}, troubles.map((code) => el("li", {}, say(`problem.${code}`))))));
  }
  if (beside.length) nodes.push(besideNote(beside));
  nodes.push(after({ next, again, nextHref }));
  if (changed) nodes.unshift(el("p", { class: "notice judged-again" }, say("counter.judged_again")));
  stage.replaceChildren(...nodes);
  desk.hidden = true;
  stage.hidden = false;
  const head = stage.querySelector("h1");
  document.title = `${head.textContent} – ${say("site.name")}`;
  scrollTo(0, 0);
  head.focus({ preventScroll: true });
  alarm.textContent = (changed ? `${say("counter.judged_again")} ` : "") + answers.map(({ report }) => `${classWord(report.class)}: ${report.heading}. ${report.advice}`).join(" ");
}

export function clear() {
  stage.hidden = true;
  stage.replaceChildren();
  desk.hidden = false;
  alarm.textContent = "";
  document.title = idleTitle;
  scrollTo(0, 0);
}

export function besideNote(beside) {
  return el("div", { class: "notice" }, el("p", {}, say("result.beside")), el("ul", {}, beside.map((kind) => el("li", {}, kind))));
}

function one({ report, where }, place) {
  const labels = labelsOf(report.licence);
  const onAccepted = (yes) => {
    alarm.textContent = yes ? `${classWord("accept")}. ${report.heading}` : say("counter.compare_first");
  };
  return article(report, { ...place, labels, where, onAccepted });
}

function several(answers) {
  const n = answers.length;
  const line = ({ report }, i) => el("li", {}, el("a", { href: `#verdict-${i + 1}` }, report.heading),
    report.licence ? [" – ", el("bdi", {}, report.licence.title), " ", el("bdi", { class: "code" }, report.licence.number)] : []);
  return [
    el("h1", { tabindex: "-1" }, say("result.title_several", { n })),
    el("p", { class: "lead" }, say("result.several", { n })),
    el("ol", { class: "summary" }, answers.map(line)),
    ...answers.map((each, i) => one(each, { id: `verdict-${i + 1}`, level: 2, number: say("result.number", { i: i + 1, n }) })),
  ];
}

function button(words, action, attributes = {}) {
  const made = el("button", { type: "button", class: "second", ...attributes }, words);
  made.addEventListener("click", action);
  return made;
}

function after({ next, again, nextHref }) {
  const on = nextHref
    ? el("a", { class: "button", id: "next", href: nextHref }, say("result.next"))
    : button(say("result.next"), next, { id: "next", class: "" });
  return el("div", { class: "after" },
    el("p", {}, on, " ", el("span", { class: "hint" }, say("result.next_hint"))),
    again ? el("p", {}, button(say("result.again"), again, { id: "again" })) : null,
    el("p", {}, button(say("result.print"), () => print(), { id: "print" })));
}

// Space or Enter goes on to the next licence, unless a control has the focus or a scanner is at work.
export function nextByKey(event) {
  if (!showing() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key !== "Enter" && event.key !== " ") return;
  if (event.target.closest?.("a, button, input, select, textarea, summary, [tabindex='0']")) return;
  event.preventDefault();
  document.getElementById("next").click();
}
