"""Completion and inspection with types loaded, beside Deno, which knows living values only, and
tslab, which knows types too. Rounds are interleaved.

npm run bench -- completion [--runs 3]

Medians in ms, memory in MiB. "same text" asks one thing twenty times; "new text" changes the cell
each time, as typing does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from kernel import install_peers

ROUNDS = 20


class Kernel:
    def __init__(self, name: str) -> None:
        begin = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.start_ms = (time.perf_counter() - begin) * 1e3
        self.process = psutil.Process(self.manager.provisioner.process.pid)  # type: ignore[union-attr]

    def memory(self) -> float:
        tree = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_info().rss for one in tree) / 2**20

    def ask(self, kind: str, content: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        message = self.client.session.msg(kind, content)
        begin = time.perf_counter()
        self.client.shell_channel.send(message)
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return (time.perf_counter() - begin) * 1e3, reply["content"]

    def run(self, code: str) -> float:
        return self.ask("execute_request", {"code": code, "silent": False})[0]

    def complete(self, code: str) -> tuple[float, list[str]]:
        ms, content = self.ask("complete_request", {"code": code, "cursor_pos": len(code)})
        return ms, content["matches"]

    def inspect(self, code: str) -> float:
        asked = {"code": code, "cursor_pos": len(code), "detail_level": 0}
        return self.ask("inspect_request", asked)[0]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(name: str, typed: bool) -> dict[str, float]:
    kernel = Kernel(name)
    found = {"start to ready": kernel.start_ms}
    time.sleep(0.3)
    found["memory at start"] = kernel.memory()
    found["first completion"] = kernel.complete("JSON.pars")[0]
    found["first cell"] = kernel.run("const table = { delay: 1, distance: 2, rows: [1, 2] };")
    if typed:
        kernel.run("interface Typed { only: number }")
        while kernel.complete("(null as unknown as Typed).")[1] != ["only"]:
            time.sleep(0.05)
    found["memory with types"] = kernel.memory()
    series = {
        "completion, same text": lambda i: kernel.complete("JSON.pars")[0],
        "completion, new text": lambda i: kernel.complete(f"JSON.parse('{i}'); JSON.pars")[0],
        "completion of a variable": lambda i: kernel.complete(f"{i}; table.de")[0],
        "inspection, same text": lambda i: kernel.inspect("JSON"),
        "inspection, new text": lambda i: kernel.inspect(f"{i}; JSON"),
    }
    for what, once in series.items():
        found[what] = statistics.median([once(i) for i in range(ROUNDS)])
    kernel.close()
    return found


def install(folder: Path) -> list[str]:
    """Kernelspecs of the peers into `folder`; set-up has installed that of cenote."""
    install_peers(folder)
    return ["cenote", "deno", "tslab"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_PATH"] = folder
        os.environ["CENOTE_HISTORY"] = str(Path(folder) / "history.jsonl")
        names = install(Path(folder))
        results: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for _ in range(options.runs):
            for name in names:
                results[name].append(measure(name, typed=name == "cenote"))
    print(f"{'':28}" + "".join(f"{name:>10}" for name in names) + "  / deno")
    for what in results["cenote"][0]:
        medians = [statistics.median(run[what] for run in results[name]) for name in names]
        ratio = medians[0] / medians[1]
        print(f"{what:28}" + "".join(f"{value:10.1f}" for value in medians) + f"{ratio:8.2f}")


if __name__ == "__main__":
    main()
