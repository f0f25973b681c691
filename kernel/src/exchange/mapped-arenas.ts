// The arenas that this process has mapped, by who owns them: each is fetched once and mapped once.
import { CenoteError, type Native } from "../base/index.ts";
import { countViewsWithHeap } from "./external-memory.ts";
import { encodeFrame, protocolError } from "./frames.ts";
import { MappedArena } from "./mappings.ts";
import { ownerText, type SharedTable } from "./shared.ts";

/** Who owns an arena: a peer, or this process itself, whose own server passes its descriptors too. */
export interface ArenaOwner {
  /** Its socket. */
  readonly path: string | undefined;
  /** Whether it has dropped the arena, or has ended. */
  hasDropped: (arena: number) => boolean;
}

interface Mapping {
  coming: Promise<MappedArena>;
  arena?: MappedArena;
}

export class MappedArenas {
  readonly #byOwner = new Map<ArenaOwner, Map<number, Mapping>>();
  readonly #native: Native;
  readonly #patienceMs: number;

  constructor(addon: Native, patienceMs: number) {
    this.#native = addon;
    this.#patienceMs = patienceMs;
    countViewsWithHeap();
  }

  /** The owner's arena, mapped. Rejects with PEER_GONE or PROTOCOL. */
  async find(
    owner: ArenaOwner,
    wanted: { id: number; bytes: number },
    who: SharedTable["owner"],
  ): Promise<MappedArena> {
    const known = this.#byOwner.get(owner) ?? new Map<number, Mapping>();
    this.#byOwner.set(owner, known);
    let mapping = known.get(wanted.id);
    if (!mapping) {
      mapping = { coming: this.#map(owner.path!, wanted, ownerText(who)) };
      known.set(wanted.id, mapping);
      mapping.coming.catch(() => known.delete(wanted.id));
    }
    const arena = (mapping.arena ??= await mapping.coming);
    if (arena.bytes !== wanted.bytes) {
      throw protocolError(`${ownerText(who)}: an arena has changed its size`);
    }
    return arena;
  }

  async #map(
    path: string,
    wanted: { id: number; bytes: number },
    who: string,
  ): Promise<MappedArena> {
    const request = encodeFrame({ op: "arena", id: 1, arena: wanted.id });
    let fd: number;
    try {
      fd = await this.#native.receiveDescriptor(path, request, this.#patienceMs);
    } catch (error) {
      const why = (error as Error).message;
      throw new CenoteError("PEER_GONE", `${who} has not passed its arena (${why})`);
    }
    try {
      return new MappedArena(this.#native, fd, wanted.bytes);
    } catch (error) {
      throw protocolError(`${who}: its arena can't be mapped (${(error as Error).message})`);
    }
  }

  /** Unmaps arenas that are unused here and that their owner has dropped, or ended with. */
  forgetDropped(): void {
    for (const [owner, arenas] of this.#byOwner) {
      for (const [id, { arena }] of arenas) {
        if (!arena?.unused || !owner.hasDropped(id)) continue;
        arenas.delete(id);
        arena.close();
      }
      if (arenas.size === 0) this.#byOwner.delete(owner);
    }
  }

  /** How many arenas are mapped, and their bytes. */
  get sizes(): { count: number; bytes: number } {
    let [count, bytes] = [0, 0];
    for (const arenas of this.#byOwner.values()) {
      for (const { arena } of arenas.values()) {
        if (!arena) continue;
        count++;
        bytes += arena.bytes;
      }
    }
    return { count, bytes };
  }
}
