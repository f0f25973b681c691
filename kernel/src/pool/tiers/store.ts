// Where parcels are kept: in host memory, and beyond its budget in files. Parcels are written in the order of
// their coming, which is that of their blocks' last use; blocks are read back one by one.
import { COUNTER, formatBytes } from "../../base/index.ts";
import type { Ledger } from "../ledger.ts";
import { spillLost } from "../report.ts";
import type { TierBudgets } from "../types.ts";
import { SpillDisk } from "./disk.ts";
import { Landing } from "./landing.ts";
import { type Away, Parcel, roomFor, type Tier } from "./parcel.ts";

/** Beyond this share of the host's budget parcels are written, so that spilling need not wait for it. */
const WRITE_FROM = 3 / 4;

const NOTHING: TierBudgets = { host: 0, disk: 0 };

export class Store {
  #budgets: TierBudgets = NOTHING;
  readonly #ledger: Ledger;
  readonly #disk: SpillDisk;
  readonly #landing = new Landing();
  /** Parcels on the host, longest there first. */
  readonly #onHost = new Set<Parcel>();
  #hostBytes = 0;
  /** Bytes of room that is kept for blank blocks. */
  readonly #promised = { host: 0, disk: 0 };
  #writing: Promise<void> | undefined;
  /** Why the last parcel could not be written. */
  #refusal: unknown;
  /** Bytes that others have taken of the host's budget. */
  takenByOthers = () => 0;

  constructor(ledger: Ledger, budgets: TierBudgets = NOTHING, disk = new SpillDisk()) {
    this.#ledger = ledger;
    this.budgets = budgets;
    this.#disk = disk;
  }

  get budgets(): TierBudgets {
    return this.#budgets;
  }

  set budgets({ host, disk }: TierBudgets) {
    this.#budgets = { host, disk };
    this.#ledger.set(COUNTER.hostBudget, host);
    this.#ledger.set(COUNTER.diskBudget, disk);
  }

  /**
   * Bytes that host and disk may still take, when a block that is `coming` back has left them. Without a budget
   * for the host nothing gets to the disk.
   */
  room(coming?: Away): Record<Tier, number> {
    const { host, disk } = this.budgets;
    const room = {
      host: host - this.#onHostNow - this.takenByOthers(),
      disk: host === 0 ? 0 : disk - this.#onDiskNow,
    };
    if (coming) room[coming.tier] += roomFor(coming);
    return room;
  }

  /** Keeps room for a blank block, which leaves without bytes: so budgets bound what can be allocated. */
  promise({ tier, size }: Away, sign = 1): void {
    this.#promised[tier] += sign * size;
    this.#count(tier, sign * size);
  }

