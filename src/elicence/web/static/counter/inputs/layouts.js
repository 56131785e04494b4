// What a key means under the keyboards that a scanner may be set to. A scanner presses keys; which character comes of it
// is for the computer to say, and so a wrong setting shows as wrong characters. Keys are told by their place (`code`).
const US = {};
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
for (const letter of LETTERS) US[`Key${letter}`] = [letter.toLowerCase(), letter];
[..."0123456789"].forEach((digit, place) => {
  US[`Digit${digit}`] = [digit, ")!@#$%^&*("[place]];
  US[`Numpad${digit}`] = [digit, digit];
});
Object.assign(US, {
  Minus: ["-", "_"], Equal: ["=", "+"], BracketLeft: ["[", "{"], BracketRight: ["]", "}"], Backslash: ["\\", "|"],
  Semicolon: [";", ":"], Quote: ["'", '"'], Backquote: ["`", "~"], Comma: [",", "<"], Period: [".", ">"], Slash: ["/", "?"],
  Space: [" ", " "], IntlBackslash: ["\\", "|"],
  NumpadDivide: ["/", "/"], NumpadMultiply: ["*", "*"], NumpadSubtract: ["-", "-"], NumpadAdd: ["+", "+"], NumpadDecimal: [".", "."],
});

const DE = {
  ...US, KeyY: ["z", "Z"], KeyZ: ["y", "Y"], Minus: ["ß", "?"], Equal: ["´", "`"], BracketLeft: ["ü", "Ü"], BracketRight: ["+", "*"],
  Backslash: ["#", "'"], Semicolon: ["ö", "Ö"], Quote: ["ä", "Ä"], Backquote: ["^", "°"], Comma: [",", ";"], Period: [".", ":"],
  Slash: ["-", "_"], IntlBackslash: ["<", ">"], Digit2: ["2", '"'], Digit3: ["3", "§"], Digit6: ["6", "&"], Digit7: ["7", "/"],
  Digit8: ["8", "("], Digit9: ["9", ")"], Digit0: ["0", "="],
};

const FR = {
  ...US, KeyQ: ["a", "A"], KeyA: ["q", "Q"], KeyW: ["z", "Z"], KeyZ: ["w", "W"], Semicolon: ["m", "M"], KeyM: [",", "?"],
  Comma: [";", "."], Period: [":", "/"], Slash: ["!", "§"], Digit1: ["&", "1"], Digit2: ["é", "2"], Digit3: ['"', "3", "#"],
  Digit4: ["'", "4"], Digit5: ["(", "5"], Digit6: ["-", "6"], Digit7: ["è", "7"], Digit8: ["_", "8"], Digit9: ["ç", "9"],
  Digit0: ["à", "0"], Minus: [")", "°"], Equal: ["=", "+"], BracketLeft: ["^", "¨"], BracketRight: ["$", "£"], Quote: ["ù", "%"],
  Backslash: ["*", "µ"], Backquote: ["²", "~"], IntlBackslash: ["<", ">"],
};

const GB = {
  ...US, Digit2: ["2", '"'], Digit3: ["3", "£"], Quote: ["'", "@"], Backslash: ["#", "~"], Backquote: ["`", "¬"], IntlBackslash: ["\\", "|"],
};

export const LAYOUTS = Object.freeze({ us: US, de: DE, fr: FR, gb: GB });

export const isCharacterKey = (code) => Object.hasOwn(US, code);

// The text that keys ({ code, shift, level3, key }) make under a layout; `computer` is the one this computer is set to.
export function typed(keys, layout) {
  if (layout === "computer") return keys.map(({ key }) => key).join("");
  const table = LAYOUTS[layout];
  return keys.map(({ code, shift, level3, key }) => {
    const meanings = table[code];
    return meanings ? meanings[level3 ? 2 : Number(shift)] ?? "" : key;
  }).join("");
}

const LICENCE = /^(?:https?:\/\/[^/?#\s]+\/v(?:#[0-9]+|\/[0-9a-z]{4}-?[0-9a-z]{4}-?[0-9a-z]{4})|ey[\w-]+\.[\w-]+\.[\w-]+|[0-9]{200,})$/i;

export const isLicenceLike = (text) => LICENCE.test(text.normalize("NFKC").trim());

// What a scanner meant: the first reading that is a licence code, else the keys as they lie on a scanner fresh from its box.
export function meant(keys) {
  const readings = ["us", "computer", "de", "fr", "gb"].map((layout) => typed(keys, layout));
  return readings.find(isLicenceLike) ?? readings[0];
}
