// Space or Enter goes on to the next licence, unless a control has the focus; a button prints.
for (const each of document.querySelectorAll(".with-script")) each.hidden = false;

const next = document.getElementById("next");
document.addEventListener("keydown", (event) => {
  const free = !event.target.closest("a, button, input, select, textarea, summary, [tabindex='0']");
  if (free && (event.key === "Enter" || event.key === " ") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    next.click();
  }
});

document.getElementById("print").addEventListener("click", () => print());
