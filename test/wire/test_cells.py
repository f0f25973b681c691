"""Cells through the wire: results, declarations, errors and their places, output and its order."""

from __future__ import annotations

import pytest
from client import Kernel

REDECLARATIONS = [
    ("const a = 1; a", "1"),
    ("let a = 2; a", "2"),
    ("var a = 3; a", "3"),
    ("function a() { return 4 }\na()", "4"),
    ("class a { static n = 5 }\na.n", "5"),
    ("enum a { x = 6 }\na.x", "6"),
    ("namespace a { export const n = 7 }\na.n", "7"),
    ('import a from "node:path"; typeof a.join', "'function'"),
    ('import { sep as a } from "node:path"; a', "'/'"),
    ('import * as a from "node:path"; typeof a.join', "'function'"),
    ("const [a, { b: c = 8 }] = [1, {}]; c", "8"),
    ("const a: number = 9; a", "9"),
]


def test_every_kind_of_declaration_may_follow_every_other(kernel: Kernel) -> None:
    for first, _ in REDECLARATIONS:
        for second, wanted in REDECLARATIONS:
            assert kernel.run(first).status == "ok", first
            ran = kernel.run(second)
            assert ran.plain == wanted, (first, second, ran.reply["content"])


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ("1 + 1", "2"),
        ("1 + 1;", None),
        ("1 + 1 // shown", "2"),
        ("1 + 1; // not shown", None),
        ('"text"', "'text'"),
        ("undefined", None),
        ("null", "null"),
        ("{ a: 1, b: 2 }", "{ a: 1, b: 2 }"),
        ("{ const inner = 1; }", None),
        ("await Promise.resolve(5)", "5"),
        ("const later = await new Promise<number>((r) => setTimeout(r, 5, 6)); later", "6"),
        ("for await (const x of [1, Promise.resolve(2)]) globalThis.seen = x\n;(seen)", "2"),
        ("hoisted(); function hoisted() { return 3 }\nhoisted()", "3"),
        ("for (var i = 0; i < 4; i++) {}\ni", "4"),
        (
            "{ await using u = { async [Symbol.asyncDispose]() { globalThis.gone = 1 } } }\ngone",
            "1",
        ),
        ("for (await using u of [null]) globalThis.went = 2\nwent", "2"),
        ("class Keyed { [await Promise.resolve('k')] = 1 }\nnew Keyed().k", "1"),
        ("let x1: number | undefined = 4 as any; x1!", "4"),
        ("123456789012345678901234567890n", "123456789012345678901234567890n"),
        ("new Map([[1, { a: [1, 2] }]])", "Map(1) { 1 => { a: [ 1, 2 ] } }"),
    ],
)
def test_results(kernel: Kernel, code: str, plain: str | None) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.reply
    assert ran.plain == plain


def test_globals_that_a_cell_declares_stay_what_they_are_for_everyone_else(fresh: Kernel) -> None:
    """The kernel's own code and every package see the global scope that cells declare in."""
    for name in (
        "JSON",
        "Promise",
        "Object",
        "Array",
        "Buffer",
        "process",
        "Error",
        "Set",
        "Symbol",
    ):
        assert fresh.run(f"const {name} = 'mine'; {name}").plain == "'mine'"
    assert fresh.run("import { Map } from 'no-such-package'").status == "error"
    assert fresh.run(
        "class Map { x = 1; static make() { return new Map() } }\nMap.make()"
    ).plain == ("Map { x: 1 }")
    assert fresh.run("const { Map: M2, ...rest } = { Map, b: 2 }; M2 === Map").plain == "true"
    assert fresh.run("globalThis.Map.name + Map.name + JSON + await 5").plain == "'MapMapmine5'"
    ran = fresh.run(
        "import { setTimeout } from 'node:timers/promises'; await setTimeout(1, 'slept')"
    )
    assert ran.plain == "'slept'"
    assert fresh.run("globalThis.setTimeout === setTimeout").plain == "false"
    ran = fresh.run("\nMap.nothing()")
    assert "Map" in ran.reply["content"]["evalue"] and "line 2:5" in ran.traceback
    assert fresh.run("console.log(1); [1, { a: 2 }]").plain == "[ 1, { a: 2 } ]"


def test_names_last_over_cells_and_functions_see_new_values(kernel: Kernel) -> None:
    kernel.run("let shared = 1; const read = () => shared;")
    assert kernel.run("let shared = 2; read()").plain == "2"


