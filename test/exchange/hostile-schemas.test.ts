// Schemas that lead apache-arrow in circles, or are small and would become gigantic: refused before it reads them.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { decode } from "../../kernel/src/exchange/decode.ts";
import { checkSchema } from "../../kernel/src/exchange/unreadable.ts";

/** A flatbuffer in the making: everything lies behind what refers to it, but where it is set to go in circles. */
class Bytes {
  readonly view = new DataView(new ArrayBuffer(1 << 16));
  at = 0;

  /** A table with these fields, by number and bytes each; gives where they lie. */
  table(sizes: Readonly<Record<number, 1 | 4>>): { at: number; fields: Record<number, number> } {
    const last = Math.max(...Object.keys(sizes).map(Number));
    const vtable = this.at;
    const at = vtable + 8 + 4 * last; // the vtable's entries are of two bytes
    const fields: Record<number, number> = {};
    let end = at + 4;
    for (const [field, size] of Object.entries(sizes)) {
      fields[Number(field)] = end;
      this.view.setUint16(vtable + 4 + 2 * Number(field), end - at, true);
      end += Math.max(size, 4);
    }
    this.view.setUint16(vtable, 4 + 2 * (last + 1), true);
    this.view.setUint16(vtable + 2, end - at, true);
    this.view.setInt32(at, at - vtable, true);
    this.at = end;
    return { at, fields };
  }

  /** A vector of that many tables, which are still to be pointed to; gives where. */
  vector(count: number): number[] {
    const at = this.at;
    this.view.setUint32(at, count, true);
    this.at += 4 + 4 * count;
    return Array.from({ length: count }, (_, i) => at + 4 + 4 * i);
  }

  text(bytes: number): number {
    const at = this.at;
    this.view.setUint32(at, bytes, true);
    this.view.setUint8(at + 4, 0x61);
    this.at += 4 * Math.ceil((4 + bytes + 1) / 4);
    return at;
  }

  point(from: number, to: number): void {
    this.view.setInt32(from, to - from, true);
  }
}

const [MESSAGE_TYPE, HEADER, FIELDS, NAME, TYPE, TYPE_TABLE, CHILDREN, METADATA] = [
  1, 2, 1, 0, 2, 3, 5, 6,
];
const [SCHEMA, STRUCT] = [1, 13];

/** A stream's schema: `levels` of structs with `width` children each, which are all the same next one. */
function schema(levels: number, width: number, circle = false, metadata = 0): Uint8Array {
  const bytes = new Bytes();
  bytes.at = 16;
  const message = bytes.table({ [MESSAGE_TYPE]: 1, [HEADER]: 4 });
  bytes.point(8, message.at);
  bytes.view.setUint8(message.fields[MESSAGE_TYPE]!, SCHEMA);
  const head = bytes.table({ [FIELDS]: 4 });
  bytes.point(message.fields[HEADER]!, head.at);
  let slots = [head.fields[FIELDS]!];
  let first: number | undefined;
  for (let level = 0; level < levels; level++) {
    const children = bytes.at;
    const places = bytes.vector(width);
    for (const slot of slots) bytes.point(slot, children);
    const field = bytes.table({
      [NAME]: 4,
      [TYPE]: 1,
      [TYPE_TABLE]: 4,
      [CHILDREN]: 4,
      [METADATA]: 4,
    });
    first ??= field.at;
    for (const place of places) bytes.point(place, field.at);
    bytes.view.setUint8(field.fields[TYPE]!, STRUCT);
    const type = bytes.table({ 0: 4 });
    bytes.point(field.fields[TYPE_TABLE]!, type.at);
    const entries = bytes.at;
    const entryPlaces = bytes.vector(metadata);
    bytes.point(field.fields[METADATA]!, entries);
    const entry = bytes.table({ 0: 4, 1: 4 });
    for (const place of entryPlaces) bytes.point(place, entry.at);
    const text = bytes.text(metadata > 0 ? 20_000 : 1);
    bytes.point(entry.fields[0]!, text);
    bytes.point(entry.fields[1]!, text);
    bytes.point(field.fields[NAME]!, text);
    slots = [field.fields[CHILDREN]!];
  }
  const last = bytes.at;
  const [end] = bytes.vector(circle ? 1 : 0);
  for (const slot of slots) bytes.point(slot, last);
  if (circle) bytes.point(end!, first!);
  bytes.view.setUint32(0, 0xffffffff, true);
  bytes.view.setUint32(4, bytes.at - 8, true);
  return new Uint8Array(bytes.view.buffer, 0, bytes.at);
}

const owner = { pid: 1, language: "python" };
const described = (columnCount: number) => {
  const table = { name: "t", version: 1, rows: 0, bytes: 1, columns: [], columnCount, owner };
  return { table: { ...table, created: new Date(0) }, createdUs: 0, offset: 0, arena: undefined };
};

test("a schema that is meant well is read", () => {
  const bytes = schema(3, 2);
  checkSchema(bytes);
  const { fields } = decode(arrow, bytes, described(2)).schema;
  assert.equal(
    String(fields[0]!.type),
    "Struct<{a:Struct<{a:Struct<{}>, a:Struct<{}>}>, a:Struct<{a:Struct<{}>, a:Struct<{}>}>}>",
  );
});

for (const [what, bytes, why] of [
  ["40 levels that double", schema(40, 2), /more than 1000000 fields/],
  ["columns that are a million, 100 times", schema(3, 1000), /more than 1000000 fields/],
  ["a struct within itself", schema(3, 1, true), /leads|outside|nested|Offset/i],
  ["too many levels", schema(65, 1), /nested more than 64 deep/],
  ["one long text, thousands of times", schema(1, 2, false, 3000), /67108864 bytes of their texts/],
] as const) {
  test(`refused before it is read: ${what}`, () => {
    assert.throws(() => decode(arrow, bytes, described(1)), { code: "PROTOCOL", message: why });
  });
}
