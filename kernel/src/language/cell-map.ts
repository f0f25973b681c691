// From positions in generated code back to the cell: edits first, then the stripping of types.
import {
  type EncodedSourceMap,
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

  constructor(code: string, mappings: string) {
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

/** Positions of the code that V8 ran → positions of the code that the user wrote. */
export class CellMap {
  readonly #edits: TraceMap;
  readonly #types: TraceMap;

  constructor(edits: SourceMapInput, typesMappings: string) {
    this.#edits = new TraceMap(edits);
    this.#types = typesTraceMap(typesMappings);
  }

  /** Undefined where the generated code has no counterpart. */
  original(at: Position): Position | undefined {
    const edited = originalPositionFor(this.#edits, { line: at.line, column: at.column - 1 });
    if (edited.line === null) return undefined;
    const found = originalPositionFor(this.#types, edited);
    return found.line === null ? undefined : { line: found.line, column: found.column + 1 };
  }
}
