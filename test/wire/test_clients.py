"""Other clients than the tests' own: command lines, two frontends at once, VS Code's ways."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import nbformat
import pytest
from client import Kernel, wait_until_gone
from nbformat.v4 import new_code_cell, new_notebook


def jupyter(*arguments: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", *arguments],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_jupyter_run(kernel_name: str, tmp_path: Path) -> None:
    (tmp_path / "script.ts").write_text("const n: number = 20;\nconsole.log('twice is', n * 2)")
    told = jupyter("run", "script.ts", "--kernel", kernel_name, folder=tmp_path)
    assert told.stdout == "twice is 40\n"


def test_jupyter_console(kernel_name: str, tmp_path: Path) -> None:
    """It reads its cells from stdin, asks nothing that we can't answer, and ends the kernel."""
    lines = [
        "const n: number = 20",
        "n * 2 + 2",
        'throw new RangeError("stop here")',
        'console.log("n is", n, "in", process.pid)',
    ]
    arguments = ["--simple-prompt", "--kernel", kernel_name]
    told = jupyter("console", *arguments, folder=tmp_path, text="\n".join([*lines, ""]))
    assert "TypeScript on Node" in told.stdout  # the kernel's banner
    assert "Out[2]: 42\n" in told.stdout
    assert "stop here" in told.stderr and "Cell [3], line 1:7" in told.stderr
    said = re.search(r"n is 20 in (\d+)\n", told.stdout)
    assert said and "Traceback" not in told.stderr
    wait_until_gone(int(said[1]))


def test_nbconvert_executes_and_writes_a_notebook_and_html(
    kernel_name: str, tmp_path: Path
) -> None:
    notebook = new_notebook(
        cells=[
            new_code_cell("const n: number = 6", metadata={"tags": ["parameters"]}),
            new_code_cell(
                "import { display, html } from 'cenote';\ndisplay(html`<b>${n}</b>`); n * 7"
            ),
        ]
    )
    notebook.metadata.kernelspec = {
        "name": kernel_name,
        "display_name": "x",
        "language": "typescript",
    }
    nbformat.write(notebook, tmp_path / "in.ipynb")
    execute = ["--execute", "--to", "notebook", "--output", "out.ipynb", "in.ipynb"]
    for arguments in (execute, ["--to", "html", "out.ipynb"]):
        jupyter("nbconvert", *arguments, folder=tmp_path)
    found = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    nbformat.validate(found)
    shown, result = found.cells[1].outputs
    assert shown.data["text/html"] == "<b>6</b>" and result.data["text/plain"] == "42"
    assert found.metadata.language_info.name == "typescript"
    assert "<b>6</b>" in (tmp_path / "out.html").read_text()


@pytest.fixture
def other(kernel: Kernel) -> Iterator[Kernel]:
    """A second frontend of the same kernel."""
    client = kernel.manager.blocking_client()
    client.session.session = f"other-{time.monotonic_ns()}"
    client.start_channels()
    try:
        second = Kernel(kernel.manager, client)
        second.wait_until_ready()
        yield second
    finally:
        client.stop_channels()


def test_two_frontends_see_all_output_and_their_own_replies(kernel: Kernel, other: Kernel) -> None:
    frontends = {"one": kernel, "two": other}  # two connections: no order between their cells
    sent = {name: f.send(f"console.log('from', '{name}')") for name, f in frontends.items()}
    for frontend in frontends.values():
        texts = {"from one\n", "from two\n"}
        while texts:
            seen = frontend.wait_for(lambda m: m["msg_type"] == "stream")
            texts.remove(seen["content"]["text"])
    for name, frontend in frontends.items():
        assert frontend.reply(sent[name])["content"]["status"] == "ok"
    for frontend in frontends.values():
        with pytest.raises(Empty):
            frontend.client.get_shell_msg(timeout=0.1)


def test_who_runs_the_cell_is_asked_for_input(kernel: Kernel, other: Kernel) -> None:
    request = other.send("await input('name?')", allow_stdin=True)
    assert other.client.get_stdin_msg(timeout=120)["content"]["prompt"] == "name?"
    with pytest.raises(Empty):
        kernel.client.get_stdin_msg(timeout=0.1)
    kernel.client.input("from the wrong one")
    other.client.input("Ada")
    assert other.finish(request).plain == "'Ada'"


