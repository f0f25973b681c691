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

/** Notes of the steps under way, by title; more than one where steps go side by side. */
const underWay = new Map();
let timer;

function draw() {
  const line = [...underWay.values()].map((tell) => `… ${tell()}`).join("  ");
  if (live) process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}

function begin(title, tell) {
  underWay.set(title, tell);
  if (live) timer ??= setInterval(draw, 250);
  draw();
}

function end(title, text) {
  underWay.delete(title);
  console.log(`${live ? "\r\x1b[K" : ""}${text}`);
  if (underWay.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/** Runs one step and prints how it went. `body` returns a short text for the line's end. */
export async function step(title, body) {
  const began = Date.now();
  const seconds = () => `(${((Date.now() - began) / 1000).toFixed(1)} s)`;
  let note = "";
  const say = (text) => {
    note = text;
    if (!live) console.log(`… ${title}: ${text}`);
  };
  begin(title, () => `${title} ${note} ${seconds()}`);
  try {
    const result = await body(say);
    end(title, `✓ ${title}${result ? `: ${result}` : ""} ${seconds()}`);
  } catch (error) {
    end(title, `✗ ${title} ${seconds()}`);
    throw error;
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
