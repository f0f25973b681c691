"""What a cell printed, showed, returned or threw is given back once the notebook can't reach it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from client import Kernel, by_request, start

PREPARE = """
import { display, progress } from "cenote";
import v8 from "node:v8";
import vm from "node:vm";
v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc");
const refs: WeakRef<object>[] = [];
/** A thing that is watched, and has some size. */
const thing = () => {
  const made = { bytes: new Array(1e5).fill(1) };
  refs.push(new WeakRef(made));
  return made;
};
const wait = () => new Promise(() => {});
"""

LEFT = """
for (let i = 0; i < turns && refs.some((ref) => ref.deref()); i++) {
  await new Promise((r) => setTimeout(r, 10));
  collect();
}
const found = [refs.length > 0, refs.filter((ref) => ref.deref()).length].join();
refs.length = 0;
found
"""

CELLS = {
    "returned": "thing()",
    "returned by a promise": "await Promise.resolve(thing())",
    "printed": "console.log(thing()); console.error('%o', thing()); console.table([thing()]);",
    "displayed": "display(thing()); display(thing()).update(thing());",
    "shown by itself": "const how = Symbol.for('Jupyter.display');\n"
    "({ big: thing(), [how]: () => ({ 'text/plain': 'b' }) })",
    "thrown": "throw Object.assign(new Error('x'), { thing: thing(), cause: thing() })",
    "thrown by itself": "throw thing()",
    "its method throws text": "({ big: thing(), f() { try { throw 'x' } catch {} } }).f();",
    "rejected": "Promise.reject(Object.assign(new Error('x'), { thing: thing() }));",
    "late": "setTimeout(() => console.log(thing()), 1);",
    "in a block": "{ const inner = thing(); var size = inner.bytes.length } size",
    "in a loop": "for (const one of progress([thing(), thing()])) one.bytes.length;",
    "declared anew": "let again: any = thing(); again = 1; again",
}


@pytest.fixture(scope="module")
def prepared(kernel_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with start(kernel_name, tmp_path_factory.mktemp("kept")) as kernel:
        ran = kernel.run(PREPARE)
        assert ran.status == "ok", ran.traceback
        yield kernel


def left(kernel: Kernel, turns: int = 200) -> str | None:
    ran = kernel.run(f"let turns = {turns};{LEFT}")
    assert ran.status == "ok", ran.traceback
    return ran.plain


@pytest.mark.parametrize("code", CELLS.values(), ids=CELLS.keys())
def test_nothing_stays(prepared: Kernel, code: str) -> None:
    prepared.run(code, user_expressions={"also": "thing()"})
    assert left(prepared) == "'true,0'"


@pytest.mark.parametrize(
    "wait",
    [
        "await wait();",
        "for await (const x of [wait()]);",
        "while (true) {}",
        "await input('? ');",
        "for await (const line of process.stdin);",
    ],
)
def test_nothing_stays_of_an_interrupted_cell(prepared: Kernel, wait: str) -> None:
    request = prepared.send(f"{{ const held = thing(); console.log('begun'); {wait} held }}")
    prepared.wait_for_text("begun")
    by_request(prepared)
    assert prepared.finish(request).status == "error"
    assert left(prepared) == "'true,0'"


def test_what_can_be_reached_stays(prepared: Kernel) -> None:
    """Or the tests above could not fail."""
    prepared.run("const reached = thing(); reached")
    assert left(prepared, turns=5) == "'true,1'"
