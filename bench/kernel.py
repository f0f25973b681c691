"""Measures the kernel beside its peers, interleaved.

npm run bench -- kernel [--runs 3] [--out FILE] [KERNEL …]

Peers: Deno and tslab (npm packages, installed into build/peers on first use) and ipykernel. Every
figure is the median over the runs; a run measures each kernel once, and each figure is printed as
it comes. Times are of the whole way, from sending a request to both its reply and its idle.

"types loaded": completion and inspection once the kernel's answers show that it knows types, where
it ever does (Deno looks at living values). "new text" changes the cell each time, as typing does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_kernel import Kernel, text

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
NODE = ROOT / "node_modules" / "node" / "bin" / "node"
PACKAGES = ["deno@2.9.6", "tslab@1.0.22"]
LINES = 100_000
DECLARATIONS = 2_000
STARTS = 5
ROUNDS = 30
LOOP = """let s = 0; for (let i = 0; i < 1e8; i++) s = (s + i) | 0; s"""
FLOAT_LOOP = """let f = 0; for (let i = 0; i < 1e8; i++) f += i * 0.5; f"""

Figures = dict[str, float | str | None]


class Recorder:
    """A run's figures, each printed as it is measured."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.figures: Figures = {}

    def add(self, title: str, value: float | str) -> None:
        self.figures[title] = value
        shown = f"{value:,.2f}" if isinstance(value, float) else value
        print(f"  {self.name}: {title}: {shown}", file=sys.stderr, flush=True)


def typescript(knows_types: bool) -> dict[str, Any]:
    return {
        "knows types": knows_types,
        "declare": lambda i: f"let v{i}: number = {i};",
        "print": f"for (let i = 0; i < {LINES}; i++) console.log('line ' + i)",
        "complete": "JSON.pars",
        "inspect": "JSON",
        "keep": "let keep = 42",
        "busy": "while (true) {}",
        "wait": "await new Promise((r) => setTimeout(r, 60000))",
        "loops": {"integer loop": LOOP, "float loop": FLOAT_LOOP},
    }


PROFILES: dict[str, dict[str, Any]] = {
    "cenote": typescript(knows_types=True),
    "deno": typescript(knows_types=False),
    "tslab": typescript(knows_types=True),
    "python3": {
        "declare": lambda i: f"v{i}: int = {i}",
        "print": f"for i in range({LINES}): print('line', i)",
        "complete": "import json; json.load",
        "inspect": "zip",
        "keep": "keep = 42",
        "busy": "while True: pass",
        "wait": "import asyncio; await asyncio.sleep(60)",
        "loops": {},
    },
}


def install_peers(folder: Path) -> None:
    """Installs Deno and tslab with npm, and their kernelspecs into `folder`."""
    if not (PEERS / "node_modules" / "deno").exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        (PEERS / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--no-audit", "--no-fund", *PACKAGES]
        subprocess.run(command, cwd=PEERS, check=True)
    modules = PEERS / "node_modules"
    deno = next(modules.glob("@deno/*/deno"))
    specs = {
        "deno": [str(deno), "jupyter", "--kernel", "--conn", "{connection_file}"],
        "tslab": [str(NODE), str(modules / "tslab/bin/tslab"), "kernel", "--config-path"]
        + ["{connection_file}"],
    }
    for name, argv in specs.items():
        (folder / "kernels" / name).mkdir(parents=True)
        spec = {"argv": argv, "display_name": name, "language": "typescript"}
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(spec))


def median_ms(times: list[float]) -> float:
    return statistics.median(times) * 1000


def more_starts(name: str) -> list[float]:
    """One start says little: a client that is there before the sockets tries again each 100 ms."""
    return [Kernel.start_once(name) for _ in range(STARTS - 1)]


def measure_cells(name: str, record: Recorder) -> None:
    profile = PROFILES[name]
    kernel = Kernel(name)
    try:
        record.add("start, ms", median_ms([kernel.started, *more_starts(name)]))
        record.add("memory at start, MiB", kernel.memory())
        record.add("first cell, ms", kernel.run("1+1")[0] * 1000)
        cells = [kernel.run(f"1+{i}")[0] for i in range(200)]
        record.add("cell p50, ms", median_ms(cells[10:]))
        record.add("completion p50, ms", completions(kernel, lambda _: profile["complete"]))
        record.add("inspection p50, ms", inspections(kernel, lambda _: profile["inspect"]))
        kernel.drain()
        for i in range(DECLARATIONS):
            kernel.run(profile["declare"](i))
        after = [kernel.run(f"1+{i}")[0] for i in range(100)]
        record.add(f"cell p50 after {DECLARATIONS:,} declarations, ms", median_ms(after))
        for title, code in profile["loops"].items():
            record.add(f"{title} of 1e8 at the top level, ms", kernel.run(code)[0] * 1000)
    finally:
        kernel.end()


def measure_types(name: str, record: Recorder) -> None:
    """Questions to a kernel whose answers show that it knows types, if it ever does."""
    profile = PROFILES[name]
    if "knows types" not in profile:
        return
    kernel = Kernel(name)
    try:
        kernel.run("interface Typed { only: number }")
        kernel.run("const table = { delay: 1, distance: 2, rows: [1, 2] };")
        while profile["knows types"]:
            code = "(null as unknown as Typed)."
            matches = kernel.request(kernel.client.complete, code)[1]["matches"]
            if [match.removeprefix(code) for match in matches] == ["only"]:
                break
            time.sleep(0.05)
        questions = {
            "completion p50, types loaded, ms": lambda _: "JSON.pars",
            "completion p50, types loaded, new text, ms": lambda i: f"JSON.parse('{i}'); JSON.pars",
            "completion p50, types loaded, of a variable, ms": lambda i: f"{i}; table.de",
        }
        for title, code_of in questions.items():
            record.add(title, completions(kernel, code_of))
        record.add("inspection p50, types loaded, ms", inspections(kernel, lambda _: "JSON"))
        title = "inspection p50, types loaded, new text, ms"
        record.add(title, inspections(kernel, lambda i: f"{i}; JSON"))
        record.add("memory with types, MiB", kernel.memory())
    finally:
        kernel.end()


