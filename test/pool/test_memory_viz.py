"""Pickles of PyTorch's memory_viz format: ours are read by Python, and Python's by our replay."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = str(ROOT / "node_modules" / "node" / "bin" / "node")
CLI = str(ROOT / "kernel" / "src" / "cli" / "index.ts")

# A pool's life with moves, slabs given back and a failure; on request with older events lost.
LIFE = """
import { openBooks, runInCell } from "%(src)s/base/index.ts";
import { Pool, SimulatedMemory } from "%(src)s/pool/index.ts";
const pool = new Pool(new SimulatedMemory(), { books: openBooks(), budget: "64 MiB" });
const live = [];
let seed = 1;
const next = (below) => (seed = (seed * 48271) %% 2147483647) %% below;
const old = [pool.allocate(70000, { tag: "old" }), pool.allocate(90000, { tag: "old, freed" })];
for (let i = 0; i < Number(process.argv[2]); i++) pool.allocate(1000).dispose();
for (let i = 0; i < 600; i++) {
  if (live.length > 0 && next(2) === 0) live.splice(next(live.length), 1)[0].dispose();
  else live.push(runInCell(next(9) + 1, () => pool.allocate(next(200000), { tag: "t" + next(5) })));
  if (i %% 50 === 49) pool.compact();
}
old[1].dispose();
try { pool.allocate(2 ** 28, { tag: "much" }); } catch {}
const { live: bytes, reserved, requested } = pool.stats();
await pool.snapshot().save(process.argv[1]);
console.log(JSON.stringify({ live: bytes, reserved, requested, held: live.length + 1 }));
"""


# What `npx cenote replay` reads of each file: the figures, or what it says is wrong.
READ = """
import { readTrace } from "%(src)s/cli/read.ts";
import { POLICIES, replay } from "%(src)s/pool/index.ts";
const read = async (file) => replay(await readTrace(file), () => POLICIES.direct.make({}), false);
const told = process.argv.slice(1).map((file) => read(file).catch((error) => error.message));
console.log(JSON.stringify(await Promise.all(told)));
"""


def node(code: str, *arguments: str | Path) -> object:
    """What the program prints last, as JSON."""
    source = code % {"src": (ROOT / "kernel" / "src").as_uri()}
    command = [NODE, "--input-type=module", "--eval", source, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("many", [0, 70_000], ids=["whole", "oldest events lost"])
def test_python_reads_ours(tmp_path: Path, many: int) -> None:
    file = tmp_path / "life.pickle"
    stats = node(LIFE, file, str(many))
    assert isinstance(stats, dict)
    snapshot = pickle.loads(file.read_bytes())

    # Segments are our slabs, tiled by their blocks, without overlapping.
    segments = sorted(snapshot["segments"], key=lambda s: s["address"])
    assert sum(s["total_size"] for s in segments) == stats["reserved"]
    at_end = {}
    end = 0
    for segment in segments:
        assert segment["device"] == 0 and segment["address"] >= end
        address = segment["address"]
        for block in segment["blocks"]:
            assert block["address"] == address
            assert block["size"] >= block["requested_size"]
            address += block["size"]
            if block["state"] == "active_allocated":
                at_end[block["address"]] = block["requested_size"]
                (frame,) = block["frames"]
                assert frame["name"] and isinstance(frame["line"], int)
            else:
                assert block["state"] == "inactive"
        end = address
        assert end == segment["address"] + segment["total_size"]
        active = [b["size"] for b in segment["blocks"] if b["state"] == "active_allocated"]
        assert segment["allocated_size"] == sum(active)
    assert sum(s["allocated_size"] for s in segments) == stats["live"]
    assert sum(at_end.values()) == stats["requested"] and len(at_end) == stats["held"]

    # The trace leads there: what it says of each address agrees with the blocks at the end.
    (trace,) = snapshot["device_traces"]
    live, before, actions, time = {}, {}, set(), 0
    for entry in trace:
        action, address, size = entry["action"], entry.get("addr"), entry["size"]
        actions.add(action)
        assert entry["time_us"] >= time and isinstance(entry["time_us"], int)
        time = entry["time_us"]
        if action == "alloc":
            assert address not in live
            live[address] = size
        elif action == "free_requested" and address not in live:
            before[address] = live[address] = size
        elif action == "free_completed":
            assert live.pop(address) == size
        elif action == "oom":
            assert (size, entry["device_free"]) == (2**28, 2**26 - stats["live"])
            assert entry["frames"][0]["name"] == "much"
    wanted = {"alloc", "free_requested", "free_completed", "segment_alloc", "segment_free"}
    assert actions >= {*wanted, "oom", "snapshot"}
    # Blocks from before the oldest event have no allocation in it.
    old = [size for address, size in at_end.items() if address not in live]
    assert old == ([70000] if many else [])
    assert {a: s for a, s in at_end.items() if a in live} == live
    assert (90000 in before.values()) == bool(many) and set(before.values()) <= {1000, 90000}


def torch_snapshot(events: int) -> tuple[dict, dict]:
    """A snapshot as torch.cuda.memory._snapshot() gives it, and what its replay must find."""
    rng = random.Random(events)
    base = 0x7F0000000000
    live, peak, total = {base + 4096: 3000, base + 65536: 5000}, 8000, 8000
    started = dict(live)
    trace = []
    frames = [{"filename": "train.py", "line": 7, "name": "forward"}]

    def entry(action: str, addr: int, size: int) -> None:
        fields = {"action": action, "addr": addr, "size": size, "stream": 0}
        trace.append(fields | {"frames": frames, "time_us": len(trace)})

    entry("segment_alloc", base, 2**21)
    for n in range(events):
        if live and rng.random() < 0.45:
            addr = rng.choice(sorted(live))
            size = live.pop(addr)
            total -= size
            entry("free_requested", addr, size)
            entry("free_completed", addr, size)
        else:
            addr, size = base + 2**22 + n * 2**20, rng.randrange(1, 2**20)
            live[addr] = size
            total += size
            peak = max(peak, total)
            entry("alloc", addr, size)
    entry("oom", 0, 2**40)
    trace[-1]["device_free"] = 17
    segments = [
        {
            **{"device": 1, "address": addr, "total_size": 2**20, "stream": 0},
            "blocks": [
                {"size": size + 512, "requested_size": size, "state": "active_allocated"},
                {"size": 2**20 - size - 512, "requested_size": 0, "state": "inactive"},
            ],
        }
        for addr, size in live.items()
    ]
    snapshot = {
        "segments": segments,
        "device_traces": [[], trace],
        "allocator_settings": {"max_split_size": -1, "expandable": False, "pi": 3.5, "none": None},
        "external_annotations": [],
    }
    ops = len(started) + sum(e["action"] in ("alloc", "free_completed") for e in trace)
    return snapshot, {"ops": ops, "peakLiveBytes": peak, "failures": 0, "unmatchedFrees": 0}


def test_our_replay_reads_pythons(tmp_path: Path) -> None:
    files, wanted = [], []
    for protocol in (2, 3, 4, 5):
        snapshot, figures = torch_snapshot(300 + protocol)
        files.append(tmp_path / f"torch-{protocol}.pickle.gz")
        files[-1].write_bytes(gzip.compress(pickle.dumps(snapshot, protocol)))
        wanted.append(figures)
    found = node(READ, *files)
    assert isinstance(found, list)
    assert [{field: report[field] for field in wanted[0]} for report in found] == wanted


class Evil:
    def __reduce__(self) -> tuple:
        return os.system, ("touch pwned",)


BAD = {
    "code": (Evil(), "wanted plain values, found opcode"),
    "no events": ({"device_traces": [[]]}, "has no events"),
    "no dict": ([1, 2], "wanted a snapshot (a dict), found a list of 2"),
    "no address": ({"device_traces": [[{"action": "alloc"}]]}, "event 0: wanted addr"),
    "no list": ({"device_traces": {}}, "wanted device_traces (a list), found a dict"),
}


def test_bad_pickles_are_told_and_nothing_is_run(tmp_path: Path) -> None:
    for name, (value, _) in BAD.items():
        (tmp_path / name).write_bytes(pickle.dumps(value))
    cut = tmp_path / "cut off"
    cut.write_bytes(pickle.dumps({"a": 1})[:-3])
    told = node(READ, *(tmp_path / name for name in BAD), cut)
    assert isinstance(told, list)
    for (name, (_, wanted)), message in zip(BAD.items(), told, strict=False):
        assert name in message and wanted in message
    assert "in the middle" in told[-1]
    assert not (ROOT / "pwned").exists()


def test_the_command_says_it_with_status_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.pickle"
    file.write_bytes(pickle.dumps(Evil()))
    done = subprocess.run([NODE, CLI, "replay", str(file)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "bad.pickle: wanted plain values" in done.stderr
    assert "    at " not in done.stderr
