// One line on the lists by which this page judges: how old they are, and whether newer ones can be had. Told in words and
// never by colour alone; and whether the clock is one to judge by.
import * as clock from "./clock.js";
import { el } from "./dom.js";
import * as trust from "./trust.js";
import { duration, say } from "./words.js";

const LOOK_MS = 20_000;
// From signing to the end of a status list, less the hour that it may have been in the bundle already.
const GOOD_MS = 22 * 3_600_000;
const HARD_MS = 7 * 86_400_000;
const line = document.getElementById("lists");
const text = el("span", { id: "lists-told" });
const again = el("button", { type: "button", class: "second strip-again" }, say("counter.lists_again"));

const hour = (date) => `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;

// What there is to say: [state, words, facts]. The gravest first.
function found() {
  const held = trust.current();
  const off = clock.wrongBy();
  if (off) return ["old", off > 0 ? "counter.clock_ahead" : "counter.clock_behind", { age: duration(Math.abs(off)) }];
  if (!held) {
    if (!trust.lastFault()) return ["waiting", "counter.lists_waiting"];
    return ["none", trust.refused() ? "counter.lists_refused_none" : "counter.lists_none"];
  }
  const old = clock.now() - held.issuedAt;
  const age = duration(old);
  if (trust.refused()) return ["old", "counter.lists_refused", { age }];
  if (old > HARD_MS) return ["old", "counter.lists_useless", { age }];
  if (old > GOOD_MS) return ["old", "counter.lists_stale", { age }];
  if (trust.awaySince()) return ["old", "counter.lists_away", { time: hour(trust.awaySince()), age }];
  return ["good", "counter.lists", { age }];
}

let shown = "";

function draw() {
  const [state, words, facts] = found();
  line.dataset.state = state;
  again.hidden = state === "good" || state === "waiting";
  const said = say(words, facts);
  if (said === shown) return;
  shown = said;
  text.textContent = said;
}

async function ask() {
  again.disabled = true;
  await trust.refresh();
  again.disabled = false;
}

export function watchStatus() {
  line.replaceChildren(text, " ", again);
  again.addEventListener("click", () => void ask());
  line.hidden = false;
  trust.onChange(draw);
  setInterval(draw, LOOK_MS);
  draw();
}
