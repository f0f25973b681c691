// Typed expressions to WGSL, as single assignments in a function with the row in `row`. A value is a pair:
// the name of its value, and the name of what says that it is not null ("true" where it cannot be null).
import { isText } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { emitCast } from "./cast.ts";
import { both, type Emitted, type Emitting, literalText } from "./context.ts";
import { emitFloorDiv, emitMod } from "./divide.ts";
import type { Program } from "./program.ts";

export class Emitter implements Emitting {
  readonly program: Program;
  readonly lines: string[] = [];
  readonly #memo = new Map<string, Emitted>();
  readonly #row: string;
  #next = 0;

  constructor(program: Program, row = "row") {
    this.program = program;
    this.#row = row;
  }

  /** `let` of an expression; gives its name back. */
  let(expression: string, prefix = "v"): string {
    if (/^\w+$/.test(expression)) return expression;
    const name = `${prefix}${this.#next++}`;
    this.lines.push(`let ${name} = ${expression};`);
    return name;
  }

  condition(expression: string): string {
    return this.let(expression, "ok");
  }

  /** The value of `at` in this row, computed once however often it is asked for. */
  emit(at: Typed): Emitted {
    const known = this.#memo.get(at.key);
    if (known) return known;
    const made = this.#emit(at);
    this.#memo.set(at.key, made);
    return made;
  }

  /** Whether `at` is null in some row; only its validity is loaded. */
  valid(at: Typed): string {
    return at.op === "column" ? this.#validity(at.column!) : this.emit(at).ok;
  }

  #emit(at: Typed): Emitted {
    switch (at.op) {
      case "column":
        return { v: this.let(this.#load(at.column!)), ok: this.#validity(at.column!) };
      case "literal":
        return { v: literalText(this.program, at), ok: at.value === null ? "false" : "true" };
      case "and":
      case "or":
        return this.#kleene(at);
      case "isNull":
        return { v: this.#negated(this.valid(at.args[0]!)), ok: "true" };
      case "fillNull":
        return this.#fillNull(at);
      case "known":
        return { v: String(at.value), ok: this.valid(at.args[0]!) };
      case "among":
        return this.#among(at);
      case "cast":
        return emitCast(this, at);
      case "floorDiv":
        return emitFloorDiv(this, at);
      case "mod":
        return emitMod(this, at);
      default:
        return this.#strict(at);
    }
  }

  #strict(at: Typed): Emitted {
    const args = at.args.map((arg) => this.emit(arg));
    // WGSL folds constants and refuses what overflows; a let is not folded.
    if (at.args.every((arg) => arg.op === "literal"))
      args[0] = { ...args[0]!, v: this.let(`(${args[0]!.v})`) };
    const ok = args.map((arg) => arg.ok).reduce(both, "true");
    const v = operation(
      this.program,
      at,
      args.map((arg) => arg.v),
    );
    return { v: this.let(v), ok: ok === "true" ? ok : this.condition(ok) };
  }

  #validity(name: string): string {
    const column = this.program.column(name);
    if (!column.nulls) return "true";
    const key = `validity:${name}`;
    const known = this.#memo.get(key);
    if (known) return known.ok;
    const i = this.program.bind(name);
    const row = this.#row;
    const ok = this.condition(
      `((c${i}[p[${i + 1}].x + (${row} >> 5u)] >> (${row} & 31u)) & 1u) == 1u`,
    );
    this.#memo.set(key, { v: ok, ok });
    return ok;
  }

