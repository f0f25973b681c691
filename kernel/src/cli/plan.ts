// `npx cenote plan FILE`: places the buffers of a problem in minimalloc's format (id,lower,upper,size) within
// a capacity, and checks the result before it is given out.
import { CenoteError, parseBytes } from "../base/index.ts";
import { fault, type Problem, peakLoad, solve } from "../pool/index.ts";
import { readArguments } from "./args.ts";
import { readText } from "./read.ts";
import { writeResult } from "./write.ts";

const USAGE =
  "npx cenote plan FILE.csv --capacity N [--seconds S, default 60] [--json] [--out FILE.csv]";
const COLUMNS = ["id", "lower", "upper", "size"] as const;

const OPTIONS = {
  capacity: { type: "string" },
  seconds: { type: "string" },
  out: { type: "string" },
  json: { type: "boolean" },
} as const;

interface Buffers {
  ids: string[];
  problem: Problem;
}

/** Prints the height reached, writes the offsets to --out; returns 1 when the capacity was not kept. */
export async function plan(args: string[]): Promise<number> {
  const asked = readArguments(args, OPTIONS, USAGE);
  const { ids, problem } = parseProblem(await readText(asked.file), asked.file);
  const least = peakLoad(problem);
  const capacityText = asked.value("capacity");
  const capacity = capacityText === undefined ? least : wholeBytes(capacityText);
  const milliseconds = seconds(asked.value("seconds") ?? "60") * 1000;
  const began = performance.now();
  const { offset, height } = solve(problem, { capacity, milliseconds });
  const took = (performance.now() - began) / 1000;
  const wrong = fault(problem, offset, height);
  if (wrong !== undefined) throw new Error(`the solver's placement is wrong: ${wrong}`);
  const out = asked.value("out");
  if (out !== undefined) await writeResult(out, solutionText(ids, problem, offset));
  const placed = height <= capacity;
  if (asked.flag("json")) {
    const offsets = Object.fromEntries(ids.map((id, i) => [id, offset[i]!]));
    console.log(
      JSON.stringify({
        buffers: ids.length,
        capacity,
        height,
        least,
        placed,
        seconds: took,
        offsets,
      }),
    );
  } else {
    console.log(
      `${ids.length} buffers, at least ${least} are live at once; placed within ${height} ` +
        `${placed ? "" : `(not ${capacity}) `}in ${took.toFixed(1)} s`,
    );
  }
  return placed ? 0 : 1;
}

function parseProblem(text: string, name: string): Buffers {
  const lines = text.split(/\r?\n/);
  const header = (lines[0] ?? "").split(",").map((column) => column.trim());
  const at = COLUMNS.map((column) => header.indexOf(column));
  if (at.includes(-1)) {
    throw bad(name, `wanted a header with ${COLUMNS.join(",")}, found ${JSON.stringify(lines[0])}`);
  }
  const ids: string[] = [];
  const columns: number[][] = [[], [], []];
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.trim() === "") continue;
    const fields = line.split(",");
    ids.push(fields[at[0]!]?.trim() ?? "");
    for (const [c, column] of columns.entries()) {
      column.push(wholeNumber(fields[at[c + 1]!], `${name}, line ${i + 1}`, COLUMNS[c + 1]!));
    }
    if (columns[1]!.at(-1)! < columns[0]!.at(-1)!) {
      throw bad(`${name}, line ${i + 1}`, "upper lies before lower");
    }
  }
  const [lower, upper, size] = columns.map((column) => Float64Array.from(column));
  const problem = { count: ids.length, lower: lower!, upper: upper!, size: size! };
  return { ids, problem };
}

function wholeNumber(field: string | undefined, where: string, column: string): number {
  const text = field?.trim() ?? "";
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < 0) {
    throw bad(
      where,
      `wanted a whole number of 0 or more for ${column}, found ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function wholeBytes(text: string): number {
  return parseBytes(/^\d+$/.test(text) ? Number(text) : text);
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new CenoteError("USAGE", `wanted --seconds above 0, found ${JSON.stringify(text)}`);
}

/** The problem with the column `offset`, as minimalloc writes its solutions. */
function solutionText(
  ids: string[],
  { lower, upper, size }: Problem,
  offset: Float64Array,
): string {
  const rows = ids.map((id, i) => [id, lower[i], upper[i], size[i], offset[i]].join(","));
  return `${[[...COLUMNS, "offset"].join(","), ...rows].join("\n")}\n`;
}

function bad(where: string, what: string): CenoteError {
  return new CenoteError("BAD_PROBLEM", `${where}: ${what}`, {
    mend: "The format is minimalloc's: a row a buffer, live from lower up to, but not at, upper.",
  });
}
