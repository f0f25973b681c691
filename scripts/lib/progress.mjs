// Progress of set-up as lines that a person can follow, and the commands that it runs. Standard library only.
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { state } from "./paths.mjs";

const logFile = join(state, "setup.log");
const live = process.stdout.isTTY;

export function startLog() {
  mkdirSync(state, { recursive: true });
  writeFileSync(logFile, "");
}

/** A failure that tells the user what to do; shown without a stack. */
export class SetupError extends Error {
  constructor(message, mend) {
    super(mend ? `${message}\n    → ${mend}` : message);
  }
}

/** Runs one step and prints how it went. `body` returns a short text for the line's end. */
export async function step(title, body) {
  const began = Date.now();
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  let note = "";
  const draw = () => live && process.stdout.write(`\r\x1b[K… ${title} ${note} (${seconds()})`);
  const say = (text) => {
    note = text;
    if (!live) console.log(`… ${title}: ${text}`);
  };
  const timer = live ? setInterval(draw, 250) : undefined;
  try {
    draw();
    const result = await body(say);
    console.log(`${live ? "\r\x1b[K" : ""}✓ ${title}${result ? `: ${result}` : ""} (${seconds()})`);
  } catch (error) {
    console.log(`${live ? "\r\x1b[K" : ""}✗ ${title} (${seconds()})`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Runs a command, its output into the log. Rejects with the end of that output when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    appendFileSync(logFile, `\n$ ${[command, ...args].join(" ")}\n`);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    const take = (chunk) => {
      output += chunk;
      appendFileSync(logFile, chunk);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) =>
      reject(new SetupError(`${command} could not start: ${error.message}`)),
    );
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else {
        const end = output.trim().split("\n").slice(-12).join("\n    ");
        reject(
          new SetupError(
            `${command} ended with code ${code}:\n    ${end}`,
            `The whole output is in .cenote/setup.log.`,
          ),
        );
      }
    });
  });
}

/** Output of a command, or undefined when it is missing or fails. */
export async function capture(command, args, options) {
  try {
    return (await run(command, args, options)).trim();
  } catch {
    return undefined;
  }
}

export const readJson = (file) => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
};