def test_an_answer_to_an_older_question_is_not_taken_for_the_newer(kernel: Kernel) -> None:
    first = kernel.send("await input('first?')", allow_stdin=True)
    old = kernel.client.get_stdin_msg(timeout=120)
    kernel.control("interrupt_request")
    kernel.finish(first)
    second = kernel.send("await input('second?')", allow_stdin=True)
    new = kernel.client.get_stdin_msg(timeout=120)
    session, channel = kernel.client.session, kernel.client.stdin_channel
    for asked, value in ((old, "late"), (new, "right")):
        channel.send(session.msg("input_reply", {"value": value}, parent=asked["header"]))
    assert kernel.finish(second).plain == "'right'"


def test_comms_reach_all_frontends(kernel: Kernel, other: Kernel) -> None:
    kernel.run(
        "import { openComm } from 'cenote';\n"
        "const shared = openComm('page', {}); shared.onMessage = (data) => shared.send(data);"
    )
    opened = other.wait_for(lambda m: m["msg_type"] == "comm_open")
    content = {"comm_id": opened["content"]["comm_id"], "data": {"n": 5}}
    other.client.shell_channel.send(other.client.session.msg("comm_msg", content))
    for frontend in (kernel, other):
        answer = frontend.wait_for(lambda m: m["msg_type"] == "comm_msg")
        assert answer["content"]["data"] == {"n": 5}


def test_what_vs_code_asks(kernel: Kernel) -> None:
    """Its client asks for the kernel's info again and again, opens widgets, and names its cells."""
    for _ in range(3):
        assert kernel.ask("kernel_info_request", {})["protocol_version"].startswith("5.")
        assert kernel.control("kernel_info_request")["content"]["debugger"] is False
    assert kernel.ask("comm_info_request", {"target_name": "jupyter.widget"})["comms"] == {}
    for reply in (kernel.control("debug_request")["content"], kernel.ask("debug_request", {})):
        assert reply["status"] == "error"
    content = {
        "code": "const codes: number[] = [1]; codes",
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": True,
        "stop_on_error": False,
    }
    session = kernel.client.session
    named = session.msg("execute_request", content, metadata={"cellId": "vscode-notebook-cell:/a"})
    kernel.client.shell_channel.send(named)
    assert kernel.finish(named["header"]["msg_id"]).plain == "[ 1 ]"
    by_types = [{"start": 6, "end": 8, "text": "map", "type": "method"}]
    question = {"code": "codes.ma", "cursor_pos": 8}
    kinds = "_jupyter_types_experimental"
    members = kernel.ask_until(
        "complete_request", question, lambda c: c["metadata"].get(kinds) == by_types
    )
    assert members["matches"] == ["map"] and members["metadata"][kinds] == by_types
    hovered = kernel.ask("inspect_request", {"code": "codes", "cursor_pos": 2, "detail_level": 0})
    assert hovered["found"] and "number[]" in hovered["data"]["text/markdown"]
    silent = kernel.run("1 + 1", silent=True, store_history=False, allow_stdin=False)
    assert silent.status == "ok" and silent.result is None
    version = {"comm_id": "v", "target_name": "jupyter.widget.version", "data": {}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_open", version))
    closed = kernel.wait_for(lambda m: m["msg_type"] == "comm_close")
    assert closed["content"]["comm_id"] == "v"
    running = kernel.send("console.log('begun'); while (true) {}", allow_stdin=True)
    kernel.wait_for_text("begun")
    question = {"code": "Mat", "cursor_pos": 3}
    completed = kernel.ask_until("complete_request", question, lambda c: "Math" in c["matches"])
    assert "Math" in completed["matches"]
    kernel.control("interrupt_request")  # what its kernelspec asks for
    assert kernel.finish(running).reply["content"]["ename"] == "Interrupted"


@pytest.mark.parametrize("busy", ["while (true) {}", "await new Promise(() => {})", ""])
def test_restarts_under_load(fresh: Kernel, busy: str) -> None:
    fresh.run("const before = 1")
    fresh.send(f"for (let i = 0; i < 20_000; i++) console.log('line', i); {busy}")
    fresh.wait_for(lambda m: m["msg_type"] == "stream")
    fresh.manager.restart_kernel(now=False)
    fresh.wait_until_ready()
    assert fresh.run("typeof before").plain == "'undefined'"
