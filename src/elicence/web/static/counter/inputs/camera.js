// The camera: frames go to the reader's worker about fifteen times a second, the whole frame and its middle in turn. It
// rests while the page is hidden or an answer is shown, goes on afterwards, and never gives up by itself.
import { el } from "../dom.js";
import { say } from "../words.js";
import { isLicenceLike } from "./layouts.js";
import { read, warm } from "./reader.js";

const FRAME_MS = 1000 / 15;
const REST_MS = 120;
const HINT_MS = 4000;
const SAME_MS = 1500; // a code that stays in view is not a new one
const STRANGER_MS = 800; // a poster in passing is no question
const LENS = "elicence.lens";
const USED = "elicence.camera";
const FAULTS = {
  NotAllowedError: "counter.camera_denied", SecurityError: "counter.camera_denied",
  NotFoundError: "counter.camera_absent", OverconstrainedError: "counter.camera_absent",
  NotReadableError: "counter.camera_in_use", AbortError: "counter.camera_in_use",
};

const place = (name) => document.getElementById(`camera-${name}`);
const panel = document.getElementById("camera");
const video = place("video");
const told = place("told");
const lens = place("lens");
const torch = place("torch");
const zoom = place("zoom");

let stream = null;
let resting = false;
let attempt = 0;
let lastFound = 0;
let seen = new Map();
let strangers = new Map();

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // Storage is switched off: the browser's own choice of a lens serves.
  }
}

export const running = () => stream !== null;

function tell(key) {
  const text = key ? say(key) : "";
  if (told.textContent !== text) told.textContent = text;
}

function draw(state) {
  panel.dataset.state = state;
  place("start").hidden = state === "on" || state === "opening";
  place("controls").hidden = state !== "on";
  video.hidden = state !== "on";
}

// Opens the camera that was used last, else the one at the back. Every refusal is told in words.
export async function start() {
  const mine = ++attempt;
  if (!navigator.mediaDevices?.getUserMedia) return tell("counter.camera_unable");
  close(); // many phones open one lens at a time
  draw("opening");
  tell("counter.camera_opening");
  warm();
  try {
    const opened = await open(remembered(LENS));
    if (mine !== attempt) return opened.getTracks().forEach((track) => track.stop());
    await begin(opened);
  } catch (error) {
    if (mine !== attempt) return;
    close();
    draw("off");
    tell(FAULTS[error.name] ?? "counter.camera_failed");
    place("photo").hidden = false;
  }
}

async function open(deviceId) {
  const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...which } });
  } catch (error) {
    if (!deviceId || error.name === "NotAllowedError") throw error;
    remember(LENS, null); // the lens of last time is gone
    return open(null);
  }
}

async function begin(opened) {
  stream = opened;
  seen = new Map();
  strangers = new Map();
  const [track] = opened.getVideoTracks();
  track.addEventListener("ended", () => {
    if (stream !== opened) return;
    stop();
    tell("counter.camera_ended"); // unplugged, or taken by another program
  });
  video.srcObject = opened;
  draw("on");
  await video.play();
  remember(USED, "on");
  lastFound = performance.now();
  tell("counter.camera_searching");
  await controls(track);
  void look(opened);
}

export function stop() {
  attempt += 1;
  if (panel.dataset.state === "off") return;
  close();
  draw("off");
  tell("counter.camera_stopped");
}

function close() {
  const closing = stream;
  stream = null;
  closing?.getTracks().forEach((each) => each.stop());
  video.srcObject = null;
}

// While an answer is shown nothing is read; afterwards the code still in view does not count as a new one.
export function rest() {
  resting = true;
}

export function goOn() {
  if (!resting) return;
  resting = false;
  const now = performance.now();
  for (const text of seen.keys()) seen.set(text, now);
  lastFound = now;
  if (stream) tell("counter.camera_searching");
}

let found = () => {};

