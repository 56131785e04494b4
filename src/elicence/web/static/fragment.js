// A phone's camera opens /v#…: the licence is after the #. It is taken out of the address bar at once and sent to this
// server in the body of a POST, never in an address, where it would lie in logs and histories.
const told = document.getElementById("fragment-told");
const digits = location.hash.slice(1);

history.replaceState(null, "", location.pathname + location.search);
told.hidden = false;
document.getElementById("fragment-by-hand").hidden = true;
if (digits) {
  told.textContent = told.dataset.sending;
  document.getElementById("fragment-content").value = digits;
  document.getElementById("fragment-form").submit();
} else {
  told.textContent = told.dataset.empty;
}

// Coming back by the history must not leave a licence in the form.
addEventListener("pagehide", () => {
  document.getElementById("fragment-content").value = "";
});
