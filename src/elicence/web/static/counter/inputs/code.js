// The typed verification code: a slip is told at once, and what fits together is written in groups of four.
import { grouped, judgeCode, plainCode } from "../texts.js";

export function watchCode(field, told) {
  const judge = () => {
    const state = judgeCode(field.value);
    told.textContent = state ? told.dataset[state] : "";
    told.dataset.state = state;
    if (state === "right") field.value = grouped(plainCode(field.value));
  };
  field.addEventListener("input", judge);
  // What the server says about a code weighs more than that it fits together.
  if (!document.getElementById("code-fault")) judge();
  return judge;
}
