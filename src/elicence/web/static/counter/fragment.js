// A phone's camera opens /v#…: the licence is after the #. It is taken out of the address bar at once and judged here.
// Where this browser cannot do that, it goes to this server in the body of a POST, never in an address.
import { judge } from "./judge.js";
import { watch } from "./recheck.js";
import { keepPage } from "./release.js";
import { able } from "./settings.js";
import { nextByKey, show } from "./show.js";
import * as trust from "./trust.js";
import { say } from "./words.js";

const OFFICE = { type: "", tail: "", paper: false };
const AGAIN = "elicence.again";
const told = document.getElementById("fragment-told");
const content = document.getElementById("fragment-content");
const digits = location.hash.slice(1) || carriedOver();

history.replaceState(null, "", location.pathname + location.search);
told.hidden = false;
document.getElementById("fragment-by-hand").hidden = true;

function carriedOver() {
  try {
    const kept = sessionStorage.getItem(AGAIN);
    sessionStorage.removeItem(AGAIN);
    return kept ? JSON.parse(kept).texts[0] : "";
  } catch {
    return "";
  }
}

function send() {
  told.textContent = told.dataset.sending;
  content.value = digits;
  document.getElementById("fragment-form").submit();
}

let turn = 0;

async function check({ insist = false } = {}) {
  const mine = ++turn;
  told.textContent = told.dataset.checking;
  const found = await judge([digits], OFFICE, { insist }).catch(() => ({ answers: [], troubles: ["service_error"] }));
  if (mine !== turn) return;
  if (!found.answers.length) {
    told.textContent = found.troubles.map((code) => say(`problem.${code}`)).join(" ");
    return;
  }
  const steps = { nextHref: document.getElementById("to-form").href, again: () => check({ insist: true }) };
  show(found, steps);
  watch(found, OFFICE, (other) => show(other, { ...steps, changed: true }));
}

// A change of language loads the page anew; the licence is handed over within this tab and forgotten at once.
document.querySelector("a[data-language]")?.addEventListener("click", () => {
  try {
    if (digits && able) sessionStorage.setItem(AGAIN, JSON.stringify({ texts: [digits] }));
  } catch {
    // Storage is switched off: the code has to be scanned again.
  }
});

if (!digits) told.textContent = told.dataset.empty;
else if (able) {
  document.addEventListener("keydown", nextByKey);
  void check().then(trust.keepFresh).then(keepPage);
} else send();

// Another licence opened in the same tab changes the address alone: the page begins anew with it.
addEventListener("hashchange", () => {
  if (location.hash.length > 1) location.reload();
});

// Coming back by the history must not leave a licence in the form.
addEventListener("pagehide", () => {
  content.value = "";
});
