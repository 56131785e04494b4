/** Points in time and lengths of time as a report tells them. Instants keep the offset in which they were written. */

/** The last second a date can have: 9999-12-31T23:59:59Z. */
export const LAST_SECOND = 253_402_300_799;
// XML Schema 1.1 §3.3.7.1: fourteen hours at most. The first and last year could overflow when compared.
const WRITTEN = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})([+-])([0-9]{2}):([0-9]{2})$/;

/** A point in time: `seconds` since 1970, and `text` as ISO 8601. */
export class Instant {
  /** @param {number} seconds @param {string} text */
  constructor(seconds, text) {
    this.seconds = seconds;
    this.text = text;
    Object.freeze(this);
  }

  /** @param {number} seconds whole or with milliseconds @returns {Instant} */
  static ofSeconds(seconds) {
    const written = new Date(Math.round(seconds * 1000)).toISOString();
    const [day, milliseconds] = [written.slice(0, 19), written.slice(20, 23)];
    return new Instant(seconds, `${day}${milliseconds === "000" ? "" : `.${milliseconds}000`}+00:00`);
  }

  /** @param {Date} date @returns {Instant} */
  static ofDate(date) {
    return Instant.ofSeconds(date.getTime() / 1000);
  }

  /**
   * xsd:dateTimeStamp in one spelling: whole seconds and a numeric offset, `2026-11-23T00:00:00+08:00`.
   * @param {string} text
   * @returns {Instant | null}
   */
  static read(text) {
    const found = WRITTEN.exec(text);
    if (found === null) return null;
    const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
    const [sign, hours, minutes] = [found[7] === "-" ? -1 : 1, Number(found[8]), Number(found[9])];
    const ordinary = text.slice(20) <= "14:00" && year >= 2 && year <= 9998 && minutes < 60;
    if (!ordinary || hour > 23 || minute > 59 || second > 59 || text.endsWith("-00:00")) return null;
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
    const local = date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
    return new Instant(local - sign * (hours * 3600 + minutes * 60), text);
  }
}

/** A length of time in seconds. */
export class Duration {
  /** @param {number} seconds */
  constructor(seconds) {
    this.seconds = seconds;
    Object.freeze(this);
  }
}

/**
 * A point in time in a signed document: a whole number of seconds from 1970 to 9999.
 * @param {import("./json.js").JsonValue | undefined} value
 * @returns {Instant | null} null for anything else
 */
export function unixInstant(value) {
  return typeof value === "number" && value >= 0 && value <= LAST_SECOND ? Instant.ofSeconds(value) : null;
}
