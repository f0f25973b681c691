"""Imports of cells: packages, the notebook's own files, "cenote" and "tslab"."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from client import Kernel, by_request


@pytest.fixture(scope="module")
def folder(kernel: Kernel) -> Path:
    """The notebook's, which the tests share: each has file names of its own."""
    return Path(kernel.run("console.log(process.cwd())").text().rstrip("\n"))


def write(file: Path, text: str, age: int) -> None:
    """Writes a file that is `age` seconds younger than the first one."""
    file.write_text(text)
    os.utime(file, (1_700_000_000 + age,) * 2)


def test_packages_of_the_notebook_and_of_the_kernel(kernel: Kernel, folder: Path) -> None:
    package = folder / "node_modules" / "here"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "here", "main": "index.js"}')
    (package / "index.js").write_text("module.exports = { answer: 42, twice: (x) => 2 * x }")
    ran = kernel.run(
        "import here, { twice } from 'here'; import * as arrow from 'apache-arrow';\n"
        "[here.answer, twice(4), typeof arrow.Table]"
    )
    assert ran.plain == "[ 42, 8, 'function' ]"
    assert kernel.run("require('here').answer").plain == "42"
    assert kernel.run("(await import('here')).default.answer").plain == "42"


def test_local_typescript_reloads_when_it_or_its_imports_change(
    kernel: Kernel, folder: Path
) -> None:
    write(folder / "deep.ts", "export enum Level { low = 1 }\nexport const deep: number = 1;", 0)
    write(folder / "local.ts", "import { deep } from './deep';\nexport const value = deep * 10;", 0)
    code = "import { value } from './local.ts'; value"
    assert kernel.run(code).plain == "10"
    write(folder / "deep.ts", "export const deep: number = 2;", 10)
    assert kernel.run(code).plain == "20"
    write(
        folder / "local.ts",
        "import { deep } from './deep.ts';\nexport const value = deep * 100;",
        20,
    )
    assert kernel.run(code).plain == "200"
    kernel.run("globalThis.first = await import('./local.ts')")
    assert kernel.run("first === await import('./local.ts')").plain == "true"


def test_errors_in_local_files_name_their_place(kernel: Kernel, folder: Path) -> None:
    write(folder / "broken.ts", "export const a = 1;\nlet b: = 2;", 0)
    ran = kernel.run("import { a } from './broken.ts'")
    assert "broken.ts, line 2:8" in ran.reply["content"]["evalue"]
    write(folder / "broken.ts", "export const a: number = 5;", 10)
    assert kernel.run("import { a } from './broken.ts'; a").plain == "5"


def test_a_name_that_a_module_does_not_export_is_an_error(kernel: Kernel, folder: Path) -> None:
    (folder / "whole.ts").write_text("export default { inner: 1 }")
    (folder / "named.ts").write_text("export const one = 1")
    (folder / "common.cjs").write_text("module.exports = Object.fromEntries([['made', 2]])")
    for names in ("{ inner }", "{ toString }"):
        ran = kernel.run(f"import {names} from './whole.ts'")
        assert "no export named" in ran.reply["content"]["evalue"]
    ran = kernel.run("import named from './named.ts'")
    assert ran.reply["content"]["evalue"] == 'The module "./named.ts" has no default export.'
    assert kernel.run("import { made } from './common.cjs'; made").plain == "2"
    for form in ("import { nope } from", "export { nope } from", "export { nope as yes } from"):
        (folder / "wants.ts").write_text(f"// above\n{form} './named.ts'; export const two = 2")
        for code in ("import { two } from './wants.ts'", "%reload\nawait import('./wants.ts')"):
            ran = kernel.run(code)
            assert "wants.ts, line 2:10" in ran.traceback and "import type" in ran.traceback
            assert kernel.run(f"{form} './named.ts'").reply["content"]["ename"] == "SyntaxError"
    (folder / "wants.ts").write_text("import one from './named.ts'")
    assert "no default export" in kernel.run("import './wants.ts'").traceback


def test_a_cell_exports_what_there_is(kernel: Kernel) -> None:
    code = "export { there as default, Set as 'a b', type Kind }; interface Kind {}; class Set {}"
    assert kernel.run(f"const there = 1; {code}").status == "ok"
    ran = kernel.run("export { there }; export { nothing as there }")
    assert ran.reply["content"]["evalue"] == "nothing is not defined"
    assert "Cell [" in ran.traceback and "line 1:19" in ran.traceback


