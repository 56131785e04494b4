// Texts in, answers out: each text gets a report or the trouble that kept it from one. Licences are judged here, on the
// device; a verification code holds no licence and is looked up by the server. Twin of the server's `checking.py`.
import { decode, verify } from "../verifier/index.js";
import * as clock from "./clock.js";
import { settings } from "./settings.js";
import * as trust from "./trust.js";

const CLASSES = ["stop", "cannot_decide", "check", "accept"];
const PATIENCE_MS = 15_000;
const PROBLEMS = {
  verification_code_not_found: "code_unknown",
  verification_code_bad: "code_bad",
  rate_limited: "too_many_tries",
};

// `answers` of { report, where, text } the gravest first, `troubles` as codes, `beside` what else was read and not opened,
// `by` the bundle they were judged by.
// `insist`: somebody asked once more, and newer lists are worth a wait.
export async function judge(texts, office, { insist = false } = {}) {
  const answers = [];
  const troubles = new Set();
  const bundle = await trust.ready({ insist });
  for (const text of new Set(texts)) {
    const code = await typedCode(text, bundle);
    if (code) await lookUp(code, office).then((report) => answers.push({ report, where: "server", text }), (error) => troubles.add(error.trouble ?? "service_error"));
    else if (bundle) answers.push({ report: await onDevice(text, office, bundle), where: "device", text });
    else troubles.add("no_lists");
  }
  return { ...sorted(answers, [...troubles]), by: bundle };
}

// The same answers by the lists at hand now. What the server answered stays as it is.
export async function judgeAgain({ answers, troubles, beside }, office) {
  const bundle = trust.current();
  const renewed = answers.map(async (each) => {
    if (each.where !== "device" || !bundle) return each;
    return { ...each, report: await onDevice(each.text, office, bundle) };
  });
  return { answers: (await Promise.all(renewed)).sort(gravestFirst), troubles, beside, by: bundle };
}

function policyOf(office) {
  const off = clock.wrongBy() / 1000;
  const clockOff = Math.sign(off) * Math.ceil(Math.abs(off)); // a part of a second past what is allowed is past it
  return { expectedType: office.type || null, idTail: office.tail || null, paper: office.paper, clockOff };
}

function onDevice(text, office, { trust: list, sources }) {
  return verify(text, { trust: list, sources, now: clock.now(), policy: policyOf(office), language: settings.language });
}

// A typed code, or the short address of one; other texts are none of the server's business.
async function typedCode(text, bundle) {
  if (text.length > 512) return null;
  try {
    const dictionaries = bundle ? await bundle.sources.dictionaries() : new Map();
    const { code, elsewhere } = decode(text, dictionaries, bundle?.trust.baseUrl ?? null);
    return elsewhere ? null : code ?? null;
  } catch {
    return null;
  }
}

class Trouble extends Error {
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

async function lookUp(code, office) {
  const body = { content: code, paper: office.paper };
  if (office.type) body.expect = { type: office.type };
  if (office.tail) body.id_tail = office.tail;
  const answer = await fetch(settings.verifications, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": settings.language },
    body: JSON.stringify(body), credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => {
    throw new Trouble("no_network");
  });
  const said = await answer.json();
  if (answer.ok) return said;
  throw new Trouble(PROBLEMS[said.code] ?? "service_error");
}

function sorted(answers, troubles) {
  const licences = answers.filter(({ report }) => report.verdict !== "not_a_licence");
  const others = answers.filter(({ report }) => report.verdict === "not_a_licence");
  const looks = [...new Set(others.map(({ report }) => looksLike(report)).filter(Boolean))];
  if (licences.length || troubles.length) {
    return { answers: once(licences).sort(gravestFirst), troubles, beside: looks };
  }
  return { answers: others.slice(0, 1), troubles, beside: looks.slice(1) };
}

const looksLike = (report) => report.checks.find((check) => check.facts?.looks_like)?.facts.looks_like;

// A sheet may carry a licence's long and short code; they are one licence and get one answer, the fuller one.
function once(answers) {
  const kept = new Map();
  for (const [number, answer] of answers.entries()) {
    const { licence, verdict } = answer.report;
    const name = licence ? `${licence.licence_identifier} ${licence.version} ${verdict}` : number;
    const before = kept.get(name)?.report.licence;
    if (!before || licence.claims.length > before.claims.length) kept.set(name, answer);
  }
  return [...kept.values()];
}

const rank = ({ report }) => CLASSES.indexOf(report.class) * 100 + settings.verdicts.indexOf(report.verdict);
const gravestFirst = (one, other) => rank(one) - rank(other);
