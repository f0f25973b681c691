// The second code generator: typed expressions to JavaScript, as single assignments in a loop with the row in
// `row`. A value is a pair, as in WGSL: the name of its value, and the name of what says that it is not null.
// Integers of 32 bits and floats are numbers, those of 64 bits and decimals bigints, texts strings of bytes.
import { isNested, isText } from "../../columns/index.ts";
import { deepest, type Typed } from "../typed.ts";
import { emitCast } from "./cast.ts";
import {
  both,
  digits,
  type Emitted,
  type Emitting,
  either,
  isBig,
  negated,
  wrapped,
  zero,
} from "./code.ts";
import { bytesOf, type FUNCTIONS } from "./functions.ts";

export class HostEmitter implements Emitting {
  readonly lines: string[] = [];
  /** Columns in the order of their names in the code: column i has c<i>, n<i> and t<i>. */
  readonly columns: string[] = [];
  /** Values that the code refers to as k[i]. */
  readonly constants: unknown[] = [];
  readonly #memo = new Map<string, Emitted>();
  readonly #nulls: (column: string) => boolean;
  #next = 0;
  #within = false;

  /** `nulls` tells whether a column may have nulls. */
  constructor(nulls: (column: string) => boolean) {
    this.#nulls = nulls;
  }

  let(expression: string): string {
    if (/^\w+$/.test(expression)) return expression;
    const name = `v${this.#next++}`;
    this.lines.push(`const ${name} = ${expression};`);
    return name;
  }

