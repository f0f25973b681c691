// The statements that add one row to the parts of its group, in three forms:
//   local    the words are variables of the invocation (no keys), written out at its end
//   own      each invocation has a table of its own in `acc`: plain loads and stores
//   shared   all invocations share one table: atomics, with carries told from the old value
import type { Typed } from "../typed.ts";
import { both, type Emitted } from "./context.ts";
import type { Emitter } from "./emit.ts";
import { addFloat } from "./float-sums.ts";
import { type Form, offsetsOf, type Part } from "./parts.ts";
import type { Program } from "./program.ts";
import { addSquare } from "./squares.ts";

/** Where the words of a group are: element `word` of the part that begins at word `offset`. */
function place(form: Form, offset: number, word: number): string {
  return form === "local" ? `a${offset}[${word}]` : `acc[at + ${offset + word}u]`;
}

/** Statements before the loop: the variables of the local form. */
export function declarations(parts: readonly Part[]): string[] {
  const offsets = offsetsOf(parts);
  return parts.map((_, i) => `var a${offsets[i]}: array<u32, ${offsets[i + 1]! - offsets[i]!}>;`);
}

/** Statements after the loop: the variables into the invocation's place in `acc`. */
export function stores(parts: readonly Part[]): string[] {
  const offsets = offsetsOf(parts);
  return parts.map((_, i) => {
    const first = offsets[i]!;
    const words = offsets[i + 1]! - first;
    return `for (var k = 0u; k < ${words}u; k++) { acc[at + ${first}u + k] = a${first}[k]; }`;
  });
}

/**
 * Statements for one row. `lowWords` is the second pass of the shared form, which settles the low words
 * of 64-bit extremes once their high words are known; it does nothing else.
 */
export function updates(
  emitter: Emitter,
  parts: readonly Part[],
  form: Form,
  lowWords: boolean,
): string[] {
  const offsets = offsetsOf(parts);
  const lines: string[] = [];
  parts.forEach((part, i) => {
    if (lowWords && !(part.kind === "extreme" && part.wide)) return;
    const before = emitter.lines.length;
    const update = new Update(emitter, form, offsets[i]!);
    const { ok, body } = update.part(part, lowWords);
    lines.push(...emitter.lines.splice(before));
    lines.push(
      ...(ok === "true" ? ["{", ...inner(body), "}"] : [`if (${ok}) {`, ...inner(body), "}"]),
    );
  });
  return lines;
}

const inner = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

class Update {
  readonly #emitter: Emitter;
  readonly #program: Program;
  readonly #form: Form;
  readonly #offset: number;

  constructor(emitter: Emitter, form: Form, offset: number) {
    this.#emitter = emitter;
    this.#program = emitter.program;
    this.#form = form;
    this.#offset = offset;
  }

