// The page on this device and the release on the server: kept for times without a network, and told when it has grown old.
import { el } from "./dom.js";
import { scriptUrl, SERVICE_WORKER } from "./trusted.js";
import { duration, say } from "./words.js";

const RELEASE = /\/static\/([^/]+)\//.exec(import.meta.url)[1];
const COMPARED = "elicence.release";
const LOOK_MS = 600_000;
const OLD_MS = 7 * 86_400_000;
const place = document.getElementById("page-age");

let compared = null;

// When this release was last known to be the server's. One that this device meets for the first time comes from there.
function lastCompared() {
  try {
    compared ??= JSON.parse(localStorage.getItem(COMPARED));
  } catch {
    // Storage is switched off: the age of the page counts from its loading.
  }
  if (compared?.release !== RELEASE) remember();
  return compared.at;
}

function remember() {
  compared = { release: RELEASE, at: Date.now() };
  try {
    localStorage.setItem(COMPARED, JSON.stringify(compared));
  } catch {
    // As above.
  }
}

function tell(text) {
  if (place.textContent) return;
  const again = el("button", { type: "button", class: "second" }, say("counter.reload"));
  again.addEventListener("click", () => location.reload());
  place.append(el("p", {}, text), el("p", {}, again));
  place.hidden = false;
}

function judgeAge() {
  const age = Date.now() - lastCompared();
  if (age > OLD_MS) tell(say("counter.page_old", { age: duration(age) }));
}

async function look(registration) {
  try {
    await registration.update();
    if (!registration.installing) remember();
  } catch {
    // The server cannot be reached, or what it sent is not whole; what is there goes on serving.
  }
  judgeAge();
}

// Keeps the page and its files on this device, and looks now and then whether the server has a newer release.
export async function keepPage() {
  judgeAge();
  const workers = navigator.serviceWorker;
  if (!workers) return;
  workers.addEventListener("message", ({ data }) => {
    if (data?.release && data.release !== RELEASE) tell(say("counter.page_newer"));
  });
  workers.startMessages();
  try {
    const registration = await workers.register(scriptUrl(SERVICE_WORKER), { updateViaCache: "none" });
    const lookIfSeen = () => document.visibilityState === "visible" && look(registration);
    setInterval(lookIfSeen, LOOK_MS);
    addEventListener("online", lookIfSeen);
    await look(registration);
  } catch {
    // Refused by the browser or its settings: the page then needs the network to be opened.
  }
}
