// What can go wrong between processes: each is an error that says what to do, and nobody falls over.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import { ensureFolder, newSocketPath, runtimeFolder } from "../../kernel/src/exchange/folder.ts";
import { encodeFrame } from "../../kernel/src/exchange/frames.ts";
import { get, list, put, release, remove } from "../../kernel/src/exchange/index.ts";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
const node = Remote.node();
after(async () => {
  await Promise.all([python.end(), node.end()]);
  folder.remove();
});

test("an unknown name: the names that there are", async () => {
  await assert.rejects(get("flights"), {
    name: "CenoteError",
    code: "UNKNOWN_NAME",
    message: /no process shares anything as "flights"\n {2}Nothing is shared now/,
  });
  await put("flights", { x: Int8Array.of(1) });
  await python.run("cenote.put('weather', pa.table({'x': [1]}))");
  await assert.rejects(get("fligths"), {
    code: "UNKNOWN_NAME",
    message: /Shared now: "flights", "weather"\. Did you mean "flights"\?/,
  });
  await assert.rejects(
    python.run("cenote.get('wether')"),
    /UnknownNameError: no process shares anything as 'wether'\n {2}Shared now: 'flights', 'weather'\. Did you mean 'weather'/,
  );
  await assert.rejects(remove("wether"), { code: "UNKNOWN_NAME" });
  await assert.rejects(python.run("cenote.delete('wether')"), /UnknownNameError/);
});

test("what isn't Arrow: what is accepted", async () => {
  for (const value of ["1", "[1]", "None", "object()"]) {
    await assert.rejects(
      python.run(`cenote.put('wrong', ${value})`),
      /NotArrowError: wanted Arrow data, found .*\n {2}Accepted: .*__arrow_c_stream__/,
    );
  }
  assert.ok((await list()).every(({ name }) => name !== "wrong"));
});

test("a bad name", async () => {
  for (const name of [
    "",
    "x".repeat(257),
    "ü".repeat(129),
    "a\nb",
    "\ud800",
    3 as unknown as string,
  ]) {
    await assert.rejects(put(name, { x: Int8Array.of(1) }), { code: "BAD_NAME" });
    await assert.rejects(get(name), { code: "BAD_NAME" });
    const code = JSON.stringify(name); // also Python's notation, surrogates included
    await assert.rejects(python.run(`cenote.put(${code}, pa.table({"x": [1]}))`), /BadNameError/);
  }
  const fine = `${"ü".repeat(126)}" '`;
  await put(fine, { x: Int8Array.of(1) });
  assert.equal(await python.run(`answer = cenote.get(${JSON.stringify(fine)}).num_rows`), 1);
});

/** How many boards of others are mapped here. */
const boards = () =>
  readFileSync("/proc/self/maps", "utf8").match(/ rw-p .*\/memfd:cenote-board/g)?.length ?? 0;

test("a stopped process is read by who knows its board, and named by others", async () => {
  const before = boards();
  const owner = Remote.python();
  await owner.run("cenote.put('stopped', pa.table({'x': [1]}))");
  assert.equal((await get("stopped")).numRows, 1);
  await until("its board is mapped", () => boards() > before);
  await release("stopped");
  owner.process.kill("SIGSTOP");
  try {
    assert.equal((await get("stopped")).numRows, 1);
    await assert.rejects(
      python.run("cenote.get('stopped')"),
      /SilentError: .* no answer came from/,
    );
    // It does not hold up what others share.
    await put("other", { x: Int8Array.of(1) });
    assert.equal((await get("other")).numRows, 1);
  } finally {
    owner.process.kill("SIGCONT");
  }
  assert.equal((await get("stopped", { wait: 20 })).numRows, 1);
  await owner.end();
});

test("sockets are for this user alone", async () => {
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
  const sockets = readdirSync(folder.path);
  assert.ok(sockets.length >= 2);
  for (const name of sockets) {
    assert.equal(statSync(join(folder.path, name)).mode & 0o777, 0o600, name);
  }
  chmodSync(folder.path, 0o755);
  ensureFolder();
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
});

test("a runtime folder that can't be used says so", () => {
  const kept = process.env["CENOTE_RUNTIME_DIR"];
  try {
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    for (const path of [file, "/proc/nowhere"]) {
      process.env["CENOTE_RUNTIME_DIR"] = path;
      assert.throws(ensureFolder, { code: "RUNTIME_FOLDER", message: /Set CENOTE_RUNTIME_DIR/ });
    }
    const long = join(folder.path, "x".repeat(90));
    mkdirSync(long);
    assert.throws(() => newSocketPath(long), { code: "RUNTIME_FOLDER", message: /107 bytes/ });
    delete process.env["CENOTE_RUNTIME_DIR"];
    process.env["XDG_RUNTIME_DIR"] = "/nowhere";
    assert.equal(runtimeFolder(), `/tmp/cenote-${process.getuid!()}`);
    process.env["XDG_RUNTIME_DIR"] = folder.path;
    assert.equal(runtimeFolder(), join(folder.path, "cenote"));
  } finally {
    process.env["CENOTE_RUNTIME_DIR"] = kept;
    delete process.env["XDG_RUNTIME_DIR"];
  }
});