  part(part: Part, lowWords: boolean): { ok: string; body: string[] } {
    if (part.kind === "count") {
      const ok = part.of ? this.#emitter.valid(part.of) : "true";
      return { ok, body: [this.#plus(0, "1u")] };
    }
    if (part.kind === "place") {
      const best = part.best === "max" ? "row + 1u" : "~row";
      return { ok: "true", body: [`let best = ${best};`, ...this.#keepNarrow(0)] };
    }
    const value = this.#emitter.emit(part.of);
    switch (part.kind) {
      case "integers":
        return { ok: value.ok, body: this.#integer(part, value) };
      case "floats":
        return { ok: value.ok, body: [this.#float(part, value)] };
      case "squares":
        return { ok: value.ok, body: [this.#square(part.of, value, part.limbs)] };
      default:
        return this.#extreme(part, value, lowWords);
    }
  }

  #at(word: number): string {
    return place(this.#form, this.#offset, word);
  }

  #plus(word: number, amount: string): string {
    return this.#form === "shared"
      ? `atomicAdd(&${this.#at(word)}, ${amount});`
      : `${this.#at(word)} += ${amount};`;
  }

  // Adds and leaves the carry in `carry<word>`.
  #carry(word: number, amount: string): string[] {
    const old =
      this.#form === "shared" ? `atomicAdd(&${this.#at(word)}, ${amount})` : this.#at(word);
    const lines = [`let s${word} = ${old} + ${amount};`];
    if (this.#form !== "shared") lines.push(`${this.#at(word)} = s${word};`);
    return [...lines, `let carry${word} = select(0u, 1u, s${word} < ${amount});`];
  }

  #integer({ of, limbs, single }: Part & { kind: "integers" }, { v }: Emitted): string[] {
    const { kind } = of.type;
    const word = { bool: `select(0u, 1u, ${v})`, i32: `bitcast<u32>(${v})` }[kind as string] ?? v;
    if (single) return [this.#plus(0, word)];
    if (limbs === 2)
      return this.#integer2(word, kind === "i32" ? `bitcast<u32>(${v} >> 31u)` : "0u");
    if (kind === "decimal") return this.#decimal(v);
    const sign = kind === "i64" ? `bitcast<u32>(bitcast<i32>(${v}.y) >> 31u)` : "0u";
    return [
      `let low = ${v}.x;`,
      ...this.#carry(0, "low"),
      `let middle = ${v}.y + carry0;`,
      `var top = ${sign} + select(0u, 1u, middle < carry0);`,
      // Small numbers of either sign seldom reach beyond the low limb.
      "if (middle != 0u) {",
      ...inner([...this.#carry(1, "middle"), "top += carry1;"]),
      "}",
      `if (top != 0u) { ${this.#plus(2, "top")} }`,
    ];
  }

  #decimal(v: string): string[] {
    const lines = [`let word0 = ${v}.x;`, ...this.#carry(0, "word0"), "let over0 = carry0;"];
    for (const [k, part] of [..."yzw"].entries()) {
      const [at, before] = [k + 1, `over${k}`];
      lines.push(`let word${at} = ${v}.${part} + ${before};`, ...this.#carry(at, `word${at}`));
      lines.push(`let over${at} = carry${at} + select(0u, 1u, word${at} < ${before});`);
    }
    const sign = `bitcast<u32>(bitcast<i32>(${v}.w) >> 31u)`;
    return [...lines, `let top = ${sign} + over3;`, `if (top != 0u) { ${this.#plus(4, "top")} }`];
  }

  #integer2(low: string, high: string): string[] {
    const top = high === "0u" ? "carry0" : `${high} + carry0`;
    const plus = `if (top != 0u) { ${this.#plus(1, "top")} }`;
    return [`let low = ${low};`, ...this.#carry(0, "low"), `let top = ${top};`, plus];
  }

  #float(part: Part & { kind: "floats" }, { v }: Emitted): string {
    const bits = part.of.type.kind === "f32" ? `bitcast<u32>(${v})` : v;
    const name = addFloat(this.#program, this.#form, part);
    return this.#form === "local"
      ? `${name}(&a${this.#offset}, ${bits});`
      : `${name}(at + ${this.#offset}u, ${bits});`;
  }

  #square(of: Typed, { v }: Emitted, limbs: number): string {
    const name = addSquare(this.#program, this.#form, of.type.kind, limbs);
    const local = this.#form === "local";
    return local ? `${name}(&a${this.#offset}, ${v});` : `${name}(at + ${this.#offset}u, ${v});`;
  }

  #extreme(
    part: Part & { kind: "extreme" },
    value: Emitted,
    lowWords: boolean,
  ): { ok: string; body: string[] } {
    const { kind } = part.of.type;
    const order = ordered(this.#program, kind, value.v);
    const best = part.best === "max" ? order : `~${order}`;
    const first = part.flags ? 1 : 0;
    const keep = part.wide ? this.#keepWide(first, lowWords) : this.#keepNarrow(first);
    const lines = [`let best = ${best};`, ...keep];
    if (kind !== "f32" && kind !== "f64") {
      const flag = part.flags && !lowWords ? this.#flag("1u") : [];
      return { ok: value.ok, body: [...flag, ...lines] };
    }
    const nan = this.#emitter.condition(`${this.#program.use(`${kind}_nan`)}(${value.v})`);
    if (lowWords) return { ok: both(value.ok, `!${nan}`), body: lines };
    const body = [
      `if (${nan}) {`,
      ...inner(this.#flag("2u")),
      "} else {",
      ...inner([...this.#flag("1u"), ...lines]),
      "}",
    ];
    return { ok: value.ok, body };
  }

  // Atomics on a word that all share are dear: look first.
  #flag(bit: string): string[] {
    const at = this.#at(0);
    if (this.#form !== "shared") return [`${at} |= ${bit};`];
    return [`if ((atomicLoad(&${at}) & ${bit}) == 0u) { atomicOr(&${at}, ${bit}); }`];
  }

  #keepNarrow(first: number): string[] {
    const at = this.#at(first);
    if (this.#form !== "shared") return [`${at} = max(${at}, best);`];
    return [`if (atomicLoad(&${at}) < best) { atomicMax(&${at}, best); }`];
  }

  #keepWide(first: number, lowWords: boolean): string[] {
    const [high, low] = [this.#at(first), this.#at(first + 1)];
    if (this.#form !== "shared") {
      const less = `${this.#program.use("u64_lt")}(vec2u(${low}, ${high}), best)`;
      return [`if (${less}) { ${high} = best.y; ${low} = best.x; }`];
    }
    if (!lowWords) return [`if (atomicLoad(&${high}) < best.y) { atomicMax(&${high}, best.y); }`];
    return [`if (atomicLoad(&${high}) == best.y) { atomicMax(&${low}, best.x); }`];
  }
}

/** An unsigned number in the order of the values: figures.ts undoes it. */
export function ordered(program: Program, kind: string, v: string): string {
  switch (kind) {
    case "bool":
      return `select(0u, 1u, ${v})`;
    case "i32":
      return `(bitcast<u32>(${v}) ^ 0x80000000u)`;
    case "i64":
      return `vec2u(${v}.x, ${v}.y ^ 0x80000000u)`;
    case "f32":
    case "f64":
      return `${program.use(`${kind}_order`)}(${v})`;
    default:
      return v;
  }
}
