// Codes out of pictures, on the device. A PDF is not drawn here: it goes to the server, and the page says so.
import { sizeOf } from "./picture_size.js";
import { read } from "./reader.js";

const HEAD = 1_000_000;
const LARGEST = 30_000_000;
const MOST_PIXELS = 50_000_000;
const MOST_CODES = 50;

export class FileTrouble extends Error {
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

export async function isPdf(file) {
  const head = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
  return new TextDecoder("latin1").decode(head).includes("%PDF-");
}

// The texts of all codes in a picture; `FileTrouble` with the reason if there is none.
export async function textsIn(file) {
  if (!file.size) throw new FileTrouble("file_empty");
  if (file.size > LARGEST) throw new FileTrouble("file_too_large");
  const size = sizeOf(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  if (size && size[0] * size[1] > MOST_PIXELS) throw new FileTrouble("picture_too_large");
  const picture = await pictureOf(file);
  const texts = await read(picture, "picture").catch(() => {
    throw new FileTrouble("no_reader");
  });
  if (!texts.length) throw new FileTrouble("no_code_in_file");
  if (texts.length > MOST_CODES) throw new FileTrouble("too_many_codes");
  return texts;
}

async function pictureOf(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new FileTrouble("file_unreadable");
  }
}