/** Connects to the process's socket, sends bytes, and gives what came back when it hung up. */
async function say(pid: number, bytes: Buffer): Promise<string> {
  const name = readdirSync(folder.path).find((file) => file.startsWith(`${pid}-`));
  const socket: Socket = connect(join(folder.path, name!));
  const pieces: Buffer[] = [];
  socket.on("data", (piece) => pieces.push(piece));
  socket.write(bytes);
  await new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
  return Buffer.concat(pieces).toString("latin1");
}

test("a peer that talks nonsense gets an error, and the others are still served", async () => {
  await node.run("return cenote.put('safe-ts', { x: Int8Array.of(1) })");
  await python.run("cenote.put('safe-py', pa.table({'x': [1]}))");
  const frame = (text: string) => {
    const body = Buffer.from(text);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(body.length);
    return Buffer.concat([head, body]);
  };
  const nonsense = [
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.alloc(8, 255),
    frame("{"),
    frame("[]"),
    frame("null"),
    frame("[".repeat(60_000)),
    frame('{"op":"get"}'),
    encodeFrame({ op: "get", id: "x", name: "safe" }),
    encodeFrame({ op: "get", id: 1, name: 3 }),
    encodeFrame({ op: "get", id: 1, name: "x".repeat(1000) }),
    encodeFrame({ op: "arena", id: 1, arena: -1 }),
    encodeFrame({ op: "arena", id: 1, arena: 999 }),
    encodeFrame({ op: "arena", id: 1, arena: 1.5 }),
    encodeFrame({ op: "fetch", id: 1, lease: "y" }),
    encodeFrame({ op: "release" }),
    Buffer.concat([encodeFrame({ op: "fetch", id: 1, lease: 7 }), frame("]")]),
    Buffer.concat([encodeFrame({ op: "dance", id: 1 }), frame("]")]),
  ];
  for (const pid of [python.pid, node.pid]) {
    for (const bytes of nonsense) {
      const reply = await say(pid, bytes);
      assert.match(
        reply,
        /"error":\{"code":"(PROTOCOL|BAD_NAME|UNKNOWN_\w+)"/,
        bytes.toString().slice(0, 80),
      );
    }
  }
  assert.equal((await get("safe-ts")).numRows, 1);
  assert.equal((await get("safe-py")).numRows, 1);
});

/** Python code of a peer that lies: it answers every `get` with the description given. */
const liar = (description: string, descriptor: string) => `
import json, socket, struct, threading, secrets
path = os.path.join(os.environ["CENOTE_RUNTIME_DIR"], f"{os.getpid()}-{secrets.token_hex(4)}.sock")
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
def frame(message):
    body = json.dumps(message).encode()
    return struct.pack("<I", len(body)) + body
def talk(peer):
    peer.sendall(frame({"cenote": 1, "pid": os.getpid(), "language": "liar"}))
    pending = b""
    while True:
        data = peer.recv(65536)
        if not data: return
        pending += data
        while len(pending) >= 4 and len(pending) >= 4 + struct.unpack_from("<I", pending)[0]:
            size = struct.unpack_from("<I", pending)[0]
            message = json.loads(pending[4:4 + size]); pending = pending[4 + size:]
            if message["op"] == "get":
                good = {"name": message["name"], "version": 1, "created": 2**52, "kind": "arrow.stream", "rows": 1,
                        "bytes": 4096, "columns": [], "columnCount": 0, "offset": 0, "arena": {"id": 1, "bytes": 8192}}
                peer.sendall(frame({"id": message["id"], "object": ${description}, "lease": 1}))
            elif message["op"] == "arena":
                fd = ${descriptor}
                socket.send_fds(peer, [frame({"id": message["id"], "bytes": 8192})], [fd])
            elif message["op"] == "list":
                peer.sendall(frame({"id": message["id"], "objects": []}))
            elif message["op"] == "fetch":
                peer.sendall(frame({"id": message["id"], "bytes": 4096}) + bytes(4096))
def serve():
    while True:
        threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
threading.Thread(target=serve, daemon=True).start()
import fcntl
def memfd(size, seals=fcntl.F_SEAL_SHRINK):
    fd = os.memfd_create("lies", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd`;

const lies: [what: string, description: string, descriptor: string][] = [
  ["a range outside its arena", `{**good, "offset": 4096, "bytes": 8192}`, "memfd(8192)"],
  ["an arena that is smaller than said", "good", "memfd(4096)"],
  ["an arena that can be shrunk", "good", "memfd(8192, 0)"],
  ["a file in place of an arena", "good", "os.open('/proc/self/exe', os.O_RDONLY)"],
  ["a device in place of an arena", "good", "os.open('/dev/zero', os.O_RDWR)"],
  [
    "more bytes than an ArrayBuffer has",
    `{**good, "bytes": 5 * 2**30, "arena": {"id": 1, "bytes": 5 * 2**30}}`,
    "memfd(5 * 2**30)",
  ],
  ["negative numbers", `{**good, "bytes": -1}`, "memfd(8192)"],
  ["numbers past 2^53", `{**good, "offset": 2**60}`, "memfd(8192)"],
  ["an arena of 2^52 bytes", `{**good, "arena": {"id": 1, "bytes": 2**52}}`, "memfd(8192)"],
  ["another name", `{**good, "name": "other"}`, "memfd(8192)"],
  ["another kind", `{**good, "kind": "pickle"}`, "memfd(8192)"],
  ["no object", `"nothing"`, "memfd(8192)"],
  ["columns that are none", `{**good, "columns": [1]}`, "memfd(8192)"],
  [
    "bytes that are no Arrow stream",
    "good",
    "(lambda fd: (os.pwrite(fd, b'x' * 8192, 0), fd)[1])(memfd(8192))",
  ],
  ["a copy that is no Arrow stream", `{**good, "arena": None, "bytes": 4096}`, "memfd(8192)"],
];
for (const [what, description, descriptor] of lies) {
  test(`a peer that lies: ${what}`, async () => {
    const peer = Remote.python();
    await peer.run(liar(description, descriptor));
    try {
      await assert.rejects(get("lie"), {
        name: "CenoteError",
        code: /PROTOCOL|PEER_GONE|TOO_LARGE/,
      });
      await assert.rejects(python.run("cenote.get('lie')"), /ProtocolError|PeerGoneError/);
    } finally {
      await peer.kill();
    }
    // Whoever was lied to goes on.
    assert.equal((await get("safe-ts")).numRows, 1);
    assert.equal(await python.run("answer = cenote.get('safe-ts').num_rows"), 1);
  });
}

test("a peer that lies does not hide what others share", async () => {
  const peer = Remote.python();
  await peer.run(liar(`{**good, "bytes": -1}`, "memfd(8192)"));
  await node.run("return cenote.put('lie', { x: Int8Array.of(1, 2) })");
  try {
    assert.equal((await get("lie")).numRows, 2);
    assert.equal(await python.run("answer = cenote.get('lie').num_rows"), 2);
  } finally {
    await peer.kill();
  }
});

test("a process that shares nothing more leaves no socket", async () => {
  const short = Remote.node();
  await short.run("return cenote.put('short', { x: Int8Array.of(1) })");
  const path = readdirSync(folder.path).find((name) => name.startsWith(`${short.pid}-`))!;
  await short.end();
  assert.equal(short.process.exitCode, 0);
  assert.ok(!existsSync(join(folder.path, path)));
  const also = Remote.python();
  await also.run("cenote.put('short', pa.table({'x': [1]}))");
  await also.end();
  assert.ok(readdirSync(folder.path).every((name) => !name.startsWith(`${also.pid}-`)));
});

test("too large for apache-arrow's writer", async () => {
  // Only the shape is of that size: nothing is allocated.
  const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 1);
  const part = (text: string) => new arrow.Table({ x: arrow.vectorFromArray([text], type) });
  const table = part("a").concat(part("b")); // each with its dictionary
  Object.defineProperty(table.batches[0]!.data, "byteLength", { value: 2 ** 31 });
  await assert.rejects(put("large", table), { code: "TOO_LARGE", message: /smaller batches/ });
});

test("a peer that has gone while it is asked is no peer", async () => {
  const owner = Remote.node();
  await owner.run("return cenote.put('going', { x: Int8Array.of(1) })");
  assert.equal((await get("going")).numRows, 1);
  const asked = Promise.allSettled(Array.from({ length: 50 }, () => get("going")));
  await owner.kill();
  for (const outcome of await asked) {
    if (outcome.status === "rejected") assert.match(outcome.reason.code, /UNKNOWN_NAME|PEER_GONE/);
  }
  await until("it is gone", async () => (await list()).every(({ name }) => name !== "going"));
});