async function look(mine) {
  for (let turn = 0; stream === mine; turn += 1) {
    const began = performance.now();
    if (document.hidden || resting || video.readyState < 2) {
      await pause(REST_MS);
      continue;
    }
    const texts = await frame(turn % 2 ? "crop" : "frame");
    if (stream === mine && !resting && texts.length) await judge(texts, mine);
    // The page may have been hidden while the frame was read: then what it says of that stands.
    if (stream === mine && !document.hidden && performance.now() - lastFound > HINT_MS) hint();
    await pause(Math.max(4, FRAME_MS - (performance.now() - began)));
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The texts in what the camera sees now. A reader that broke is told of once and tried again.
async function frame(how) {
  try {
    return await read(await createImageBitmap(video), how);
  } catch {
    if (stream && !document.hidden) tell("counter.camera_reader");
    await pause(1000);
    return [];
  }
}

async function judge(texts, mine) {
  const fresh = texts.filter(isNew);
  if (!fresh.length) return;
  // The middle may hold one code of several: the whole frame is asked before anything is said.
  const all = new Set([...fresh, ...(await frame("frame"))]);
  if (stream !== mine || resting) return;
  const licences = [...all].filter(isLicenceLike);
  if (!licences.length && !fresh.some(lingers)) return;
  const now = performance.now();
  lastFound = now;
  seen = new Map([...all].map((text) => [text, now]));
  strangers = new Map();
  tell("counter.camera_read");
  found([...all]);
}

function isNew(text) {
  const now = performance.now();
  const before = seen.get(text);
  if (before === undefined) return true;
  seen.set(text, now);
  lastFound = now;
  return now - before > SAME_MS;
}

function lingers(text) {
  const now = performance.now();
  const first = strangers.get(text) ?? now;
  strangers.set(text, first);
  return now - first > STRANGER_MS;
}

function hint() {
  tell("counter.camera_hint");
  place("photo").hidden = false;
}

// What this lens can do: others to choose from, a light, a zoom. What a device does not have is not shown.
async function controls(track) {
  const can = track.getCapabilities?.() ?? {};
  place("torch-part").hidden = !can.torch;
  torch.setAttribute("aria-pressed", "false");
  place("zoom-part").hidden = !(can.zoom?.max > can.zoom?.min);
  if (can.zoom) {
    for (const name of ["min", "max", "step"]) zoom[name] = can.zoom[name] || (name === "step" ? 0.1 : 1);
    zoom.value = track.getSettings().zoom ?? can.zoom.min;
  }
  await lenses(track);
}

async function lenses(track) {
  const all = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
  place("lens-part").hidden = all.length < 2;
  const current = track.getSettings().deviceId;
  lens.replaceChildren(...all.map((each, i) => {
    const name = each.label || say("counter.camera_lens_n", { n: i + 1 });
    return el("option", { value: each.deviceId, selected: each.deviceId === current }, name);
  }));
}

const track = () => stream?.getVideoTracks()[0];
const setting = (wish) => track()?.applyConstraints({ advanced: [wish] }).catch(() => tell("counter.camera_no_setting"));

// `onTexts` gets what was read, each code once as long as it stays in view.
export async function offerCamera({ onTexts }) {
  found = onTexts;
  panel.hidden = false;
  draw("off");
  place("start").addEventListener("click", () => void start());
  place("stop").addEventListener("click", () => {
    remember(USED, null);
    stop();
    place("start").focus();
  });
  lens.addEventListener("change", () => {
    remember(LENS, lens.value);
    void start();
  });
  torch.addEventListener("click", () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    torch.setAttribute("aria-pressed", String(on));
    void setting({ torch: on });
  });
  zoom.addEventListener("input", () => void setting({ zoom: Number(zoom.value) }));
  document.addEventListener("visibilitychange", visibility);
  navigator.mediaDevices?.addEventListener?.("devicechange", () => stream && void lenses(track()));
  // A camera that was in use and is still allowed needs no press.
  const allowed = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
  if (allowed?.state === "granted" && remembered(USED) === "on") void start();
}

function visibility() {
  if (!stream) return;
  if (document.hidden) return tell("counter.camera_paused");
  if (track()?.readyState === "ended") return void start();
  lastFound = performance.now();
  tell("counter.camera_searching");
  void video.play().catch(() => {});
}
