// One line on how old the lists are by which this page judges, told in words and never by colour alone.
import * as trust from "./trust.js";
import { duration, say } from "./words.js";

const LOOK_MS = 20_000;
const GOOD_MS = 24 * 3_600_000;
const line = document.getElementById("lists");

function draw() {
  const held = trust.current();
  const failed = trust.lastFault();
  const old = held ? Date.now() - held.issuedAt.getTime() : 0;
  const age = duration(old);
  line.dataset.state = held ? (failed || old > GOOD_MS ? "old" : "good") : failed ? "none" : "waiting";
  if (held) line.textContent = say(failed ? "counter.lists_old" : "counter.lists", { age });
  else line.textContent = say(failed ? "counter.lists_none" : "counter.lists_waiting");
}

export function watchStatus() {
  line.hidden = false;
  trust.onChange(draw);
  setInterval(draw, LOOK_MS);
  draw();
}
