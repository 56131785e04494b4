// The signed bundle of the registry: keys, status lists, licence types. Fetched as one published file, which says nothing
// about what will be scanned; opened by the verifier; kept, here and on the device, until a newer one has proved itself.
import { openBundle, parseRoots, TrustFault } from "../verifier/index.js";
import * as clock from "./clock.js";
import * as store from "./kept.js";
import { settings } from "./settings.js";

const FRESH_MS = 5_000;
const POLL_MS = 60_000;
const RETRY_MS = 10_000;
const PATIENCE_MS = 10_000;
const SHORT_MS = 1_500;
const LARGE = 1_000_000;

let held = null;
let tag = null;
let size = 0;
let pinned = null;
let running = null;
let starting = null;
let answered = -Infinity;
let tried = -Infinity;
let fault = null;
let away = null;
const listeners = new Set();

export const current = () => held;
// Why there is nothing newer: a TrustFault where what came was not to be believed; else the network.
export const lastFault = () => fault;
export const refused = () => fault instanceof TrustFault;
// Since when nothing was heard of the registry; null while it answers.
export const awaySince = () => away;

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let clockTold = 0;

function tell() {
  clockTold = clock.wrongBy();
  for (const listener of listeners) {
    try {
      listener();
    } catch (error) {
      console.warn(error); // one that cannot draw must not keep the lists from the others
    }
  }
}

// Believes the bytes of a bundle, or throws and keeps the one there is.
export async function adopt(bytes, now = clock.registryNow()) {
  const { version = 0, at } = store.seen();
  pinned ??= await parseRoots(JSON.stringify(settings.roots));
  const opened = await openBundle(bytes, pinned, { now, newestSeen: version, newestBundle: at ? new Date(at) : null });
  store.note(bytes, opened);
  held = opened;
  size = bytes.length;
  return held;
}

// What was kept on this device is opened as of the day it proved itself; how old it is, the verifier judges licence by
// licence, and what it may still say then.
function openKept() {
  starting ??= (async () => {
    const kept = await store.kept();
    if (!kept || held) return;
    try {
      await adopt(kept.bytes, kept.at);
      tag = kept.tag;
    } catch (error) {
      fault ??= error;
    }
    tell();
  })();
  return starting;
}

// The answer to whether there is a newer bundle; null where the one at hand is the newest.
async function fetchBundle() {
  const headers = held && tag ? { "If-None-Match": tag } : {};
  const answer = await fetch(settings.bundle, { headers, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status === 304) {
    clock.hear(clock.timeIn(answer.headers));
    return null;
  }
  if (!answer.ok) throw new Error(`the bundle was answered with ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  clock.hear(clock.timeIn(answer.headers));
  return { bytes, tag: answer.headers.get("ETag") };
}

async function ask() {
  tried = performance.now();
  try {
    const found = await fetchBundle();
    if (found) {
      const at = clock.registryNow();
      await adopt(found.bytes, at);
      tag = found.tag;
      void store.keep(found.bytes, { tag, at });
    }
    answered = performance.now();
    fault = null;
    away = null;
  } catch (error) {
    fault = error;
    if (error instanceof TrustFault) away = null;
    else away ??= new Date();
  } finally {
    running = null;
  }
  tell();
  return held;
}

// Asks for a newer bundle; one question at a time. Never throws: what went wrong is `lastFault`.
export function refresh() {
  running ??= openKept().then(ask);
  return running;
}

// How long an answer counts as the newest: a question that costs little is asked with every licence.
const freshFor = () => (tag && size <= LARGE ? FRESH_MS : POLL_MS);

// The bundle to judge by: one that was asked for just now, else whatever a short wait brings. Where the registry did not
// answer last time nobody is kept waiting; what comes later is judged again.
export async function ready({ insist = false } = {}) {
  await openKept();
  if (!held) return refresh();
  // A clock that was wrong may have been set right by now.
  if (clock.wrongBy() !== clockTold) tell();
  if (performance.now() - answered < freshFor() && !clock.wrongBy()) return held;
  if (away && !insist && performance.now() - tried < RETRY_MS) return held;
  const asked = refresh();
  if ((away && !insist) || !navigator.onLine) return held;
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, SHORT_MS))]);
  return held;
}

// Labels that a report does not carry: of the number and of holders' identifiers, from the digest-checked type file.
export function labelsOf(licence) {
  const document = licence && held?.sources.typeDocument(licence.type, licence.type_version);
  if (!document) return {};
  const file = JSON.parse(new TextDecoder().decode(document));
  const pick = (words) => words?.[settings.language];
  const schemes = Object.fromEntries(Object.entries(file.holder?.id?.schemes ?? {}).map(([name, each]) => [name, pick(each.label)]));
  return { number: pick(file.number?.label), schemes };
}

export function keepFresh() {
  const seen = () => document.visibilityState === "visible";
  const due = () => performance.now() - tried >= (fault ? RETRY_MS : POLL_MS);
  setInterval(() => seen() && due() && refresh(), RETRY_MS / 2);
  document.addEventListener("visibilitychange", () => seen() && refresh());
  addEventListener("online", () => refresh());
  addEventListener("offline", () => refresh());
  return ready();
}
