// Runs a command with the project's Node 24, Python and driver: node scripts/with-env.mjs COMMAND [ARG …]
import { spawnSync } from "node:child_process";
import { projectEnv } from "./lib/paths.mjs";

const [command, ...args] = process.argv.slice(2);
const done = spawnSync(command, args, { stdio: "inherit", env: projectEnv() });
if (done.error) console.error(done.error.message);
process.exit(done.status ?? 1);
