// The first cell of a notebook shall be as quick as the others: before it comes, the parts that it goes
// through are run once, on code and values that leave nothing behind.
import vm from "node:vm";
import { OutputWriter } from "../base/index.ts";
import { NO_NAMES, transformCell } from "../language/index.ts";
import { formatValue } from "./format.ts";
import { CellOutput } from "./output.ts";

/** The request of no cell: what its code hands over is dropped. */
const NO_REQUEST = -1;
const COMPILED = [
  "interface Row { a: number }\nconst rows: Row[] = [{ a: 1 }];\nfor (const { a } of rows) console.log(a);",
  "import { cpus } from 'node:os';\nconst n = await Promise.resolve(cpus().length); n",
];
const RUN = "[1, 2].map((x) => x + 1).length";
const SHOWN = [1, "text"];

/** Takes a few milliseconds, in which cells wait. */
export async function warmUp(): Promise<void> {
  for (const source of COMPILED) transformCell(source, NO_REQUEST, NO_NAMES);
  const { code } = transformCell(RUN, NO_REQUEST, NO_NAMES);
  new vm.Script(code, { filename: "cell:///warm-up" }).runInThisContext();
  const output = new CellOutput(new OutputWriter());
  for (const value of SHOWN) {
    output.text("stdout", String(value));
    output.publish("execute_result", await formatValue(value, (text) => text));
  }
  await new AsyncDisposableStack().disposeAsync();
}
