// The counter: every way in is open at once, and each leads to the same place. Where this browser cannot verify by
// itself, the same ways in fill the form for the server, as it works without script too.
import * as camera from "./inputs/camera.js";
import { watchCode } from "./inputs/code.js";
import { isPdf, textsIn } from "./inputs/file.js";
import { meant } from "./inputs/layouts.js";
import { listenForDrop, listenForPaste } from "./inputs/paste.js";
import { listenForScanner } from "./inputs/scanner.js";
import { FileTrouble } from "./inputs/trouble.js";
import { judge } from "./judge.js";
import { unwatch, watch } from "./recheck.js";
import { keepPage } from "./release.js";
import { able, reads, readsPdf, settings } from "./settings.js";
import { clear, nextByKey, show, showing } from "./show.js";
import { watchStatus } from "./strip.js";
import { judgeCode, MOST_TEXTS, parts } from "./texts.js";
import { clearTroubles, showTroubles } from "./troubles.js";
import * as trust from "./trust.js";
import { say } from "./words.js";

const AGAIN = "elicence.again";
const form = document.querySelector("form.ask");
const fields = form.elements;
const content = document.getElementById("content");
const code = document.getElementById("code");
const file = document.getElementById("file");
const send = form.querySelector("button[type=submit]");
const busy = document.getElementById("busy");
const idle = send.textContent;

let turn = 0;

// What the office expects; null where the tail cannot be one.
function office() {
  const tail = fields.tail.value.trim().toUpperCase();
  if (tail && !/^[0-9A-Z]{2,18}$/.test(tail)) return null;
  return { type: fields.type.value, tail, paper: fields.paper.checked };
}

// Judges texts and shows the answer. A later question overtakes an earlier one.
export async function ask(texts, { insist = false } = {}) {
  const mine = ++turn;
  const expected = office();
  if (!expected) return refuse(["tail_bad"]);
  if (!texts.length) return refuse(["nothing_given"]);
  if (texts.length > MOST_TEXTS) return refuse(["too_many_codes"]);
  clearTroubles();
  work(true);
  try {
    const found = await judge(texts, expected, { insist });
    if (mine === turn) answer(found, texts, expected);
  } catch (error) {
    if (mine === turn) refuse(["service_error"]);
    console.warn(error);
  } finally {
    if (mine === turn) work(false);
  }
}

function answer(found, texts, expected) {
  if (!found.answers.length) return refuse(found.troubles, found.beside, texts);
  again = texts;
  emptied();
  camera.rest();
  const steps = { next, again: () => ask(texts, { insist: true }) };
  show(found, steps);
  watch(found, expected, (other) => show(other, { ...steps, changed: true }));
}

function refuse(codes, beside = [], texts = []) {
  unwatch();
  again = null;
  if (showing()) clear();
  work(false);
  camera.goOn();
  showTroubles(codes, { beside, byServer: codes.includes("no_lists") && texts.length ? () => byServer(texts) : null });
}

let again = null;
let judgeTyped = null;

// Nothing of the last person stays in the fields; what the office expects does.
function emptied() {
  for (const each of [content, code, file]) each.value = "";
  judgeTyped?.();
}

function next() {
  // What was still being asked belongs to the person before.
  turn += 1;
  work(false);
  again = null;
  unwatch();
  fields.tail.value = "";
  clear();
  clearTroubles();
  camera.goOn();
  (matchMedia("(pointer: fine)").matches ? content : document.querySelector("#desk h1")).focus({ preventScroll: true });
}

function work(on) {
  send.textContent = on ? form.dataset.sending : idle;
  busy.textContent = on ? form.dataset.sending : "";
}

// The way without this browser's help: by the server, and only by a press of the button that says so.
function byServer(texts) {
  content.value = texts.join("\n");
  form.submit();
}

async function takeFiles(files) {
  const mine = ++turn;
  clearTroubles();
  work(true);
  try {
    const texts = [];
    for (const each of files) {
      const sent = each.size && (!reads || (!readsPdf && await isPdf(each)));
      if (mine !== turn) return;
      if (sent) return sendFile(each);
      texts.push(...await textsIn(each));
    }
    if (mine === turn) await ask([...new Set(texts)]);
  } catch (error) {
    if (mine === turn) refuse([error instanceof FileTrouble ? error.trouble : "service_error"]);
  }
}