def test_using_disposes_at_the_end_of_the_cell(kernel: Kernel) -> None:
    ran = kernel.run(
        "using r = { [Symbol.dispose]() { console.log('disposed') } };\n"
        "await using s = { async [Symbol.asyncDispose]() { console.log('first') } };\n"
        "console.log('body'); 5"
    )
    assert ran.text() == "body\nfirst\ndisposed\n"
    assert ran.plain == "5"
    ran = kernel.run("using v = { n: 1, [Symbol.dispose]() { this.n = 0 } }; v")
    assert "n: 1" in (ran.plain or "")


@pytest.mark.parametrize(
    ("code", "ename", "evalue", "place", "marked"),
    [
        ("const ok = 1;\nthrow new RangeError('far')", "RangeError", "far", "line 2:7", "> 2 |"),
        ("await 0;\n\nnull.x", "TypeError", "null", "line 3:6", "> 3 |"),
        ("type T = {\n  a: number\n};\nmissing", "ReferenceError", "missing", "line 4:1", "> 4 |"),
        ("let é = '😀'; let b: = 1", "SyntaxError", "Unexpected token", "line 1:22", "> 1 |"),
        ("let c = 1;\nlet c = 2;", "SyntaxError", "already", "line 2:5", "> 2 |"),
        ("const r =\n  /(/", "SyntaxError", "regular", "line 2:3", "> 2 |"),
        ("\nimport x from 'no-such-package'", "Error", "no-such-package", "line 2:1", "> 2 |"),
        ("import { nope } from 'node:fs'", "SyntaxError", "nope", "line 1:1", "> 1 |"),
    ],
)
def test_errors_show_the_users_line(
    kernel: Kernel, code: str, ename: str, evalue: str, place: str, marked: str
) -> None:
    ran = kernel.run(code)
    content = ran.reply["content"]
    assert content["status"] == "error"
    assert content["ename"] == ename
    assert evalue in content["evalue"]
    assert ran.of("error") == [{k: content[k] for k in ("ename", "evalue", "traceback")}]
    count = content["execution_count"]
    assert f"Cell [{count}], {place}" in ran.traceback
    assert marked in ran.traceback
    assert "kernel/src" not in ran.traceback and "node:inspector" not in ran.traceback


def test_an_error_names_the_cells_it_came_through(kernel: Kernel) -> None:
    one = kernel.run(
        "function thrower() {\n  throw new Error('deep', { cause: new Error('why') });\n}"
    )
    two = kernel.run("// first line\nconst call = async () => { await 0; thrower(); };")
    three = kernel.run("await call()")
    n1, n2, n3 = (r.reply["content"]["execution_count"] for r in (one, two, three))
    text = three.traceback
    assert f"at thrower (Cell [{n1}], line 2:" in text
    assert f"Cell [{n2}], line 2:" in text
    assert f"Cell [{n3}], line 1:" in text
    assert "Caused by:" in text and "why" in text


