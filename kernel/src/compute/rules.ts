// Types for expressions: what may be combined with what, what comes out, and the errors for the rest.
// Integers of 8 and 16 bits compute as int32; int32 with uint32 as int64; 64 bits stay exact; division and
// fractions beside integers make float64. Nothing is narrowed without a cast. Literals: literals.ts; dates:
// dates.ts; two sides: comparison.ts, arithmetic.ts.
import { CenoteError, nearest } from "../base/index.ts";
import { isFloat, isInteger, TYPES } from "../columns/index.ts";
import { arithmetic } from "./arithmetic.ts";
import { cast } from "./casts.ts";
import { choose, fillNull } from "./choices.ts";
import { comparison, isIn } from "./comparison.ts";
import { datePart } from "./dates.ts";
import { bareLiteral, convert, logical, number, type Side, typedSide, wrongType } from "./kinds.ts";
import { literal } from "./literals.ts";
import { element, field, listLength } from "./nested.ts";
import { type BinaryOp, type DatePart, type ExprNode, type Term, termsOf } from "./nodes.ts";
import { concat, letters, slice, textLength, textTest } from "./texts.ts";
import { node, type Typed } from "./typed.ts";
import { walked } from "./walk.ts";

/** The columns that an expression may name; each may itself be computed. */
export type Scope = ReadonlyMap<string, Typed>;

/** Gives an expression its types; `where` it stands is told. Throws UNKNOWN_COLUMN, WRONG_TYPE and LITERAL_TYPE. */
export function resolve(root: Term, scope: Scope, where?: string): Typed {
  const known = new Map<Term, Typed>();
  const place = where ?? (root.node.op === "column" ? undefined : String(root));
  const from = { scope, where: place === undefined ? "" : `${place}: ` };
  const typed = (term: Term) => known.get(term) ?? typeTerm(term, from, typed);
  // Literals wait for the type of what they meet.
  for (const term of walked([root], termsOf))
    if (term === root || term.node.op !== "literal") known.set(term, typeTerm(term, from, typed));
  return known.get(root)!;
}

type Resolve = (term: Term) => Typed;

/** The columns, and where the expression stands. */
interface From {
  readonly scope: Scope;
  readonly where: string;
}

function typeTerm(expr: Term, from: From, typed: Resolve): Typed {
  const { node: at } = expr;
  switch (at.op) {
    case "column":
      return lookUp(at.name, from);
    case "literal":
      return bareLiteral(at.value, String(expr));
    case "cast":
      return cast(typed(at.args[0]), at.to, String(expr));
    case "isIn":
      return isIn(typed(at.args[0]), at.values, String(expr));
    case "neg":
    case "abs":
    case "floor":
    case "ceil":
    case "round":
    case "sqrt":
      return unaryNumber(at.op, typed(at.args[0]), String(expr));
    case "length":
    case "byteLength": {
      const of = typed(at.args[0]);
      const isList = of.type.kind === "list" || of.type.kind === "fixed";
      return isList && at.op === "length" ? listLength(of) : textLength(at.op, of, String(expr));
    }
    case "upper":
    case "lower":
      return letters(at.op, typed(at.args[0]), String(expr));
    case "slice":
      return slice(typed(at.args[0]), at.span, String(expr));
    case "if": {
      const [test, then, otherwise] = sides(at.args, typed) as [Side, Side, Side];
      return choose(test, then, otherwise, String(expr));
    }
    case "not":
      return node("not", TYPES.bool, [logical(typed(at.args[0]), String(expr))]);
    case "isNull":
    case "isNotNull": {
      const isNull = node("isNull", TYPES.bool, [typed(at.args[0])]);
      return at.op === "isNull" ? isNull : node("not", TYPES.bool, [isNull]);
    }
    case "year":
    case "month":
    case "day":
    case "weekday":
    case "hour":
    case "minute":
    case "second":
      return datePart(at.op as DatePart, typed(at.args[0]), String(expr));
    case "field":
      return field(typed(at.args[0]), at.name, String(expr));
    default:
      return binary(at, typed, String(expr));
  }
}

/** Columns that an error lists. */
const NAMES_SHOWN = 40;

function lookUp(name: string, { scope, where }: From): Typed {
  const found = scope.get(name);
  if (found) return found;
  const names = [...scope.keys()];
  const near = nearest(name, names);
  const listed = names.slice(0, NAMES_SHOWN).join(", ") || "none";
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  throw new CenoteError("UNKNOWN_COLUMN", `${where}there is no column "${name}"`, {
    mend: `${near === undefined ? "" : `Did you mean "${near}"? `}The columns are: ${listed}${more}.`,
  });
}

const IS_FLOAT_OP = new Set(["floor", "ceil", "round", "sqrt"]);

function unaryNumber(
  op: "neg" | "abs" | "floor" | "ceil" | "round" | "sqrt",
  a: Typed,
  where: string,
): Typed {
  if (a.type.kind === "decimal" && (op === "neg" || op === "abs")) return node(op, a.type, [a]);
  number(a, where);
  if (IS_FLOAT_OP.has(op)) {
    if (isInteger(a.type) && op !== "sqrt") return a;
    const type = a.type.kind === "f32" ? TYPES.float32 : TYPES.float64;
    return node(op, type, [convert(a, type)]);
  }
  if (a.type.kind === "f64") return node(op, a.type, [a]);
  if (op === "abs" && (a.type.kind === "u32" || a.type.kind === "u64")) return a;
  if (op === "neg" && (a.type.kind === "u64" || a.type.name === "uint32")) {
    throw wrongType(where, a, "a signed number", 'Cast it first: .cast("int64").');
  }
  const type = isFloat(a.type) ? TYPES.float32 : a.type.bits < 32 ? TYPES.int32 : a.type;
  return node(op, type, [convert(a, type)]);
}

function sides(args: readonly Term[], typed: Resolve): Side[] {
  return args.map((arg) =>
    arg.node.op === "literal" ? { value: arg.node.value } : { at: typed(arg) },
  );
}

type Both = ExprNode & { op: BinaryOp };

function binary(at: Both, typed: Resolve, where: string): Typed {
  const [left, right] = sides(at.args, typed) as [Side, Side];
  switch (at.op) {
    case "and":
    case "or":
      return node(at.op, TYPES.bool, [boolean(left, where), boolean(right, where)]);
    case "gt":
    case "ge":
    case "lt":
    case "le":
    case "eq":
    case "ne":
      return comparison(at.op, left, right, where);
    case "fillNull":
      return fillNull(left, right, where);
    case "contains":
    case "startsWith":
    case "endsWith":
      return textTest(at.op, left, right, where);
    case "concat":
      return concat(left, right, where);
    case "element":
      return element(left, right, where);
    default:
      return arithmetic(at.op, left, right, where);
  }
}

function boolean(side: Side, where: string): Typed {
  if ("value" in side && side.value === null) return literal(null, TYPES.bool, where);
  return logical(typedSide(side, where), where);
}
