"""Ten thousand cells, with displays, errors and interrupts: nothing lost, memory flat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest
from client import Kernel, Message, start

CELLS = 10_000
BATCH = 100  # sent at once; the last of each is interrupted
WARM = 3_000
STRETCH = 3_500
LONGEST = 31_000
# Bytes that a cell may leave: its text, for the errors of later ones and for types. A leak leaves
# more in each stretch; code that is compiled, or what is given back later, only in some.
MOST = {"cells": 600, "wire": 250, "resident": 2048}


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


def run_batches(kernel: Kernel, begin: int, end: int) -> None:
    for first in range(begin, end, BATCH):
        run_batch(kernel, first)


def exceeded(bytes_a_cell: dict[str, float]) -> bool:
    return any(bytes_a_cell[of] > most for of, most in MOST.items())


def resident(kernel: Kernel) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{kernel.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def memory(kernel: Kernel) -> dict[str, int]:
    """Bytes that can be reached, of the cells' thread and of the wire's, and bytes resident."""
    reached = kernel.run("await reached()")
    assert reached.status == "ok", reached.traceback
    cells, wire = json.loads(reached.plain.strip("'"))
    return {"cells": cells, "wire": wire, "resident": resident(kernel)}


# Both threads collect their garbage first: a heap that isn't collected tells nothing.
PREPARE = """
import { display } from "cenote";
import { once } from "node:events";
import { Session } from "node:inspector/promises";
const session = new Session();
session.connect();
const attached = once(session, "NodeWorker.attachedToWorker");
await session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
const wire = (await attached)[0].params.sessionId;
let asked = 0;
async function ask(method: string) {
  const { promise, resolve } = Promise.withResolvers();
  const id = ++asked;
  const hear = ({ params }) => {
    const answer = JSON.parse(params.message);
    if (params.sessionId === wire && answer.id === id) resolve(answer.result);
  };
  session.on("NodeWorker.receivedMessageFromWorker", hear);
  const message = JSON.stringify({ id, method });
  await session.post("NodeWorker.sendMessageToWorker", { sessionId: wire, message });
  const answer = await promise;
  session.off("NodeWorker.receivedMessageFromWorker", hear);
  return answer;
}
const sum = ({ usedSize, backingStorageSize }) => usedSize + backingStorageSize;
async function reached() {
  for (let i = 0; i < 2; i++) {
    await session.post("HeapProfiler.collectGarbage");
    await ask("HeapProfiler.collectGarbage");
  }
  const cells = sum(await session.post("Runtime.getHeapUsage"));
  return JSON.stringify([cells, sum(await ask("Runtime.getHeapUsage"))]);
}
"""


def test_ten_thousand_cells_keep_their_order_and_no_memory(
    kernel_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENOTE_TYPES", "off")  # else the compiler's memory is measured
    with start(kernel_name, tmp_path) as kernel:
        prepared = kernel.run(PREPARE)
        assert prepared.status == "ok", prepared.traceback
        run_batches(kernel, 0, WARM)
        begin, before = WARM, memory(kernel)
        least = dict.fromkeys(MOST, inf)
        while begin < CELLS or (begin < LONGEST and exceeded(least)):
            run_batches(kernel, begin, begin + STRETCH)
            begin, after = begin + STRETCH, memory(kernel)
            least = {of: min(least[of], (after[of] - before[of]) / STRETCH) for of in least}
            before = after
        assert not exceeded(least), f"bytes a cell, at the least: {least}"
