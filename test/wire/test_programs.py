"""Cells as programs for Node: arguments, colours, listeners for errors; leaving a console."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from client import Kernel, by_request


def test_a_cell_has_no_arguments_and_shows_colours(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { parseArgs, styleText } from 'node:util';\n"
        "[process.argv.slice(2), process.argv[1] === __filename, process.execArgv,\n"
        " parseArgs({ options: {} }).positionals, styleText('red', 'x').length > 1]"
    )
    assert ran.plain == "[ [], true, [], [], true ]"
    ran = kernel.run("import assert from 'node:assert'; assert.deepEqual({ a: 1 }, { a: 2 })")
    assert "\x1b" not in ran.reply["content"]["evalue"]


@pytest.mark.parametrize("code", ["exit", "quit", " exit() ;", "quit()\n"])
def test_words_that_leave_a_console(kernel: Kernel, code: str) -> None:
    ran = kernel.run(code)
    assert ran.reply["content"]["payload"] == [{"source": "ask_exit", "keepkernel": False}]
    assert "process.exit()" in ran.text()


def test_words_that_the_notebook_declares_are_its_own(fresh: Kernel) -> None:
    ran = fresh.run("const exit = () => 'mine'; exit()")
    assert ran.plain == "'mine'"
    ran = fresh.run("exit()")
    assert ran.plain == "'mine'" and ran.reply["content"]["payload"] == []
    assert fresh.run("exited").reply["content"]["ename"] == "ReferenceError"


def test_listeners_of_the_notebook_get_errors_in_place_of_the_kernel(fresh: Kernel) -> None:
    reject = "Promise.reject(new Error('one')); await new Promise((go) => setTimeout(go, 5));"
    fail = (
        "const seen = new Promise<void>((go) => process.once('uncaughtException', (e) => {\n"
        "  console.log('heard', e.message); go() }));\n"
        "setTimeout(() => { throw new Error('two') }); await seen"
    )
    listen = "process.once('unhandledRejection', (e: any) => console.log('heard', e.message));\n"
    for code, heard in [(listen + reject, "heard one\n"), (fail, "heard two\n")]:
        ran = fresh.run(code)
        assert (ran.text(), ran.text("stderr")) == (heard, "")
    assert "Error\x1b[39m: one" in fresh.run(reject).text("stderr")
    # As modules made from C do it. Each of both errors is told once, and the kernel goes on.
    fresh.run(
        "process.on('uncaughtException', (e) => { throw e });\n"
        "process.on('unhandledRejection', (e) => { throw e });"
    )
    fresh.send(f"{reject} setTimeout(() => {{ throw new Error('three') }});")
    fresh.wait_for_text("Error\x1b[39m: one", "stderr")
    fresh.wait_for_text("Error\x1b[39m: three", "stderr")
    assert fresh.run("1").plain == "1"


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("let x9 = 1;\n%time", "%time is a magic: those stand at the head of a cell"),
        ("1 + 1\n%who", "%who is a magic"),
        ("display(1)", 'import { display } from "cenote"'),
        ("document.body", 'html`…` from "cenote"'),
        ("%%bash\nls", "node:child_process"),
        ("%pip install x", "%npm install"),
        ("%%markdown\n# T", 'markdown`…` from "cenote"'),
    ],
)
def test_habits_from_elsewhere_are_told_what_does_it_here(
    kernel: Kernel, code: str, mend: str
) -> None:
    assert mend in kernel.run(code).traceback


def test_names_that_errors_tell_how_to_import_are_there(kernel: Kernel) -> None:
    source = Path(__file__).parents[2] / "kernel/src/cells/error-help.ts"
    ran = kernel.run(
        f"const {{ IMPORTED }} = await import({json.dumps(str(source))});\n"
        "import * as cenote from 'cenote'; [...IMPORTED].filter((name) => !(name in cenote))"
    )
    assert ran.plain == "[]"


def test_reading_the_standard_input_tells_of_input(fresh: Kernel) -> None:
    mend = "await input("
    ran = fresh.run("for await (const line of process.stdin) console.log(line)")
    assert ran.reply["content"]["ename"] == "CenoteError" and mend in ran.traceback
    request = fresh.send(
        "import { createInterface } from 'node:readline/promises';\n"
        "const lines = createInterface({ input: process.stdin, output: process.stdout });\n"
        "await lines.question('name? ')"
    )
    fresh.wait_for_text(mend, "stderr")
    by_request(fresh)
    assert fresh.finish(request).status == "error"
    assert fresh.run("process.stdin.isTTY").plain == "false"
