// A USB scanner is a keyboard that types faster than any person. Its keys are gathered wherever the focus is and told
// by their place, so that neither the computer's layout nor an input method can garble them. What a person types is
// never touched: only a whole burst is taken, and then the field that happened to have the focus gets its text back.
import { isCharacterKey } from "./layouts.js";

const GAP_MS = 80;
const PAUSE_MS = 500; // what is known to be a scan may falter: a busy computer hands keys on late
const LEAST = 12;
const LEAST_IN_FIELD = 20; // a person who is quick with a code of twelve characters is not a scanner
const SILENT = new Set(["Shift", "Alt", "AltGraph", "Control", "CapsLock", "NumLock", "Meta", "Fn"]);

// `onScan({ keys, suffix })` gets every burst; suffix is "Enter", "Tab" or "" where the scanner only falls silent.
export function listenForScanner(onScan) {
  let keys = [];
  let last = -Infinity;
  let field = null;
  let timer = null;

  const reset = () => {
    clearTimeout(timer);
    keys = [];
    field = null;
  };
  const isBurst = () => keys.length >= (field?.typed ? LEAST_IN_FIELD : LEAST);
  const finish = (suffix) => {
    const scan = { keys, suffix };
    const whole = isBurst();
    const kept = field;
    reset();
    if (!whole) return;
    kept?.restore();
    onScan(scan);
  };

  document.addEventListener("keydown", (event) => {
    if (SILENT.has(event.key)) return;
    if (event.repeat) return reset();
    if (keys.length && event.timeStamp - last > (isBurst() ? PAUSE_MS : GAP_MS)) reset();
    last = event.timeStamp;
    const suffix = suffixOf(event);
    if (suffix) {
      if (!isBurst()) return reset();
      event.preventDefault();
      event.stopImmediatePropagation();
      return finish(suffix);
    }
    const key = keyOf(event);
    if (!key) return reset();
    if (!keys.length) field = fieldOf(document.activeElement);
    keys.push(key);
    // With no field to type into, a browser may take keys for its own (quick find, scrolling).
    if (keys.length > 1 && !field) event.preventDefault();
    clearTimeout(timer);
    timer = setTimeout(() => finish(""), PAUSE_MS);
  }, { capture: true });
}

function suffixOf(event) {
  if (event.code === "Enter" || event.code === "NumpadEnter" || (!event.code && event.key === "Enter")) return "Enter";
  if (event.code === "Tab") return "Tab";
  // Some send the line end as the control character itself.
  return event.ctrlKey && (event.code === "KeyM" || event.code === "KeyJ") ? "Enter" : "";
}

function keyOf(event) {
  const level3 = event.getModifierState("AltGraph") || (event.ctrlKey && event.altKey);
  if (event.metaKey || (event.ctrlKey && !level3)) return null;
  const key = event.key.length === 1 ? event.key : "";
  if (!isCharacterKey(event.code) && !key) return null;
  return { code: event.code, shift: event.shiftKey, level3, key };
}

// What had the focus when a burst began, and how to give it back what it held.
function fieldOf(element) {
  if (element?.matches("select")) {
    const { selectedIndex } = element;
    return { typed: false, restore: () => { element.selectedIndex = selectedIndex; } };
  }
  if (element?.matches("input[type=checkbox]")) {
    const { checked } = element;
    return { typed: false, restore: () => { element.checked = checked; } };
  }
  if (!element?.matches("textarea, input:not([type=file]):not([type=range])")) return null;
  const { value, selectionStart, selectionEnd } = element;
  const back = () => {
    element.value = value;
    element.setSelectionRange(selectionStart, selectionEnd);
    element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  // An input method may still hold the last keys: leaving the field ends that, and then the text is put back once more.
  const restore = () => {
    element.blur();
    back();
    setTimeout(back);
    element.focus({ preventScroll: true });
  };
  return { typed: true, restore };
}
