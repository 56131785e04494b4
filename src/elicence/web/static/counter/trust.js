// The signed bundle of the registry: keys, status lists, licence types. Fetched as one published file, which says nothing
// about what will be scanned; opened by the verifier; kept here until a newer one has proved itself.
import { openBundle, parseRoots } from "../verifier/index.js";
import { settings } from "./settings.js";

const FRESH_MS = 60_000;
const PATIENCE_MS = 10_000;
// Roots tell one registry from another that was set up at the same address later.
const SEEN = `elicence.seen.${settings.roots?.keys.map((key) => key.x.slice(0, 12)).join(".")}`;

let held = null;
let pinned = null;
let asked = 0;
let running = null;
let fault = null;
const listeners = new Set();

export const current = () => held;
export const lastFault = () => fault;

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const tell = () => listeners.forEach((listener) => listener());

// What a later bundle must not fall behind; kept on this device between visits, where that is allowed.
function seen() {
  try {
    return JSON.parse(localStorage.getItem(SEEN)) ?? {};
  } catch {
    return {};
  }
}

function remember(bundle) {
  try {
    localStorage.setItem(SEEN, JSON.stringify({ version: bundle.trust.version, at: bundle.issuedAt.getTime() }));
  } catch {
    // Storage is switched off: the bundle in hand still guards against older ones.
  }
}

// Believes the bytes of a bundle, or throws and keeps the one there is.
export async function adopt(bytes, now = new Date()) {
  const { version = 0, at } = seen();
  pinned ??= await parseRoots(JSON.stringify(settings.roots));
  held = await openBundle(bytes, pinned, { now, newestSeen: version, newestBundle: at ? new Date(at) : null });
  fault = null;
  remember(held);
  tell();
  return held;
}

async function fetchBundle() {
  const answer = await fetch(settings.bundle, { cache: "no-cache", credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`the bundle was answered with ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

// Asks for a newer bundle; one question at a time. Never throws: what went wrong is `lastFault`.
export function refresh() {
  running ??= (async () => {
    try {
      await adopt(await fetchBundle());
      asked = performance.now();
    } catch (error) {
      fault = error;
      tell();
    } finally {
      running = null;
    }
    return held;
  })();
  return running;
}

// The bundle to judge by: one that was asked for within the last minute, else whatever a short wait brings.
export async function ready() {
  if (held && performance.now() - asked < FRESH_MS) return held;
  if (!held) return refresh();
  const short = new Promise((resolve) => setTimeout(resolve, 1500));
  await Promise.race([refresh(), short]);
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
  const look = () => document.visibilityState === "visible" && refresh();
  setInterval(look, FRESH_MS);
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  return refresh();
}
