// A Node process that exchanges tables until it is killed (victims.py): node victim.ts SEED
import "apache-arrow";
import { Traffic } from "./traffic.ts";

const traffic = new Traffic([`victim-${process.pid}`], Number(process.argv[2]));
await new Promise<void>((resolve) => process.stdout.write("ready\n", () => resolve()));
process.stdout.on("error", () => {}); // nobody reads on
for (;;) await traffic.steps(100);
