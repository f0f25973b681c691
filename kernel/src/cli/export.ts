// `npx cenote export SNAPSHOT.json --to FORMAT --out FILE`: writes a snapshot that pool.snapshot().save wrote
// as something that other tools open.
import { CenoteError } from "../base/index.ts";
import { badFormat, EXPORTS, type ExportFormat, formatOf, PoolSnapshot } from "../pool/index.ts";
import { readArguments } from "./args.ts";
import { readText } from "./read.ts";
import { writeResult } from "./write.ts";

const USAGE = `npx cenote export SNAPSHOT.json[.gz] [--to ${Object.keys(EXPORTS).join("|")}] --out FILE`;

const OPTIONS = { to: { type: "string" }, out: { type: "string" } } as const;

/** Writes the file; without --to, as what the ending of --out says. */
export async function exportSnapshot(args: string[]): Promise<number> {
  const asked = readArguments(args, OPTIONS, USAGE);
  const out = asked.value("out");
  if (out === undefined) {
    throw new CenoteError("USAGE", "wanted --out FILE, found none", { mend: `usage: ${USAGE}` });
  }
  const format = asked.value("to") ?? formatOf(out);
  if (!Object.hasOwn(EXPORTS, format)) throw badFormat(format);
  const snapshot = PoolSnapshot.parse(await readText(asked.file), asked.file);
  const bytes = snapshot.export(format as ExportFormat);
  await writeResult(out, bytes);
  const size = typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
  console.log(`${out}: ${format}, ${size} bytes — ${EXPORTS[format as ExportFormat]}`);
  return 0;
}
