"""Magics in running cells: npm, reload, time, who, help; and what the wire answers."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path

import pytest
from client import Kernel

NUMBER = r"[\d.,]+(?:e[+-]\d+)?"
TIMES = re.compile(
    rf"wall {NUMBER} (?:µs|ms|s) · CPU {NUMBER} (?:µs|ms|s) "
    rf"\(user .*, system .*; all threads .*\)( · pool [+−].* live)?\n"
)


def folder_of(kernel: Kernel) -> Path:
    plain = kernel.run("process.cwd()").plain
    assert plain is not None
    return Path(plain.strip("'"))


# ---- where magics are, and where not ----


def test_a_percent_sign_below_code_is_an_operator(kernel: Kernel) -> None:
    assert kernel.run("let who = 4; let b = 9\nb\n%who").plain == "1"
    assert kernel.run("// 1\n7 %\nwho").plain == "3"
    ran = kernel.run("const tpl = `\n%who\n`; tpl")
    assert ran.plain == "'\\n%who\\n'" and not ran.of("display_data")


def test_an_unknown_magic_names_the_nearest(kernel: Kernel) -> None:
    ran = kernel.run("\n%tipes on\nlet never = 1")
    assert ran.status == "error"
    assert "no magic %tipes" in ran.traceback and "Did you mean %types?" in ran.traceback
    assert "line 2:1" in ran.traceback
    assert kernel.run("typeof never").plain == "'undefined'"
    assert "head of a cell" in kernel.run("let d = 1;\n%who").traceback


def test_errors_below_magics_have_their_lines(kernel: Kernel) -> None:
    ran = kernel.run("%types on\n// more\n%who\n\nthrow new Error('here')")
    assert "line 5:7" in ran.traceback and "> 5 |" in ran.traceback


def test_the_wire_completes_and_inspects_magics(kernel: Kernel) -> None:
    asked = {"code": "%types on\n%np", "cursor_pos": 13}
    content = kernel.ask("complete_request", asked)
    assert content["matches"] == ["%npm"]
    assert (content["cursor_start"], content["cursor_end"]) == (10, 13)
    content = kernel.ask("inspect_request", {"code": "%who", "cursor_pos": 2, "detail_level": 0})
    assert content["found"] and "variables" in content["data"]["text/markdown"]
    assert kernel.ask("is_complete_request", {"code": "%npm ls"})["status"] == "complete"
    assert kernel.ask("is_complete_request", {"code": "%%time\nif (1) {"})["status"] == "incomplete"
    # Code below magics is completed as ever.
    code = "%types on\nJSON.stri"
    content = kernel.ask_until(
        "complete_request",
        {"code": code, "cursor_pos": len(code)},
        lambda c: c["matches"] == ["stringify"],
    )
    assert content["matches"] == ["stringify"] and content["cursor_start"] == 15


# ---- time ----


@pytest.mark.parametrize("head", ["%%time\n", "%time\n", "%time "])
def test_times(kernel: Kernel, head: str) -> None:
    ran = kernel.run(f"{head}await new Promise((r) => setTimeout(r, 20, 'slept'))")
    assert ran.plain == "'slept'"
    assert TIMES.fullmatch(ran.text()), ran.text()
    wall = re.match(r"wall ([\d.]+) ms", ran.text())
    assert wall and float(wall[1]) >= 19


def test_one_statement_is_timed_and_the_cell_goes_on(kernel: Kernel) -> None:
    ran = kernel.run(
        "%time const made = Array.from({ length: 3 },\n  (_, i) => i)\nconsole.log('after'); made"
    )
    first, rest = ran.text().split("\n", 1)
    assert TIMES.fullmatch(f"{first}\n") and rest == "after\n"
    assert ran.plain == "[ 0, 1, 2 ]"


def test_a_cell_that_throws_is_timed(kernel: Kernel) -> None:
    ran = kernel.run("%%time\nthrow new Error('x')")
    assert ran.status == "error" and TIMES.fullmatch(ran.text())
    assert "line 2:7" in ran.traceback


# ---- who ----


def test_what_a_magic_does_not_take_is_said(kernel: Kernel) -> None:
    ran = kernel.run("%who extra words")
    assert ran.status == "error" and 'found "extra words"' in ran.traceback


def test_who_lists_variables_and_runs_nothing_of_theirs(fresh: Kernel) -> None:
    empty = fresh.run("%who").of("display_data")[0]["data"]["text/plain"]
    assert "no variables" in empty
    fresh.run(
        "let ran = 0; const buffer = new Float64Array(1024); const text = '<b>';\n"
        "class Mine { x = 1 }; const mine = new Mine(); function f() {}\n"
        "const evil = { get x() { return ran++ }, get [Symbol.toStringTag]() { throw 1 } };\n"
        "const proxy = new Proxy({}, { get() { ran++ }, ownKeys() { ran++; return [] } });\n"
        "const revoked = Proxy.revocable({}, {}); revoked.revoke(); const gone = revoked.proxy;\n"
        "const huge: any = {}; for (let i = 0; i < 1e5; i++) huge['k' + i] = i;\n"
        "const loop: any = {}; loop.loop = loop;"
    )
    data = fresh.run("%who").of("display_data")[0]["data"]
    rows = {line.split()[0]: line for line in data["text/plain"].splitlines()}
    assert "Float64Array(1,024)" in rows["buffer"] and "8 KiB" in rows["buffer"]
    assert "class" in rows["Mine"] and "Mine { x: 1 }" in rows["mine"]
    assert "function" in rows["f"] and "Proxy" in rows["gone"]
    assert "&lt;b&gt;" in data["text/html"] and "<b>" not in data["text/html"]
    assert len(data["text/plain"]) < 10_000
    assert fresh.run("ran").plain == "0"


# ---- help ----


def test_help_names_every_magic_and_helper(kernel: Kernel) -> None:
    text = kernel.run("%help").of("display_data")[0]["data"]["text/markdown"]
    for name in ("%npm", "%reload", "%time", "%%time", "%types", "%who", "%help"):
        assert name in text
    for helper in ("display", "html", "svg", "png", "vega", "progress"):
        assert helper in text
        ran = kernel.run(f"import {{ {helper} }} from 'cenote'; typeof {helper}")
        assert ran.plain == "'function'"
    one = kernel.run("%help %reload").of("display_data")[0]["data"]["text/markdown"]
    assert "%reload" in one and "%npm" not in one


# ---- reload ----


def test_reload_evaluates_local_modules_anew(kernel: Kernel) -> None:
    folder = folder_of(kernel)
    (folder / "inner.ts").write_text("export const inner: number = Math.random();")
    (folder / "outer.ts").write_text(
        "export { inner } from './inner.ts'; export const outer = Math.random();"
    )
    (folder / "old.cjs").write_text("module.exports = { old: Math.random() };")
    load = "import { inner, outer } from './outer.ts'; import { old } from './old.cjs';"
    kernel.run(f"{load}\nlet before = [inner, outer, old, require('./old.cjs').old]")
    same = "[inner, outer, old, require('./old.cjs').old].map((x, i) => x === before[i])"
    assert kernel.run(f"{load}\n{same}").plain == "[ true, true, true, true ]"
    assert kernel.run(f"%reload\n{load}\n{same}").plain == "[ false, false, false, false ]"
    kernel.run(f"{load}\nbefore = [inner, outer, old, require('./old.cjs').old]")
    ran = kernel.run(f"%reload inner.ts ./old.cjs\n{load}\n{same}")
    assert ran.plain == "[ false, false, false, false ]", "what imports it is evaluated anew too"
    kernel.run(f"{load}\nbefore = [inner, outer, old, require('./old.cjs').old]")
    ran = kernel.run(f"%reload ./old.cjs\n{load}\n{same}")
    assert ran.plain == "[ true, true, false, false ]"
    ran = kernel.run("%reload ./nothing.ts")
    assert ran.status == "error" and "no local module ./nothing.ts" in ran.traceback


def test_changed_data_is_read_again(kernel: Kernel) -> None:
    file = folder_of(kernel) / "data.json"
    load = "import data from './data.json' with { type: 'json' }; data.v"
    for value in (1, 2):
        file.write_text(json.dumps({"v": value}))
        assert kernel.run(load).plain == str(value)


# ---- npm ----


def make_package(folder: Path, version: str) -> None:
    folder.mkdir(exist_ok=True)
    manifest = {"name": "tiny", "version": version, "type": "module", "exports": "./index.js"}
    (folder / "package.json").write_text(json.dumps({**manifest, "types": "./index.d.ts"}))
    (folder / "index.js").write_text("export const twice = (x) => 2 * x;")
    (folder / "index.d.ts").write_text("export declare function twice(x: number): number;")


def test_npm_installs_into_the_notebooks_folder(fresh: Kernel) -> None:
    folder = folder_of(fresh)
    make_package(folder / "tiny", "1.2.3")
    assert fresh.run("import { twice } from 'tiny'").status == "error"
    ran = fresh.run(
        "%npm install './tiny' --install-links // a comment\n"
        "import { twice } from 'tiny'\ntwice(21)"
    )
    assert ran.status == "ok", ran.traceback
    assert "added 1 package" in ran.text() and ran.plain == "42"
    assert (folder / "node_modules" / "tiny" / "index.js").is_file()
    assert "tiny" in json.loads((folder / "package.json").read_text())["dependencies"]
    assert "tiny@1.2.3" in fresh.run("%npm list").text()
    ran = fresh.run("%npm uninstall tiny")
    assert ran.status == "ok" and not (folder / "node_modules" / "tiny").exists()


def test_types_know_what_was_installed(fresh: Kernel) -> None:
    make_package(folder_of(fresh) / "tiny", "1.0.0")
    code = "import { twi } from 'tiny'"
    asked = {"code": code, "cursor_pos": 12}
    deadline = time.monotonic() + 120
    while (
        "parse"
        not in fresh.ask("complete_request", {"code": "JSON.par", "cursor_pos": 8})["matches"]
    ):
        assert time.monotonic() < deadline
    assert fresh.run("%npm install ./tiny --install-links").status == "ok"
    while fresh.ask("complete_request", asked)["matches"] != ["twice"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_npm_that_fails_fails_the_cell(kernel: Kernel) -> None:
    ran = kernel.run("%npm install ./no-such-folder\nconsole.log('never')")
    assert ran.status == "error" and "npm install ./no-such-folder ended with" in ran.traceback
    assert "never" not in ran.text() and ran.text("stderr") != ""
    assert "wanted a command of npm" in kernel.run("%npm").traceback


def test_npm_without_a_registry_says_so(kernel: Kernel) -> None:
    with socket.socket() as taken:  # bound but not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        flags = f"--registry=http://127.0.0.1:{port} --fetch-retries=0"
        ran = kernel.run(f"%npm view nothing-of-this-name {flags}")
    assert ran.status == "error" and "registry could not be reached" in ran.traceback


def test_npm_can_be_interrupted(kernel: Kernel) -> None:
    folder = folder_of(kernel)
    script = {"scripts": {"wait": "node -e \"console.log('up'); setInterval(() => {}, 1000)\""}}
    (folder / "package.json").write_text(json.dumps(script))
    request = kernel.send("%npm run wait\nconsole.log('never')")
    kernel.wait_for_text("up")
    kernel.manager.interrupt_kernel()
    ran = kernel.finish(request)
    assert ran.reply["content"]["ename"] == "Interrupted" and "never" not in ran.text()
    assert kernel.run("1 + 1").plain == "2"
