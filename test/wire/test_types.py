"""Types through jupyter_client: completion and inspection by the compiler, errors of types under
their cell, and %types. The compiler loads after the first cell; until then living names answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Kernel, Message, start


@pytest.fixture(scope="module")
def kernel(kernel_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel whose types are loaded."""
    with start(kernel_name, tmp_path_factory.mktemp("types")) as running:
        warm_up(running)
        yield running


def warm_up(kernel: Kernel) -> None:
    """Until an answer comes that no living value could give."""
    kernel.run("interface OnlyTyped { typedMember: number }")
    completed(kernel, "(null as unknown as OnlyTyped).", ["typedMember"])


def completed(
    kernel: Kernel, code: str, wanted: list[str], cursor: int | None = None
) -> dict[str, Any]:
    """The answer with these matches and no others."""
    question = {"code": code, "cursor_pos": len(code) if cursor is None else cursor}
    content = kernel.ask_until("complete_request", question, lambda c: c["matches"] == wanted)
    assert content["matches"] == wanted
    return content


def among(kernel: Kernel, code: str, wanted: str, cursor: int | None = None) -> bool:
    """Whether this comes to be one of the matches."""
    question = {"code": code, "cursor_pos": len(code) if cursor is None else cursor}
    content = kernel.ask_until("complete_request", question, lambda c: wanted in c["matches"])
    return wanted in content["matches"]


def inspected(
    kernel: Kernel, code: str, cursor: int, wanted: str, detail: int = 0
) -> dict[str, Any]:
    """The data of the answer with this in its text."""

    def holds(content: dict[str, Any]) -> bool:
        return wanted in content["data"].get("text/plain", "")

    question = {"code": code, "cursor_pos": cursor, "detail_level": detail}
    content = kernel.ask_until("inspect_request", question, holds)
    assert holds(content), content
    return dict(content["data"])


def types_display(message: Message) -> bool:
    return message["msg_type"] == "display_data" and "cenote-types" in message["content"][
        "data"
    ].get("text/html", "")


def shown_for(kernel: Kernel, request: str) -> dict[str, Any]:
    """The display of errors of types that belongs to this request, early or late."""
    message = kernel.wait_for(
        lambda m: types_display(m) and m["parent_header"]["msg_id"] == request
    )
    data: dict[str, Any] = message["content"]["data"]
    return data


def run_and_show(kernel: Kernel, code: str) -> dict[str, Any]:
    request = kernel.send(code)
    ran = kernel.finish(request)
    assert ran.status == "ok"
    early = [m for m in ran.messages if types_display(m)]
    return early[0]["content"]["data"] if early else shown_for(kernel, request)


def test_members_of_a_variable_of_an_earlier_cell(kernel: Kernel) -> None:
    kernel.run("class Flight { delay = 1; land() { return true } }; const flight = new Flight();")
    content = completed(kernel, "[flight].map((f) => f.", ["delay", "land"])
    kinds = content["metadata"]["_jupyter_types_experimental"]
    assert [(kind["text"], kind["type"]) for kind in kinds] == [
        ("delay", "property"),
        ("land", "method"),
    ]


def test_cursors_are_code_points(kernel: Kernel) -> None:
    kernel.run("const wide = { inner: 1 };")
    code = "'😀😀'; [wide].map((w) => w.inn); '😀'"
    content = completed(kernel, code, ["inner"], code.index(");"))
    assert code[content["cursor_start"] : content["cursor_end"]] == "inn"
    inspected(kernel, "'😀😀😀'; wide", len("'😀😀😀'; wi"), "const wide")


@pytest.mark.parametrize(
    "code",
    ["console.log('begun'); while (true) {}", "console.log('begun'); await new Promise(() => {})"],
)
def test_while_a_cell_runs(kernel: Kernel, code: str) -> None:
    request = kernel.send(f"const during: {{ member: number }}[] = []; {code}")
    kernel.wait_for_text("begun")
    completed(kernel, "during.map((d) => d.", ["member"])
    inspected(kernel, "during", 3, "member: number")
    kernel.control("interrupt_request")
    assert kernel.finish(request).status == "error"


def test_any_and_names_made_at_run_time_are_completed_by_living_values(kernel: Kernel) -> None:
    kernel.run(
        """const parsed = JSON.parse('{"fromText": 1}'); globalThis.madeLate = { deep: 1 };"""
    )
    completed(kernel, "parsed.fromT", ["fromText"])
    assert among(kernel, "madeL", "madeLate")
    completed(kernel, "madeLate.de", ["deep"])
    inspected(kernel, "parsed", 3, "fromText")


def test_inspection_has_signature_documentation_and_tags(kernel: Kernel) -> None:
    kernel.run(
        "/** Adds.\n * @param a the first\n * @returns the sum */\n"
        "function add(a: number, b: number) { return a + b }"
    )
    data = inspected(kernel, "add(1, 2)", 2, "add(a: number, b: number): number")
    assert "Adds." in data["text/plain"] and "@returns the sum" in data["text/plain"]
    assert data["text/markdown"].startswith("```ts\n")
    inspected(kernel, "add(1, ", 7, "Adds.")
    kernel.run("const answer = 42;")
    inspected(kernel, "answer", 3, "42", detail=1)
    question = {"code": "noSuchThing", "cursor_pos": 4, "detail_level": 0}
    assert kernel.ask("inspect_request", question)["found"] is False


