// This device's clock beside the registry's, as the two stood when the registry was last heard. A difference that many
// office machines have is allowed for; with a larger one no date can be judged.
const KEPT = "elicence.clock";
const MOST_MS = 5 * 60_000;

let heard = null;

// The registry's time in an answer: when it was made, and how long a cache has had it since (RFC 9110 §6.6.1, RFC 9111 §5.1).
export function timeIn(headers) {
  const made = Date.parse(headers.get("Date"));
  const age = Number(headers.get("Age") ?? 0);
  return Number.isNaN(made) ? null : made + (age > 0 ? age * 1000 : 0);
}

export function hear(time) {
  if (time === null) return;
  heard = { registry: time, device: Date.now() };
  try {
    localStorage.setItem(KEPT, JSON.stringify(heard));
  } catch {
    // Storage is switched off: known until the page is closed.
  }
}

function last() {
  if (heard) return heard;
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    if (Number.isFinite(kept?.registry) && Number.isFinite(kept.device)) heard = kept;
  } catch {
    // As above.
  }
  return heard;
}

// By how many milliseconds the clock is ahead of the registry's; below zero, behind it. As it was when last compared,
// unless the clock was set since: time does not run backwards, so one that now lies before that moment is behind.
function ahead() {
  const known = last();
  if (!known) return 0;
  const then = known.device - known.registry;
  const now = Date.now();
  if (now - then >= known.registry - MOST_MS) return then;
  return Math.min(0, now - known.registry);
}

// The difference where it is too large to judge by this clock, else 0.
export function wrongBy() {
  const found = ahead();
  return Math.abs(found) > MOST_MS ? found : 0;
}

// The present, as the registry would say; with a clock that is wrong, what the clock says.
export const now = () => new Date(Date.now() - (wrongBy() ? 0 : ahead()));

// The present for opening what the registry has just sent, whatever the clock says.
export const registryNow = () => new Date(Date.now() - ahead());