def test_a_cell_whose_imports_fail_leaves_the_names_as_they_were(
    fresh: Kernel, tmp_path: Path
) -> None:
    (tmp_path / "waits.ts").write_text("console.log('waiting');\nawait new Promise(() => {})")
    fresh.run("let kept = 5")
    rest = "import { kept } from 'node:os'; const fresh = 1; class Set {} function late() {}"
    for failing in (
        f"import {{ join }} from 'node:path'; {rest}",
        f"import join from './missing.ts'; {rest}",
        f"import join, {{ nothing }} from 'node:path'; {rest}",
    ):
        assert fresh.run(failing).status == "error"
    request = fresh.send(f"import {{ join }} from './waits.ts'; {rest}")
    fresh.wait_for_text("waiting")
    by_request(fresh)
    assert fresh.finish(request).reply["content"]["ename"] == "Interrupted"
    assert fresh.run("{ let join = 1, late; break }").reply["content"]["ename"] == "SyntaxError"
    assert fresh.run("kept += 1; [kept, typeof join, typeof late, new Set([1]).size]").plain == (
        "[ 6, 'undefined', 'undefined', 1 ]"
    )
    assert fresh.run("fresh").reply["content"]["evalue"] == "fresh is not defined"


def test_json_with_attributes_and_without(kernel: Kernel, folder: Path) -> None:
    write(folder / "data.json", '{"rows": 3}', 0)
    write(folder / "reads.ts", "import data from './data.json';\nexport const { rows } = data;", 0)
    ran = kernel.run(
        "import data from './data.json' with { type: 'json' }; import same from './data.json';\n"
        "import { rows } from './reads.ts'; [data.rows, data === same, rows]"
    )
    assert ran.plain == "[ 3, true, 3 ]"
    wrong = kernel.run("import data from './data.json' with { type: 'css' }").reply["content"]
    assert "/data.json" in wrong["evalue"] and "changed=" not in wrong["evalue"]


def test_commonjs_is_what_its_types_say(kernel: Kernel, folder: Path) -> None:
    """Node's scan finds none of these names."""
    (folder / "all.cjs").write_text(
        "module.exports = Object.assign(() => 'called', Object.fromEntries([['sum', 3]]));\n"
        "let asked = 0;\n"
        "Object.defineProperty(module.exports, 'late', { enumerable: true, get: () => ++asked });"
    )
    (folder / "flag.cjs").write_text(
        "exports.__esModule = true; exports.default = class Chart {}; exports.size = 2;"
    )
    (folder / "no-default.cjs").write_text("exports.__esModule = true; exports.size = 2;")
    ran = kernel.run(
        "import * as all from './all.cjs'; import call, { sum } from './all.cjs';\n"
        "const again = await import('./all.cjs');\n"
        "[all.sum, sum, call(), all.default(), again === all, all.late]"
    )
    assert ran.plain == "[ 3, 3, 'called', 'called', true, 1 ]"
    ran = kernel.run(
        "import Chart, { size } from './flag.cjs'; import * as flag from './flag.cjs';\n"
        "import { default as same } from './flag.cjs'; import whole from './no-default.cjs';\n"
        "[Chart.name, size, flag.default === Chart, same === Chart, whole.size]"
    )
    assert ran.plain == "[ 'Chart', 2, true, true, 2 ]"
    # Elements of lists and bytes, of which there may be millions, are not among the names.
    (folder / "list.cjs").write_text("module.exports = Object.assign([5, 6], { kind: 'list' });")
    (folder / "bytes.cjs").write_text("module.exports = new Uint8Array(3);")
    ran = kernel.run(
        "import list, { kind } from './list.cjs'; import * as bytes from './bytes.cjs';\n"
        "[list.length, kind, Object.keys(bytes).filter((name) => name !== 'module.exports')]"
    )
    assert ran.plain == "[ 2, 'list', [ 'default' ] ]"


def test_names_of_commonjs_are_the_cells_alone(kernel: Kernel, folder: Path) -> None:
    (folder / "kind.mjs").write_text("export const kind = typeof __dirname + typeof module;")
    ran = kernel.run(
        "import { kind } from './kind.mjs'; exports.a = 1;\n"
        "[__dirname === process.cwd(), __filename === import.meta.filename, module.exports.a,\n"
        " require.main === module && import.meta.main, kind,\n"
        " (function (module) { return { module } })(5)]"
    )
    assert ran.plain == "[ true, true, 1, true, 'undefinedundefined', { module: 5 } ]"
    assert kernel.run("const __dirname = 'mine'; __dirname").plain == "'mine'"
    assert kernel.run("[__dirname, typeof globalThis.__dirname]").plain == "[ 'mine', 'undefined' ]"


def test_a_package_that_is_not_there_is_named_with_the_mend(kernel: Kernel, folder: Path) -> None:
    (folder / "asks.ts").write_text("import 'no-such-package/part';")
    (folder / "beside.ts").write_text("export const a = 1;")
    (folder / "node_modules" / "there").mkdir(parents=True)
    mend = "To install it: %npm install no-such-package"
    for code in (
        "import a from 'no-such-package'",
        "await import('no-such-package/part')",
        "require('no-such-package')",
        "import.meta.resolve('no-such-package')",
        "import './asks.ts'",
        "import a from 'npm:no-such-package@4.1/part'",
    ):
        ran = kernel.run(code)
        assert ran.reply["content"]["evalue"].endswith(mend), (code, ran.traceback)
        assert "cell.mjs" not in ran.traceback
    for code, told in [
        ("import a from 'jsr:@scope/nope@1'", "npx jsr add @scope/nope"),
        ("import a from 'https://example.org/x.js'", "over the network"),
        ("import a from 'beside'", 'write "./beside"'),
        ("import a from './nope'", "/nope'"),
        ("import a from '@/beside'", '"imports" of package.json'),
        ("import a from '~/beside'", '"imports" of package.json'),
        ("require('./nope')", "'./nope'"),
        ("require('there/nope')", "Cannot find module 'there/nope'"),
        ("module.require('no-such-package')", mend),
    ]:
        ran = kernel.run(code)
        assert told in ran.reply["content"]["evalue"], (code, ran.traceback)
        assert "cell.mjs" not in ran.traceback


