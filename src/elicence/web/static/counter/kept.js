// The last good bundle, kept on this device for times without a network, and what no later one may fall behind. Kept apart
// for each set of roots: they tell one registry from another that was set up at the same address later.
import { TrustFault } from "../verifier/index.js";
import { settings } from "./settings.js";

const ROOTS = settings.roots?.keys.map((key) => key.x.slice(0, 12)).join(".");
const SEEN = `elicence.seen.${ROOTS}`;
const CACHE = `elicence.lists.${ROOTS}`;
const PROVED = "Proved-At";

let newest = null;

// The newest ever seen, here or by another page of this device: version of the trusted list, when the bundle was made, and
// when each status list was signed.
export function seen() {
  try {
    const kept = JSON.parse(localStorage.getItem(SEEN));
    if (kept && kept.at >= (newest?.at ?? 0)) newest = kept;
  } catch {
    // Storage is switched off: what this page has seen still counts.
  }
  return newest ?? {};
}

function remember(found) {
  newest = found;
  try {
    localStorage.setItem(SEEN, JSON.stringify(found));
  } catch {
    // As above.
  }
}

// When each status list of a bundle that has proved itself was signed, by address. What cannot be read here, the verifier
// will not take either.
function timesOf(bytes) {
  const times = {};
  for (const [url, token] of Object.entries(JSON.parse(new TextDecoder().decode(bytes)).status_lists)) {
    try {
      const { iat } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
      if (Number.isFinite(iat)) times[url] = iat;
    } catch {
      // As above.
    }
  }
  return times;
}

// Notes a bundle that has proved itself; throws for one that brings back a status list of which a newer one was seen.
export function note(bytes, { trust, issuedAt }) {
  const lists = timesOf(bytes);
  const before = seen().lists ?? {};
  if (Object.entries(lists).some(([url, at]) => at < (before[url] ?? 0))) {
    throw new TrustFault("trust_rollback", "a status list of the bundle is older than one that was seen before");
  }
  remember({ version: trust.version, at: issuedAt.getTime(), lists: { ...before, ...lists } });
}

// Keeps a bundle, with the mark by which a newer one is asked for and the time at which it proved itself.
export async function keep(bytes, { tag, at }) {
  try {
    const headers = { "Content-Type": "application/json", [PROVED]: String(at.getTime()), ...(tag ? { ETag: tag } : {}) };
    await (await caches.open(CACHE)).put(settings.bundle, new Response(bytes, { headers }));
  } catch {
    // No room, or storage is switched off: this page has it until it is closed.
  }
}

// What was kept: `bytes`, `tag`, and `at`, the time at which it proved itself; null if there is nothing.
export async function kept() {
  try {
    const answer = await (await caches.open(CACHE)).match(settings.bundle);
    if (!answer) return null;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { bytes, tag: answer.headers.get("ETag"), at: new Date(Number(answer.headers.get(PROVED))) };
  } catch {
    return null;
  }
}
