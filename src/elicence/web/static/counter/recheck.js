// What is on the screen is judged again when newer lists come, without anybody asking: a licence that was revoked while it
// was being looked at must not go on looking valid. Only what this device judged; the server is not asked again.
import { judgeAgain } from "./judge.js";
import { wrongBy } from "./clock.js";
import * as trust from "./trust.js";

let watched = null;

// Watches over answers as `judge` gave them; `onOther` is called with those that take their place, if any verdict differs.
export function watch(found, office, onOther) {
  watched = { found, office, onOther, by: found.by, off: wrongBy() };
  void look(); // newer lists may have come while these answers were on their way
}

export function unwatch() {
  watched = null;
}

const told = ({ answers }) => JSON.stringify(answers.map(({ report }) => [report.verdict, report.reason]));

async function look() {
  const mine = watched;
  if (!mine || (mine.by === trust.current() && mine.off === wrongBy())) return;
  const [by, off] = [trust.current(), wrongBy()];
  [mine.by, mine.off] = [by, off];
  const found = await judgeAgain(mine.found, mine.office);
  if (watched !== mine || mine.by !== by || mine.off !== off || told(found) === told(mine.found)) return;
  mine.found = found;
  mine.onOther(found);
}

trust.onChange(() => void look());
