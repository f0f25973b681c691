"""What cells of TypeScript may be, how their errors show, and cells that change built-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
from client import Kernel

CELLS = Path(__file__).parent / "cells"


def typescript_cells() -> list[tuple[str, str | None]]:
    """Each cell with its result as text, "nothing" for none."""
    parts = (CELLS / "typescript.txt").read_text().rstrip("\n").split("\n---\n")
    pairs = [part.rsplit("// => ", 1) for part in parts]
    return [(code.rstrip("\n"), None if plain == "nothing" else plain) for code, plain in pairs]


def test_typescript_of_every_kind(kernel: Kernel) -> None:
    for code, plain in typescript_cells():
        ran = kernel.run(code)
        assert ran.status == "ok", (code, ran.reply["content"])
        assert ran.plain == plain, code


@pytest.mark.parametrize(
    ("code", "ename", "evalue", "place"),
    [
        ("undeclared = 5", "ReferenceError", "undeclared", "line 1:1"),
        ("with (Math) {}", "SyntaxError", "with", "line 1:1"),
        ("let d1 = 1;\ndelete d1", "SyntaxError", "strict mode", "line 2:"),
        ("return 5", "SyntaxError", "return", "line 1:1"),
        ("new.target", "SyntaxError", "new.target", "line 1:1"),
        ("export { nope } from 'node:path'", "SyntaxError", "nope", "line 1:1"),
        ("const c1 = 1;\nc1 = 2", "TypeError", "constant", "line 2:1"),
        ("import { sep } from 'node:path';\n\nsep++", "TypeError", "constant", "line 3:1"),
        ("#!/x\nnull.x", "TypeError", "null", "line 2:6"),
        ("{ a: null.x }", "TypeError", "null", "line 1:11"),
        ("<b>{nope.x}</b>", "ReferenceError", "nope", "line 1:5"),
        ("<div>\n  <b>\n</div>", "SyntaxError", "closing tag", "line 3:"),
        ("<b onClick={() => 1} />", "TypeError", "events", "line 1:2"),
        (
            "const no = () => { throw new Error('dec') };\nclass C {\n  @no m() {}\n}",
            "Error",
            "dec",
            "line 1:26",
        ),
        ("await import('./nope.ts')", "Error", "nope.ts", "line 1:7"),
        ("require('./nope')", "Error", "nope", "line 1:1"),
    ],
)
def test_errors_of_the_language_have_their_place(
    kernel: Kernel, code: str, ename: str, evalue: str, place: str
) -> None:
    ran = kernel.run(code)
    content = ran.reply["content"]
    assert content["status"] == "error", content
    assert content["ename"] == ename
    assert evalue in content["evalue"]
    assert place in ran.traceback
    for ours in ("kernel/src", "kernel/dist", "cell:///", "__esDecorate", "cell.mjs:"):
        assert ours not in ran.traceback


def test_constants_hold_over_cells_until_they_are_declared_anew(kernel: Kernel) -> None:
    kernel.run("const held = 1; const set = () => { held = 2 }")
    for code in ("held = 2", "held++", "set()", "[held] = [2]"):
        assert kernel.run(code).reply["content"]["ename"] == "TypeError", code
        assert kernel.run("held").plain == "1"
    assert kernel.run("let held = 3; held = 4; held").plain == "4"
    assert kernel.run("held += 1; held").plain == "5"


def test_jsx_is_shown_as_html(kernel: Kernel) -> None:
    ran = kernel.run(
        "const Item = (p: { n: number; children?: unknown }) => <li>{p.n}: {p.children}</li>;\n"
        "<ul className='x'>{[1, 2].map((n) => <Item n={n}>{'<&>'}</Item>)}</ul>"
    )
    assert ran.result["text/html"] == (
        '<ul class="x"><li>1: &lt;&amp;&gt;</li><li>2: &lt;&amp;&gt;</li></ul>'
    )


FILES = {
    "loc.ts": "interface A {\n  a: number\n}\n\nexport function boom(x: number): never {\n"
    "  const y: A = { a: x };\n  throw new Error('from file ' + y.a);\n}\n",
    "via.ts": "import { boom } from './loc.ts';\nexport const go = async () => {\n"
    "  await null;\n  boom(7);\n};\n",
    "bad.ts": "export const a = 1;\nlet b: = 2;\n",
    "bad.js": "export const a = 1;\nlet b = = 2;\n",
    "imports-bad.ts": "import { a } from './bad.js';\nexport const q = a;\n",
    "plain.js": "export function p() {\n  null.x;\n}\n",
    "top.ts": "type X = 1;\n\nthrow new Error('at load');\n",
    "dec.ts": "const d = (v: any, c: any) => v;\n@d\nexport class D {\n  @d accessor x = 5;\n"
    "  m(): never {\n    throw new Error('decorated');\n  }\n}\n",
    "comp.tsx": "export const Comp = ({ n }: { n: number }) => <b>{n}</b>;\n"
    "export const fails = () => {\n  return <i>{null!.x}</i>;\n};\n",
    "parts.ts": "import os = require('node:os');\nexport namespace N {\n"
    "  export let a = 1; export function inc() { a++ } }\n"
    "export namespace N { export const b = a; export const t = typeof os.cpus }\n",
}


def test_errors_in_local_files_show_their_lines(fresh: Kernel, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for code, wanted in [
        (
            "import { boom } from './loc.ts'; boom(1)",
            ["loc.ts, line 7:9", "> 7 |", "at boom (loc.ts, line 7:9)", "Cell [1], line 1:34"],
        ),
        (
            "import { go } from './via'; await go()",
            ["loc.ts, line 7:9", "at go (via.ts, line 4:3)", "Cell [2], line 1:29"],
        ),
        ("import { a } from './bad.ts'", ["bad.ts, line 2:8", "> 2 |"]),
        ("import { a } from './bad.js'", ["bad.js, line 2:9", "> 2 |"]),
        ("await import('./imports-bad.ts')", ["bad.js, line 2:9", "> 2 |"]),
        (
            "import { p } from './plain.js'; p()",
            ["plain.js, line 2:8", "> 2 |", "at p (plain.js, line 2:8)"],
        ),
        ("import './top.ts'", ["top.ts, line 3:7", "> 3 |"]),
        ("import { D } from './dec.ts'; new D().m()", ["dec.ts, line 6:11", "> 6 |"]),
        ("import { fails } from './comp.tsx'; fails()", ["comp.tsx, line 3:20", "> 3 |"]),
    ]:
        ran = fresh.run(code)
        assert ran.status == "error", code
        for text in wanted:
            assert text in ran.traceback, (code, ran.traceback)
        assert "changed=" not in ran.traceback
    ran = fresh.run("import { Comp } from './comp'; <Comp n={4} />")
    assert ran.result["text/html"] == "<b>4</b>"
    assert fresh.run("import { N } from './parts.ts'; N.inc(); [N.a, N.b, N.t]").plain == (
        "[ 2, 1, 'function' ]"
    )
    ran = fresh.run("try { boom(3) } catch (e) { console.log(e) }")
    assert "at boom (loc.ts, line 7:9)" in ran.text()


def test_causes_and_collected_errors_are_shown_with_their_places(kernel: Kernel) -> None:
    traceback = kernel.run(
        "const inner = new AggregateError(\n  [new RangeError('r1', { cause: 'text' }),\n"
        "   new AggregateError([new TypeError('t1')], 'mid')], 'agg');\n"
        "throw Object.assign(new Error('deep', { cause: inner }), { code: 'E_X' })"
    ).traceback
    for wanted in ("deep", "E_X", "Caused by:", "agg", "[1 of 2]", "r1", "'text'", "mid", "t1"):
        assert wanted in traceback
    assert "line 2:4" in traceback and "line 3:24" in traceback
    traceback = kernel.run(
        "{ using a = { [Symbol.dispose]() { throw new Error('disposing') } };\n"
        "throw new Error('body') }"
    ).traceback
    assert "disposing" in traceback and "body" in traceback and "line 2:7" in traceback


LEGACY = """function log(target: any, key: string, how: PropertyDescriptor) {
  how.value = () => `${key} of ${target.constructor.name}`;
}
const params: string[] = [];
const mark = (target: any, key: any, at: number) => { params.push(`${target.name} ${at}`) };
const seal = (target: Function) => { Object.seal(target) };
@seal class Boat {
  constructor(@mark private a = 1) {}
  @log sail(): string { return "" }
}
[new Boat().sail(), params, Object.isSealed(Boat)]"""


def test_decorators_of_the_older_kind_follow_the_tsconfig(fresh: Kernel, tmp_path: Path) -> None:
    ran = fresh.run(LEGACY)
    assert ran.reply["content"]["evalue"] == "Parameters can't be decorated"
    assert "line 8:15" in ran.traceback and "tsconfig.json" in ran.traceback
    # One that is meant to be called otherwise fails in itself.
    ran = fresh.run("const old = (t: any, k: any, d: any) => { d.value }; class A { @old m() {} }")
    assert "experimentalDecorators" in ran.traceback
    (tmp_path / "base.json").write_text('{"compilerOptions": {"experimentalDecorators": true}}')
    (tmp_path / "tsconfig.json").write_text(
        '{ // comments are allowed\n "extends": "./base.json",'
        ' "compilerOptions": {"emitDecoratorMetadata": true} }'
    )
    assert fresh.run(LEGACY).plain == "[ 'sail of Boat', [ 'Boat 0' ], true ]"
    ran = fresh.run(
        "Reflect.metadata = (key: string, value: any) => () => { seen.push([key, value?.name]) };\n"
        "const seen: any[] = []; const any = (...all: any[]) => {};\n"
        "class Typed { @any length: number = 2 }\nseen"
    )
    assert ran.plain == "[ [ 'design:type', 'Number' ] ]"
    (tmp_path / "old.ts").write_text(LEGACY.replace("[new", "export const got = [new"))
    assert "sail of Boat" in fresh.run("import { got } from './old'; got").plain
    ran = fresh.run("%types strict\n" + LEGACY.replace("Boat", "Ship"))
    assert ran.plain == "[ 'sail of Ship', [ 'Ship 0' ], true ]"


def test_printed_errors_show_what_they_say_besides(kernel: Kernel) -> None:
    ran = kernel.run("const e = Object.assign(new Error('m'), { code: 'E' }); console.log([e])")
    place = ran.text().split("Cell [")[1].split("]")[0]
    assert ran.text() == (
        f"[\n  Error: m\n      at Cell [{place}], line 1:25 {{\n    code: 'E'\n  }}\n]\n"
    )
    ran = kernel.run("console.log(new Error('outer', { cause: new Error('inner') }))")
    first, last = ran.text().splitlines()[0], ran.text().splitlines()[-1]
    assert (first, last) == ("Error: outer", "}")
    assert ran.text().count("{") == 1 and "matching" not in ran.text()


@pytest.mark.parametrize(
    ("code", "evalue", "places"),
    [
        ("throw null", "null", ["line 1:1"]),
        ("1;\nthrow 'text'", "'text'", ["line 2:1"]),
        (
            "const f = () => { throw { code: 5 } };\nf()",
            "{ code: 5 }",
            ["line 1:19", "line 2:1"],
        ),
        ("await (async () => {\n await null;\n throw 42 })()", "42", ["line 3:2", "line 1:1"]),
        ("try { throw 'a' }\ncatch (e) { throw e }", "'a'", ["line 2:13"]),
        ("throw new (class Odd {})", "Odd {}", ["line 1:1"]),
        ("class OddError {}\nthrow new OddError()", "OddError {}", ["line 2:1"]),
    ],
)
def test_what_is_thrown_and_is_no_error_has_its_place(
    kernel: Kernel, code: str, evalue: str, places: list[str]
) -> None:
    ran = kernel.run(code)
    assert (ran.reply["content"]["ename"], ran.reply["content"]["evalue"]) == ("Thrown", evalue)
    assert "> " in ran.traceback and all(place in ran.traceback for place in places)


def test_recursions_and_values_that_resist_are_told_briefly(kernel: Kernel) -> None:
    ran = kernel.run("const deep = (n: number): number => deep(n + 1) + 1; deep(0)")
    assert ran.reply["content"]["ename"] == "RangeError"
    assert "more times" in ran.traceback and ran.traceback.count("at deep") == 2
    ran = kernel.run("throw new Proxy({}, { get() { throw new Error('trap') } })")
    assert (ran.reply["content"]["ename"], ran.reply["content"]["evalue"]) == ("Thrown", "{}")


def test_cells_that_change_built_ins_leave_the_kernel_whole(fresh: Kernel) -> None:
    """Each changes what the kernel stands on; ordinary cells follow it on the same kernel."""
    # Takes a change back, by what it took along, so that each stands alone.
    assert fresh.run((CELLS / "undo.txt").read_text()).status == "ok"
    for change in (CELLS / "changes.txt").read_text().splitlines():
        ran = fresh.run(f"{change};\n'changed'")
        assert ran.plain == "'changed'", (change, ran.reply["content"])
        ran = fresh.run("out.log('line'); const again = await 5; [again, { a: 2 }]")
        assert ran.text() == ("seen\n" * ran.text().count("seen\n")) + "line\n", change
        assert ran.plain == "[ 5, { a: 2 } ]", (change, ran.reply["content"])
        ran = fresh.run("const one = 1;\nthrow new RangeError('still')")
        assert ran.reply["content"]["evalue"] == "still", change
        assert "line 2:7" in ran.traceback, change
        assert fresh.run("nonsense nonsense").reply["content"]["ename"] == "SyntaxError"
        ran = fresh.run("undo(); 'undone'")
        assert ran.plain == "'undone'", (change, ran.reply["content"])


def test_changes_of_built_ins_are_the_notebooks_to_see(fresh: Kernel) -> None:
    fresh.run("JSON.stringify = () => 'mine'; (Object.prototype as any).extra = 1;")
    assert fresh.run("[JSON.stringify(1), ({} as any).extra]").plain == "[ 'mine', 1 ]"


def test_changes_that_imported_code_makes_are_survived(fresh: Kernel, tmp_path: Path) -> None:
    (tmp_path / "patch.ts").write_text("JSON.stringify = () => { throw new Error('patched') };\n")
    assert fresh.run("import './patch.ts'; 1").plain == "1"
    assert fresh.run("[1]").plain == "[ 1 ]"
    package = tmp_path / "node_modules" / "patches"
    package.mkdir(parents=True)
    (package / "index.js").write_text("Array.prototype.map = null; Map.prototype.get = null;")
    fresh.run("import 'patches'")
    assert fresh.run("[2]").plain == "[ 2 ]"