def test_packages_by_the_names_that_deno_gives_them(kernel: Kernel, folder: Path) -> None:
    package = folder / "node_modules" / "@scope" / "tools"
    package.mkdir(parents=True)
    (package / "index.js").write_text("exports.whole = 1")
    (package / "part.js").write_text("exports.part = 2")
    ran = kernel.run(
        "import { whole } from 'npm:@scope/tools@^1.2'; import 'npm:@scope/tools';\n"
        "const { part } = await import('npm:/@scope/tools@1/part.js'); [whole, part]"
    )
    assert ran.plain == "[ 1, 2 ]"


def test_a_type_that_is_imported_as_a_value_is_an_error_with_its_mend(
    kernel: Kernel, folder: Path
) -> None:
    write(folder / "types.ts", "export interface Row { a: number }\nexport const n = 1;", 0)
    assert kernel.run("import { Row, n } from './types.ts'").status == "error"
    assert (
        kernel.run("import { type Row, n } from './types.ts'; const r: Row = { a: n }; r").plain
        == "{ a: 1 }"
    )


def test_cenote_is_one_instance_everywhere(kernel: Kernel, folder: Path) -> None:
    write(
        folder / "uses.ts",
        "import * as cenote from 'cenote';\nexport const seen = cenote.display;",
        0,
    )
    ran = kernel.run(
        "import { display } from 'cenote'; import { seen } from './uses.ts';\n"
        "const { display: dynamic } = await import('cenote');\n"
        "[display === seen, display === dynamic, display === require('cenote').display]"
    )
    assert ran.plain == "[ true, true, true ]"


def test_a_part_of_cenote_that_there_is_not_is_named(kernel: Kernel) -> None:
    for code in ("import 'cenote/nope'", "await import('cenote/nope')", "require('cenote/nope')"):
        ran = kernel.run(code)
        assert 'no module "cenote/nope"' in ran.reply["content"]["evalue"], code
        assert "line 1:" in ran.traceback


def test_displays_of_cenote(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { display, html, json, markdown, png, svg } from 'cenote';\n"
        "const shown = display(html`<b>${1 + 1}</b>`);\n"
        "display(markdown('*x*')); display(svg('<svg/>'));\n"
        "display(png(Uint8Array.of(1, 2, 3))); display({ a: 1 });\n"
        "display({ [Symbol.for('Jupyter.display')]: async () => ({ 'text/plain': 'slow' }) });\n"
        "shown.update(html('<i>3</i>')); display(json([1]))"
    )
    data = [m["data"] for m in ran.of("display_data")]
    assert data[0]["text/html"] == "<b>2</b>"
    assert data[1]["text/markdown"] == "*x*"
    assert data[2]["image/svg+xml"] == "<svg/>"
    assert data[3]["image/png"] == "AQID"
    assert data[4] == {"text/plain": "{ a: 1 }"}
    assert {"text/plain": "slow"} in data
    assert {"application/json": [1], "text/plain": "[ 1 ]"} in data
    (update,) = ran.of("update_display_data")
    assert update["data"]["text/html"] == "<i>3</i>"
    assert update["transient"] == ran.of("display_data")[0]["transient"]
    assert ran.result is None


def test_notebooks_written_for_tslab(kernel: Kernel) -> None:
    ran = kernel.run(
        "import { display, newDisplay } from 'tslab'; import * as tslab from 'tslab';\n"
        "display.html('<b>x</b>'); tslab.display.png(Buffer.from([1, 2, 3]));\n"
        "const d = newDisplay(); d.text('one'); d.text('two');\n"
        "typeof tslab.versions.tslab"
    )
    assert ran.plain == "'string'", ran.reply
    assert [m["data"] for m in ran.of("display_data")] == [
        {"text/html": "<b>x</b>"},
        {"image/png": "AQID"},
        {"text/plain": "one"},
    ]
    (update,) = ran.of("update_display_data")
    assert update["data"] == {"text/plain": "two"}


def test_lines_of_allocations_are_stored(kernel: Kernel) -> None:
    ran = kernel.run(
        "const look = () => $cenoteLine[0];\n"
        "const seen: number[] = [];\n"
        "seen.push(look());\n"
        "if (true) {\n  seen.push(look());\n}\n"
        "seen"
    )
    assert ran.plain == "[ 3, 5 ]"
