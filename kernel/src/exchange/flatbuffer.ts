// Reads flatbuffers, in which the messages of Arrow streams are written: https://flatbuffers.dev/internals.

/** A table of a flatbuffer. Throws RangeError where it leads outside of the bytes. */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  static root({ buffer, byteOffset, byteLength }: Uint8Array): FlatTable {
    const view = new DataView(buffer, byteOffset, byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  byte(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  table(field: number): FlatTable | undefined {
    const at = this.#find(field);
    return at === undefined ? undefined : new FlatTable(this.#view, this.#target(at));
  }

  /** The tables of a vector, one by one: there may be as many as it says. */
  *tables(field: number): Generator<FlatTable> {
    const at = this.#find(field);
    if (at === undefined) return;
    const vector = this.#target(at);
    const count = this.#view.getUint32(vector, true);
    if (vector + 4 + 4 * count > this.#view.byteLength) throw new RangeError("a vector too long");
    for (let i = 0; i < count; i++) {
      yield new FlatTable(this.#view, this.#target(vector + 4 + 4 * i));
    }
  }

  /** "" where there is none. */
  text(field: number): string {
    const at = this.#find(field);
    if (at === undefined) return "";
    const { buffer, byteOffset } = this.#view;
    const text = byteOffset + this.#target(at) + 4;
    return new TextDecoder().decode(new Uint8Array(buffer, text, this.textBytes(field)));
  }

  /** How long a text is; 0 where there is none. */
  textBytes(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : this.#view.getUint32(this.#target(at), true);
  }

  /** Where a field lies; undefined where it has its default. */
  #find(field: number): number | undefined {
    const vtable = this.#at - this.#view.getInt32(this.#at, true);
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#view.getUint16(vtable, true)) return undefined;
    const offset = this.#view.getUint16(vtable + entry, true);
    return offset === 0 ? undefined : this.#at + offset;
  }

  #target(at: number): number {
    return at + this.#view.getUint32(at, true);
  }
}
