"""The kernel's process: what children and native code print, a full heap, aborts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Kernel, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the addon guards Linux only")

HEAP_MIB = 80


@pytest.fixture
def small_heap(
    kernel_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kernel]:
    monkeypatch.setenv("NODE_OPTIONS", f"--max-old-space-size={HEAP_MIB} --max-semi-space-size=4")
    monkeypatch.setenv("CENOTE_TYPES", "off")
    with start(kernel_name, tmp_path) as running:
        yield running


def ended(kernel: Kernel) -> None:
    deadline = time.monotonic() + 120
    while kernel.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_children_that_inherit_print_into_the_notebook(kernel: Kernel) -> None:
    kernel.run(
        "import { execSync, spawn } from 'node:child_process'; import { once } from 'node:events'"
    )
    ran = kernel.run("execSync('echo out; echo é😀 >&2', { stdio: 'inherit' });")
    assert ran.text() == "out\n" and ran.text("stderr") == "é😀\n"
    ran = kernel.run(
        "const child = spawn('sh', ['-c', 'echo one; echo two'], { stdio: 'inherit' });\n"
        "await once(child, 'exit');"
    )
    assert ran.text() == "one\ntwo\n"


def test_children_print_all_that_they_print_before_the_cell_ends(kernel: Kernel) -> None:
    request = kernel.send("execSync('seq 1 300000', { stdio: 'inherit' });")
    ran = kernel.finish(request, timeout=120)
    assert ran.text() == "".join(f"{i}\n" for i in range(1, 300_001))
    assert kernel.nothing_more(request)


def test_native_writes_are_output(kernel: Kernel) -> None:
    ran = kernel.run(
        "import fs from 'node:fs'; fs.writeSync(1, 'to one\\n'); fs.writeSync(2, 'to two\\n');"
    )
    assert ran.text() == "to one\n" and ran.text("stderr") == "to two\n"


def test_what_dawn_makes_of_limits_is_not_the_notebooks_affair(kernel: Kernel) -> None:
    ran = kernel.run("import { pool } from 'cenote'; await pool.open(); 'open'", timeout=120)
    assert ran.plain == "'open'" and ran.text("stderr") == ""


PUSH = "kept.push(new Array(1e4).fill(0));"
FILLERS = {
    "array": f"const kept: any[] = []; while (true) {PUSH}",
    "strings": "const kept = []; for (;;) kept.push(JSON.stringify(new Array(1e5).fill(1.5)));",
    "builder": "let kept: any = ''; for (let i = 0; ; i++) kept += i + 'abc';",
    "caught": f"const kept: any[] = []; while (true) try {{ {PUSH} }} catch {{}}",
    "awaiting": f"const kept: any[] = []; while (true) {{ await 0; {PUSH} }}",
}


@pytest.mark.parametrize("filler", FILLERS.values(), ids=FILLERS.keys())
def test_a_cell_that_fills_the_heap_is_stopped_and_the_kernel_lives(
    small_heap: Kernel, filler: str
) -> None:
    small_heap.run("const survivor = 7;")
    request = small_heap.send(filler)
    waiting = small_heap.send("'aborted'")
    ran = small_heap.finish(request, timeout=120)
    content = ran.reply["content"]
    assert content["status"] == "error" and content["ename"] == "HeapFull"
    limit = int(content["evalue"].split("(")[1].split(" MiB")[0].replace(",", ""))
    assert HEAP_MIB <= limit <= HEAP_MIB + 256
    assert "--max-old-space-size" in content["evalue"]
    assert small_heap.finish(waiting).status == "aborted"
    assert (
        small_heap.run(
            "kept = undefined as any; survivor" if "let" in filler else "kept.length = 0; survivor"
        ).plain
        == "7"
    )
    # The heap has its room again.
    ran = small_heap.run(
        "let sum = 0; for (let i = 0; i < 2000; i++) sum += new Array(1e4).fill(1).length; sum"
    )
    assert ran.plain == "20000000"


def test_a_heap_that_cant_be_helped_is_told_of_before_the_end(small_heap: Kernel) -> None:
    # One piece that is larger than all there may be: no code runs that could be stopped.
    ran = small_heap.run("const all = Array.from({ length: 1e9 }, (_, i) => ({ i }));", timeout=120)
    content = ran.reply["content"]
    assert content["ename"] == "HeapFull" and "the kernel ends" in content["evalue"]
    assert ran.of("error")[0]["evalue"] == content["evalue"]
    ended(small_heap)


def test_an_abort_is_told_of(fresh: Kernel) -> None:
    ran = fresh.run("console.log('before'); process.abort()")
    assert ran.text() == "before\n"
    assert ran.reply["content"]["ename"] == "Abort"
    ended(fresh)


def test_an_exit_is_told_of_and_nothing_is_said_on_the_terminal(
    kernel_name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with start(kernel_name, tmp_path) as kernel:
        ran = kernel.run("console.log('last'); process.exit(3)")
        assert ran.text() == "last\n" and "process.exit(3)" in ran.text("stderr")
        assert ran.reply["content"]["evalue"] == "the kernel ended with code 3"
        ended(kernel)
    with start(kernel_name, tmp_path) as kernel:
        kernel.send("console.log('busy'); while (true) {}")
        kernel.wait_for_text("busy")
        kernel.manager.request_shutdown()
        ended(kernel)
    assert "Waiting for the debugger" not in capfd.readouterr().err


def test_the_kernels_own_lines_go_to_the_terminal(
    kernel_name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with start(kernel_name, tmp_path) as kernel:
        message = kernel.client.session.msg("nonsense", {})
        kernel.client.shell_channel.send(message)
        ran = kernel.run("1")
        assert ran.text("stderr") == ""
        assert not any(late["msg_type"] == "stream" for late in kernel.late)
    assert "cenote: a message of unknown type" in capfd.readouterr().err


def test_without_the_addon_a_kernel_runs_all_the_same(
    kernel_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENOTE_NO_NATIVE", "1")
    with start(kernel_name, tmp_path) as kernel:
        ran = kernel.run("require('node:child_process').execSync('echo hi').toString()")
        assert ran.plain == "'hi\\n'"
        assert os.path.exists(f"/proc/{kernel.pid}")
