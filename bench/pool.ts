// The pool's figures against their goals, ratios measured against peers in the same run:
//   npm run bench -- pool [SECTION …]      sections: pairs, first-use, watching, traces; default all
// Each section runs in a process of its own, and can be run alone: node bench/pool/pairs.ts.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Figure } from "./pool/figures.ts";

const SECTIONS: Readonly<Record<string, string>> = {
  pairs: "pool/pairs.ts",
  "first-use": "pool/first-use.ts",
  watching: "pool/watching.ts",
  traces: "traces.ts",
};

const figures: Figure[] = [];

/** Whether the section ran to its end. */
async function run(name: string): Promise<boolean> {
  console.log(`\n${name}`);
  const child = fork(fileURLToPath(new URL(SECTIONS[name]!, import.meta.url)));
  child.on("message", (figure: Figure) => figures.push(figure));
  const [code] = await once(child, "exit");
  if (code !== 0) console.error(`  the section ${name} ended with ${code}`);
  return code === 0;
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SECTIONS);
const unknown = wanted.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  const known = Object.keys(SECTIONS).join(", ");
  console.error(`wanted sections of ${known}; found ${unknown.join(", ")}`);
  process.exit(2);
}
let whole = true;
for (const name of wanted) whole = (await run(name)) && whole;
console.log("\n| figure | found | goal | |\n|---|---|---|---|");
for (const { name, found, goal, met } of figures) {
  const verdict = met === undefined ? "" : met ? "met" : "**not met**";
  console.log(`| ${name} | ${found} | ${goal} | ${verdict} |`);
}
process.exitCode = whole ? 0 : 1;