// Where the registry serves no reader for such a file, the server reads it, as the page says; nothing else goes with it.
function sendFile(one) {
  if (!navigator.onLine) return refuse(["no_network"]);
  content.value = "";
  code.value = "";
  choose(one);
  form.submit();
}

async function takePhoto(input) {
  const files = [...input.files];
  input.value = "";
  if (files.length) await takeFiles(files);
}

function choose(one) {
  const list = new DataTransfer();
  list.items.add(one);
  file.files = list.files;
}

function submitted(event) {
  if (!able) {
    send.textContent = form.dataset.sending;
    return;
  }
  event.preventDefault();
  if (code.value.trim() && judgeCode(code.value) !== "right") return void refuse(["code_bad"]);
  const texts = parts(content.value);
  if (code.value.trim()) texts.push(code.value.trim());
  if (texts.length || !file.files.length) void ask(texts);
  else void takeFiles([...file.files]);
}

// Where the form goes to the server, what was pasted or dropped is put into its fields.
const waysIn = able
  ? { onText: (text) => ask(parts(text)), onFiles: takeFiles }
  : {
    onText: (text) => { content.value = text; form.requestSubmit(); },
    onFiles: ([first]) => { choose(first); form.requestSubmit(); },
  };

// A change of language loads the page anew; the question is handed over within this tab and forgotten at once.
function carryLanguage() {
  const link = document.querySelector("a[data-language]");
  link?.addEventListener("click", () => {
    const asked = new URL(link.href);
    for (const [name, value] of [["type", fields.type.value], ["paper", fields.paper.checked ? "1" : ""]]) {
      if (value) asked.searchParams.set(name, value);
      else asked.searchParams.delete(name);
    }
    link.href = asked.href;
    if (!again) return;
    try {
      sessionStorage.setItem(AGAIN, JSON.stringify({ texts: again, tail: fields.tail.value }));
    } catch {
      // Storage is switched off: the question has to be asked again.
    }
  });
}

function carriedOver() {
  try {
    const kept = sessionStorage.getItem(AGAIN);
    sessionStorage.removeItem(AGAIN);
    return kept && JSON.parse(kept);
  } catch {
    return null;
  }
}

function whereTold() {
  if (!able) return "counter.on_server";
  if (readsPdf) return "counter.on_device";
  return reads ? "counter.on_device_pdf" : "counter.on_device_unread";
}

// A page that was kept on this device does not know what its address asks for.
function takeFromAddress() {
  const asked = new URLSearchParams(location.search);
  const type = asked.get("type");
  if ([...fields.type.options].some((option) => option.value === type)) fields.type.value = type;
  if (asked.get("paper") === "1") fields.paper.checked = true;
}

function start() {
  for (const each of document.querySelectorAll(".with-script")) each.hidden = false;
  judgeTyped = watchCode(code, document.getElementById("code-told"));
  form.addEventListener("submit", submitted);
  listenForPaste({ content, ...waysIn });
  listenForDrop(waysIn);
  // A scanner that types ends a code with Enter; a line break is Shift and Enter, as in a chat.
  content.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !event.defaultPrevented && content.value.trim()) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  addEventListener("pageshow", () => work(false));
  document.getElementById("where").textContent = say(whereTold(), { host: settings.host });
  if (!able) return;
  for (const each of document.querySelectorAll(".with-verifier")) each.hidden = false;
  form.classList.add("at-counter");
  file.addEventListener("change", () => file.files.length && takeFiles([...file.files]));
  listenForScanner(({ keys }) => void ask(parts(meant(keys))));
  document.addEventListener("keydown", nextByKey);
  document.addEventListener("keydown", (event) => event.key === "Escape" && camera.stop());
  takeFromAddress();
  carryLanguage();
  watchStatus();
  void trust.keepFresh().then(keepPage);
  if (reads) void camera.offerCamera({ onTexts: (texts) => void ask(texts) });
  document.getElementById("photo").addEventListener("change", ({ target }) => void takePhoto(target));
  const carried = carriedOver();
  if (carried) {
    fields.tail.value = carried.tail;
    void ask(carried.texts);
  }
}

start();
