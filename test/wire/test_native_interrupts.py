"""Interrupts of code that is no plain loop: native calls, processes, queues that never empty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from client import Kernel, by_request, by_signal

STOPPED = {
    "a storm of microtasks": "const f = async () => { while (true) await null }; await f()",
    "a storm of rejections": (
        "const f = async () => { for (;;) try { await (async () => { throw 1 })() } catch {} };\n"
        "await f()"
    ),
    "a storm of next ticks": (
        "const again = () => process.nextTick(again); again(); await new Promise(() => {})"
    ),
    "a regular expression": "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "a sleep": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    "a sort": "for (;;) Array.from({ length: 1e5 }, Math.random).sort((a, b) => a - b)",
    "long numbers": "let n = 3n; for (;;) n = n ** 3n % (1n << 4000n) + 3n",
    "a generator": "function* g() { for (;;) yield 1 }\nfor (const x of g());",
    "an event": (
        "const e = new (await import('node:events')).EventEmitter();\n"
        "e.on('x', () => e.emit('x2')); e.on('x2', () => { while (true) {} }); e.emit('x')"
    ),
    "a child process": "require('node:child_process').execSync('sleep 100')",
    "children of a child": "require('node:child_process').execSync('sleep 100; sleep 100 | cat')",
    "a child that ignores SIGINT": (
        "require('node:child_process').execSync('trap \"\" INT; sleep 100')"
    ),
    "an import": "await import('data:text/javascript,await new Promise(() => {})')",
    "an import that spins": (
        "await import("
        "`data:text/javascript,console.log('begun'); for (;;); // ${performance.now()}`)"
    ),
    "a wait for input": "await input('?')",
    "a timer that spins": (
        "setTimeout(() => { console.log('begun'); while (true) {} }, 1);\n"
        "await new Promise(() => {})"
    ),
}


def begins(code: str) -> str:
    """Where it doesn't say so itself, as it begins what an early interrupt would leave to come."""
    return code if "begun" in code else f"console.log('begun');\n{code}"


@pytest.mark.parametrize("interrupt", [by_request, by_signal])
@pytest.mark.parametrize("what", STOPPED)
def test_it_ends_and_the_state_is_kept(kernel: Kernel, what: str, interrupt) -> None:
    kernel.run("globalThis.kept = [1]")
    for _ in range(2):
        request = kernel.send(begins(STOPPED[what]), allow_stdin=True)
        kernel.wait_for_text("begun")
        interrupt(kernel)
        assert kernel.finish(request).reply["content"]["ename"] == "Interrupted"
    assert kernel.run("kept[0]").plain == "1"


def test_storms_of_rejections_end_wherever_they_are(kernel: Kernel) -> None:
    """Node's handler of rejections swallows terminations, and may be stepped out of to nowhere."""
    code = begins(STOPPED["a storm of rejections"])
    for n in range(60):
        request = kernel.send(code)
        kernel.wait_for_text("begun")
        (by_signal if n % 2 else by_request)(kernel)
        assert kernel.finish(request).reply["content"]["ename"] == "Interrupted"


def test_a_native_call_is_waited_for(kernel: Kernel) -> None:
    """Nothing can stop it, but the cell ends with it, and what comes after it isn't run."""
    request = kernel.send(
        "console.log('begun'); globalThis.after = 0;\n"
        "require('node:crypto').pbkdf2Sync('a', 'b', 2_000_000, 64, 'sha512');\n"
        "for (let i = 0; i < 1000; i++) Math.sqrt(i);\nafter = 1"
    )
    kernel.wait_for_text("begun")
    by_request(kernel)
    assert kernel.finish(request).reply["content"]["ename"] == "Interrupted"
    assert kernel.run("after").plain == "0"


def test_children_that_nobody_waits_for_are_left_alone(kernel: Kernel) -> None:
    kernel.run(
        "import { spawn } from 'node:child_process';\n"
        "const server = spawn('sleep', ['100'], { stdio: 'ignore' });"
    )
    for code in ("while (true) {}", "await new Promise(() => {})"):
        request = kernel.send(f"console.log('begun'); {code}")
        kernel.wait_for_text("begun")
        by_request(kernel)
        kernel.finish(request)
    assert kernel.run("[server.exitCode, server.signalCode, server.kill()]").plain == (
        "[ null, null, true ]"
    )


def test_what_a_cell_left_running_can_be_stopped(kernel: Kernel) -> None:
    """The cell is over, but nothing else gets a turn."""
    kernel.run(
        "const storm = async () => { console.log('begun'); while (true) await null };\n"
        "setTimeout(storm, 1);"
    )
    kernel.wait_for_text("begun")
    request = kernel.send("5")
    by_request(kernel)
    kernel.finish(request)
    kernel.run("setTimeout(storm, 1);")
    kernel.wait_for_text("begun")
    by_request(kernel)
    assert kernel.run("6").plain == "6"


def test_an_interrupt_that_overtakes_its_cell_stops_it(kernel: Kernel) -> None:
    """Cells and interrupts come by two sockets; the dates of their headers tell the order."""
    session, client = kernel.client.session, kernel.client
    cells = [
        session.msg("execute_request", {"code": f"globalThis.ran = {n}", "silent": False})
        for n in (1, 2)
    ]
    for cell in cells:
        cell["header"]["date"] = datetime.now(UTC) - timedelta(milliseconds=20)
    interrupt = session.msg("interrupt_request", {})
    client.control_channel.send(interrupt)
    assert client.get_control_msg(timeout=120)["content"]["status"] == "ok"
    for cell in cells:
        client.shell_channel.send(cell)
    replies = [kernel.finish(cell["header"]["msg_id"]).reply["content"] for cell in cells]
    assert replies[0]["ename"] == "Interrupted"
    assert replies[1]["status"] in ("aborted", "error")
    assert kernel.run("typeof ran").plain == "'undefined'"


def test_a_cell_that_is_sent_after_an_interrupt_runs(kernel: Kernel) -> None:
    for n in range(20):
        by_request(kernel)
        assert kernel.run(f"{n}").plain == f"{n}"


def test_an_interrupt_ends_a_strict_check(fresh: Kernel) -> None:
    request = fresh.send("%types strict\nconst checked: number = 1")
    fresh.wait_for(lambda m: m["msg_type"] == "execute_input")
    by_request(fresh)
    content = fresh.finish(request).reply["content"]
    assert content["ename"] == "Interrupted"
    assert fresh.run("const checked: number = 2; checked", timeout=120).plain == "2"
