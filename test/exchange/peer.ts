// A Node process for the tests, without a kernel: runs lines of JSON {"run": code}, answers {"answer": …}
// or {"error": …}. The code finds `cenote` (the exchange), `arrow` and `scope`, and returns its answer. A
// line with "then" is answered before the code in "then" runs, which may never end.
import { createInterface } from "node:readline";
import * as arrow from "apache-arrow";
import * as cenote from "../../kernel/src/exchange/index.ts";

const scope = {};
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const run = (code: string) =>
  new AsyncFunction("cenote", "arrow", "scope", code)(cenote, arrow, scope);

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as { run: string; then?: string };
  let reply: unknown;
  try {
    reply = { answer: (await run(request.run)) ?? null };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    reply = { error: `${code}: ${message}` };
  }
  // Written before whatever follows: a busy loop would hold it back.
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(reply)}\n`, resolve));
  if (request.then !== undefined) await run(request.then);
}
