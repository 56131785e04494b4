// Reads QR codes from pictures and camera frames, away from the page's own thread. What it reads is text and stays text.
import { prepareZXingModule, readBarcodes } from "../../vendor/zxing-wasm/reader/index.js";

const WASM = new URL("../../vendor/zxing-wasm/zxing_reader.wasm", import.meta.url).href;
const ready = prepareZXingModule({ overrides: { locateFile: () => WASM }, fireImmediately: true });
const LARGEST_SIDE = 4096;

// A frame must be quick; a picture has a person waiting and may take every trouble.
const FRAME = { formats: ["QRCode"], tryHarder: true, tryRotate: false, tryInvert: false, tryDownscale: true, maxNumberOfSymbols: 4 };
const PICTURE = { formats: ["QRCode"], tryHarder: true, tryRotate: true, tryInvert: true, tryDownscale: true, maxNumberOfSymbols: 51 };

const canvas = new OffscreenCanvas(1, 1);
const pen = canvas.getContext("2d", { willReadFrequently: true });

function pixels(bitmap, { left, top, width, height }, scale) {
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  pen.fillStyle = "#fff"; // what is transparent counts as paper
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

const whole = ({ width, height }) => ({ left: 0, top: 0, width, height });

// The middle of a frame, where a code that is held up mostly is.
function middle({ width, height }) {
  const side = Math.round(Math.min(width, height) * 0.75);
  return { left: Math.round((width - side) / 2), top: Math.round((height - side) / 2), width: side, height: side };
}

async function texts(bitmap, how) {
  const part = how === "crop" ? middle(bitmap) : whole(bitmap);
  const options = how === "picture" ? PICTURE : FRAME;
  const fitting = Math.min(1, LARGEST_SIDE / Math.max(part.width, part.height));
  // A small picture is enlarged for a second look, a large one made smaller.
  const scales = how !== "picture" ? [fitting] : [fitting, Math.max(part.width, part.height) < 1000 ? 2 : fitting / 2];
  for (const scale of scales) {
    const found = await readBarcodes(pixels(bitmap, part, scale), options);
    const read = [...new Set(found.filter((each) => each.isValid).map((each) => each.text))];
    if (read.length) return read;
  }
  return [];
}

self.addEventListener("message", async ({ data: { id, bitmap, how } }) => {
  try {
    await ready;
    if (how === "warm") return;
    self.postMessage({ id, texts: await texts(bitmap, how) });
  } catch (error) {
    self.postMessage({ id, fault: String(error?.message ?? error) });
  } finally {
    bitmap?.close();
  }
});