def test_imports_are_completed(kernel: Kernel) -> None:
    assert among(kernel, "import fs from 'node:f", "node:fs")
    code = "import { readFil } from 'node:fs'"
    assert among(kernel, code, "readFileSync", code.index(" }"))
    # The compiler reads the declarations of cenote first.
    assert among(kernel, "import { form } from 'cenote'", "formatBytes", 13)


def test_errors_are_shown_under_their_cell_and_keep_nothing_from_running(kernel: Kernel) -> None:
    data = run_and_show(kernel, "const wrong: number = 'text' as unknown as string;\nwrong")
    text = data["text/plain"]
    assert "line 1:7" in text and "not assignable to type 'number'" in text and "^" in text
    assert "<pre" in data["text/html"] and "%types off" in data["text/html"]
    assert kernel.run("wrong").plain == "'text'"


def test_an_error_against_an_earlier_cell(kernel: Kernel) -> None:
    kernel.run("function half(x: number) { return x / 2 }")
    data = run_and_show(kernel, "half('8')")
    assert "'string' is not assignable to parameter of type 'number'" in data["text/plain"]


def shown_between(kernel: Kernel, code: str) -> list[str]:
    """What is shown for a cell, up to the display of a later cell: checks are made in order."""
    request = kernel.send(code)
    ran = kernel.finish(request)
    assert ran.status == "ok"
    run_and_show(kernel, "const marker: number = 'm' as unknown as string;")
    found = [m for m in [*ran.messages, *kernel.late] if types_display(m)]
    return [
        m["content"]["data"]["text/plain"] for m in found if m["parent_header"]["msg_id"] == request
    ]


def test_nothing_is_shown_for_what_is_natural(kernel: Kernel) -> None:
    assert shown_between(kernel, "let again = 1") == []
    assert shown_between(kernel, "const again = 'x'; again.length") == []
    assert shown_between(kernel, "globalThis.unseen = 1; unseen + 1") == []
    assert shown_between(kernel, "import 'node:fs'; (x => x)(1)") == []


def test_what_fails_has_its_error_and_no_other(kernel: Kernel) -> None:
    request = kernel.send("const bad: number = 'x'; throw new Error('boom')")
    ran = kernel.finish(request)
    assert ran.status == "error"
    run_and_show(kernel, "const after1: number = 'm' as unknown as string;")
    late = [m for m in kernel.late if types_display(m)]
    assert not [m for m in late if m["parent_header"]["msg_id"] == request]


def test_strict_refuses_and_off_is_off(fresh: Kernel) -> None:
    ran = fresh.run("%types strict\nconst refused: number = 'x'")
    assert ran.status == "error"
    assert ran.reply["content"]["ename"] == "TypeErrors"
    assert "line 2:7" in ran.traceback and "not run" in ran.traceback
    assert fresh.run("typeof refused").status == "error"
    assert fresh.run("const fine: number = 1; fine").plain == "1"
    assert fresh.run("globalThis.living = 2; 0").plain == "0"
    assert fresh.run("living").plain == "2", "names that live are no errors"
    assert fresh.run("%types").text() == "types: strict\n"

    assert fresh.run("%types off\nconst ran: number = 'x' as any; ran").plain == "'x'"
    request = fresh.send("const off: number = 'x'; off")
    assert fresh.finish(request).plain == "'x'"
    assert fresh.run("%types on\n1").plain == "1"
    run_and_show(fresh, "const on: number = 'x'; on")
    assert not [m for m in fresh.late if types_display(m)], "nothing was shown while it was off"


def test_a_mode_that_there_is_not(kernel: Kernel) -> None:
    ran = kernel.run("%types perhaps\n1")
    assert ran.status == "error"
    assert "wanted one of on, off, strict" in ran.traceback and "perhaps" in ran.traceback


def test_lines_stay_where_they_are(kernel: Kernel) -> None:
    ran = kernel.run("%types on\n\nthrow new Error('here')")
    assert "line 3" in ran.traceback


def test_strict_can_be_interrupted(fresh: Kernel) -> None:
    # The first check waits for the compiler to load.
    request = fresh.send("%types strict\nconst x = 1; console.log('ran')")
    fresh.wait_for(lambda m: m["msg_type"] == "execute_input")
    fresh.control("interrupt_request")
    ran = fresh.finish(request)
    assert ran.status == "error" and ran.reply["content"]["ename"] == "Interrupted"
    assert ran.text() == ""
    assert fresh.run("%types on\n1 + 1").plain == "2"


def test_a_burst_of_cells_is_checked_in_the_end(kernel: Kernel) -> None:
    requests = [kernel.send(f"const burst{i}: number = {i};") for i in range(60)]
    last = kernel.send("const burst60: number = burst59.nothing;")
    for request in requests:
        assert kernel.finish(request).status == "ok"
    assert kernel.finish(last).status == "ok"
    assert "nothing" in shown_for(kernel, last)["text/plain"]


def test_names_of_what_is_shared_are_completed(kernel: Kernel) -> None:
    kernel.run("""
        import { get as getShared, put as putShared, remove as removeShared } from "cenote";
        await putShared("shared flights", new Int8Array(1));
    """)
    completed(kernel, 'await getShared("shared f', ["shared flights"])
    kernel.run('await removeShared("shared flights")')
    completed(kernel, 'await getShared("shared f', [])


def test_the_first_answers_dont_wait_for_the_types(kernel_name: str, tmp_path: Path) -> None:
    with start(kernel_name, tmp_path) as cold:
        assert among(cold, "JSON.pars", "parse")
        assert cold.run("1 + 1").plain == "2"
        warm_up(cold)
        assert among(cold, "JSON.pars", "parse")
