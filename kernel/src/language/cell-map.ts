// From positions in generated code back to the cell: edits first, then the stripping of types.
import {
  type EncodedSourceMap,
  LEAST_UPPER_BOUND,
  originalPositionFor,
  type SourceMapInput,
  TraceMap,
} from "@jridgewell/trace-mapping";
import { lineAt, lineStarts, type Position } from "./positions.ts";

function typesTraceMap(mappings: string): TraceMap {
  const map: EncodedSourceMap = { version: 3, sources: ["cell.ts"], names: [], mappings };
  return new TraceMap(map);
}

/** The user's line of each offset in the code that oxc printed. */
export class LineTable {
  readonly #starts: number[];
  readonly #map: TraceMap;

  constructor({ code, mappings }: { code: string; mappings: string }) {
    this.#starts = lineStarts(code);
    this.#map = typesTraceMap(mappings);
  }

  /** Line from 1, or undefined for code that has no place in the source. */
  lineOf(offset: number): number | undefined {
    const line = lineAt(this.#starts, offset);
    const found = originalPositionFor(this.#map, {
      line: line + 1,
      column: offset - this.#starts[line]!,
    });
    return found.line ?? undefined;
  }
}

/** The original of what stands at or before a position, or, at a line's begin, of what follows. */
function nearest(map: TraceMap, at: { line: number; column: number }) {
  const before = originalPositionFor(map, at);
  if (before.line !== null) return before;
  const after = originalPositionFor(map, { ...at, bias: LEAST_UPPER_BOUND });
  return after.line === null ? undefined : after;
}

/** Positions of the code that V8 ran → positions of the code that the user wrote. */
export class CellMap {
  readonly #edits: TraceMap | undefined;
  readonly #types: TraceMap;
  readonly #shift: number;

  /** `shift`: columns that the first line of the user's code was shifted by before its types were taken. */
  constructor(
    edits: SourceMapInput | undefined,
    { mappings, shift }: { mappings: string; shift: number },
  ) {
    this.#edits = edits === undefined ? undefined : new TraceMap(edits);
    this.#types = typesTraceMap(mappings);
    this.#shift = shift;
  }

  /** Of a module in a file, which runs as it was compiled. */
  static ofFile(javaScript: { mappings: string; shift: number }): CellMap {
    return new CellMap(undefined, javaScript);
  }

  /** Undefined where the generated code has no counterpart. */
  original(at: Position): Position | undefined {
    const generated = { line: at.line, column: at.column - 1 };
    const edited = this.#edits ? nearest(this.#edits, generated) : generated;
    const found = edited && nearest(this.#types, edited);
    if (!found) return undefined;
    const column = found.column + 1 - (found.line === 1 ? this.#shift : 0);
    return { line: found.line, column: Math.max(column, 1) };
  }
}
