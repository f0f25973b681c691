// Which kernel multiplies matrices, and with which sizes: by the shape, and by the kind of adapter unless the sizes
// were measured there (tuning/). No choice changes the order in which a sum is added up.
import type { Gpu } from "../../../gpu/index.ts";
import type { Kernel } from "../wgsl/kernel.ts";
import { byFew, isFew } from "./few.ts";
import { batchesOf, orderOf, type Product, type Sizes } from "./operands.ts";
import { byRegisters, SIDE, type Tile } from "./registers.ts";
import { type Blocks, byBlocks, foursOf, sharedBytes } from "./shared.ts";

/** A kernel with its sizes, as a word: "few", "registers 8x16", "shared 16x16 2x2 8". */
export type Plan = string;

/** Results from which on there are tiles enough for all cores when they are wide. */
const MANY = 2 ** 16;
/** Workgroups that keep a GPU busy. */
const BUSY = 128;

const REGISTERS: readonly Tile[] = [
  [2, 2],
  [4, 4],
  [4, 8],
  [8, 4],
  [8, 8],
  [8, 16],
];
const SHARED: readonly Blocks[] = [
  { group: [8, 8], fours: [1, 1], depth: 16 },
  { group: [8, 8], fours: [2, 2], depth: 16 },
  { group: [16, 16], fours: [1, 1], depth: 16 },
  { group: [16, 8], fours: [2, 1], depth: 16 },
  { group: [16, 16], fours: [2, 2], depth: 8 },
];

const registers = ([rows, columns]: Tile): Plan => `registers ${rows}x${columns}`;
const shared = ({ group, fours, depth }: Blocks): Plan =>
  `shared ${group.join("x")} ${fours.join("x")} ${depth}`;

/** What products of many rows and columns may be computed with on this device: the likeliest kind first. */
export function candidates({ adapter: { limits, software } }: Gpu): Plan[] {
  const fits = (blocks: Blocks) =>
    sharedBytes(blocks) <= (limits["maxComputeWorkgroupStorageSize"] ?? 16384) &&
    blocks.group[0] * blocks.group[1] <= (limits["maxComputeInvocationsPerWorkgroup"] ?? 256);
  const kinds = [REGISTERS.map(registers), SHARED.filter(fits).map(shared)];
  return (software ? kinds : kinds.toReversed()).flatMap((plans) => plans.toReversed());
}

/** What a product is computed with where nothing was measured. */
export function usualPlan(product: Product): Plan {
  if (isFew(product)) return "few";
  const { gpu, sizes } = product;
  if (!gpu.adapter.software && sizes.m >= 16 && sizes.n >= 16 && sizes.k >= 16)
    return shared(blocksFor(sizes));
  return registers(tileFor(gpu.adapter.software, sizes, product.scales !== undefined));
}

/** The largest blocks of which there are enough to keep a GPU busy. */
function blocksFor(sizes: Sizes): Blocks {
  const count = (blocks: Blocks) => {
    const [high, wide] = foursOf(blocks);
    return Math.ceil(sizes.m / (high * 4)) * Math.ceil(sizes.n / (wide * 4)) * batchesOf(sizes);
  };
  const [small, middle, large] = [SHARED[0]!, SHARED[1]!, SHARED[4]!];
  return [large, middle].find((blocks) => count(blocks) >= BUSY) ?? small;
}

/**
 * Sides of an invocation's tile: as much as the matrix has use for. On software adapters loads cost more than
 * arithmetic, so that wide tiles, which use each element often, gain more than they lose in registers.
 */
function tileFor(software: boolean, sizes: Sizes, scaled: boolean): Tile {
  const { m, n } = sizes;
  const results = batchesOf(sizes) * m * n;
  const most = software || results >= 2 ** 20 ? 8 : 4;
  const wide = software && !scaled && results >= MANY ? 16 : most;
  const side = (size: number, limit: number) =>
    [1, 2, 4, 8, 16].find((tile) => tile >= Math.min(limit, Math.ceil(size / SIDE)))!;
  return [side(m, most), side(n, wide)];
}

/** Whether two products have the same class: what is measured for one serves the other. */
export function classOf({ sizes, a, b, scales, result }: Product): string {
  const near = (size: number) => 2 ** Math.round(Math.log2(Math.max(1, size)));
  const shape = [sizes.m, sizes.n, sizes.k].map(near).join("x");
  const operand = (side: Product["a"]) => `${side.leaf.dtype} ${orderOf(side)}`;
  const weights = scales ? " scaled" : "";
  return `matmul ${operand(a)} · ${operand(b)}${weights} → ${result.dtype} ${shape} by ${near(batchesOf(sizes))}`;
}

const REGISTERS_ANY = /^registers (1|2|4|8)x(1|2|4|8|16)$/;

/** Writes the kernel of a plan. */
export function build(kernel: Kernel, product: Product, plan: Plan): void {
  const blocks = SHARED.find((one) => shared(one) === plan);
  const label = `matmul, ${plan}`;
  if (plan === "few") byFew(kernel, product, label);
  else if (blocks) byBlocks(kernel, product, blocks, label);
  else {
    const [, rows, columns] = REGISTERS_ANY.exec(plan)!;
    byRegisters(kernel, product, [Number(rows), Number(columns)], label);
  }
}

/** Whether a word names a kernel for many rows and columns, and its sizes. */
export const isPlan = (plan: unknown): plan is Plan =>
  typeof plan === "string" &&
  (REGISTERS_ANY.test(plan) || SHARED.some((one) => shared(one) === plan));
