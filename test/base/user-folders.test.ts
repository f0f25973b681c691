// Where the user's caches lie, also for a user who has no home.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cacheFolder, dataFolder } from "../../kernel/src/base/index.ts";

const UNKNOWN_USER = 54_321;

test("folders follow XDG's variables", () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/a" }), join("/a", "cenote"));
  assert.equal(dataFolder({ XDG_DATA_HOME: "/b" }), join("/b", "cenote"));
});

test("a user without HOME and without an entry in the system's list has a folder", {
  skip: process.getuid?.() !== 0 && "only root can become another user",
}, () => {
  const parent = mkdtempSync(join(tmpdir(), "ct-"));
  chmodSync(parent, 0o777);
  const url = new URL("../../kernel/src/base/user-folders.ts", import.meta.url).href;
  const code = `import { cacheFolder } from ${JSON.stringify(url)};
    process.setuid(${UNKNOWN_USER});
    delete process.env.HOME;
    console.log(cacheFolder({}));`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    env: { ...process.env, TMPDIR: parent },
    encoding: "utf8",
  });
  const home = join(parent, `cenote-home-${UNKNOWN_USER}`);
  try {
    assert.equal(child.stdout.trim(), join(home, ".cache", "cenote"), child.stderr);
    assert.equal(lstatSync(home).mode & 0o777, 0o700);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
