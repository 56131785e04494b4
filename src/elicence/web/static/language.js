// Remembers the language a reader chose, on this device only. Without script every link carries the choice.
const KEY = "elicence.language";

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off: the link still works
  }
}

for (const control of document.querySelectorAll("[data-language]")) {
  control.addEventListener("click", () => {
    try {
      localStorage.setItem(KEY, control.dataset.language);
    } catch {
      // As above.
    }
  });
}

const here = new URL(location.href);
const wanted = remembered();
const other = document.querySelector("a[data-language]");
// Only where a page can be had again by its address, and never while a licence stands behind the #.
if (other && wanted === other.dataset.language && !here.searchParams.has("lang") && !here.hash) {
  location.replace(other.href);
}
