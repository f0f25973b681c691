// The command line: `npx cenote COMMAND`.
import { CenoteError } from "../base/index.ts";
import { doctor } from "./doctor.ts";
import { exportSnapshot } from "./export.ts";
import { plan } from "./plan.ts";
import { replay } from "./replay.ts";

const COMMANDS: Record<string, { about: string; run: (args: string[]) => Promise<number> }> = {
  doctor: { about: "say what was found on this machine and what to mend", run: doctor },
  export: { about: "write a snapshot of the pool for other tools", run: exportSnapshot },
  plan: { about: "place buffers with known lifetimes within a capacity", run: plan },
  replay: { about: "replay an allocation trace and say what it took", run: replay },
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, { about }]) => `  ${name.padEnd(10)} ${about}`,
  );
  return `usage: npx cenote COMMAND\n\n${lines.join("\n")}`;
}

const [name = "help", ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command) {
  process.exitCode = await command.run(args).catch((error: unknown) => {
    // An error of ours says what to do; anything else is a defect and shows where.
    if (!(error instanceof CenoteError)) throw error;
    console.error(`cenote ${name}: ${error.message}`);
    return 2;
  });
} else {
  const asked = ["help", "--help", "-h"].includes(name);
  (asked ? console.log : console.error)(asked ? usage() : `unknown command ${name}\n\n${usage()}`);
  process.exitCode = asked ? 0 : 2;
}
