// The TypeScript side of bench/exchange.py: lines of JSON {"get": [name, …]} are answered by the
// microseconds of each handoff; {"put": name, "as": other, "times": n} shares a table again under another
// name, {"make": name, "elements": n} shares an array that was made in place; both are answered by the microseconds
// of each put.
import { createInterface } from "node:readline";
import "apache-arrow"; // loading it is no part of the first handoff
import { allocate, get, prepareExchange, put, release } from "../../kernel/src/exchange/index.ts";

type Request =
  | { get: string[] }
  | { put: string; as: string; times: number }
  | { make: string; elements: number };

/** Gets the table, reads its first and last value, lets go of it. */
async function handoff(name: string): Promise<number> {
  const begun = performance.now();
  const table = await get(name);
  const column = table.getChildAt(0)!;
  column.get(0);
  column.get(table.numRows - 1);
  const took = (performance.now() - begun) * 1000;
  await release(table);
  return took;
}

prepareExchange(); // as a kernel does whose cells have imported it
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  const times: number[] = [];
  if ("get" in request) {
    for (const name of request.get) times.push(await handoff(name));
  } else if ("make" in request) {
    const begun = performance.now();
    await put(request.make, await allocate(request.elements, "float64"));
    times.push((performance.now() - begun) * 1000);
  } else {
    const table = await get(request.put);
    for (let i = 0; i < request.times; i++) {
      const begun = performance.now();
      await put(request.as, table);
      times.push((performance.now() - begun) * 1000);
    }
    await release(table);
  }
  console.log(JSON.stringify(times));
}
