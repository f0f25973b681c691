"""Loops at the top of cells work on copies of variables: interrupted, changed from elsewhere."""

from __future__ import annotations

import pytest
from client import Kernel


@pytest.mark.parametrize("step", ["n += 1", "n += 0.5", "n++", "n = n + 2; s = `${n}`"])
def test_an_interrupted_loop_leaves_how_far_it_came(kernel: Kernel, step: str) -> None:
    kernel.run("let n = 0, s = ''; const seen = [];")
    request = kernel.send(f"console.log('begun'); while (true) {{ {step} }}")
    kernel.wait_for_text("begun")
    kernel.control("interrupt_request")
    assert kernel.finish(request).reply["content"]["ename"] == "Interrupted"
    assert kernel.run("n > 1000").plain == "true"
    assert kernel.run("s === '' || s === `${n}` || s === `${n - 2}`").plain == "true"


def test_loops_see_what_functions_do_and_functions_what_loops_do(kernel: Kernel) -> None:
    kernel.run("let total = 0, calls = 0; const add = (x: number) => { total += x; calls++ };")
    assert (
        kernel.run("for (let i = 0; i < 1e5; i++) { add(1); total += 1 }\ntotal").plain == "200000"
    )
    kernel.run("let steps = 0; const at: number[] = []; const look = () => at.push(steps);")
    assert kernel.run("while (steps < 3) { steps++; look() }\nat.join()").plain == "'1,2,3'"
    later = "let ticks = 0; const timer = setInterval(() => { ticks++ }, 1);"
    kernel.run(later)
    assert (
        kernel.run("while (ticks < 3) await 0, await new Promise(setImmediate);\nticks >= 3").plain
        == "true"
    )
    kernel.run("clearInterval(timer)")


def test_sums_are_exact_whatever_the_variable_held_before(kernel: Kernel) -> None:
    kernel.run("let v: any = 0.5; for (let i = 0; i < 1e5; i++) v += 0.5;")
    loop = "v = 0; for (let i = 0; i < 1e6; i++) v = (v + i) | 0;\nv"
    assert kernel.run(loop).plain == "1783293664"
    assert kernel.run("v = 0; for (let i = 0; i < 1e6; i++) v += i;\nv").plain == "499999500000"
    assert (
        kernel.run("v = -0; for (let i = 0; i < 1; i++) v *= 1;\nObject.is(v, -0)").plain == "true"
    )
    assert kernel.run("v = 1n; for (let i = 0; i < 70; i++) v *= 2n;\nv").plain == f"{2**70}n"
