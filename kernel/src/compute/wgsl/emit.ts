// Typed expressions to WGSL, as single assignments in a function with the row in `row`. A value is a pair:
// the name of its value, and the name of what says that it is not null ("true" where it cannot be null).
import { isNarrow, isText, pathTo, stepsOf } from "../../columns/index.ts";
import { isTextual } from "../comparison.ts";
import { deepest, type Typed } from "../typed.ts";
import { emitAmong } from "./among.ts";
import { emitCast } from "./cast.ts";
import { emitByCode, isOverCodes } from "./codes.ts";
import { both, type Emitted, type Emitting, literalText, type TextValue } from "./context.ts";
import { emitDecimal } from "./decimals.ts";
import { emitFloorDiv, emitMod } from "./divide.ts";
import { operation } from "./operators.ts";
import type { Program } from "./program.ts";
import { textTest, textValue } from "./strings.ts";

export class Emitter implements Emitting {
  readonly program: Program;
  readonly lines: string[] = [];
  readonly #memo = new Map<string, Emitted>();
  readonly #texts = new Map<string, TextValue>();
  readonly #row: string;
  #next = 0;
  #within = false;

  constructor(program: Program, row = "row") {
    this.program = program;
    this.#row = row;
  }

  /** `let` of an expression; gives its name back. */
  let(expression: string, prefix = "v"): string {
    if (/^\w+$/.test(expression)) return expression;
    const name = this.name(prefix);
    this.lines.push(`let ${name} = ${expression};`);
    return name;
  }

  name(prefix: string): string {
    return `${prefix}${this.#next++}`;
  }

  block(body: () => void): string[] {
    const outside = this.lines.splice(0);
    body();
    const inside = this.lines.splice(0);
    this.lines.push(...outside);
    return inside;
  }

  add(statement: string): void {
    this.lines.push(statement);
  }

  condition(expression: string): string {
    return this.let(expression, "ok");
  }

