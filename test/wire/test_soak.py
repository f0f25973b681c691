"""Ten thousand cells, with displays, errors and interrupts: nothing lost, memory flat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Kernel, Message, start

CELLS = 10_000
BATCH = 100  # sent at once; the last of each is interrupted
WARM = 3_000
LOOKS = 10
GROWTH = 1.10

BUSY = ["while (true) {}", "await new Promise(() => {})"]


def code(i: int) -> str:
    match i % BATCH:
        case 99:
            return f"console.log('begun {i}'); {BUSY[i // BATCH % 2]}"
        case n if n % 10 == 3:
            return f"display({i}).update({i} + 1);"
        case n if n % 10 == 5:
            return f"console.error('failing {i}'); throw new RangeError('error {i}')"
        case n if n % 10 == 7:
            return f"await new Promise((r) => setImmediate(r)); console.log('later {i}'); ({i})"
    return f"let v{i % 50} = {i}; console.log('line {i}'); v{i % 50} + 1"


def shown(i: int) -> list[tuple[str, str]]:
    """What the cell shows, as outputs() tells it."""
    match i % BATCH:
        case 99:
            return [("stdout", f"begun {i}\n"), ("error", "Interrupted")]
        case n if n % 10 == 3:
            return [("display_data", str(i)), ("update_display_data", str(i + 1))]
        case n if n % 10 == 5:
            return [("stderr", f"failing {i}\n"), ("error", f"error {i}")]
        case n if n % 10 == 7:
            return [("stdout", f"later {i}\n"), ("execute_result", str(i))]
    return [("stdout", f"line {i}\n"), ("execute_result", str(i + 1))]


def outputs(messages: list[Message]) -> Iterator[tuple[str, str]]:
    for message in messages:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            yield content["name"], content["text"]
        elif kind == "error":
            interrupted = content["ename"] == "Interrupted"
            yield kind, "Interrupted" if interrupted else content["evalue"]
        elif "data" in content:
            yield kind, content["data"]["text/plain"]


def run_batch(kernel: Kernel, first: int) -> None:
    requests = [kernel.send(code(i), stop_on_error=False) for i in range(first, first + BATCH)]
    for i, request in enumerate(requests, first):
        if i % BATCH == BATCH - 1:
            kernel.wait_for(lambda m: m["msg_type"] == "stream" and "begun" in m["content"]["text"])
            kernel.control("interrupt_request")
        messages: list[Message] = []
        while not messages or messages[-1]["content"].get("execution_state") != "idle":
            message = kernel.iopub()
            if message["parent_header"].get("msg_type") == "interrupt_request":
                continue
            # Of this cell and no other: nothing comes early or late.
            assert message["parent_header"]["msg_id"] == request, (i, message)
            messages.append(message)
        found = list(outputs(messages))
        wanted = shown(i)[1:] if i % BATCH == BATCH - 1 else shown(i)
        assert found == wanted, i
        failed = any(kind == "error" for kind, _ in wanted)
        assert kernel.reply(request)["content"]["status"] == ("error" if failed else "ok"), i


def memory(kernel: Kernel) -> tuple[float, float]:
    """MiB resident, and MiB of the cells' heap in use, after a full collection."""
    heap = kernel.run("collect(); collect(); process.memoryUsage().heapUsed").plain
    status = Path(f"/proc/{kernel.pid}/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert resident and heap
    return int(resident[1]) / 1024, float(heap) / 2**20


def after_cells(kernel: Kernel, first: int, end: int) -> tuple[float, float]:
    """The memory at its lowest after the last batches: the wire collects garbage when it likes."""
    found = []
    for batch in range(first, end, BATCH):
        run_batch(kernel, batch)
        found.append(memory(kernel))
    last = found[-LOOKS:]
    return min(resident for resident, _ in last), min(heap for _, heap in last)


PREPARE = """
import { display } from "cenote";
import v8 from "node:v8";
import vm from "node:vm";
v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");
"""


def test_ten_thousand_cells_keep_their_order_and_no_memory(
    kernel_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENOTE_TYPES", "off")  # else the compiler's memory is measured
    with start(kernel_name, tmp_path) as kernel:
        prepared = kernel.run(PREPARE)
        assert prepared.status == "ok", prepared.traceback
        warm = after_cells(kernel, 0, WARM)
        end = after_cells(kernel, WARM, CELLS)
        assert end[0] < warm[0] * GROWTH, f"resident: {warm[0]:.1f} MiB, then {end[0]:.1f}"
        # What is kept of a cell is its text, for the errors of later ones.
        assert end[1] < warm[1] + (CELLS - WARM) / 1024, (
            f"heap: {warm[1]:.1f} MiB, then {end[1]:.1f}"
        )
