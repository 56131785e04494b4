/**
 * Where the verifier gets what it does not carry. What comes from here is believed for its signature or its digest, never
 * for its place. An answer may be a promise; null means "not here", which never speaks against a licence.
 *
 * @typedef {{statusToken(url: string): string | null | Promise<string | null>,
 *   typeDocument(slug: string, version: number): Uint8Array | null | Promise<Uint8Array | null>,
 *   dictionaries(): ReadonlyMap<number, Uint8Array> | Promise<ReadonlyMap<number, Uint8Array>>}} Sources
 */

/** Bytes of the longest status list token: 131,072 entries of eight bits that do not compress have some 175,000. */
export const MAX_STATUS_CHARS = 262_144;

/** Sources held in memory. @implements {Sources} */
export class MemorySources {
  #tokens;
  #documents;
  #dictionaries;

  /**
   * @param {{tokens?: Iterable<readonly [string, string]>, documents?: Iterable<readonly [string, Uint8Array]>,
   *   dictionaries?: Iterable<readonly [number, Uint8Array]>}} [held] tokens by URL of the list, type files by
   *   `<slug>/v<version>`, QR dictionaries by number
   */
  constructor({ tokens = [], documents = [], dictionaries = [] } = {}) {
    this.#tokens = new Map(tokens);
    this.#documents = new Map(documents);
    this.#dictionaries = new Map(dictionaries);
    Object.freeze(this);
  }

  /** @param {string} url */
  statusToken(url) {
    return this.#tokens.get(url) ?? null;
  }

  /** @param {string} slug @param {number} version */
  typeDocument(slug, version) {
    return this.#documents.get(`${slug}/v${version}`) ?? null;
  }

  dictionaries() {
    return this.#dictionaries;
  }
}
