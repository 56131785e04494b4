// The reader of codes, in a worker of its own that is started when it is first needed and started again if it breaks.
import { scriptUrl } from "../trusted.js";

const ADDRESS = new URL("./reader-worker.js", import.meta.url).href;
const PATIENCE_MS = 20_000;

let worker = null;
let last = 0;
const waiting = new Map();

function start() {
  worker = new Worker(scriptUrl(ADDRESS), { type: "module" });
  worker.addEventListener("message", ({ data: { id, texts, fault } }) => {
    const asked = waiting.get(id);
    if (!asked) return;
    waiting.delete(id);
    clearTimeout(asked.timer);
    if (fault) asked.reject(new Error(fault));
    else asked.resolve(texts);
  });
  worker.addEventListener("error", (event) => stop(new Error(event.message || "the reader could not be started")));
}

function stop(error) {
  worker?.terminate();
  worker = null;
  for (const asked of waiting.values()) {
    clearTimeout(asked.timer);
    asked.reject(error);
  }
  waiting.clear();
}

// The texts of the codes in a picture (an ImageBitmap, which is handed over). `how`: "picture", "frame" or "crop".
export function read(bitmap, how) {
  if (!worker) start();
  const id = ++last;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stop(new Error("the reader took too long")), PATIENCE_MS);
    waiting.set(id, { resolve, reject, timer });
    worker.postMessage({ id, bitmap, how }, [bitmap]);
  });
}

// Loads the reader before the first picture comes.
export function warm() {
  if (!worker) start();
  worker.postMessage({ id: 0, how: "warm" });
}