  #load(name: string): string {
    const { type } = this.program.column(name);
    const c = `c${this.program.bind(name)}`;
    const row = this.#row;
    if (isText(type)) return `vec2u(${c}[${row}], ${c}[${row} + 1u])`;
    if (type.bits === 1) return `((${c}[${row} >> 5u] >> (${row} & 31u)) & 1u) == 1u`;
    if (type.bits === 64) return `vec2u(${c}[${row} * 2u], ${c}[${row} * 2u + 1u])`;
    if (type.bits === 32) {
      const word = `${c}[${row}]`;
      return type.kind === "u32" || type.kind === "code" ? word : `bitcast<${type.kind}>(${word})`;
    }
    if (type.kind === "f32") return `unpack2x16float(${c}[${row} >> 1u])[${row} & 1u]`;
    const [shift, mask, step] = type.bits === 16 ? ["1u", "1u", "4u"] : ["2u", "3u", "3u"];
    const word = `${c}[${row} >> ${shift}]`;
    const from = `(${row} & ${mask}) << ${step}`;
    const signed = type.kind === "i32" ? `bitcast<i32>(${word})` : word;
    return `extractBits(${signed}, ${from}, ${type.bits}u)`;
  }

  // Valid when both are, or when one of them decides: false for `and`, true for `or`.
  #kleene(at: Typed): Emitted {
    const [a, b] = at.args.map((arg) => this.emit(arg)) as [Emitted, Emitted];
    const operator = at.op === "and" ? "&&" : "||";
    const v = this.let(`${a.v} ${operator} ${b.v}`);
    if (a.ok === "true" && b.ok === "true") return { v, ok: "true" };
    const decides = ({ v: value, ok }: Emitted) =>
      `(${both(ok, at.op === "and" ? `!${value}` : value)})`;
    return { v, ok: this.condition(`(${both(a.ok, b.ok)}) || ${decides(a)} || ${decides(b)}`) };
  }

  #negated(ok: string): string {
    return ok === "true" ? "false" : this.let(`!${ok}`);
  }

  #fillNull(at: Typed): Emitted {
    const [a, b] = at.args.map((arg) => this.emit(arg)) as [Emitted, Emitted];
    if (a.ok === "true") return a;
    const ok = b.ok === "true" ? "true" : this.condition(`${a.ok} || ${b.ok}`);
    return { v: this.let(`select(${b.v}, ${a.v}, ${a.ok})`), ok };
  }

  #among(at: Typed): Emitted {
    const [arg] = at.args as [Typed];
    const { v, ok } = this.emit(arg);
    const column = this.program.column(arg.column!);
    const tests = column.dictionary
      ? codesOf(column.dictionary, at.values!).map((code) => `${v} == ${this.#word(code)}`)
      : this.#textTests(this.program.textWord(arg.column!), v, at.values!);
    return { v: this.let(tests.join(" || ") || "false"), ok };
  }

  #word(value: number): string {
    return this.program.literal([value])?.[0] ?? `0x${value.toString(16)}u`;
  }

  // The first words are loaded once for all texts: a load for each made the compiler take seconds for a
  // list of fifty. Words past a text's end are read too, and ignored, because its length is compared first.
  #textTests(word: string, at: string, texts: readonly string[]): string[] {
    const wanted = texts.map((text) => Buffer.from(text));
    const longest = Math.max(0, ...wanted.map((bytes) => bytes.byteLength));
    const load = (i: number) => `${word}(${at}.x + ${i * 4}u)`;
    const count = Math.min(LOADED_WORDS, Math.ceil(longest / 4));
    const loaded = Array.from({ length: count }, (_, i) => this.let(load(i)));
    const size = this.let(`${at}.y - ${at}.x`);
    return wanted.map((bytes) => {
      const tests = wordsOfText(bytes).map(({ word: value, mask }, i) => {
        const found = loaded[i] ?? load(i);
        return `${mask ? `(${found} & ${mask})` : found} == ${this.#word(value)}`;
      });
      return `(${[`${size} == ${bytes.byteLength}u`, ...tests].join(" && ")})`;
    });
  }
}

function codesOf(dictionary: readonly unknown[], values: readonly string[]): number[] {
  const wanted = new Set(values);
  return dictionary.flatMap((entry, code) => (wanted.has(String(entry)) ? [code] : []));
}

/** Words of a text that are loaded once, when it is compared with several. */
const LOADED_WORDS = 8;