@pytest.mark.parametrize(
    "thrown", ["'text'", "undefined", "null", "42", "10n", "{ a: 1 }", "Symbol('s')"]
)
def test_anything_can_be_thrown(kernel: Kernel, thrown: str) -> None:
    content = kernel.run(f"throw ({thrown})").reply["content"]
    assert content["status"] == "error"
    assert content["evalue"] == thrown.replace("Symbol('s')", "Symbol(s)")


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ("const gone = Proxy.revocable({}, {}); gone.revoke(); gone.proxy", "<Revoked Proxy>"),
        ("new Proxy({ a: 1 }, { get() { throw new Error('trap') } })", "{ a: 1 }"),
        ("({ $schema: 'https://vega.github.io/schema/vega-lite/v5.json', n: 1n })", "n: 1n"),
    ],
)
def test_values_that_resist_are_shown_as_text(kernel: Kernel, code: str, plain: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok"
    assert plain in ran.plain and list(ran.result) == ["text/plain"]


@pytest.mark.parametrize(
    "code",
    [
        "throw Promise.reject(new Error('inner'))",
        "const own: any = new Error('inner'); own.cause = own; throw own",
        "throw new AggregateError([new Error('inner')], 'outer')",
        "const all: any = new AggregateError([], 'inner'); all.errors = [all, all, all]; throw all",
    ],
)
def test_errors_within_errors_show_no_frames_of_ours_and_end(kernel: Kernel, code: str) -> None:
    traceback = kernel.run(code).traceback
    assert "inner" in traceback and traceback.count("inner") <= 4
    assert "cell:///" not in traceback and "node:vm" not in traceback
    assert "evaluator" not in traceback
    ran = kernel.run(f"{code.replace('throw ', 'console.log(')})")
    assert "node:vm" not in ran.text() and "evaluator" not in ran.text()


def test_errors_as_values_show_frames_of_the_user_only(kernel: Kernel) -> None:
    count = kernel.run("const kept = new Error('kept'); throw kept").reply["content"][
        "execution_count"
    ]
    shown = f"Error: kept\n    at Cell [{count}], line 1:14"
    assert kernel.run("kept").plain == shown
    assert kernel.run("console.log(kept.stack)").text() == f"{shown}\n"
    assert kernel.run("[kept]; new Error('new')").plain.count("\n") == 1
    trace = kernel.run("console.trace('here')").text("stderr")
    assert trace.startswith("Trace: here\n    at Cell [") and trace.count("\n") == 2


def test_a_huge_thing_that_is_thrown_is_shown_within_bounds(kernel: Kernel) -> None:
    content = kernel.run(
        "const wide: any = {}; for (let i = 0; i < 1e5; i++) wide['k' + i] = i; throw wide"
    ).reply["content"]
    assert content["evalue"].startswith("{\n  k0: 0") and len(content["evalue"]) < 2000
    content = kernel.run("throw new Error('x'.repeat(1e6))").reply["content"]
    assert 10_000 < len(content["evalue"]) < 30_000 > len("".join(content["traceback"]))


def test_names_of_the_generated_code_are_free_for_cells(fresh: Kernel) -> None:
    assert fresh.run("const $cenote = 5; function $cenoteLine() { return $cenote }").status == "ok"
    for code in ("$cenote = 6", "globalThis.$cenote.result = null", "delete globalThis.$cenote"):
        assert fresh.run(f"{code};").reply["content"]["ename"] == "TypeError"
    assert fresh.run("await import('node:os'); [$cenote, $cenoteLine()]").plain == "[ 5, 5 ]"


def test_output_keeps_its_order(kernel: Kernel) -> None:
    kernel.run(
        "const show = (n: number) =>\n"
        "  ({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': `d${n}` }) })"
    )
    ran = kernel.run(
        "console.log('a'); process.stdout.write('b\\n'); console.error('c');\n"
        "for (let i = 0; i < 3; i++) { console.log('line', i); }\n"
        "process.stderr.write('d'); show(1)"
    )
    kinds = [m["msg_type"] for m in ran.messages]
    assert kinds[:2] == ["status", "execute_input"]
    assert kinds[-1] == "status"
    merged: list[tuple[str, str]] = []
    for m in ran.of("stream"):
        if merged and merged[-1][0] == m["name"]:
            merged[-1] = (m["name"], merged[-1][1] + m["text"])
        else:
            merged.append((m["name"], m["text"]))
    assert merged == [
        ("stdout", "a\nb\n"),
        ("stderr", "c\n"),
        ("stdout", "line 0\nline 1\nline 2\n"),
        ("stderr", "d"),
    ]
    assert ran.plain == "d1"


def test_a_hundred_thousand_lines_arrive_whole_before_idle(kernel: Kernel) -> None:
    request = kernel.send("for (let i = 0; i < 100_000; i++) console.log('line', i);")
    ran = kernel.finish(request, timeout=120)
    assert ran.text() == "".join(f"line {i}\n" for i in range(100_000))
    assert len(ran.messages) < 1000  # gathered, not one by one
    assert kernel.nothing_more(request)


def test_ten_thousand_displays_arrive_whole(kernel: Kernel) -> None:
    # more than any buffer on the way holds, and sent faster than this client reads
    kernel.run("import { display } from 'cenote'")
    request = kernel.send("for (let i = 0; i < 10_000; i++) display(i);")
    ran = kernel.finish(request, timeout=120)
    assert [m["data"]["text/plain"] for m in ran.of("display_data")] == [
        str(i) for i in range(10_000)
    ]
    assert kernel.nothing_more(request)


def test_large_outputs_arrive_whole(kernel: Kernel) -> None:
    ran = kernel.run(
        "const megabytes = 'é😀x'.repeat(2_000_000);\n"
        "process.stdout.write(megabytes);\n"
        "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': megabytes }) })",
        timeout=120,
    )
    wanted = "é😀x" * 2_000_000
    assert ran.text() == wanted
    assert ran.plain == wanted


def test_what_a_busy_loop_prints_is_seen_while_it_runs(kernel: Kernel) -> None:
    request = kernel.send("console.log('begun'); while (true) {}")
    kernel.wait_for_text("begun")
    kernel.manager.interrupt_kernel()
    assert kernel.finish(request).status == "error"


def test_printing_for_ever_needs_no_memory_and_can_be_stopped(kernel: Kernel) -> None:
    before = float(kernel.run("process.memoryUsage.rss()").plain or 0)
    request = kernel.send("for (let i = 0; ; i++) console.log('again', i)")
    kernel.wait_for_text("again 100000\n")
    kernel.manager.interrupt_kernel()
    assert kernel.finish(request, timeout=120).status == "error"
    after = float(kernel.run("process.memoryUsage.rss()").plain or 0)
    assert after - before < 300e6


def test_late_output_belongs_to_its_own_cell(kernel: Kernel) -> None:
    first = kernel.send("setTimeout(() => console.log('from the first'), 30);")
    kernel.finish(first)
    kernel.run("await new Promise((r) => setTimeout(r, 80))")
    message = kernel.wait_for(
        lambda m: m["msg_type"] == "stream" and "first" in m["content"]["text"]
    )
    assert message["parent_header"]["msg_id"] == first


@pytest.mark.parametrize(
    "code",
    [
        "setTimeout(() => { throw new Error('too late') }, 10);",
        "setTimeout(async () => { throw new Error('too late') }, 10);",
    ],
)
def test_late_errors_are_shown_and_survived(kernel: Kernel, code: str) -> None:
    kernel.run("const kept = 11")
    request = kernel.send(code)
    message = kernel.wait_for(
        lambda m: m["msg_type"] == "stream" and "too late" in m["content"]["text"]
    )
    assert message["content"]["name"] == "stderr"
    assert "line 1:" in message["content"]["text"]
    assert message["parent_header"]["msg_id"] == request
    assert kernel.reply(request)["content"]["status"] == "ok"
    assert kernel.run("kept").plain == "11"


@pytest.mark.parametrize(
    "code",
    [
        "Promise.reject(new Error('at once'));",
        "(async () => { throw new Error('at once') })();",
        "void (async () => { await null; await null; throw new Error('at once') })(); await null",
        "queueMicrotask(() => { throw new Error('at once') });",
        "process.nextTick(() => { throw new Error('at once') });",
    ],
)
def test_what_nobody_handles_is_shown_before_the_cells_end(kernel: Kernel, code: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok"
    assert "at once" in ran.text("stderr") and "line 1:" in ran.text("stderr")


def test_a_cell_that_leaves_the_thread_busy_ends_all_the_same(kernel: Kernel) -> None:
    kernel.run("const storm = async () => { while (true) await null };")
    for start in ("setImmediate(storm);", "process.nextTick(() => { setTimeout(storm, 0) });"):
        assert kernel.run(start).status == "ok"
        kernel.control("interrupt_request")
    assert kernel.run("1 + 1").plain == "2"


def test_displays(kernel: Kernel) -> None:
    kernel.run("const bundle = (m: object) => ({ [Symbol.for('Jupyter.display')]: async () => m })")
    assert kernel.run("bundle({ 'text/html': '<b>x</b>' })").result == {"text/html": "<b>x</b>"}
    ran = kernel.run("({ [Symbol.for('Jupyter.display')]() { throw new Error('inside') } })")
    assert ran.reply["content"]["evalue"] == "inside"


def test_arrow_tables_show_types_and_size(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { tableFromArrays } from 'apache-arrow';\n"
        "tableFromArrays({ n: Int16Array.from([1, 2, 3]), s: ['<x>', null, 'y'] })"
    )
    html, plain = ran.result["text/html"], ran.result["text/plain"]
    assert "Int16" in html and "&lt;x&gt;" in html and "3 rows × 2 columns" in html
    assert "3 rows × 2 columns" in plain


def test_a_huge_value_is_shown_shortly(kernel: Kernel) -> None:
    plain = kernel.run(
        "const wide = (d: number): unknown =>\n"
        "  d === 0 ? 0 : Array.from({ length: 200 }, () => wide(d - 1));\n"
        "wide(3)"
    ).plain
    assert plain is not None and len(plain) <= 101_000
    assert len(kernel.run("'x'.repeat(1e6)").plain or "") < 110_000
