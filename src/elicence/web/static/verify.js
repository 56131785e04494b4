// Comfort for the form, which works without it: a slip in a code is told at once, pasting and dropping send the form.
const form = document.querySelector("form.ask");
const content = document.getElementById("content");
const code = document.getElementById("code");
const file = document.getElementById("file");
const told = document.getElementById("code-told");
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

for (const each of document.querySelectorAll(".with-script")) each.hidden = false;

// The code as the server reads it: full-width forms, case, gaps and look-alikes forgiven.
function plain(text) {
  const readAs = { O: "0", I: "1", L: "1" };
  return text.normalize("NFKC").toUpperCase().replace(/[\s\-_.\u2010-\u2015\u2212]+/g, "").replace(/[OIL]/g, (c) => readAs[c]);
}

// Luhn modulo 32 over the twelve characters, the check character last.
function fits(text) {
  let sum = 0;
  for (let place = 0; place < text.length; place += 1) {
    const value = ALPHABET.indexOf(text[text.length - 1 - place]);
    const weighted = value * (place % 2 ? 2 : 1);
    sum += Math.floor(weighted / 32) + (weighted % 32);
  }
  return sum % 32 === 0;
}

function judge() {
  const text = plain(code.value);
  const strange = [...text].some((character) => !ALPHABET.includes(character));
  const state = strange ? "letter" : text.length < 12 ? "" : text.length === 12 && fits(text) ? "right" : "wrong";
  told.textContent = state ? told.dataset[state] : "";
  told.dataset.state = state;
  if (state === "right") code.value = text.match(/.{4}/g).join("-");
}

function choose(files) {
  if (!files.length) return false;
  const one = new DataTransfer();
  one.items.add(files[0]);
  file.files = one.files;
  form.requestSubmit();
  return true;
}

function sendText(text) {
  content.value = text;
  form.requestSubmit();
}

code.addEventListener("input", judge);
// What the server says about a code weighs more than that it fits together.
if (!document.getElementById("code-fault")) judge();

// A scanner ends a code with Enter; a line break is Shift and Enter, as in a chat.
content.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && content.value.trim()) {
    event.preventDefault();
    form.requestSubmit();
  }
});

document.addEventListener("paste", (event) => {
  const { files } = event.clipboardData;
  const text = event.clipboardData.getData("text");
  if (files.length) {
    event.preventDefault();
    choose(files);
  } else if (text.trim() && (event.target === content ? !content.value.trim() : !event.target.closest("input, select, textarea"))) {
    event.preventDefault();
    sendText(text);
  }
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const text = event.dataTransfer.getData("text");
  if (!choose(event.dataTransfer.files) && text.trim()) sendText(text);
});

const send = form.querySelector("button[type=submit]");
const idle = send.textContent;
form.addEventListener("submit", () => {
  send.textContent = form.dataset.sending;
});
addEventListener("pageshow", () => {
  send.textContent = idle;
});
