// The TypeScript side of bench/exchange.py: lines of JSON {"get": name, "times": n} are answered by the
// microseconds of each get; {"put": name, "as": other} shares a table again under another name.
import { createInterface } from "node:readline";
import "apache-arrow"; // loading it is no part of the first handoff
import { get, put, release } from "../kernel/src/exchange/index.ts";

/** Gets the table, reads its first and last value, lets go of it. */
async function handoff(name: string): Promise<number> {
  const begun = performance.now();
  const table = await get(name);
  const column = table.getChildAt(1)!;
  column.get(0);
  column.get(table.numRows - 1);
  const took = (performance.now() - begun) * 1000;
  await release(table);
  return took;
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as { get?: string; times?: number; put?: string; as?: string };
  const times: number[] = [];
  if (request.get !== undefined) {
    for (let i = 0; i < (request.times ?? 1); i++) times.push(await handoff(request.get));
  } else if (request.put !== undefined) {
    const table = await get(request.put);
    for (let i = 0; i < (request.times ?? 1); i++) {
      const begun = performance.now();
      await put(request.as!, table);
      times.push((performance.now() - begun) * 1000);
    }
    await release(table);
  }
  console.log(JSON.stringify(times));
}
