// The command line: `npx cenote COMMAND`.
import { doctor } from "./doctor.ts";

const COMMANDS: Record<string, { about: string; run: (args: string[]) => Promise<number> }> = {
  doctor: { about: "say what was found on this machine and what to mend", run: doctor },
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);
  return `usage: npx cenote COMMAND\n\n${lines.join("\n")}`;
}

const [name = "help", ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command) {
  process.exitCode = await command.run(args);
} else {
  const asked = ["help", "--help", "-h"].includes(name);
  (asked ? console.log : console.error)(asked ? usage() : `unknown command ${name}\n\n${usage()}`);
  process.exitCode = asked ? 0 : 2;
}
