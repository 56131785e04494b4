// The setup sheet: a test code is scanned, and what came of it tells how the scanner is set.
import { el } from "./dom.js";
import { typed } from "./inputs/layouts.js";
import { listenForScanner } from "./inputs/scanner.js";
import { say } from "./words.js";

const NAMES = { us: "scanner.layout_us", de: "scanner.layout_de", fr: "scanner.layout_fr", gb: "scanner.layout_gb" };
const said = document.getElementById("test-said");
const texts = Object.fromEntries([...document.querySelectorAll("[data-test]")].map(({ dataset }) => [dataset.test, dataset.text]));

const swapped = (text) => [...text].map((each) => (each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase())).join("");

// Whether `part` is `whole` with characters missing here and there.
function isThinned(part, whole) {
  let at = 0;
  for (const character of whole) if (character === part[at]) at += 1;
  return at === part.length && part.length < whole.length;
}

// How a scan stands to the text of a test: [good or bad, key of the words, facts].
function finding(keys, text) {
  const plain = typed(keys, "us");
  if (plain === text) return ["good", "scanner.good"];
  const layout = ["gb", "de", "fr"].find((name) => typed(keys, name) === text);
  const computer = typed(keys, "computer");
  if (layout && computer === text) return ["good", "scanner.good_same", { layout: say(NAMES[layout]) }];
  if (layout) return ["bad", "scanner.wrong_layout", { layout: say(NAMES[layout]) }];
  if (computer === text) return ["good", "scanner.good_computer"];
  if (plain === swapped(text)) return ["bad", "scanner.caps"];
  if (plain === text.toUpperCase() || plain === text.toLowerCase()) return ["bad", "scanner.one_case"];
  if (plain.endsWith(text) || plain.startsWith(text)) return ["bad", "scanner.additions"];
  if (isThinned(plain, text)) return ["bad", "scanner.lost", { n: text.length - plain.length, all: text.length }];
  return null;
}

function judge({ keys, suffix }) {
  // The test meant is the one whose length is nearer.
  const near = Object.values(texts).sort((one, other) => Math.abs(one.length - keys.length) - Math.abs(other.length - keys.length));
  const found = near.map((text) => finding(keys, text)).find(Boolean) ?? ["bad", "scanner.unknown"];
  const [state, words, facts] = found;
  said.dataset.state = state;
  said.dataset.found = words;
  said.replaceChildren(
    el("strong", {}, say(state === "good" ? "scanner.is_good" : "scanner.is_bad")),
    el("span", {}, say(words, facts)),
    ...(suffix ? [] : [el("br"), el("span", {}, say("scanner.no_suffix"))]));
}

listenForScanner(judge);
document.documentElement.classList.add("ready");
