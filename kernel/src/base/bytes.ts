// Byte sizes as people write and read them. Units are binary: 1 KiB = 1024 B.
import { CenoteError } from "./errors.ts";
import { shown } from "./shown.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 1536 → "1.5 KiB". */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  const text = value.toFixed(digits).replace(/\.0$/, "");
  return `${bytes < 0 ? "-" : ""}${text} ${UNITS[unit]}`;
}

/** "256 MiB", "4GB", "1.5 GiB" or a number of bytes → bytes. KB, MB and GB are decimal. Throws BAD_SIZE. */
export function parseBytes(size: string | number): number {
  const bytes =
    typeof size === "number" ? size : typeof size === "string" ? bytesOf(size) : Number.NaN;
  if (Number.isFinite(bytes) && bytes >= 0) return Math.floor(bytes);
  throw new CenoteError("BAD_SIZE", `wanted a size in bytes, found ${shown(size)}`, {
    mend: 'Write a number of bytes, or text such as "256 MiB" or "4 GB".',
  });
}

/** NaN for what is no size. */
function bytesOf(text: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*$/i.exec(text);
  if (!found) return Number.NaN;
  const power = " KMGT".indexOf((found[2] || " ").toUpperCase());
  return Number(found[1]) * (found[3] ? 1024 : 1000) ** power;
}