  // What lies deep is emitted first, lest the recursion go down thousands of levels.
  #emitBelow(at: Typed): void {
    this.#within = true;
    for (const deep of deepest(at)) this.emit(deep);
    this.#within = false;
  }

  /** The value of `at` in this row, computed once. */
  emit(at: Typed): Emitted {
    const known = this.#memo.get(at.key);
    if (known) return known;
    if (!this.#within) this.#emitBelow(at);
    const made = this.#emit(at);
    this.#memo.set(at.key, made);
    return made;
  }

  /** Index of a column; it is an argument of the code from now on. */
  bind(name: string): number {
    const at = this.columns.indexOf(name);
    return at >= 0 ? at : this.columns.push(name) - 1;
  }

  #constant(value: unknown): string {
    return `k[${this.constants.push(value) - 1}]`;
  }

  #validity(name: string, row = "row"): string {
    if (!this.#nulls(name)) return "true";
    const i = this.bind(name);
    return this.let(`((n${i}[${row} >> 3] >> (${row} & 7)) & 1) === 1`);
  }

  #emit(at: Typed): Emitted {
    switch (at.op) {
      case "column":
        return this.#column(at);
      case "element":
        return this.#element(at);
      case "listLength":
        return this.#listLength(at);
      case "literal":
        return { v: this.#literal(at), ok: at.value === null ? "false" : "true" };
      case "and":
      case "or":
        return this.#kleene(at);
      case "isNull": {
        const { ok } = this.emit(at.args[0]!);
        return { v: this.let(negated(ok)), ok: "true" };
      }
      case "fillNull": {
        const [a, b] = this.#args(at) as [Emitted, Emitted];
        if (a.ok === "true") return a;
        return { v: this.let(`${a.ok} ? ${a.v} : ${b.v}`), ok: this.let(either(a.ok, b.ok)) };
      }
      case "if": {
        const [test, a, b] = this.#args(at) as [Emitted, Emitted, Emitted];
        const by = this.let(both(test.ok, test.v));
        const ok = a.ok === b.ok ? a.ok : this.let(`${by} ? ${a.ok} : ${b.ok}`);
        return { v: this.let(`${by} ? ${a.v} : ${b.v}`), ok };
      }
      case "known":
        return { v: String(at.value), ok: this.emit(at.args[0]!).ok };
      case "cast":
        return emitCast(this, at);
      case "add":
      case "sub":
      case "mul":
        return at.type.kind === "decimal" ? this.#decimal(at) : this.#strict(at);
      case "floorDiv":
      case "mod":
        return this.#division(at);
      default:
        return this.#strict(at);
    }
  }

  #strict(at: Typed): Emitted {
    const args = this.#args(at);
    const ok = args.map((arg) => arg.ok).reduce(both, "true");
    const v = args.map((arg) => arg.v);
    return { v: this.let(this.#operation(at, v[0]!, v[1]!)), ok: this.let(ok) };
  }

  // Null where the type's digits do not hold it.
  #decimal(at: Typed): Emitted {
    const { v, ok } = this.#strict(at);
    return { v, ok: this.let(both(ok, digits(v, at.type))) };
  }

  #args(at: Typed): Emitted[] {
    return at.args.map((arg) => this.emit(arg));
  }

  // Of lists and structs only whether they are null is asked.
  #column(at: Typed): Emitted {
    const ok = this.#validity(at.column!);
    return { v: isNested(at.type) ? "0" : this.let(this.#load(at, "row", ok)), ok };
  }

  /** The value of a column in a row; of codes only where it is valid. */
  #load({ type, column }: Typed, row: string, ok: string): string {
    const i = this.bind(column!);
    if (isText(type)) return `t${i}.latin1Slice(c${i}[${row}], c${i}[${row} + 1])`;
    if (type.kind === "code") return `${ok} ? t${i}[c${i}[${row}]] : ""`;
    if (type.kind === "bool") return `((c${i}[${row} >> 3] >> (${row} & 7)) & 1) === 1`;
    if (type.kind === "decimal")
      return `(c${i}[${row} * 2 + 1] << 64n) | BigInt.asUintN(64, c${i}[${row} * 2])`;
    return `c${i}[${row}]`;
  }

  /** Where the items of a row's list begin, and how many they are. */
  #list({ type, column }: Typed): { first: string; size: string; ok: string } {
    const ok = this.#validity(column!);
    if (type.kind === "fixed") return { first: `row * ${type.size}`, size: `${type.size}`, ok };
    const c = `c${this.bind(column!)}`;
    return { first: `${c}[row]`, size: this.let(`${c}[row + 1] - ${c}[row]`), ok };
  }

  #listLength(at: Typed): Emitted {
    const { size, ok } = this.#list(at.args[0]!);
    return { v: size, ok };
  }

  /** The number of an element among the items of all lists, 0 where there is none. */
  item(at: Typed): Emitted {
    const { first, size, ok } = this.#list(at.args[0]!);
    const index = this.emit(at.args[1]!);
    const from = this.let(`${index.v} < 0 ? ${index.v} + ${size} : ${index.v}`);
    const inside = this.let(both(both(ok, index.ok), `${from} >= 0 && ${from} < ${size}`));
    return { v: this.let(`${inside} ? ${first} + ${from} : 0`), ok: inside };
  }

  #element(at: Typed): Emitted {
    const item = this.item(at);
    const ok = this.let(both(item.ok, this.#validity(at.column!, item.v)));
    return { v: this.let(`${ok} ? ${this.#load(at, item.v, ok)} : ${zero(at.type)}`), ok };
  }

  #literal({ type, value }: Typed): string {
    if (isText(type)) return JSON.stringify(bytesOf(String(value ?? "")));
    if (type.kind === "bool") return String(value ?? false);
    if (isBig(type)) return `${BigInt((value as bigint | null) ?? 0n)}n`;
    return Object.is(value, -0) ? "-0" : `(${String(value ?? 0)})`;
  }

  #kleene(at: Typed): Emitted {
    const [a, b] = this.#args(at) as [Emitted, Emitted];
    const v = this.let(`${a.v} ${at.op === "and" ? "&&" : "||"} ${b.v}`);
    if (a.ok === "true" && b.ok === "true") return { v, ok: "true" };
    const decides = ({ v: value, ok }: Emitted) =>
      `(${both(ok, at.op === "and" ? `!${value}` : value)})`;
    return { v, ok: this.let(`(${both(a.ok, b.ok)}) || ${decides(a)} || ${decides(b)}`) };
  }

  #division(at: Typed): Emitted {
    const [a, b] = this.#args(at) as [Emitted, Emitted];
    const zero = isBig(at.type) ? "0n" : "0";
    const ok = this.let(both(both(a.ok, b.ok), `${b.v} !== ${zero}`));
    const quotient = isBig(at.type)
      ? `f.floorDivBig(${a.v}, ${b.v})`
      : wrapped(at.type, `Math.floor(${a.v} / ${b.v})`);
    if (at.op === "floorDiv")
      return { v: this.let(isBig(at.type) ? wrapped(at.type, quotient) : quotient), ok };
    const q = this.let(quotient);
    const product = isBig(at.type) ? `${q} * ${b.v}` : `Math.imul(${q}, ${b.v})`;
    return { v: this.let(wrapped(at.type, `${a.v} - ${product}`)), ok };
  }

  #operation(at: Typed, a: string, b: string): string {
    const { type } = at;
    const call = (name: keyof typeof FUNCTIONS, ...args: string[]) =>
      `f.${name}(${args.join(", ")})`;
    switch (at.op) {
      case "add":
      case "sub":
        return wrapped(type, `${a} ${at.op === "add" ? "+" : "-"} ${b}`);
      case "mul":
        if (type.kind === "i32" || type.kind === "u32")
          return wrapped(type, `Math.imul(${a}, ${b})`);
        return wrapped(type, `${a} * ${b}`);
      case "div":
        return wrapped(type, `${a} / ${b}`);
      case "neg":
        return wrapped(type, `-${a}`);
      case "abs":
        return isBig(type)
          ? wrapped(type, `${a} < 0n ? -${a} : ${a}`)
          : wrapped(type, `Math.abs(${a})`);
      case "floor":
      case "ceil":
        return `Math.${at.op}(${a})`;
      case "sqrt":
        return wrapped(type, `Math.sqrt(${a})`);
      case "round":
        return call("roundEven", a);
      case "not":
        return `!${a}`;
      case "among":
        return `${this.#constant(new Set(at.values!.map((x) => (typeof x === "string" ? bytesOf(x) : x))))}.has(${a})`;
      case "contains":
        return `${a}.includes(${b})`;
      case "startsWith":
      case "endsWith":
        return `${a}.${at.op}(${b})`;
      case "concat":
        return `${a} + ${b}`;
      case "byteLength":
        return `${a}.length`;
      case "length":
        return call("points", a);
      case "slice":
        return call("slice", a, ...at.span!.map(String));
      case "upper":
      case "lower":
      case "year":
      case "month":
      case "day":
        return call(at.op, a);
      default:
        return `${a} ${COMPARISONS[at.op as "gt"]} ${b}`;
    }
  }
}

const COMPARISONS = { gt: ">", ge: ">=", lt: "<", le: "<=", eq: "===", ne: "!==" } as const;
