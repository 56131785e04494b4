// One report as an article: verdict band, face of the licence, times, checks. Twin of the server's `_answer.html`.
import { el, outcomeSign, sign } from "./dom.js";
import { claim, code, dayElement, instant, isTricky, offsetHere, offsetOf, plain, text } from "./shown.js";
import { classWord, duration, outcomeWord, say } from "./words.js";
import { settings } from "./settings.js";

// A licence of paper that anybody may hold stays yellow until the clerk says that the photo was compared.
const COMPARE = "valid_check_id";

// `labels` are the type file's own: of the number and of holders' identifiers. `where` says who checked.
export function article(report, { id, level, number = "", labels, where, onAccepted }) {
  const waits = report.verdict === COMPARE;
  const shown = el("article", { class: "answer", "aria-labelledby": id });
  const band = bandOf(report, { id, level, number, shape: waits ? "check" : report.class });
  shown.append(band);
  if (waits) shown.append(tick(report, { id, level, number }, band, onAccepted));
  for (const each of report.notices) shown.append(el("p", { class: "notice" }, each.text));
  const rows = report.licence ? rowsOf(report.licence, labels) : [];
  if (rows.some((row) => row.said.some(isTricky))) {
    shown.append(el("p", { class: "notice notice-stop" }, say("result.tricky")));
  }
  if (report.licence) shown.append(...face(report.licence, rows, level));
  else if (report.verdict !== "not_a_licence") shown.append(el("p", { class: "no-face" }, say("result.no_face")));
  shown.append(times(report, where), checks(report));
  return shown;
}

function bandOf(report, { id, level, number, shape, word }) {
  const said = word ?? (report.verdict === COMPARE && shape === "check" ? say("counter.compare_first") : classWord(shape));
  return el("div", { class: `band ${shape}`, "data-verdict": report.verdict },
    sign(shape),
    el("div", { class: "band-words" },
      el("p", { class: "band-class" }, number ? `${number} · ${said}` : said),
      el(`h${level}`, { class: "verdict", id, tabindex: "-1" }, report.heading),
      el("p", { class: "sentence" }, el("bdi", {}, report.sentence)),
      el("p", { class: "advice" }, el("strong", {}, say("result.do")), " ", report.advice)));
}

function tick(report, place, band, onAccepted) {
  const box = el("input", { type: "checkbox", id: `${place.id}-compared` });
  let drawn = band;
  box.addEventListener("change", () => {
    const next = bandOf(report, { ...place, shape: box.checked ? "accept" : "check" });
    drawn.replaceWith(next);
    drawn = next;
    onAccepted?.(box.checked);
  });
  return el("p", { class: "tick compared" }, box, el("label", { for: box.id }, say("counter.compared")));
}

// Rows of the face: a label, what stands there, and the texts in it, looked through for what cannot be seen.
function rowsOf(licence, labels) {
  const rows = [];
  const row = (label, nodes, said = []) => rows.push({ label, nodes, said });
  row(labels.number ?? say("face.number"), [code(licence.number)], [licence.number]);
  for (const holder of licence.holders) {
    if (holder.name !== undefined) row(say("face.holder"), [text(holder.name, say("face.holder"))], [holder.name]);
    if (holder.id !== undefined) {
      row(labels.schemes?.[holder.id_scheme] ?? holder.id_scheme ?? say("face.holder_id"), [code(holder.id)], [holder.id]);
    }
  }
  const last = licence.valid_until;
  row(say("face.in_force"), last === null
    ? [dayElement(licence.valid_from), " – ", say("face.no_end")]
    : [dayElement(licence.valid_from), ` ${say("face.until")} `, dayElement(last)]);
  row(say("face.issuer"), [text(licence.issuer)], [licence.issuer]);
  for (const each of licence.claims) row(each.label, [claim(each.value, each.label)], [plain(each.value)]);
  if (licence.version > 1) row(say("face.version"), [text(String(licence.version))]);
  row(say("face.identifier"), [code(licence.licence_identifier)], [licence.licence_identifier]);
  return rows;
}

function face(licence, rows, level) {
  return [
    el(`h${level + 1}`, { class: "face-title" }, el("bdi", {}, licence.title)),
    el("dl", { class: "face" }, rows.map((row) => el("div", {}, el("dt", {}, row.label), el("dd", {}, row.nodes)))),
  ];
}

function times(report, where) {
  // Times are told as the issuing agency tells them; without a licence to go by, as this device does.
  const offset = report.licence ? offsetOf(report.licence.valid_from) : offsetHere(report.checked_at);
  const line = (label, ...said) => el("div", {}, el("dt", {}, label), el("dd", {}, said));
  const together = (said) => el("span", { class: "together" }, said);
  const by = where === "server" ? say("result.by", { host: settings.host }) : say("counter.by_device");
  const age = Date.parse(report.checked_at) - Date.parse(report.status_as_of);
  return el("dl", { class: "when" },
    report.issuer && !report.licence ? line(say("face.issuer"), el("bdi", {}, report.issuer)) : null,
    line(say("result.checked_at"), instant(report.checked_at, offset), " ", together(by)),
    report.status_as_of
      ? line(say("result.status_as_of"), instant(report.status_as_of, offset), say("value.and"), together(say("result.age", { age: duration(age) })))
      : null);
}

function checks(report) {
  return el("details", { class: "checks" },
    el("summary", {}, say("result.checks", { n: report.checks.length })),
    el("ul", {}, report.checks.map((check) => el("li", { class: check.outcome },
      outcomeSign(check.outcome), el("span", { class: "check-label" }, check.label), " ",
      el("span", { class: "check-said" }, outcomeWord(check.outcome),
        check.reason ? [" ", el("code", {}, check.reason)] : [])))));
}
