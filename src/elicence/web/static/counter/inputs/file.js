// Codes out of pictures and of the pages of a PDF, on the device.
import { eachPage } from "./pdf.js";
import { sizeOf } from "./picture_size.js";
import { read } from "./reader.js";
import { FileTrouble } from "./trouble.js";

const HEAD = 1_000_000;
const LARGEST = 30_000_000;
const MOST_PIXELS = 50_000_000;
const MOST_CODES = 50;

export async function isPdf(file) {
  const head = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
  return new TextDecoder("latin1").decode(head).includes("%PDF-");
}

// The texts of all codes in a file, each once; `FileTrouble` with the reason if there is none.
export async function textsIn(file) {
  if (!file.size) throw new FileTrouble("file_empty");
  if (file.size > LARGEST) throw new FileTrouble("file_too_large");
  const texts = (await isPdf(file)) ? await textsOfPages(file) : await textsOf(await pictureOf(file));
  if (!texts.length) throw new FileTrouble("no_code_in_file");
  if (texts.length > MOST_CODES) throw new FileTrouble("too_many_codes");
  return texts;
}

async function textsOfPages(file) {
  const found = new Set();
  await eachPage(file, async (page) => {
    for (const text of await textsOf(page)) found.add(text);
  });
  return [...found];
}

async function textsOf(picture) {
  try {
    return await read(picture, "picture");
  } catch {
    throw new FileTrouble("no_reader");
  }
}

async function pictureOf(file) {
  const size = sizeOf(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  if (size && size[0] * size[1] > MOST_PIXELS) throw new FileTrouble("picture_too_large");
  try {
    return await createImageBitmap(file);
  } catch {
    throw new FileTrouble("file_unreadable");
  }
}
