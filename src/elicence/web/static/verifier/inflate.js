/** DEFLATE (RFC 1951) and ZLIB (RFC 1950) with an end to how much may come out; pako does the work. */
import { Inflate } from "../vendor/pako/pako_inflate.esm.min.mjs";

/** What became of compressed bytes. @typedef {{ok: Uint8Array} | {trouble: "corrupt" | "too_large"}} Inflated */

class TooLarge extends Error {}

/**
 * The bytes inside one whole stream, which must end with the input. Never makes more than `most` + 1 bytes.
 * @param {Uint8Array} data
 * @param {{most: number, raw?: boolean, dictionary?: Uint8Array}} options `raw`: DEFLATE without a wrapper
 * @returns {Inflated}
 */
export function inflate(data, { most, raw = false, dictionary }) {
  const preset = dictionary !== undefined && dictionary.length > 0 ? { dictionary } : {};
  try {
    const stream = new Inflate({ windowBits: raw ? -15 : 15, raw, chunkSize: most + 1, ...preset });
    /** @type {Uint8Array[]} */
    const chunks = [];
    stream.onData = (/** @type {Uint8Array} */ chunk) => {
      chunks.push(chunk);
      // The first chunk has room for more than may come out.
      if (chunks[0].length > most) throw new TooLarge();
    };
    stream.push(data, true);
    if (stream.err || !stream.ended || stream.strm.avail_in > 0) return { trouble: "corrupt" };
    return { ok: chunks[0] ?? new Uint8Array(0) };
  } catch (fault) {
    // What pako throws itself is a stream it cannot read.
    return { trouble: fault instanceof TooLarge ? "too_large" : "corrupt" };
  }
}
