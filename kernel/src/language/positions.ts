// Offsets, lines and columns of source text. Lines and columns are counted from 1 here, as people do;
// columns are UTF-16 code units, as in JavaScript's own stack traces.

export interface Position {
  line: number;
  column: number;
}

/** Offsets at which each line of `text` begins. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The line (from 0) that holds `offset`. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function positionAt(text: string, offset: number): Position {
  const starts = lineStarts(text);
  const line = lineAt(starts, Math.min(offset, text.length));
  return { line: line + 1, column: Math.min(offset, text.length) - starts[line]! + 1 };
}

/** oxc-transform counts bytes of UTF-8 in its errors; everything else counts UTF-16 code units. */
export function offsetFromUtf8(text: string, bytes: number): number {
  return Buffer.from(text, "utf8").subarray(0, bytes).toString("utf8").length;
}

/** Offset in UTF-16 code units of the `points`-th Unicode code point, as Jupyter counts cursors. */
export function offsetFromCodePoints(text: string, points: number): number {
  let offset = 0;
  for (let seen = 0; seen < points && offset < text.length; seen++) {
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  }
  return offset;
}

/** The number of Unicode code points in the first `offset` code units of `text`. */
export function codePointsBefore(text: string, offset: number): number {
  let points = 0;
  for (let at = 0; at < offset && at < text.length; points++) {
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return points;
}

/** The line with its neighbours, a mark at the line and a caret under the column. */
export function markedSource(source: string, at: Position, around = 1): string {
  const lines = source.split("\n");
  if (at.line < 1 || at.line > lines.length) return "";
  const first = Math.max(1, at.line - around);
  const last = Math.min(lines.length, at.line + around);
  const width = String(last).length;
  const shown: string[] = [];
  for (let line = first; line <= last; line++) {
    const text = lines[line - 1]!.slice(0, 200);
    const mark = line === at.line ? ">" : " ";
    shown.push(`${mark} ${String(line).padStart(width)} | ${text}`);
    if (line === at.line && at.column <= text.length + 1) {
      const indent = text.slice(0, at.column - 1).replace(/[^\t]/g, " ");
      shown.push(`  ${" ".repeat(width)} | ${indent}^`);
    }
  }
  return shown.join("\n");
}
