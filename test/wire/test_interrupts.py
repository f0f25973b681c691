"""Interrupts: by request and by signal, of busy loops and pending awaits, the state kept."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from client import Kernel, by_request, by_signal

BUSY = [
    "console.log('begun'); while (true) {}",
    "console.log('begun'); while (true) { try { while (true) {} } catch {} finally {} }",
    "console.log('begun'); while (true) await 0;",
    "console.log('begun'); for (;;) JSON.parse('[1,2,3]');",
    "console.log('begun'); while (true) { new Array(1000).fill(0); }",
]
WAITING = [
    "console.log('begun'); await new Promise(() => {})",
    "console.log('begun'); await new Promise((r) => setTimeout(r, 1e6))",
    "console.log('begun'); for (;;) await new Promise((r) => setTimeout(r, 5));",
    "console.log('begun'); for await (const x of [new Promise(() => {})]) {}",
    "console.log('begun'); await (async () => { await new Promise(() => {}) })()",
    "console.log('begun'); for (;;) { try { await new Promise(() => {}) } catch {} }",
    "console.log('begun'); let p = [new Promise(() => {})];\n"
    "for (;;) try { for await (const x of p); } catch {}",
]


@pytest.mark.parametrize("interrupt", [by_request, by_signal])
@pytest.mark.parametrize("code", BUSY + WAITING)
def test_interrupt_ends_the_cell_and_keeps_the_state(kernel: Kernel, interrupt, code: str) -> None:
    kernel.run("let state = { n: 1 }")
    for n in (1, 2):  # a second interrupt works too
        request = kernel.send(code)
        kernel.wait_for_text("begun")
        interrupt(kernel)
        ran = kernel.finish(request)
        assert ran.reply["content"]["ename"] == "Interrupted"
        assert kernel.run(f"state.n += 1; state.n === {n + 1}").plain == "true"


SPINS = "setImmediate(() => { console.log('begun'); for (;;); });"
CLEARS = f"{SPINS.replace('{ ', '{ clearImmediate(other); ')} const other = setImmediate(push, 2);"


@pytest.mark.parametrize("interrupt", [by_request, by_signal])
@pytest.mark.parametrize(
    ("code", "ran"),
    [
        (f"setImmediate(push, 1); {SPINS} setImmediate(push, 3);", "1,3"),
        (f"{SPINS} setImmediate(push, 3); setImmediate(push, 4);", "3,4"),
        (f"setImmediate(push, 1); {CLEARS} setImmediate(push, 3);", "1,3"),
        (f"{CLEARS} setImmediate(push, 3);", "3"),
        (f"{SPINS}", ""),
    ],
    ids=["between others", "before others", "clears one", "first, clears one", "alone"],
)
def test_immediates_run_after_one_of_them_was_interrupted(
    kernel: Kernel, interrupt, code: str, ran: str
) -> None:
    kernel.run("const order: number[] = []; const push = (n: number) => order.push(n)")
    for _ in range(2):
        request = kernel.send(f"{code} await new Promise(() => {{}})")
        kernel.wait_for_text("begun")
        interrupt(kernel)
        assert kernel.finish(request).status == "error"
        after = kernel.run(
            "await new Promise((r) => setImmediate(r));"
            "await Promise.all([1, 2, 3].map(() => new Promise((r) => setImmediate(r))));"
            "order.splice(0).join()"
        )
        assert after.plain == f"'{ran}'"
        assert after.text("stderr") == ""
        # Node takes none for still to come, for which it would look again and again.
        left = kernel.run("process.getActiveResourcesInfo().filter((what) => what === 'Immediate')")
        assert left.plain == "[]"


def test_a_loop_of_awaits_really_ends(kernel: Kernel) -> None:
    request = kernel.send(
        "console.log('begun');\n"
        "for (globalThis.turns = 0; ; turns++) await new Promise((r) => setTimeout(r, 1))"
    )
    kernel.wait_for_text("begun")
    by_request(kernel)
    kernel.finish(request)
    kernel.run("let before = turns; await new Promise((r) => setTimeout(r, 60))")
    # one turn may have been under way
    assert kernel.run("turns - before <= 1").plain == "true"


def test_finally_runs_where_the_cell_waits(kernel: Kernel) -> None:
    request = kernel.send(
        "console.log('begun');\n"
        "try { await new Promise(() => {}) } finally { globalThis.cleaned = 1 }"
    )
    kernel.wait_for_text("begun")
    by_request(kernel)
    kernel.finish(request)
    assert kernel.run("cleaned").plain == "1"


def test_interrupt_aborts_the_cells_that_wait(kernel: Kernel) -> None:
    first = kernel.send("console.log('begun'); while (true) {}")
    second = kernel.send("globalThis.ranAnyway = true")
    kernel.wait_for_text("begun")
    by_request(kernel)
    assert kernel.finish(first).status == "error"
    assert kernel.finish(second).status == "aborted"
    assert kernel.run("typeof ranAnyway").plain == "'undefined'"


@pytest.mark.parametrize(
    "body",
    [
        "await new Promise((r) => setTimeout(r, 20))",  # refused once the cell is interrupted
        "await pool.allocate(1000)",  # fails at once while the stop word is up
        "await new Promise((r) => setTimeout(r, 20)); while (true) {}",
    ],
)
def test_a_loop_that_swallows_the_interrupt_leaves_the_thread_free(
    kernel: Kernel, body: str
) -> None:
    kernel.run("import { pool } from 'cenote'")
    # the first await is what the interrupt ends
    request = kernel.send(
        "console.log('begun'); try { await new Promise(() => {}) } catch {}\n"
        f"globalThis.turns = 0; for (;;) {{ turns++; try {{ {body} }} catch {{}} }}"
    )
    kernel.wait_for_text("begun")
    by_request(kernel)
    assert kernel.finish(request).status == "error"
    before = kernel.run("turns").plain
    assert kernel.run("await new Promise((r) => setTimeout(r, 100)); turns").plain == before


def test_interrupts_while_timers_keep_the_thread_busy(fresh: Kernel) -> None:
    fresh.run(
        "const spin = () => { const end = performance.now() + 30;\n"
        "  while (performance.now() < end); };\n"
        "let left = 400;\n"
        "const again = () => { setTimeout(again, 0); if (left-- > 0) spin(); };"
    )
    for _ in range(10):
        request = fresh.send("again(); console.log('begun'); await new Promise(() => {})")
        fresh.wait_for_text("begun")
        by_request(fresh)
        assert fresh.finish(request).reply["content"]["ename"] == "Interrupted"
    assert fresh.run("left = 0; await new Promise((r) => setTimeout(r, 10)); 1").plain == "1"


def test_a_cell_that_waited_for_the_kernel_to_start_can_be_interrupted(fresh: Kernel) -> None:
    request = fresh.send("console.log('begun'); while (true) {}")
    fresh.wait_for_text("begun")
    by_request(fresh)
    assert fresh.finish(request).reply["content"]["ename"] == "Interrupted"
    assert fresh.run("1 + 1").plain == "2"


def test_interrupt_of_an_idle_kernel_changes_nothing(kernel: Kernel) -> None:
    kernel.run("const calm = 1")
    by_request(kernel)
    assert kernel.run("calm + 1").plain == "2"
    by_signal(kernel)
    kernel.run("0")  # the system may deliver a signal only now, to this cell
    assert kernel.run("calm + 1").plain == "2"


@contextmanager
def interrupting(
    kernel: Kernel, interrupt: Callable[[Kernel], None], after: float
) -> Iterator[None]:
    """Interrupts after a while, and again: one before the cell has begun is not for it."""
    done = Event()

    def work() -> None:
        wait = after
        while not done.wait(wait):
            interrupt(kernel)
            wait = 0.5

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_two_hundred_interrupts_at_random_moments(kernel: Kernel) -> None:
    codes = [*BUSY, *WAITING, "console.log('begun'); for (let i = 0; ; i++) console.log(i)"]
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    kernel.run("const kept = new Map([['a', 1]])")
    for turn in range(200):
        code = codes[turn % len(codes)].replace("console.log('begun');", f"kept.set({turn}, 1);")
        with interrupting(kernel, (by_request, by_signal)[turn % 2], chance.random() * 0.02):
            ran = kernel.finish(kernel.send(code))
        assert ran.reply["content"]["ename"] == "Interrupted", f"seed {seed}, turn {turn}"
        if turn % 20 == 19:
            assert kernel.run(f"kept.get('a') + kept.size > {turn // 2}").plain == "true"


def test_an_interrupted_scope_gives_its_memory_back(kernel: Kernel) -> None:
    kernel.run('import { pool } from "cenote"; const kept = await pool.allocate(1000)')
    request = kernel.send(
        "await pool.scope(async () => {\n"
        "  for (let i = 0; i < 10; i++) await pool.allocate(4096);\n"
        "  console.log('begun', pool.stats().liveBlocks);\n"
        "  while (true) {}\n"
        "})"
    )
    kernel.wait_for_text("begun 11")
    by_request(kernel)
    kernel.finish(request)
    assert kernel.run("pool.stats().liveBlocks").plain == "1"
