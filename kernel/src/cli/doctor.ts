// `npx cenote doctor`: what was found on this machine, each line ok or with its mend. Nothing here
// changes anything, and a check that fails does not stop the others.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { formatBytes } from "../base/index.ts";
import { nativeStatus } from "../exchange/index.ts";
import { adapterFacts } from "../gpu/index.ts";

const exec = promisify(execFile);
const SETUP = "run `npm run setup` in the checkout";

interface Finding {
  ok: boolean;
  found: string;
  mend?: string;
}
type Check = () => Promise<Finding>;

const ok = (found: string): Finding => ({ ok: true, found });
const bad = (found: string, mend: string): Finding => ({ ok: false, found, mend });

/** Standard output of a program, or undefined when it is missing or fails. */
async function output(program: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await exec(program, args, { timeout: 60_000 });
    return stdout + stderr;
  } catch {
    return undefined;
  }
}

const node: Check = async () => {
  const major = Number(process.versions.node.split(".")[0]);
  const found = `${process.version} (${process.platform}-${process.arch})`;
  return major >= 22 ? ok(found) : bad(found, `Cenote wants Node 22 or later: ${SETUP}`);
};

const python: Check = async () => {
  const script =
    "import sys, pyarrow, cenote; print('%d.%d.%d' % sys.version_info[:3], pyarrow.__version__)";
  const found = (await output("python3", ["-c", script]))?.trim().split(" ");
  if (found) return ok(`${found[0]}, pyarrow ${found[1]}, package cenote`);
  const version = (await output("python3", ["--version"]))?.trim();
  return bad(
    version ? `${version}, without the packages cenote and pyarrow` : "not found",
    version ? SETUP : `install Python 3.11 or later, then ${SETUP}`,
  );
};

const adapter: Check = async () => {
  const facts = await adapterFacts();
  const kind = facts.software ? "software: its figures say nothing about a GPU" : "hardware";
  return ok(`${facts.name} (${kind})`);
};

const driver: Check = async () => {
  const facts = await adapterFacts();
  return ok(
    `${facts.driver || facts.name}, ${facts.backend}, shader-f16 ${facts.f16 ? "yes" : "no"}`,
  );
};

const limits: Check = async () => {
  const { limits: found } = await adapterFacts();
  const bytes = (name: string) => formatBytes(found[name] ?? 0);
  return ok(
    `buffer ${bytes("maxBufferSize")}, storage binding ${bytes("maxStorageBufferBindingSize")}, ` +
      `${found["maxStorageBuffersPerShaderStage"]} storage buffers a stage, ` +
      `${found["maxComputeInvocationsPerWorkgroup"]} invocations a workgroup`,
  );
};

const sharedMemory: Check = async () => {
  const status = nativeStatus();
  if (status.available) return ok(`native addon loaded, tables are handed over without a copy`);
  return bad(
    `native addon missing (${status.reason}): tables are copied`,
    `install a C compiler (Debian: apt-get install gcc libc6-dev), then ${SETUP}`,
  );
};

const kernelspec: Check = async () => {
  const text = await output("jupyter", ["kernelspec", "list", "--json"]);
  if (!text) return bad("jupyter not found", SETUP);
  const specs = JSON.parse(text.slice(text.indexOf("{"))).kernelspecs;
  const argv: string[] | undefined = specs.cenote?.spec.argv;
  if (!argv) return bad("no kernelspec named cenote", SETUP);
  const missing = argv.filter((part) => !/^-|^\{/.test(part)).find((file) => !existsSync(file));
  return missing ? bad(`cenote, but ${missing} is missing`, SETUP) : ok("cenote");
};

const extension: Check = async () => {
  const text = await output("jupyter", ["labextension", "list"]);
  const shown = /^.*cenote-lab.*$/m.exec(text ?? "")?.[0] ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the listing is coloured
  const line = shown.replace(/\x1b\[[0-9;]*m/g, "").trim();
  if (!line) return bad("cenote-lab is not installed in JupyterLab", SETUP);
  return /enabled/.test(line) && /OK/.test(line) ? ok(line) : bad(line, SETUP);
};

const CHECKS: Record<string, Check> = {
  Node: node,
  Python: python,
  Adapter: adapter,
  Driver: driver,
  Limits: limits,
  "Shared memory": sharedMemory,
  Kernelspec: kernelspec,
  Extension: extension,
};

/** Prints a line a check; returns 1 when one is not ok. */
export async function doctor(): Promise<number> {
  let code = 0;
  for (const [name, check] of Object.entries(CHECKS)) {
    const finding = await check().catch((error: Error) => {
      const { mend } = error as { mend?: string };
      return bad(error.message.split("\n")[0] ?? "failed", mend ?? SETUP);
    });
    console.log(`${finding.ok ? "ok" : "✗ "}  ${name.padEnd(14)} ${finding.found}`);
    if (!finding.ok) {
      console.log(`    ${"".padEnd(14)} → ${finding.mend}`);
      code = 1;
    }
  }
  return code;
}
