// Expressions made to fit a kernel. An adapter binds a few blocks, and a compiler takes a while over a thousand
// statements: what reads more columns, or goes deeper, has parts of it computed first, as columns that live as
// long as the query.
import { type ColumnStore, isText, withChildren } from "../../columns/index.ts";
import { columnsOf, node, type Typed } from "../typed.ts";
import { walked } from "../walk.ts";
import { MAX_COLUMNS } from "../wgsl/program.ts";
import { gather } from "./gather.ts";
import { withColumns } from "./ranks.ts";
import type { Scratch } from "./scratch.ts";

/** Blocks of a kernel that are not columns, at most: its lists, and those of its own. */
const OTHERS = 5;
/** Levels of an expression in one kernel. */
const MOST_LEVELS = 200;
/** Nodes of a text: what is used twice is written twice in the kernel's code. */
const MOST_TEXTS = 200;

/** Columns that one kernel can read. */
export function mostColumns({ gpu }: ColumnStore): number {
  const bindings = gpu.adapter.limits["maxStorageBuffersPerShaderStage"] ?? 8;
  return Math.min(bindings, MAX_COLUMNS) - OTHERS;
}

export interface Fitted extends Disposable {
  /** The store, with the columns of parts among its own. */
  readonly store: ColumnStore;
  readonly roots: readonly Typed[];
}

/** The expressions, each of which reads at most `each` columns. Throws OutOfPoolMemory. */
export async function fitted(
  given: ColumnStore,
  roots: readonly Typed[],
  scratch: Scratch,
  each = mostColumns(given),
): Promise<Fitted> {
  let store = given;
  const made: ColumnStore[] = [];
  const dispose = () => {
    for (const one of made.splice(0)) one.dispose();
  };
  const part = async (at: Typed): Promise<Typed> => {
    const name = `\u0001part ${store.columns.size}`;
    const selections = store.chunkRows.map((rows, chunk) => ({ chunk, rows }));
    const columns = await gather(store, selections, [{ name, at }], scratch);
    store = withColumns(store, columns);
    scratch.keep(columns.flatMap(withChildren).flatMap(({ chunks }) => chunks.map((c) => c.block)));
    made.push(store);
    return node("column", at.type, [], { column: name });
  };
  try {
    const found = await reduced(roots, mostColumns(given), part);
    for (const [i, root] of found.entries())
      if (root.args.length > 0 && columnsOf(root).length > each) found[i] = await part(root);
    return { store, roots: found, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Whether a kernel can compute `at`. */
const fits = (at: Typed, most: number): boolean =>
  at.depth <= MOST_LEVELS &&
  !(isText(at.type) && at.weight > MOST_TEXTS) &&
  (at.depth === 1 || columnsOf(at).length <= most);

// From the leaves up: where a node does not fit, what it is made of becomes columns, the largest first.
async function reduced(
  roots: readonly Typed[],
  most: number,
  part: (at: Typed) => Promise<Typed>,
): Promise<Typed[]> {
  if (roots.every((root) => fits(root, most))) return [...roots];
  const small = new Map<Typed, Typed>();
  const parts = new Map<string, Typed>();
  for (const at of walked(roots, ({ args }) => args)) {
    const args = at.args.map((arg) => small.get(arg)!);
    let made = rebuilt(at, args);
    const largest = [...args.keys()].sort(
      (i, j) => columnsOf(args[j]!).length - columnsOf(args[i]!).length,
    );
    for (const i of largest) {
      if (fits(made, most)) break;
      const arg = args[i]!;
      if (arg.args.length === 0) continue;
      const known = parts.get(arg.key) ?? (await part(arg));
      parts.set(arg.key, known);
      args[i] = known;
      made = rebuilt(at, args);
    }
    small.set(at, made);
  }
  return roots.map((root) => small.get(root)!);
}

function rebuilt(at: Typed, args: readonly Typed[]): Typed {
  if (args.every((arg, i) => arg === at.args[i])) return at;
  const { op, type, key: _, depth: __, weight: ___, args: ____, ...extra } = at;
  return node(op, type, args, extra);
}
