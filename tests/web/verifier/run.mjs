// Runs the browser's verifier over a file of cases and prints one JSON line for each.
//   node run.mjs <folder of the static release> <cases.json>
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto; // Node 18
const [release, file] = process.argv.slice(2);
const { MemorySources, TrustFault, decode, openBundle, openTrustedList, parseRoots, verify } = await import(
  pathToFileURL(`${release}/verifier/index.js`)
);
const { scenes, cases } = JSON.parse(await readFile(file, "utf8"));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const entries = (object, read) => Object.entries(object).map(([name, value]) => [name, read(value)]);
const opened = new Map();

async function setting(index) {
  if (!opened.has(index)) {
    const scene = scenes[index];
    const roots = await parseRoots(bytes(scene.roots));
    const trust = await openTrustedList(bytes(scene.trusted_list), roots, { now: new Date(scene.opened_at) });
    const sources = new MemorySources({
      tokens: Object.entries(scene.tokens),
      documents: entries(scene.documents, bytes),
      dictionaries: entries(scene.dictionaries, bytes).map(([name, data]) => [Number(name), data]),
    });
    opened.set(index, { trust, sources });
  }
  return opened.get(index);
}

const answers = {
  async verify({ scene, text, now, policy, languages }) {
    const { trust, sources } = await setting(scene);
    const reports = {};
    for (const language of languages) {
      reports[language] = await verify(text, { trust, sources, now: new Date(now), policy, language });
    }
    return reports;
  },
  async decode({ text, dictionaries, registry = null }) {
    return decode(text, new Map(entries(dictionaries, bytes).map(([name, data]) => [Number(name), data])), registry);
  },
  async trusted_list({ document, roots, now, newestSeen }) {
    const trust = await openTrustedList(bytes(document), await parseRoots(bytes(roots)), { now: new Date(now), newestSeen });
    return { version: trust.version };
  },
  async bundle({ document, roots, now, newestSeen, newestBundle }) {
    const state = { now: new Date(now), newestSeen, newestBundle: newestBundle === null ? null : new Date(newestBundle) };
    const bundle = await openBundle(bytes(document), await parseRoots(bytes(roots)), state);
    return {
      version: bundle.trust.version, issued_at: bundle.issuedAt.getTime() / 1000, expires_at: bundle.expiresAt.getTime() / 1000,
    };
  },
};

const lines = [];
for (const each of cases) {
  let answer;
  try {
    answer = await answers[each.ask](each);
  } catch (fault) {
    answer = fault instanceof TrustFault ? { fault: fault.code } : { thrown: String(fault.stack) };
  }
  lines.push(JSON.stringify({ id: each.id, answer }));
}
process.stdout.write(`${lines.join("\n")}\n`);
