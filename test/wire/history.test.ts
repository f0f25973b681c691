// The history file: sessions are numbered, cells are kept over restarts, and it doesn't grow for ever.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { History } from "../../kernel/src/wire/history.ts";

const ALL = { hist_access_type: "tail" };

function inFolder(run: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "cenote-history-"));
  try {
    run(join(folder, "history.jsonl"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const lines = (file: string) => readFileSync(file, "utf8").trimEnd().split("\n");
const entry = (session: number, line: number) =>
  `${JSON.stringify([session, line, `cell ${line}`])}\n`;

test("a session has the number after the last, and sees what came before", () => {
  inFolder((file) => {
    const first = new History(file);
    first.append(1, "a");
    const second = new History(file);
    second.append(1, "b");
    first.append(2, "c");
    second.append(2, "d");
    assert.deepEqual(second.select(ALL), [
      [1, 1, "a"],
      [2, 1, "b"],
      [1, 2, "c"],
      [2, 2, "d"],
    ]);
    second.append(3, "e");
    assert.deepEqual(second.select({ ...ALL, n: 1 }), [[2, 3, "e"]]);
    assert.deepEqual(second.select({ hist_access_type: "range", session: 0 }).length, 3);
    assert.equal(new History(file).select({ hist_access_type: "range", session: -1 }).length, 3);
  });
});

test("a file that is deleted while kernels run is begun anew", () => {
  inFolder((folder) => {
    const file = join(folder, "deep", "history.jsonl");
    const [first, second] = [new History(file), new History(file)];
    first.append(1, "a");
    second.append(1, "b");
    rmSync(folder, { recursive: true });
    first.append(2, "c");
    second.append(2, "d");
    assert.deepEqual(lines(file), ['[1,2,"c"]', '[2,2,"d"]']);
  });
});

test("lines that were torn are passed over", () => {
  inFolder((file) => {
    writeFileSync(file, `${entry(3, 1)}[4, 1, "to\n{}\n5\n${entry(3, 2)}`);
    const history = new History(file);
    assert.deepEqual(history.select(ALL), [
      [3, 1, "cell 1"],
      [3, 2, "cell 2"],
    ]);
    history.append(1, "x");
    assert.deepEqual(history.select(ALL).at(-1), [4, 1, "x"]);
  });
});

test("a file that has grown to twice its size loses its older half when it is opened", () => {
  inFolder((file) => {
    const all = Array.from({ length: 20_001 }, (_, i) => entry(1 + Math.floor(i / 5000), i));
    writeFileSync(file, all.join(""));
    const history = new History(file);
    history.append(1, "new");
    const kept = lines(file);
    assert.equal(kept.length, 10_001);
    assert.equal(kept[0], entry(3, 10_001).trimEnd());
    assert.deepEqual(history.select({ ...ALL, n: 1 }), [[6, 1, "new"]]);
  });
});

test("where the file can't be written, the session is remembered", () => {
  inFolder((file) => {
    writeFileSync(file, entry(1, 1));
    const beneath = new History(join(file, "history.jsonl"));
    beneath.append(1, "a");
    beneath.append(2, "b");
    assert.deepEqual(beneath.select(ALL), [
      [1, 1, "a"],
      [1, 2, "b"],
    ]);
  });
});