def completions(kernel: Kernel, code_of: Callable[[int], str]) -> float:
    codes = [code_of(i) for i in range(ROUNDS)]
    return median_ms([kernel.request(kernel.client.complete, code)[0] for code in codes])


def inspections(kernel: Kernel, code_of: Callable[[int], str]) -> float:
    """Of the name that the code ends with."""
    codes = [code_of(i) for i in range(ROUNDS)]
    return median_ms([kernel.request(kernel.client.inspect, code)[0] for code in codes])


def measure_output(name: str, record: Recorder) -> None:
    kernel = Kernel(name)
    try:
        kernel.run("1+1")
        took, messages = kernel.run(PROFILES[name]["print"])
        before = text(messages).count("\n")
        late = text([m for m in kernel.drain() if m["msg_type"] == "stream"]).count("\n")
        record.add(f"{LINES:,} lines, ms", took * 1000)
        record.add("lines after idle", late)
        record.add("lines lost", LINES - before - late)
    finally:
        kernel.end()


def measure_interrupt(name: str, how: str, what: str) -> str:
    """Milliseconds until the interrupted cell's reply, and whether the state was kept."""
    kernel = Kernel(name)
    try:
        kernel.run(PROFILES[name]["keep"])
        wanted = kernel.client.execute(PROFILES[name][what])
        time.sleep(1)
        began = time.perf_counter()
        if how == "SIGINT":
            os.kill(kernel.pid, signal.SIGINT)
        else:
            message = kernel.client.session.msg("interrupt_request", {})
            kernel.client.control_channel.send(message)
        while True:
            reply = kernel.client.get_shell_msg(timeout=4)
            if reply["parent_header"].get("msg_id") == wanted:
                break
        took = (time.perf_counter() - began) * 1000
        kernel.drain()
        kept = "42" in text(kernel.run("keep", timeout=5)[1])
        return f"{took:.0f} ms, {'kept' if kept else 'state lost'}"
    except Empty:
        return "no effect" if kernel.manager.is_alive() else "dies"
    finally:
        kernel.end()


def plain_node(code: str) -> float:
    """The same loop in a function, in plain Node; milliseconds, the best of three."""
    body = code.rsplit(";", 1)
    script = (
        f"function run() {{ {body[0]}; return {body[1]} }} let best = 1e9;"
        "for (let i = 0; i < 3; i++) { const t = performance.now(); run();"
        "best = Math.min(best, performance.now() - t) } console.log(best)"
    )
    done = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure(name: str) -> Figures:
    record = Recorder(name)
    measure_cells(name, record)
    measure_types(name, record)
    measure_output(name, record)
    for how in ("SIGINT", "interrupt_request"):
        for what, title in (("busy", "a busy loop"), ("wait", "a pending await")):
            record.add(f"{how} in {title}", measure_interrupt(name, how, what))
    return record.figures


def combined(values: list[float | str | None]) -> str:
    numbers = [v for v in values if isinstance(v, (int, float))]
    if numbers:
        value = statistics.median(numbers)
        return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
    return " / ".join(sorted({str(v) for v in values if v is not None}))


def table(results: dict[str, list[Figures]], node: dict[str, float]) -> str:
    """A Markdown table of the medians, and cenote ÷ deno where both are numbers."""
    names = list(results)
    keys = list(dict.fromkeys(key for runs in results.values() for run in runs for key in run))
    rows = [f"| figure | {' | '.join(names)} | cenote ÷ deno |", "|---" * (len(names) + 2) + "|"]
    for key in keys:
        cells = [[run.get(key) for run in results[name]] for name in names]
        ratio = ""
        if {"cenote", "deno"} <= results.keys():
            ours, theirs = (
                [v for v in (run.get(key) for run in results[n]) if isinstance(v, (int, float))]
                for n in ("cenote", "deno")
            )
            if ours and theirs and statistics.median(theirs) > 0:
                ratio = f"{statistics.median(ours) / statistics.median(theirs):.2f}"
        rows.append(f"| {key} | {' | '.join(combined(c) for c in cells)} | {ratio} |")
    loops = ", ".join(f"{title} {took:.0f} ms" for title, took in node.items())
    return "\n".join([*rows, "", f"The same loops in a function in plain Node: {loops}."])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write every run's figures as JSON")
    parser.add_argument("kernels", nargs="*", default=list(PROFILES))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cenote-bench-"))
    os.environ["JUPYTER_PATH"] = str(folder)
    os.environ["CENOTE_HISTORY"] = str(folder / "history.jsonl")
    try:
        install_peers(folder)
        results: dict[str, list[Figures]] = {name: [] for name in options.kernels}
        node = {title: plain_node(code) for title, code in PROFILES["cenote"]["loops"].items()}
        for run in range(options.runs):
            for name in options.kernels:
                print(f"run {run + 1} of {options.runs}: {name}", file=sys.stderr, flush=True)
                results[name].append(measure(name))
        print(table(results, node))
        if options.out:
            options.out.write_text(json.dumps(results, indent=1))
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
