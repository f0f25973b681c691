// A snapshot as a page: its figures are the snapshot's to the byte, its levels follow the events, and nothing
// that a tag says becomes markup.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { books, cellBegan, cellEnded, openBooks, runInCell } from "../../kernel/src/base/index.ts";
import { Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";
import { levelsOf, thinned } from "../../kernel/src/pool/snapshot/page/levels.ts";
import { begin, deeds, live } from "./life.ts";

/** Texts of the table rows that follow a heading. */
function rowsUnder(html: string, heading: string): string[][] {
  const from = html.indexOf(`>${heading}</div>`);
  assert.ok(from >= 0, `the heading ${heading}`);
  const table = html.slice(html.indexOf("<table", from), html.indexOf("</table>", from));
  return [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row!.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell]) =>
      cell!.replace(/<[^>]*>/g, ""),
    ),
  );
}

const bytes = (text: string) => Number(text.replaceAll(",", ""));

test("levels follow the events to the counts, whatever happened", () => {
  fc.assert(
    fc.property(deeds, (list) => {
      const life = begin();
      for (const deed of list) live(life, deed);
      const { data } = life.pool.snapshot();
      const { levels } = levelsOf(data);
      const [before, last] = [levels.at(-2)!, levels.at(-1)!];
      assert.equal(last.live, data.counts.live);
      assert.equal(before.live, data.counts.live, "replayed from the events");
      assert.equal(before.reserved, data.counts.reserved);
      assert.equal(Math.max(...levels.map((level) => level.live)), data.counts.peakLive);
    }),
    { numRuns: 50 },
  );
});

test("holders and cells are told to the byte", () => {
  const pool = new Pool(new SimulatedMemory(), { books: books(), budget: 64 * 2 ** 20 });
  const held = [pool.allocate(5000, { tag: "before" })];
  cellBegan(3);
  runInCell(3, () => {
    held.push(pool.allocate(1_000_001, { tag: "<b>weights</b>" }));
    const passing = pool.allocate(3_000_000, { tag: "passing" });
    passing.dispose();
  });
  cellEnded(3);
  pool.mark("<i>epoch</i>");
  const snapshot = pool.snapshot();
  const html = snapshot.toHtml();
  const [, ...holders] = rowsUnder(html, "Who holds it");
  const sizes = Object.fromEntries(holders.map(([tag, , , , , size]) => [tag, bytes(size!)]));
  assert.deepEqual(sizes, { "&lt;b&gt;weights&lt;/b&gt;": 1_000_192, before: 5120 });
  const [, [, cell, , before, , peak, , after, , allocated, , freed] = []] = rowsUnder(
    html,
    "Cells",
  );
  assert.equal(cell, "cell [3]");
  const figures = [before, peak, after, allocated, freed].map((text) => bytes(text!));
  const passing = Math.ceil(3_000_000 / 256) * 256;
  const both = 1_000_192 + passing;
  assert.deepEqual(figures, [5120, 5120 + both, 5120 + 1_000_192, both, passing]);
  assert.ok(html.includes(`${pool.stats().live.toLocaleString("en")} bytes`));
  assert.ok(String(snapshot.export("html")).includes("&lt;i&gt;epoch&lt;/i&gt;"));
  assert.doesNotMatch(html, /<script|<i>|<b>|https?:\/\/(?!www\.w3\.org)/);
  const file = String(snapshot.export("html"));
  assert.equal(file.match(/<svg/g)?.length, 2);
  const drawings = [...html.matchAll(/src="data:image\/svg\+xml;base64,([^"]*)"/g)].map(
    ([, text]) => Buffer.from(text!, "base64").toString(),
  );
  assert.equal(drawings.length, 2);
  for (const drawing of drawings) assert.ok(file.includes(drawing));
  assert.ok(held.length === 2);
});

test("an empty pool has a page too, and a file is a whole document", () => {
  const snapshot = new Pool(new SimulatedMemory(), { books: openBooks() }).snapshot();
  assert.match(snapshot.toHtml(), /Nothing is live\./);
  const file = String(snapshot.export("html"));
  assert.match(file, /^<!doctype html>/);
  assert.match(file, /<\/html>\s*$/);
});

test("thinning keeps each column's first, lowest, highest and last level", () => {
  const level = (time: number, live: number) => ({ time, live, reserved: 9, spilled: 0 });
  const levels = [3, 1, 7, 5, 2].map((live, i) => level(i, live));
  const kept = thinned([...levels, level(20, 4)], (time) => Math.floor(time / 10));
  assert.deepEqual(
    kept.map(({ live }) => live),
    [3, 1, 7, 2, 4],
  );
});

test("a page of a hundred thousand events stays small", () => {
  const pool = new Pool(new SimulatedMemory(), { books: openBooks() });
  const held = Array.from({ length: 20_000 }, (_, i) => pool.allocate(256 * (1 + (i % 50))));
  for (let i = 0; i < 40_000; i++) pool.allocate(1000).dispose();
  const size = pool.snapshot().toHtml().length;
  assert.ok(size < 1_500_000, `${size} characters`);
  assert.equal(held.length, 20_000);
});
