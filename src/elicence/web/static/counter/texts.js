// Texts as people and scanners bring them: split into codes, typed codes put right.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const READ_AS = { O: "0", I: "1", L: "1" };
const LICENCE = /^(?:https?:\/\/\S+|[0-9 ]+|ey\S+)$/i;
export const MOST_TEXTS = 50;

// One code a line, as scanners write them; but a contact card or a letter is one text, whatever its lines.
export function parts(content) {
  const lines = content.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/).map((line) => line.trim()).filter(Boolean);
  const apart = lines.length > 1 && lines.every((line) => LICENCE.test(line) || /^[A-Z][A-Z0-9+.-]{1,19}:\S/i.test(line));
  const card = /^(?:BEGIN|MECARD|BIZCARD|BCD)\b/i.test(lines[0] ?? "");
  if (apart && !card) return lines;
  return content.trim() ? [content.trim()] : [];
}

// The code as the server reads it: full-width forms, case, gaps and look-alikes forgiven.
export function plainCode(text) {
  const narrow = text.normalize("NFKC").toUpperCase().replace(/[\s\-_.\u2010-\u2015\u2212]+/g, "");
  return narrow.replace(/[OIL]/g, (character) => READ_AS[character]);
}

// Luhn modulo 32 over the twelve characters, the check character last.
function fits(code) {
  let sum = 0;
  for (let place = 0; place < code.length; place += 1) {
    const value = ALPHABET.indexOf(code[code.length - 1 - place]);
    const weighted = value * (place % 2 ? 2 : 1);
    sum += Math.floor(weighted / 32) + (weighted % 32);
  }
  return sum % 32 === 0;
}

// "" while it may still become a code, "letter" for a character no code has, "wrong" for a slip, "right".
export function judgeCode(text) {
  const code = plainCode(text);
  if ([...code].some((character) => !ALPHABET.includes(character))) return "letter";
  if (code.length < 12) return "";
  return code.length === 12 && fits(code) ? "right" : "wrong";
}

export const grouped = (code) => code.match(/.{4}/g).join("-");
