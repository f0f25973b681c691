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


MAKE = """import * as readline from 'node:readline';
import { createInterface } from 'node:readline/promises';
const lines = createInterface({ input: process.stdin, output: process.stdout });"""
ASKED = [
    # The cell, what it asks, and what it gives.
    (
        "const a = await lines.question('a? '); a + await lines.question('b? ')",
        ["a? ", "b? "],
        "'xx'",
    ),
    (
        "const old = readline.createInterface({ input: process.stdin });\n"
        "old.question('c? ', (line) => { console.log('got', line); old.close() }); 'asked'",
        ["c? "],
        "'asked'",
    ),
    (
        "const three: string[] = []; lines.setPrompt('> '); lines.prompt();\n"
        "lines.on('line', (line) => { three.push(line); three.length < 3 ? lines.prompt()\n"
        "  : lines.close() }); await new Promise((go) => lines.once('close', go)); three.join('')",
        ["> "] * 3,
        "'xxx'",
    ),
    (
        "const all = createInterface({ input: process.stdin }); let n = 0;\n"
        "for await (const line of all) if (++n === 2) break;\nn",
        ["", ""],
        "2",
    ),
    ("for await (const bytes of process.stdin) { n = bytes.length; break }\nn", [""], "2"),
    ("process.stdin.once('data', (bytes) => console.log(`${bytes}`)); 1", [""], "1"),
    (
        "const late = createInterface({ input: process.stdin });\n"
        "await late.question('d? ', { signal: AbortSignal.abort() }).catch((e) => e.name)",
        [],
        "'AbortError'",
    ),
    # The loop above has ended the stream, and a reader's end pauses it.
    (
        "import { stdin as named } from 'node:process';\n"
        "const last = createInterface({ input: named });\n"
        "const e = await last.question('e? '); last.close(); e",
        ["e? "],
        "'x'",
    ),
    ("process.stdin.once('data', (bytes) => console.log(`${bytes}`)); 2", [""], "2"),
]


def test_what_reads_the_standard_input_asks_the_frontend(fresh: Kernel) -> None:
    assert fresh.run(MAKE).status == "ok"  # nobody wants a line yet
    for code, asked, plain in ASKED:
        request = fresh.send(code)
        for prompt in asked:
            assert fresh.client.get_stdin_msg(timeout=120)["content"]["prompt"] == prompt, code
            fresh.client.input("x")
        ran = fresh.finish(request)  # were it asked for more, it would not end
        assert (ran.plain, ran.text("stderr")) == (plain, ""), code
    assert fresh.run("process.stdin.isTTY").plain == "false"


def test_reading_the_standard_input_can_be_interrupted(fresh: Kernel) -> None:
    for again in ("", "lines.close();"):
        request = fresh.send(f"{again} {MAKE} await lines.question('once? ')")
        assert fresh.client.get_stdin_msg(timeout=120)["content"]["prompt"] == "once? "
        by_request(fresh)
        assert fresh.finish(request).reply["content"]["ename"] == "Interrupted"
    request = fresh.send(f"{MAKE} lines.on('line', console.log)")
    fresh.client.get_stdin_msg(timeout=120)
    by_request(fresh)
    fresh.finish(request)
    # The listener of the cell that was interrupted asks for no more lines.
    request = fresh.send("await lines.question('twice? ')")
    assert fresh.client.get_stdin_msg(timeout=120)["content"]["prompt"] == "twice? "
    fresh.client.input("yes")
    assert fresh.finish(request).plain == "'yes'"


def test_a_cell_that_listens_for_lines_and_fails_ends(fresh: Kernel) -> None:
    for listens in ("lines.on('line', console.log)", "process.stdin.on('data', console.log)"):
        ran = fresh.run(f"{MAKE} {listens}; await null; throw new RangeError('told')")
        assert ran.reply["content"]["evalue"] == "told"
    assert fresh.run("'ended'").plain == "'ended'"


@pytest.mark.parametrize(
    "code",
    [
        "await lines.question('? ')",
        "lines.question('? ').then(console.log)",
        "for await (const line of lines) console.log(line)",
        "process.stdin.on('data', console.log); await new Promise(() => {})",
        "for await (const bytes of process.stdin) console.log(bytes)",
    ],
)
def test_a_cell_that_reads_where_nobody_can_be_asked_fails(fresh: Kernel, code: str) -> None:
    ran = fresh.run(f"{MAKE}\n{code}", allow_stdin=False)
    assert ran.reply["content"]["ename"] == "CenoteError", ran.messages
    assert "not in nbconvert" in ran.traceback
