// Has blocks on the device when they are used. What needs several blocks at once, and may wait, takes them
// with use() or hold(); what can't wait asks ensure(), which brings back only what is in host memory.
//
// Two tasks that brought back blocks at the same time could take each other's for victims for ever. So those
// that must bring something back take turns; a turn ends with the synchronous use, and nothing waits within it
// but for copies and files. Held blocks are pinned beyond it, and are the holder's to release.
import { OutOfPoolMemory } from "../../base/index.ts";
import type { Handle } from "../handle.ts";
import type { Pins } from "../pins.ts";
import { Part } from "../resources/part.ts";
import type { AllocateOptions, Block } from "../types.ts";
import type { Tiers } from "./tiers.ts";

/** What this asks of its pool. */
export interface ResidenceOwner {
  allocate(bytes: number, options?: AllocateOptions): Block;
  operation<T>(body: () => T): T;
}

/** Blocks that stay on the device until they are released. Releasing twice is harmless. */
export interface Hold {
  release(): void;
  [Symbol.dispose](): void;
}

export class Residence {
  readonly #pool: ResidenceOwner;
  /** Throws DISPOSED or FOREIGN_BLOCK. */
  readonly #own: (block: Block) => Handle;
  readonly #pins: Pins;
  readonly #tiers: Tiers | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** Pins that end with the call that set them; a termination keeps it from doing so. */
  readonly #brief = new Set<Hold>();

  constructor(
    pool: ResidenceOwner,
    own: (block: Block) => Handle,
    pins: Pins,
    tiers: Tiers | undefined,
  ) {
    this.#pool = pool;
    this.#own = own;
    this.#pins = pins;
    this.#tiers = tiers;
  }

  /** Whether the block's bytes are in host memory or on disk. */
  isAway(block: Block): boolean {
    return this.#tiers?.isAway(this.#own(block).id) === true;
  }

  /**
   * Brings blocks back within this call. Throws NOT_RESIDENT when one's bytes are not in host memory, and
   * OutOfPoolMemory; those brought back until then stay.
   */
  ensure(blocks: readonly Block[]): void {
    const tiers = this.#tiers;
    if (!tiers) return;
    tiers.ages.next();
    if (!this.#anyAway(blocks)) return;
    const hold = this.#pinBriefly(blocks); // they must not be each other's victims
    try {
      for (const { id } of blocks) {
        if (tiers.isAway(id)) this.#pool.operation(() => tiers.fetch(id));
      }
    } finally {
      hold.release();
    }
  }

  /** Runs `body`, which must not wait, with the blocks on the device. Rejects as ensure() throws, but waits for bytes. */
  async use<T>(blocks: readonly Block[], body: () => T): Promise<T> {
    if (!this.#anyAway(blocks)) return body();
    return this.#inTurn(async () => {
      const hold = this.#pinBriefly(blocks);
      try {
        for (const [i, block] of blocks.entries()) {
          this.#prepare(blocks[i + 1]); // its file is read while this one is written
          await this.#bring(block);
        }
        this.ensure(blocks); // a recovery may have taken the pins away
        return body();
      } finally {
        hold.release();
      }
    });
  }

  /** Blocks on the device until they are released. Holding much leaves little room for others. */
  hold(blocks: readonly Block[]): Promise<Hold> {
    return this.use(blocks, () => this.#pin(blocks));
  }

  /**
   * Begins to bring blocks back that will be used soon: from disk to host memory, and to the device where there
   * is room for it without taking another's. What fails here fails again at its use, and says so there.
   */
  prefetch(blocks: readonly Block[]): void {
    for (const block of blocks) this.#prepare(block);
    const fits = (block: Block) =>
      !block.disposed && this.isAway(block) && this.#tiers!.hasRoomFor(block.id);
    if (!blocks.some(fits)) return;
    this.#inTurn(async () => {
      for (const block of blocks) if (fits(block)) await this.#bring(block);
    }).catch(() => {});
  }

  /** As Pool.allocate, but waits where spilled blocks must be written to disk to make room. */
  async allocate(bytes: number, options?: AllocateOptions): Promise<Block> {
    return this.#patiently(() => this.#pool.allocate(bytes, options));
  }

  /** Bytes of a block that is away, as they are now, from `offset`. */
  read(block: Block, offset: number, into: Uint8Array): Promise<void> {
    const tiers = this.#tiers!;
    const from = block instanceof Part ? block.offset + offset : offset;
    return tiers.store.read(tiers.away(this.#own(block).id), from, into);
  }

  /** After a termination, which may have cut off the turn under way: the next ones go on, and its pins end. */
  recover(): void {
    this.#turn = Promise.resolve();
    for (const hold of this.#brief) hold.release();
    this.#brief.clear();
  }

  #anyAway(blocks: readonly Block[]): boolean {
    for (const block of blocks) if (this.isAway(block)) return true;
    return false;
  }

  #pinBriefly(blocks: readonly Block[]): Hold {
    const hold = this.#pin(blocks, () => this.#brief.delete(hold));
    this.#brief.add(hold);
    return hold;
  }

  #pin(blocks: readonly Block[], released = () => {}): Hold {
    const handles = blocks.map((block) => this.#own(block));
    for (const { id } of handles) this.#pins.add(id);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      released();
      for (const handle of handles) if (!handle.disposed) this.#pins.remove(handle.id);
    };
    return { release, [Symbol.dispose]: release };
  }

  async #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    let end = () => {};
    this.#turn = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    try {
      return await body();
    } finally {
      end();
    }
  }

  #prepare(block: Block | undefined): void {
    if (block === undefined || block.disposed || !this.isAway(block)) return;
    const tiers = this.#tiers!;
    tiers.store.atHand(tiers.away(block.id))?.catch(() => {}); // bring() waits for it, and says
  }

  /** Looks anew after each wait: what makes room may have written this block itself to disk. */
  async #bring(block: Block): Promise<void> {
    this.#tiers?.store.retry();
    for (;;) {
      const wait = this.#untilAtHand(block);
      if (wait) {
        await wait;
        continue;
      }
      try {
        this.ensure([block]);
        return;
      } catch (error) {
        await this.#roomAfter(error);
      }
    }
  }

  /** Something to wait for before the block's bytes can be brought, if there is. */
  #untilAtHand(block: Block): Promise<void> | undefined {
    const tiers = this.#tiers!;
    const { id } = this.#own(block);
    if (!tiers.isAway(id)) return undefined;
    const away = tiers.away(id);
    return tiers.store.atHand(away) ?? tiers.carrier.whenReady(away.bytes);
  }

  /** Repeats what found no room, as long as spilled blocks can be written to disk to make it. */
  async #patiently<T>(body: () => T): Promise<T> {
    this.#tiers?.store.retry();
    for (;;) {
      try {
        return body();
      } catch (error) {
        await this.#roomAfter(error);
      }
    }
  }

  /** Waits until there is more room after a failure for want of it; throws any other failure again. */
  async #roomAfter(error: unknown): Promise<void> {
    const more = error instanceof OutOfPoolMemory ? this.#moreRoom() : undefined;
    if (!more) throw error;
    await more;
  }

  #moreRoom(): Promise<void> | undefined {
    const tiers = this.#tiers;
    return tiers?.shortOfHost ? tiers.store.moreRoom() : undefined;
  }
}