// A text as little-endian words; the last one with a mask where it is not whole.
function wordsOfText(bytes: Uint8Array): { word: number; mask?: string }[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / 4) }, (_, i) => {
    const four = new Uint8Array(4);
    four.set(bytes.subarray(i * 4, i * 4 + 4));
    const word = new DataView(four.buffer).getUint32(0, true);
    const left = bytes.byteLength - i * 4;
    return left >= 4 ? { word } : { word, mask: `0x${(2 ** (8 * left) - 1).toString(16)}u` };
  });
}

const INFIX: Partial<Record<Typed["op"], string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  gt: ">",
  ge: ">=",
  lt: "<",
  le: "<=",
  eq: "==",
  ne: "!=",
};

const COMPARISONS = new Set<Typed["op"]>(["gt", "ge", "lt", "le", "eq", "ne"]);

function operation(program: Program, at: Typed, v: string[]): string {
  const [a, b] = v as [string, string];
  const { kind } = at.args[0]!.type;
  const infix = INFIX[at.op];
  if (kind === "i64" || kind === "u64" || kind === "f64") return wide(program, at.op, kind, a, b);
  if (kind === "f32" && infix && at.type.kind === "bool")
    return floatComparison(program, at.op, "f32", a, b);
  if (infix) return `${a} ${infix} ${b}`;
  switch (at.op) {
    case "neg":
      // By its sign bit, so that 0 and NaN are negated too.
      return kind === "f32" ? `bitcast<f32>(bitcast<u32>(${a}) ^ 0x80000000u)` : `-${a}`;
    case "abs":
      return kind === "f32" ? `bitcast<f32>(bitcast<u32>(${a}) & 0x7fffffffu)` : `abs(${a})`;
    case "not":
      return `!${a}`;
    case "year":
      return `${program.use("civil")}(${a}).x`;
    case "month":
      return `${program.use("civil")}(${a}).y`;
    case "day":
      return `${program.use("civil")}(${a}).z`;
    default:
      return `${at.op}(${a})`;
  }
}

function floatComparison(
  program: Program,
  op: Typed["op"],
  type: string,
  a: string,
  b: string,
): string {
  const call = (name: string, x: string, y: string) =>
    `${program.use(`${type}_${name}`)}(${x}, ${y})`;
  if (op === "gt") return call("lt", b, a);
  if (op === "ge") return call("le", b, a);
  return op === "ne" ? `!${call("eq", a, b)}` : call(op, a, b);
}

function wide(
  program: Program,
  op: Typed["op"],
  kind: "i64" | "u64" | "f64",
  a: string,
  b: string | undefined,
): string {
  if (kind === "f64") {
    if (op === "neg") return `vec2u(${a}.x, ${a}.y ^ 0x80000000u)`;
    if (op === "abs") return `vec2u(${a}.x, ${a}.y & 0x7fffffffu)`;
    if (COMPARISONS.has(op)) return floatComparison(program, op, "f64", a, b!);
    return `${program.use(`f64_${op}`)}(${b === undefined ? a : `${a}, ${b}`})`;
  }
  return wideInteger(program, op, kind, a, b!);
}

function wideInteger(
  program: Program,
  op: Typed["op"],
  kind: "i64" | "u64",
  a: string,
  b: string,
): string {
  const less = (x: string, y: string) => `${program.use(`${kind}_lt`)}(${x}, ${y})`;
  switch (op) {
    case "gt":
      return less(b, a);
    case "ge":
      return `!${less(a, b)}`;
    case "lt":
      return less(a, b);
    case "le":
      return `!${less(b, a)}`;
    case "eq":
      return `all(${a} == ${b})`;
    case "ne":
      return `any(${a} != ${b})`;
    case "neg":
      return `${program.use("u64_sub")}(vec2u(0u, 0u), ${a})`;
    case "abs":
      return `${program.use("i64_abs")}(${a})`;
    default:
      return `${program.use(`u64_${op}`)}(${a}, ${b})`;
  }
}