  /** Takes a parcel whose bytes are on the host, or on their way there. */
  add(parcel: Parcel): void {
    this.#onHost.add(parcel);
    this.#hostBytes += parcel.bytes;
    for (const away of parcel.members) this.#count(parcel.tier, away.size);
    if (this.#crowded) this.#write();
  }

  /** The block needs its bytes no more. */
  forget(away: Away): void {
    const { parcel } = away;
    if (!parcel) {
      this.promise(away, -1);
      return;
    }
    parcel.members.delete(away);
    this.#count(parcel.tier, -away.size);
    if (parcel.sparse && parcel.copy?.ready) this.#shrink(parcel);
    this.#settle(parcel);
  }

  /** Resolves when the block's bytes are in host memory, undefined if they are. */
  atHand(away: Away): Promise<void> | undefined {
    const { parcel } = away;
    if (!parcel || parcel.copy?.ready) return undefined;
    if (parcel.copy) return parcel.copy.arrived();
    away.loading ??= this.#load(away, parcel).finally(() => {
      away.loading = undefined;
    });
    return away.loading;
  }

  /** The block's bytes from `offset`, as they are now, into `into`. */
  async read(away: Away, offset: number, into: Uint8Array): Promise<void> {
    const { parcel } = away;
    if (!parcel) return; // what a blank block holds is of no account
    const from = away.offset + offset;
    parcel.enter();
    try {
      if (parcel.copy && !parcel.copy.ready) await parcel.copy.arrived();
      if (parcel.copy) into.set(parcel.copy.view().subarray(from, from + into.byteLength));
      else {
        const bytes = await this.#fromFile(away, parcel, from, into.byteLength);
        into.set(bytes); // not read into directly: it may be shared memory
        this.#landing.give(bytes);
      }
    } finally {
      parcel.leave();
      this.#settle(parcel);
    }
  }

  /** Writes a parcel, for more room on the host: resolves when that has come to an end. Undefined: it can't be. */
  moreRoom(): Promise<void> | undefined {
    this.#write();
    return this.#writing;
  }

  /** A request begins anew: what the disk refused before, it may take now. */
  retry(): void {
    this.#refusal = undefined;
  }

  /** Why there is no room, for an error's text. */
  shortage(): string {
    const { host, disk } = this.budgets;
    if (host === 0) return "there is no budget for spilled blocks";
    const others = this.takenByOthers();
    const shared = others > 0 ? `, ${formatBytes(others)} of it shared tables` : "";
    const parts = [`host memory for spilled blocks is full (${formatBytes(host)}${shared})`];
    const next = this.#oldest();
    if (disk === 0) parts.push("there is no budget for disk");
    else if (this.#refusal !== undefined) {
      const why = this.#refusal instanceof Error ? this.#refusal.message : this.#refusal;
      parts.push(`the disk refused: ${why}`);
    } else if (next ? !this.#fitsDisk(next) : this.#promised.disk > 0) {
      parts.push(`the budget for disk is spent (${formatBytes(disk)})`);
    } else if (next) parts.push("the disk can take more, which a synchronous call can't wait for");
    return parts.join("; ");
  }

  /** After a termination, which may have cut off what waits: nothing is waited for that was begun. */
  recover(): void {
    this.#writing = undefined;
  }

  close(): void {
    this.#disk.close();
  }

  get #crowded(): boolean {
    return this.#onHostNow + this.takenByOthers() > this.budgets.host * WRITE_FROM;
  }

  get #onHostNow(): number {
    return this.#hostBytes + this.#promised.host;
  }

  get #onDiskNow(): number {
    return this.#disk.used + this.#promised.disk;
  }

  #oldest(): Parcel | undefined {
    for (const parcel of this.#onHost) if (parcel.members.size > 0) return parcel;
    return undefined;
  }

  #fitsDisk(parcel: Parcel): boolean {
    return this.#onDiskNow + parcel.bytes <= this.budgets.disk;
  }

  /** Begins to write the oldest parcel; then, while the host is crowded, the next. */
  #write(): void {
    if (this.#writing || this.#refusal !== undefined) return;
    const parcel = this.#oldest();
    if (!parcel || !this.#fitsDisk(parcel)) return;
    const writing = this.#writeParcel(parcel).catch((error: unknown) => {
      this.#refusal = error;
    });
    this.#writing = writing;
    writing.then(() => {
      if (this.#writing === writing) this.#writing = undefined;
      if (this.#crowded) this.#write();
    }, undefined);
  }

  async #writeParcel(parcel: Parcel): Promise<void> {
    const copy = parcel.copy!;
    parcel.enter();
    try {
      if (!copy.ready) await copy.arrived();
      const file = await this.#disk.write(copy.view());
      if (parcel.copy !== copy || parcel.members.size === 0) {
        this.#disk.remove(file); // all of it has come back meanwhile
        return;
      }
      this.#whole(() => {
        for (const away of parcel.members) this.#count(parcel.tier, -away.size);
        this.#leaveHost(parcel);
        parcel.file = file;
        for (const away of parcel.members) this.#count(parcel.tier, away.size);
      });
    } finally {
      parcel.leave();
      this.#settle(parcel);
    }
  }

  /** Brings one block's bytes from its parcel's file to the host, as a parcel of its own. */
  async #load(away: Away, parcel: Parcel): Promise<void> {
    parcel.enter();
    try {
      const bytes = await this.#fromFile(away, parcel, away.offset, away.bytes);
      const copy = this.#landing.copyOf(bytes);
      if (away.parcel !== parcel || !parcel.members.has(away)) {
        copy.release(); // it has ended meanwhile
        return;
      }
      this.#whole(() => {
        parcel.members.delete(away);
        this.#count(parcel.tier, -away.size);
        const own = new Parcel(away.bytes, copy);
        own.members.add(away);
        away.parcel = own;
        away.offset = 0;
        this.add(own);
      });
    } finally {
      parcel.leave();
      this.#settle(parcel);
    }
  }

  /** Rejects with SPILL_LOST, which names the block, where the file is gone or cut short. */
  async #fromFile(
    away: Away,
    parcel: Parcel,
    offset: number,
    bytes: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const landed = this.#landing.take(bytes);
    try {
      await this.#disk.read(parcel.file!, offset, landed);
    } catch (cause) {
      this.#landing.give(landed);
      throw spillLost(this.#ledger, away.row, cause);
    }
    return landed;
  }

  /** Changes the books with the sequence word odd, so that no termination comes between. */
  #whole(body: () => void): void {
    this.#ledger.begin();
    try {
      body();
    } finally {
      this.#ledger.end();
    }
  }

  /** Moves what is left of a parcel on the host to another one of just that size. */
  #shrink(parcel: Parcel): void {
    const members = [...parcel.members];
    const total = members.reduce((sum, { bytes }) => sum + bytes, 0);
    const landed = this.#landing.take(total);
    const smaller = new Parcel(total, this.#landing.copyOf(landed));
    let at = 0;
    for (const away of members) {
      landed.set(parcel.copy!.view().subarray(away.offset, away.offset + away.bytes), at);
      parcel.members.delete(away);
      this.#count(parcel.tier, -away.size);
      smaller.members.add(away);
      away.parcel = smaller;
      away.offset = at;
      at += away.bytes;
    }
    this.add(smaller);
  }

  /** Gives a parcel back that nobody needs. */
  #settle(parcel: Parcel): void {
    if (!parcel.done) return;
    if (parcel.copy) this.#leaveHost(parcel);
    if (parcel.file) this.#disk.remove(parcel.file);
    parcel.file = undefined;
  }

  #leaveHost(parcel: Parcel): void {
    if (this.#onHost.delete(parcel)) this.#hostBytes -= parcel.bytes;
    parcel.copy!.release();
    parcel.copy = undefined;
  }

  #count(tier: Tier, bytes: number): void {
    const counter = tier === "host" ? COUNTER.spilledBytes : COUNTER.diskBytes;
    this.#ledger.set(counter, this.#ledger.get(counter) + bytes);
  }
}