  // What lies deep is emitted first, lest the recursion go down thousands of levels.
  #emitBelow(at: Typed): void {
    this.#within = true;
    for (const deep of deepest(at)) {
      if (isTextual(deep)) this.text(deep);
      else this.emit(deep);
    }
    this.#within = false;
  }

  /** The value of `at` in this row, computed once however often it is asked for. */
  emit(at: Typed): Emitted {
    const known = this.#memo.get(at.key);
    if (known) return known;
    if (!this.#within) this.#emitBelow(at);
    const made = this.#emit(at);
    this.#memo.set(at.key, made);
    return made;
  }

  /** The text of `at` in this row. */
  text(at: Typed): TextValue {
    const known = this.#texts.get(at.key);
    if (known) return known;
    const made = textValue(this, at);
    this.#texts.set(at.key, made);
    return made;
  }

  /** Whether `at` is null in some row; only its validity is loaded. */
  valid(at: Typed): string {
    if (at.op === "column") return this.#validity(at.column!);
    return isText(at.type) ? this.text(at).ok : this.emit(at).ok;
  }

  #emit(at: Typed): Emitted {
    if (isOverCodes(this.program.store, at)) return emitByCode(this, at);
    switch (at.op) {
      case "column":
        return {
          v: this.let(this.#load(at.column!, this.#row, at.type.bits)),
          ok: this.#validity(at.column!),
        };
      case "element":
        return this.#element(at);
      case "listLength":
        return this.#listLength(at);
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
        return emitAmong(this, at);
      case "if":
        return this.#choose(at);
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
    if (at.type.kind === "decimal" && at.args.length === 2) return emitDecimal(this, at);
    if (at.args.some(isTextual)) return textTest(this, at);
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

  // A field is null where its struct is.
  #validity(path: string): string {
    const key = `validity:${path}`;
    const known = this.#memo.get(key);
    if (known) return known.ok;
    const ok = rowsOf(this.program, path)
      .map((name) => this.#bit(name, this.#row))
      .reduce(both, "true");
    const made = ok === "true" ? ok : this.condition(ok);
    this.#memo.set(key, { v: made, ok: made });
    return made;
  }

  /** Whether a column has a value in a row. */
  #bit(name: string, row: string): string {
    if (!this.program.column(name).nulls) return "true";
    const i = this.program.bind(name);
    return `((c${i}[p[${i + 1}].x + (${row} >> 5u)] >> (${row} & 31u)) & 1u) == 1u`;
  }

  // Of a narrow column that is used as one of 32 bits (columns/bounds.ts), the low word.
  #load(name: string, row: string, wanted = 64): string {
    const { type, bounds } = this.program.column(name);
    const c = `c${this.program.bind(name)}`;
    if (isText(type) || type.kind === "list") return `vec2u(${c}[${row}], ${c}[${row} + 1u])`;
    if (type.bits === 1) return `((${c}[${row} >> 5u] >> (${row} & 31u)) & 1u) == 1u`;
    if (isNarrow(type, bounds)) {
      const low = `${c}[${row} * 2u]`;
      if (wanted === 32) return type.kind === "i64" ? `bitcast<i32>(${low})` : low;
      return `${this.program.use(type.kind === "i64" ? "i64_of_low" : "u64_of_low")}(${low})`;
    }
    if (type.bits === 64) return `vec2u(${c}[${row} * 2u], ${c}[${row} * 2u + 1u])`;
    if (type.bits === 128)
      return `vec4u(${[0, 1, 2, 3].map((k) => `${c}[${row} * 4u + ${k}u]`).join(", ")})`;
    if (type.bits === 32) {
      const word = `${c}[${row}]`;
      return type.kind === "u32" || type.kind === "code" ? word : `bitcast<${type.kind}>(${word})`;
    }
    if (type.kind === "f32") {
      const half = `extractBits(${c}[${row} >> 1u], (${row} & 1u) << 4u, 16u)`;
      return `${this.program.use("f16_to_f32")}(${half})`;
    }
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

  #choose(at: Typed): Emitted {
    const [test, a, b] = at.args.map((arg) => this.emit(arg)) as [Emitted, Emitted, Emitted];
    const by = this.condition(both(test.ok, test.v));
    const ok = a.ok === b.ok ? a.ok : this.condition(`select(${b.ok}, ${a.ok}, ${by})`);
    return { v: this.let(`select(${b.v}, ${a.v}, ${by})`), ok };
  }

  /** Where the items of a row's list begin, and how many they are. */
  #list(at: Typed): { first: string; size: string; ok: string } {
    const ok = this.#validity(at.column!);
    if (at.type.kind === "fixed")
      return { first: `${this.#row} * ${at.type.size}u`, size: `${at.type.size}u`, ok };
    const { v } = this.emit(at);
    return { first: `${v}.x`, size: this.let(`${v}.y - ${v}.x`), ok };
  }

  #listLength(at: Typed): Emitted {
    const { size, ok } = this.#list(at.args[0]!);
    return { v: this.let(`i32(${size})`), ok };
  }

  #element(at: Typed): Emitted {
    const [list, index] = at.args as [Typed, Typed];
    const { first, size, ok } = this.#list(list);
    const i = this.emit(index);
    const from = this.let(`select(${i.v}, ${i.v} + i32(${size}), ${i.v} < 0i)`);
    const inside = this.condition(both(both(ok, i.ok), `${from} >= 0i && u32(${from}) < ${size}`));
    const row = this.let(`select(0u, ${first} + u32(${from}), ${inside})`);
    const item = this.#bit(at.column!, row);
    const valid = item === "true" ? inside : this.condition(`${inside} && ${item}`);
    const v = this.let(this.#load(at.column!, row));
    return { v: isText(at.type) ? this.let(`select(vec2u(), ${v}, ${valid})`) : v, ok: valid };
  }
}

/** The columns that say whether a value is null: its own, and the structs that it lies in. */
function rowsOf(program: Program, path: string): string[] {
  const steps = stepsOf(path);
  const paths = steps.map((_, i) => steps.slice(0, i + 1).reduce(pathTo));
  const list = paths.slice(0, -1).findLastIndex((at) => program.column(at).type.kind !== "struct");
  return paths.slice(list + 1);
}
