// What it takes a kernel to compute an element of an expression: whether several times are worth memory instead.
import { DTYPES } from "../dtypes.ts";
import type { Call, Expr } from "../expr.ts";
import { opNamed } from "../ops.ts";
import { helperText } from "./helpers.ts";

/** Operators of an element from which on memory costs less than a second time. */
const COSTLY = 100;
/** Threefry's text is a loop: of 20 rounds with five operators. */
const THREEFRY = 100;

const known = new Map<string, number>();

/** Operators in the text of the helpers that an operation calls, and one for itself. */
function operators({ op, args }: Call): number {
  if (op === "threefry") return THREEFRY;
  const type = args[0] && DTYPES[args[0].dtype].computed;
  const key = `${op} ${type}`;
  let found = known.get(key);
  if (found === undefined) {
    const helpers = (type && opNamed(op)?.helpers?.(type)) ?? []; // casts and where have none
    found = 1 + (helperText(helpers).match(/[-+*/&|^<>]/g)?.length ?? 0);
    known.set(key, found);
  }
  return found;
}

/** Whether a kernel that needs its elements several times had better read them from memory. */
export function isCostly(expr: Expr): boolean {
  const seen = new Set<Expr>();
  const count = (one: Expr): number => {
    if (one.kind !== "call" || seen.has(one)) return 0;
    seen.add(one);
    return one.args.reduce((sum, arg) => sum + count(arg), operators(one));
  };
  return count(expr) >= COSTLY;
}
