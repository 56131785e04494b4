// Pasting and dropping anywhere on the page. What is pasted into a field that holds something already stays the field's.
const FIELDS = "input, select, textarea";

function textOf(data, target, content) {
  const text = data?.getData("text") ?? "";
  if (!text.trim()) return null;
  const free = target === content ? !content.value.trim() : !target.closest?.(FIELDS);
  return free ? text : null;
}

export function listenForPaste({ content, onText, onFiles }) {
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const text = files.length ? null : textOf(event.clipboardData, event.target, content);
    if (!files.length && text === null) return;
    event.preventDefault();
    if (files.length) onFiles(files);
    else onText(text);
  });
}

export function listenForDrop({ onText, onFiles }) {
  const mark = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const files = [...event.dataTransfer.files];
    const text = event.dataTransfer.getData("text");
    if (files.length) onFiles(files);
    else if (text.trim()) onText(text);
  });
}
