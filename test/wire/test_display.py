"""What cells show: tables, pictures, charts, elements, progress bars; and bounds on all of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from client import Kernel, Ran


def shown(ran: Ran) -> list[dict[str, Any]]:
    """Data of displays and their updates, in order."""
    kinds = ("display_data", "update_display_data")
    return [m["content"]["data"] for m in ran.messages if m["msg_type"] in kinds]


def test_arrays_of_records_are_tables(kernel: Kernel) -> None:
    ran = kernel.run(
        "Array.from({ length: 1234 }, (_, i) => ({ id: i, '<n>': i % 2 ? 'odd' : null, at: [i] }))"
    )
    html = ran.result["text/html"]
    assert "1,234 rows × 3 columns" in html and html.count("<tr>") == 21
    assert "number" in html and "null | string" in html and "&lt;n&gt;" in html
    assert "<n>" not in html and ran.plain.startswith("[\n  { id: 0")


@pytest.mark.parametrize(
    "code",
    [
        "[1, 2, 3]",
        "[]",
        "[{}, {}]",
        "[{ a: 1 }, null]",
        "[new (class A { a = 1 })()]",
        "[{ get a() { throw new Error('ran') } }]",
        "[new Proxy({ a: 1 }, { ownKeys() { throw new Error('ran') } })]",
        "Array.from({ length: 40 }, (_, i) => ({ ['k' + i]: i }))",
    ],
)
def test_what_is_no_table_is_text(kernel: Kernel, code: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok" and list(ran.result) == ["text/plain"]


PICTURES = {
    "image/png": b"\x89PNG\r\n\x1a\nrest",
    "image/jpeg": b"\xff\xd8\xff\xe0rest",
    "image/gif": b"GIF89arest",
    "image/webp": b"RIFF\x01\x02\x03\x04WEBPVP8 rest",
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("as_", ["bytes", "bytes.buffer", "new Blob([bytes], { type: 'image/x' })"])
def test_bytes_of_pictures_are_pictures(kernel: Kernel, kind: str, as_: str) -> None:
    ran = kernel.run(f"const bytes = Uint8Array.from({list(PICTURES[kind])}); {as_}")
    assert base64.b64decode(ran.result[kind]) == PICTURES[kind]
    view = kernel.run("new Uint8Array([0, 0, ...bytes, 0]).subarray(2, 2 + bytes.length)")
    assert base64.b64decode(view.result[kind]) == PICTURES[kind]
    assert list(kernel.run("bytes.subarray(1)").result) == ["text/plain"]


def test_text_of_a_drawing_is_a_drawing(kernel: Kernel) -> None:
    ran = kernel.run('\'<?xml version="1.0"?>\\n<svg width="3"><g/></svg>\\n\'')
    svg = ran.result["image/svg+xml"]
    assert '<svg xmlns="http://www.w3.org/2000/svg" width="3">' in svg
    for text in ("<svg", "about <svg></svg>", "<b>x</b>", "<svgx></svgx>"):
        assert list(kernel.run(json.dumps(text)).result) == ["text/plain"]


def test_elements_show_their_markup(kernel: Kernel) -> None:
    # As DOM libraries have it: getters on prototypes.
    kernel.run(
        "class Node1 { get tagName() { return this.name } get outerHTML() { return this.html }\n"
        "  constructor(readonly name: string, readonly html: string) {} }"
    )
    ran = kernel.run("new Node1('figure', '<figure><svg></svg></figure>')")
    assert ran.result["text/html"].startswith("<figure>") and "image/svg+xml" not in ran.result
    ran = kernel.run("new Node1('svg', '<svg class=\"plot\"></svg>')")
    assert ran.result["text/html"] == '<svg class="plot"></svg>'
    assert 'xmlns="http://www.w3.org/2000/svg"' in ran.result["image/svg+xml"]
    ran = kernel.run("({ tagName: 'b', get outerHTML() { throw new Error('no') } })")
    assert ran.status == "ok" and list(ran.result) == ["text/plain"]


def test_tables_of_libraries_show_themselves(kernel: Kernel) -> None:
    ran = kernel.run("({ toHTML(limit = 3) { return `<table><td>${limit}</td></table>` } })")
    assert ran.result["text/html"] == "<table><td>3</td></table>"
    for code in ("{ toHTML: (t) => `<p>${t}</p>` }", "{ toHTML() { throw 1 } }", "{ toHTML: 1 }"):
        assert list(kernel.run(f"({code})").result) == ["text/plain"]


def test_markup_stands_in_markup(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { html, svg, markdown } from 'cenote'; const dom = { outerHTML: '<i>d</i>' };\n"
        "const rows = ['a', 'b'].map((x) => html`<li>${x}</li>`);\n"
        "html`<ul>${rows}</ul>${svg`<svg/>`}${dom}${<b>{'<'}</b>}${5}${null}`"
    )
    inside = "<ul><li>a</li><li>b</li></ul><svg/><i>d</i><b>&lt;</b>5null"
    assert ran.result["text/html"] == inside
    ran = kernel.run("<p>{rows}{dom}</p>")
    assert ran.result["text/html"] == "<p><li>a</li><li>b</li><i>d</i></p>"
    assert kernel.run("[`${rows[0]}`, `${markdown`*m*`}`]").plain == "[ '<li>a</li>', '*m*' ]"


def test_bundles_are_sent_as_frontends_take_them(kernel: Kernel) -> None:
    ran = kernel.run(
        "({ [Symbol.for('Jupyter.display')]: () => ({ 'image/png': new Uint8Array([1, 2]),\n"
        "  'text/plain': 5, 'text/html': ['<b>', '</b>'], 'application/json': [1] }) })"
    )
    assert ran.result == {
        "image/png": "AQI=",
        "text/plain": "5",
        "text/html": "<b></b>",
        "application/json": [1],
    }


def test_latex_keeps_its_backslashes(kernel: Kernel) -> None:
    ran = kernel.run("import { latex } from 'cenote'; latex`\\frac{1}{${1 + 1}}\\underline{x}`")
    assert ran.result["text/latex"] == "\\frac{1}{2}\\underline{x}"


def test_errors_in_tables_are_shown_by_their_message(kernel: Kernel) -> None:
    ran = kernel.run("[{ n: 1, failed: new TypeError('why') }, { n: 2, failed: null }]")
    assert ">TypeError: why</td>" in ran.result["text/html"]


def test_charts(kernel: Kernel) -> None:
    schema = "https://vega.github.io/schema"
    ran = kernel.run("import { vega } from 'cenote'; vega({ mark: 'bar', data: { values: [1] } })")
    spec = ran.result["application/vnd.vegalite.v5+json"]
    assert spec["mark"] == "bar" and "vega-lite/v5" in spec["$schema"]
    for path, mime in (
        ("vega-lite/v4.17.0.json", "application/vnd.vegalite.v4+json"),
        ("vega-lite/v6.json", "application/vnd.vegalite.v5+json"),
        ("vega/v5.json", "application/vnd.vega.v5+json"),
    ):
        assert mime in kernel.run(f"({{ $schema: '{schema}/{path}', marks: [] }})").result
    ran = kernel.run("vega({ toSpec: () => ({ mark: 'point' }) })")
    assert ran.result["application/vnd.vegalite.v5+json"]["mark"] == "point"
    assert "found" in kernel.run("vega({ $schema: 'https://json-schema.org/x' })").traceback


def test_pictures_have_a_size(kernel: Kernel) -> None:
    ran = kernel.run("import { png, jpeg } from 'cenote'; png(Uint8Array.of(1, 2), { width: 30 })")
    result = ran.of("execute_result")[0]
    assert result["data"]["image/png"] == "AQI="
    assert result["metadata"] == {"image/png": {"width": 30}}
    assert kernel.run("jpeg(Uint8Array.of(0, 1, 2).buffer)").result["image/jpeg"] == "AAEC"


# ---- progress ----


@pytest.mark.parametrize(
    ("loop", "total"),
    [
        ("for (const x of progress(['a', 'b', 'c'])) seen.push(x)", "3 of 3"),
        ("for (const x of progress(3)) seen.push(x)", "3 of 3"),
        ("for (const x of progress(new Set([1, 2, 3]))) seen.push(x)", "3 of 3"),
        ("for (const x of progress([1, 2, 3].values())) seen.push(x)", "3 ·"),
        ("for (const x of progress([1, 2, 3].values(), { total: 3 })) seen.push(x)", "3 of 3"),
        ("for await (const x of progress(later())) seen.push(x)", "3 ·"),
    ],
)
def test_progress_of_loops(kernel: Kernel, loop: str, total: str) -> None:
    kernel.run(
        "import { progress } from 'cenote';\n"
        "async function* later() { yield 1; await null; yield 2; yield 3 }"
    )
    ran = kernel.run(f"const seen: unknown[] = [];\n{loop};\nseen.length")
    assert ran.plain == "3"
    bars = shown(ran)
    assert total in bars[-1]["text/plain"] and bars[-1]["text/plain"].endswith("done")
    assert "<progress" in bars[0]["text/html"]
    ids = {
        m["content"]["transient"]["display_id"]
        for m in ran.messages
        if m["msg_type"].endswith("display_data")
    }
    assert len(ids) == 1 and len(ran.of("display_data")) == 1


def test_progress_is_drawn_seldom_and_escaped(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { progress } from 'cenote'; const t0 = performance.now();\n"
        "for (const i of progress(300_000, { label: '<i>' })) ;\nperformance.now() - t0"
    )
    bars = shown(ran)
    assert len(bars) <= 3 + float(ran.plain or 0) / 100
    assert "&lt;i&gt;" in bars[0]["text/html"] and bars[0]["text/plain"].startswith("<i>")


@pytest.mark.parametrize(
    "end", ["break", "throw new Error('x')", "await Promise.reject(new Error('x'))"]
)
def test_progress_that_is_left_is_stopped(kernel: Kernel, end: str) -> None:
    ran = kernel.run(
        "import { progress } from 'cenote';\n"
        f"for (const i of progress(10)) if (i === 4) {{ {end} }}"
    )
    assert "4 of 10" in shown(ran)[-1]["text/plain"]
    assert shown(ran)[-1]["text/plain"].endswith("stopped")


@pytest.mark.parametrize("wait", ["", "await 0;", "await new Promise((r) => setTimeout(r, 5));"])
def test_progress_that_is_interrupted_is_stopped(kernel: Kernel, wait: str) -> None:
    request = kernel.send(
        "import { progress } from 'cenote';\nconsole.log('begun');\n"
        f"for (const i of progress(1e12)) {{ {wait} }}"
    )
    kernel.wait_for_text("begun")
    kernel.manager.interrupt_kernel()
    ran = kernel.finish(request)
    assert ran.status == "error"
    assert shown(ran)[-1]["text/plain"].endswith("stopped")


def test_progress_moved_by_hand(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { progress } from 'cenote'; const bar = progress({ total: 8 });\n"
        "bar.advance(3); bar.set(6, 12); bar.done(); bar.count"
    )
    assert ran.plain == "6" and "6 of 12" in shown(ran)[-1]["text/plain"]


# ---- bounds ----

HUGE = {
    "typed array": "new Float64Array(1e8)",
    "array": "new Array(1e7).fill(0)",
    "holes": "new Array(1e8)",
    "sparse": "const s: any = []; for (let i = 0; i < 1e6; i++) s[3 * i + 1] = i; s",
    "keys": "Object.fromEntries(Array.from({ length: 3e5 }, (_, i) => ['k' + i, i]))",
    "symbols": "const y: any = {}; for (let i = 0; i < 2e5; i++) y[Symbol(i)] = i; y",
    "nested keys": "({ a: [Object.fromEntries(Array.from({ length: 3e5 }, (_, i) => [i, i]))] })",
    "map": "new Map(Array.from({ length: 1e6 }, (_, i) => [i, { i }]))",
    "set": "new Set(Array.from({ length: 1e6 }, (_, i) => i))",
    "deep": "let deep: any = {}; for (let i = 0; i < 1e5; i++) deep = { deep }; deep",
    "deep array": "let da: any = []; for (let i = 0; i < 1e5; i++) da = [da]; da",
    "string": "'x'.repeat(5e8)",
    "error": "new Error('x'.repeat(1e8))",
    "records": "Array.from({ length: 1e5 }, () => ({ a: 'x'.repeat(1000), b: [1, [2]] }))",
    "wide records": "[Object.fromEntries(Array.from({ length: 3e5 }, (_, i) => ['k' + i, i]))]",
    "long names": "({ ['k'.repeat(1e7)]: 1 })",
}


@pytest.mark.parametrize("code", HUGE.values(), ids=HUGE.keys())
def test_huge_values_are_shown_shortly(kernel: Kernel, code: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    assert len(json.dumps(ran.result)) < 250_000
    assert kernel.run("1 + 1").plain == "2"


EVIL = {
    "getter": "({ get a() { throw new Error('ran') } })",
    "tag": "({ get [Symbol.toStringTag]() { throw new Error('ran') } })",
    "constructor": "({ get constructor() { throw new Error('ran') } })",
    "shape": "({ get numRows() { throw new Error('ran') }, get tagName() { throw 1 } })",
    "proxy": "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, has() { throw 3 },"
    " getPrototypeOf() { throw 4 }, getOwnPropertyDescriptor() { throw 5 } })",
    "prototype": "Object.create(new Proxy({}, { get() { throw 1 }, has() { throw 1 } }))",
    "species": "class S extends Array { static get [Symbol.species](): any { throw 1 } }"
    " S.from({ length: 300 }, () => 1)",
    "iterator": "class M extends Map { [Symbol.iterator](): any { throw 1 } entries(): any"
    " { throw 1 } values(): any { throw 1 } get size(): any { throw 1 } } new M()",
    "inspect": "({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('ran') } })",
    "circle": "const c: any = { m: new Map() }; c.m.set(c, [c]); c.c = c; c",
    "null prototype": "Object.assign(Object.create(null), { a: 1 })",
}


@pytest.mark.parametrize("code", EVIL.values(), ids=EVIL.keys())
def test_values_that_resist_are_shown_all_the_same(kernel: Kernel, code: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    assert ran.plain
    assert len(ran.plain) < 10_000
