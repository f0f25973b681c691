// Lays a chunk of a column out for its block, as parts to be written at offsets of it. Values that lie
// in Arrow's buffers as they must lie in the block are passed on as they are, without a copy here.
import { copyBits, setBits } from "./bits.ts";
import { rowsInside, type Span, spans, textBytes } from "./chunking.ts";
import { bitmapBytes, type Layout, layoutOf } from "./layout.ts";
import type { ColumnSource } from "./source.ts";

/** Bytes for a byte offset of the block. Offset and length are multiples of 4. */
export interface Part {
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface Staged {
  readonly rows: number;
  readonly layout: Layout;
  readonly parts: Part[];
  /** Of what is in a list or a struct. */
  readonly children: readonly Staged[];
}

/** Layout and parts of rows [from, to) of a column, and of what is in them. */
export function stageChunk(source: ColumnSource, from: number, to: number): Staged {
  const { type, children = [] } = source;
  const rows = to - from;
  const of = spans(source, from, to);
  const layout = layoutOf(type, rows, source.nulls, type.kind === "text" ? textBytes(of) : 0);
  const parts = valueParts(source, of, rows, layout);
  if (source.nulls) {
    parts.push({
      offset: layout.validity,
      data: bitmap(of, rows, (span) => span.piece.validity),
    });
  }
  const [low, high] = children.length > 0 ? rowsInside(source, from, to) : [0, 0];
  return { rows, layout, parts, children: children.map((child) => stageChunk(child, low, high)) };
}

function valueParts(
  source: ColumnSource,
  of: readonly Span[],
  rows: number,
  layout: Layout,
): Part[] {
  const { kind, bits } = source.type;
  const parts: Part[] = [];
  if (kind === "text" || kind === "list") parts.push({ offset: 0, data: offsets(of, rows) });
  if (kind === "text") put(parts, layout.bytes, of.map(textOf));
  else if (bits === 1)
    parts.push({ offset: 0, data: bitmap(of, rows, (span) => span.piece.bytes) });
  else if (kind !== "list" && bits > 0)
    put(
      parts,
      0,
      of.map((span) => valuesOf(source, span)),
    );
  return parts;
}

function valuesOf({ type }: ColumnSource, { piece, from, to }: Span): Uint8Array {
  const width = type.bits / 8;
  const narrow = type.arrowBytes ?? width;
  const bytes = piece.bytes.subarray(from * narrow, to * narrow);
  if (narrow === width) return bytes;
  const padded = new Uint8Array((to - from) * width);
  for (let i = 0; i < to - from; i++)
    padded.set(bytes.subarray(i * narrow, (i + 1) * narrow), i * width);
  return padded;
}

function textOf({ piece, from, to }: Span): Uint8Array {
  return piece.text!.bytes.subarray(piece.text!.at(from), piece.text!.at(to));
}

// Runs that begin on word boundaries become parts as they are; the others are joined first.
function put(parts: Part[], offset: number, runs: readonly Uint8Array[]): void {
  const aligned = runs.every((run, i) => i === runs.length - 1 || run.byteLength % 4 === 0);
  let at = offset;
  for (const run of aligned ? runs : [join(runs)]) {
    const whole = run.byteLength & ~3;
    if (whole > 0) parts.push({ offset: at, data: run.subarray(0, whole) });
    if (whole < run.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(run.subarray(whole));
      parts.push({ offset: at + whole, data: tail });
    }
    at += run.byteLength;
  }
}

function join(runs: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(runs.reduce((sum, run) => sum + run.byteLength, 0));
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.byteLength;
  }
  return all;
}

function bitmap(
  from: readonly Span[],
  rows: number,
  of: (span: Span) => Uint8Array | undefined,
): Uint8Array {
  const bits = new Uint8Array(bitmapBytes(rows));
  let at = 0;
  for (const span of from) {
    const source = of(span);
    const count = span.to - span.from;
    if (source) copyBits(source, span.piece.bit + span.from, bits, at, count);
    else setBits(bits, at, count);
    at += count;
  }
  return bits;
}

function offsets(from: readonly Span[], rows: number): Uint8Array {
  const out = new Uint32Array(rows + 1);
  let row = 0;
  let base = 0;
  for (const { piece, from: low, to: high } of from) {
    const { words, stride } = piece.text!;
    const first = words[low * stride]!;
    // Low words only: the difference is right modulo 2^32, and a chunk's text is below that.
    for (let i = low; i < high; i++) out[row++] = base + words[i * stride]! - first;
    base = (base + words[high * stride]! - first) >>> 0;
  }
  out[row] = base;
  return new Uint8Array(out.buffer);
}
