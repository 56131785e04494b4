// Keeps the counter's pages and every file of one release on the device, so that they open without a network. Above this
// line the server has written RELEASE, FILES, PAGES and LANGUAGES. Nothing else is ever kept: no answer of the registry,
// nothing that was sent, and no address with what stands behind its #.
const KIND = "elicence.page.";
const CACHE = `${KIND}${RELEASE}`;
const WHOLE = "/static/whole";
const PATIENCE_MS = 2500;
const FRESH_MS = 3_600_000;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

// All or nothing: a release of which one file is missing is no release, and the one before goes on serving.
async function install() {
  await tell();
  await caches.delete(CACHE); // what an attempt that was cut off has left
  try {
    const cache = await caches.open(CACHE);
    await cache.addAll([...FILES, ...PAGES.map((page) => new Request(page, { cache: "no-cache" }))]);
    for (const page of PAGES) if (!ours(await cache.match(page))) throw new Error(`${page} is of another release`);
    await cache.put(WHOLE, new Response(""));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
  await self.skipWaiting();
}

// The release before stays for pages that are still open with it; what is older, or was never whole, goes.
async function activate() {
  const names = (await caches.keys()).filter((name) => name.startsWith(KIND));
  const before = names.slice(0, Math.max(names.indexOf(CACHE), 0));
  const whole = [];
  for (const name of before) if (await (await caches.open(name)).match(WHOLE)) whole.push(name);
  const last = whole.pop();
  for (const name of before) if (name !== last) await caches.delete(name);
  await self.clients.claim();
  await tell();
}

// Says to every open page which release there is; one of another release then offers to be loaded anew.
async function tell() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const page of pages) page.postMessage({ release: RELEASE });
}

const ours = (answer) => answer?.headers.get("Page-Release") === RELEASE;

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const asked = new URL(url);
  if (method !== "GET" || asked.origin !== self.location.origin) return;
  if (mode === "navigate") {
    const kept = keptAs(asked);
    if (PAGES.includes(kept)) event.respondWith(page(event, kept));
  } else if (asked.pathname.startsWith("/static/")) event.respondWith(file(event.request));
});

// The address under which a page is kept: path and language, and nothing that anybody added.
function keptAs({ pathname, searchParams }) {
  const wanted = [searchParams.get("lang"), ...self.navigator.languages.map(spoken)];
  const language = wanted.find((each) => LANGUAGES.includes(each)) ?? LANGUAGES[0];
  return `${pathname}?lang=${language}`;
}

const spoken = (tag) => LANGUAGES.find((each) => each.split("-")[0] === tag.toLowerCase().split("-")[0]);

// From the server if it answers soon, else what is kept.
async function page(event, kept) {
  const fresh = fetch(event.request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const answer = await Promise.race([fresh, late]).catch(() => null);
  if (answer && answer.status < 500) {
    if (ours(answer)) event.waitUntil(renew(kept).catch(() => {}));
    return answer;
  }
  return (await (await caches.open(CACHE)).match(kept, { ignoreVary: true })) ?? answer ?? fresh;
}

// Roots and licence types stand in the page and may change within a release.
async function renew(kept) {
  const cache = await caches.open(CACHE);
  const before = await cache.match(kept, { ignoreVary: true });
  if (!before || Date.now() - Date.parse(before.headers.get("Date")) < FRESH_MS) return;
  const answer = await fetch(kept, { cache: "no-cache", credentials: "omit" });
  if (answer.ok && ours(answer)) await cache.put(kept, answer);
}

// A file's address names its release, so whatever was kept under it is right.
async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}
