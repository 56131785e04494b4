// The pages of a PDF, drawn on the device by pdf.js. It is fetched when the first PDF comes, and each document is taken
// apart in a worker of its own that ends with it. Nothing in a document is run, and no font or link of it is fetched.
import { PDF_WORKER, scriptUrl } from "../trusted.js";
import { FileTrouble } from "./trouble.js";

const FOLDER = new URL("../../vendor/pdfjs/", import.meta.url).href;
const MOST_PAGES = 50;
const MOST_PIXELS = 50_000_000;
const SCALE = 300 / 72;
const LONGEST_SIDE = 14_400; // points, the most that a PDF may have (ISO 32000-2, annex C)
const PATIENCE_MS = 60_000;

// Hands a picture of each page to `read` in turn, an ImageBitmap that is the reader's to keep. `FileTrouble` with the reason
// if the document cannot be read, or not by this device.
export async function eachPage(file, read) {
  const library = await loaded();
  const port = new Worker(scriptUrl(PDF_WORKER), { type: "module" });
  const worker = library.PDFWorker.create({ port });
  let timer = null;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new FileTrouble("file_takes_too_long")), PATIENCE_MS);
    port.addEventListener("error", () => reject(new FileTrouble("no_pdf_reader")));
  });
  try {
    await Promise.race([pages(library, worker, file, read), late]);
  } catch (error) {
    throw error instanceof FileTrouble ? error : new FileTrouble("pdf_unreadable");
  } finally {
    clearTimeout(timer);
    worker.destroy();
    port.terminate();
  }
}

async function loaded() {
  try {
    return await import(`${FOLDER}pdf.min.mjs`);
  } catch {
    throw new FileTrouble("no_pdf_reader");
  }
}

async function pages(library, worker, file, read) {
  const document = await library.getDocument({
    data: new Uint8Array(await file.arrayBuffer()), worker, wasmUrl: `${FOLDER}wasm/`, useWorkerFetch: true,
    disableFontFace: true, useSystemFonts: false, maxImageSize: MOST_PIXELS, verbosity: library.VerbosityLevel.ERRORS,
  }).promise;
  if (document.numPages > MOST_PAGES) throw new FileTrouble("too_many_pages");
  for (let number = 1; number <= document.numPages; number += 1) await read(await drawn(await document.getPage(number)));
}

async function drawn(page) {
  const { width, height } = page.getViewport({ scale: 1 });
  if (!(Math.min(width, height) >= 1 && Math.max(width, height) <= LONGEST_SIDE)) throw new FileTrouble("pdf_unreadable");
  // A poster is drawn coarser rather than refused: its code is larger, too.
  const viewport = page.getViewport({ scale: Math.min(SCALE, Math.sqrt(MOST_PIXELS / (width * height))) });
  const canvas = globalThis.document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(viewport.width));
  canvas.height = Math.max(1, Math.floor(viewport.height));
  await page.render({ canvas, viewport, background: "#fff" }).promise;
  const picture = await createImageBitmap(canvas);
  canvas.width = 0; // gives its memory back at once
  page.cleanup();
  return picture;
}
