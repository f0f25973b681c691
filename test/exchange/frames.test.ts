import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeFrame, FrameDecoder, type Message } from "../../kernel/src/exchange/frames.ts";

/** Cuts bytes into pieces of the given sizes, and the rest. */
function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (const size of sizes) {
    pieces.push(bytes.subarray(0, size));
    bytes = bytes.subarray(size);
  }
  return [...pieces, bytes].filter((piece) => piece.length > 0);
}

test("messages come out as they went in, however the stream is cut", () => {
  const message = fc.dictionary(
    fc.string(),
    fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    {
      noNullPrototype: true,
    },
  );
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 9 })), (messages, sizes) => {
      const decoder = new FrameDecoder(1 << 16);
      const found: Message[] = [];
      for (const piece of cut(Buffer.concat(messages.map(encodeFrame)), sizes)) {
        decoder.feed(piece);
        for (let next: Message | undefined; (next = decoder.next()); ) found.push(next);
      }
      // As JSON: it can't tell a "__proto__" key of its own from the prototype's in deepEqual.
      assert.equal(JSON.stringify(found), JSON.stringify(messages));
    }),
  );
});

test("raw bytes after a message go to their target, and the next message follows", () => {
  const raw = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 255));
  const stream = Buffer.concat([encodeFrame({ id: 1 }), raw, encodeFrame({ id: 2 })]);
  const decoder = new FrameDecoder(100);
  const target = new Uint8Array(raw.length);
  const found: Message[] = [];
  for (const piece of cut(stream, new Array(200).fill(7))) {
    decoder.feed(piece);
    if (!decoder.takeRaw()) continue;
    const next = decoder.next();
    if (!next) continue;
    found.push(next);
    if (next["id"] === 1) decoder.expectRaw(target);
  }
  assert.deepEqual(found, [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(Buffer.from(target), raw);
});

test("what is no frame is refused", () => {
  const refuse = (bytes: Buffer) => {
    const decoder = new FrameDecoder(100);
    decoder.feed(bytes);
    assert.throws(() => decoder.next(), { code: "PROTOCOL" });
  };
  refuse(Buffer.from([101, 0, 0, 0]));
  refuse(Buffer.from([255, 255, 255, 255, 1]));
  refuse(Buffer.from([1, 0, 0, 0, 0x7b]));
  refuse(Buffer.from("\x02\0\0\0[]", "latin1"));
  refuse(Buffer.from("\x04\0\0\0null", "latin1"));
});

test("whether part of a frame has come is known", () => {
  const decoder = new FrameDecoder(1 << 16);
  const frame = encodeFrame({ id: 1 });
  for (const piece of cut(frame.subarray(0, -1), [2, 3])) {
    decoder.feed(piece);
    assert.equal(decoder.next(), undefined);
    assert.ok(decoder.isPartial);
  }
  decoder.feed(frame.subarray(-1));
  assert.deepEqual(decoder.next(), { id: 1 });
  assert.ok(!decoder.isPartial);
});
