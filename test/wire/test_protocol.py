"""The protocol beside running cells: what is asked, what is malformed, how a kernel ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zmq
from client import Kernel, start, wait_until_gone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyter_client.session import Session
from message_spec import check


def test_kernel_info(kernel: Kernel) -> None:
    content = kernel.ask("kernel_info_request", {})
    assert content["implementation"] == "cenote"
    assert content["language_info"]["name"] == "typescript"
    assert isinstance(content["language_info"]["codemirror_mode"], (str, dict))


def test_heartbeat_echoes(kernel: Kernel) -> None:
    info = kernel.manager.get_connection_info()
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.linger = 0
        socket.connect(f"tcp://{info['ip']}:{info['hb_port']}")
        for beat in (b"ping", b"\x00" * 1000):
            socket.send(beat)
            assert socket.poll(10_000)
            assert socket.recv() == beat


def test_a_new_subscriber_is_welcomed(kernel: Kernel) -> None:
    info = kernel.manager.get_connection_info()
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.connect(f"tcp://{info['ip']}:{info['iopub_port']}")
        socket.subscribe(b"")
        assert socket.poll(10_000)
        session = Session(key=kernel.client.session.key)
        _, frames = session.feed_identities(socket.recv_multipart())
        message = session.deserialize(frames)
        check(message)
        assert message["msg_type"] == "iopub_welcome"
        assert message["content"] == {"subscription": ""}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("1 + 1", "complete"),
        ("", "complete"),
        ("await fetch('x')", "complete"),
        ("for (const x of y) {", "incomplete"),
        ("const f = (a: number) =>", "incomplete"),
        ("`text", "incomplete"),
        ("/* comment", "incomplete"),
        ("f(1,", "incomplete"),
        ("import { a", "incomplete"),
        ("a?.", "incomplete"),
        ("a b", "invalid"),
        ("}", "invalid"),
        ("'text", "invalid"),
        ("let x: = 5", "invalid"),
        ("let x = 5; let x = 6", "invalid"),
        ("break", "invalid"),
    ],
)
def test_is_complete(kernel: Kernel, code: str, status: str) -> None:
    content = kernel.ask("is_complete_request", {"code": code})
    assert content["status"] == status
    if code.endswith("{"):
        assert content["indent"] == "  "


def completed(
    kernel: Kernel, code: str, right: Callable[[list[str]], bool], cursor: int | None = None
) -> dict[str, Any]:
    question = {"code": code, "cursor_pos": len(code) if cursor is None else cursor}
    content = kernel.ask_until("complete_request", question, lambda c: right(c["matches"]))
    assert right(content["matches"]), content
    return content


def test_completion_by_names_of_the_notebook(kernel: Kernel) -> None:
    kernel.run("const flights = { delay: 1, distance: 2, get danger() { throw 1 } }; class Pool {}")
    completed(kernel, "fli", lambda found: "flights" in found)
    completed(kernel, "flights.d", lambda found: found == ["danger", "delay", "distance"])
    completed(kernel, "(1); flights.delay.to", lambda found: "toFixed" in found)
    completed(kernel, "flights.nothing.x", lambda found: found == [])
    completed(kernel, "func", lambda found: "function" in found)
    completed(kernel, "const local1 = 2; loc", lambda found: "local1" in found)


def test_cursors_are_code_points(kernel: Kernel) -> None:
    kernel.run("const flights2 = 1")
    code, cursor = "'😀😀'; flig + 1", len("'😀😀'; flig")
    content = completed(kernel, code, lambda found: "flights2" in found, cursor)
    assert (content["cursor_start"], content["cursor_end"]) == (6, 10)


def inspected(kernel: Kernel, code: str, cursor: int) -> dict[str, Any]:
    question = {"code": code, "cursor_pos": cursor, "detail_level": 0}
    content = kernel.ask_until("inspect_request", question, lambda c: bool(c["found"]))
    assert content["found"]
    return dict(content["data"])


def test_questions_are_answered_while_a_cell_spins(kernel: Kernel) -> None:
    kernel.run("const spinner = { alpha: 1 }")
    request = kernel.send("console.log('begun'); while (true) {}")
    kernel.wait_for_text("begun")
    assert kernel.ask("kernel_info_request", {})["status"] == "ok"
    completed(kernel, "spinner.", lambda found: found[:1] == ["alpha"])
    inspected(kernel, "spinner", 3)
    assert kernel.ask("is_complete_request", {"code": "1"})["status"] == "complete"
    # A frontend shows the last status that it saw.
    states = []
    while len(states) < 1 or states[-1] != ("busy", request):
        message = kernel.iopub()
        if message["msg_type"] == "status":
            states.append(
                (message["content"]["execution_state"], message["parent_header"]["msg_id"])
            )
    kernel.manager.interrupt_kernel()
    assert kernel.finish(request).status == "error"


def test_inspection(kernel: Kernel) -> None:
    kernel.run("function area(width: number, height: number) { return width * height }")
    assert "width, height" in inspected(kernel, "area(1, 2)", 2)["text/plain"]
    content = kernel.ask("inspect_request", {"code": "nothing", "cursor_pos": 2, "detail_level": 0})
    assert content == {"status": "ok", "found": False, "data": {}, "metadata": {}}


def test_history_lasts_over_restarts(kernel_name: str, tmp_path: Path) -> None:
    with start(kernel_name, tmp_path) as one:
        one.run("const firstOfHistory = 1")
        one.run("'not kept'", store_history=False)
        one.run("'silent'", silent=True)
    with start(kernel_name, tmp_path) as two:
        two.run("const secondOfHistory = 2")
        ask = {"output": False, "raw": True}
        tail = two.ask("history_request", {**ask, "hist_access_type": "tail", "n": 2})["history"]
        assert [source for _, _, source in tail] == [
            "const firstOfHistory = 1",
            "const secondOfHistory = 2",
        ]
        found = two.ask(
            "history_request",
            {**ask, "hist_access_type": "search", "pattern": "*firstOf*", "n": 1},
        )["history"]
        assert [source for _, _, source in found] == ["const firstOfHistory = 1"]
        session = two.ask(
            "history_request",
            {
                "output": True,
                "raw": True,
                "hist_access_type": "range",
                "session": 0,
                "start": 1,
                "stop": 2,
            },
        )["history"]
        assert [entry[1:] for entry in session] == [[1, ["const secondOfHistory = 2", None]]]


def test_silent_and_unstored_cells_do_not_count(kernel: Kernel) -> None:
    before = kernel.run("1").reply["content"]["execution_count"]
    silent = kernel.run("const quiet = 5; quiet", silent=True)
    assert silent.status == "ok"
    assert silent.of("execute_input") == [] and silent.of("execute_result") == []
    unstored = kernel.run("quiet", store_history=False)
    assert unstored.plain == "5"
    assert kernel.run("1").reply["content"]["execution_count"] == before + 1


def test_user_expressions(kernel: Kernel) -> None:
    ran = kernel.run(
        "const ue = 4", user_expressions={"a": "ue * 2", "b": "missing.x", "c": "await 3"}
    )
    answers = ran.reply["content"]["user_expressions"]
    assert answers["a"] == {"status": "ok", "data": {"text/plain": "8"}, "metadata": {}}
    assert (answers["b"]["status"], answers["b"]["ename"]) == ("error", "ReferenceError")
    assert len(answers["b"]["traceback"]) == 1
    assert answers["c"]["data"] == {"text/plain": "3"}


def test_an_error_aborts_what_waits_unless_told_otherwise(kernel: Kernel) -> None:
    first = kernel.send("await new Promise((r) => setTimeout(r, 50)); throw new Error('x')")
    second = kernel.send("globalThis.afterError = 1")
    assert kernel.finish(first).status == "error"
    aborted = kernel.finish(second)
    assert aborted.status == "aborted" and aborted.of("execute_input") == []
    first = kernel.send("await new Promise((r) => setTimeout(r, 50)); throw 1", stop_on_error=False)
    second = kernel.send("typeof afterError")
    assert kernel.finish(first).status == "error"
    assert kernel.finish(second).plain == "'undefined'"


def test_input_and_prompt(kernel: Kernel) -> None:
    request = kernel.send(
        "const typed = await input('Name? '); const now = prompt('And? '); [typed, now]",
        allow_stdin=True,
    )
    for prompt, value in (("Name? ", "Ada"), ("And? ", "Grace é😀")):
        asked = kernel.client.get_stdin_msg(timeout=120)
        assert asked["content"] == {"prompt": prompt, "password": False}
        assert asked["parent_header"]["msg_id"] == request
        kernel.client.input(value)
    assert kernel.finish(request).plain == "[ 'Ada', 'Grace é😀' ]"


@pytest.mark.parametrize("call", ["await input('x')", "prompt('x')"])
def test_input_can_be_interrupted(kernel: Kernel, call: str) -> None:
    request = kernel.send(call, allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=120)
    kernel.manager.interrupt_kernel()
    assert kernel.finish(request).reply["content"]["ename"] == "Interrupted"
    assert kernel.run("1").plain == "1"


def test_input_where_nobody_can_be_asked(kernel: Kernel) -> None:
    ran = kernel.run("await input('x')", allow_stdin=False)
    assert "nobody can be asked" in ran.reply["content"]["evalue"]


def test_messages_with_a_bad_signature_are_dropped(kernel: Kernel) -> None:
    session = kernel.client.session
    socket = kernel.client.shell_channel.socket
    message = session.msg("execute_request", {"code": "globalThis.forged = 1", "silent": False})
    frames = session.serialize(message)
    frames[1] = b"0" * len(frames[1])
    socket.send_multipart(frames)
    assert kernel.run("typeof forged").plain == "'undefined'"


@pytest.mark.parametrize(
    "frames",
    [
        [b"nonsense"],
        [b"<IDS|MSG>"],
        [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}"],
        [b"<IDS|MSG>", b"", b"{", b"{}", b"{}", b"{}"],
        [b"<IDS|MSG>", b"", b"[]", b"{}", b"{}", b"{}"],
        [b"<IDS|MSG>", b"\xff", b"\xff\xfe", b"\x00", b"{}", b"{}"],
        [b"x" * 1_000_000],
    ],
)
def test_malformed_messages_stop_nothing(kernel: Kernel, frames: list[bytes]) -> None:
    for channel in (
        kernel.client.shell_channel,
        kernel.client.control_channel,
        kernel.client.stdin_channel,
    ):
        channel.socket.send_multipart(frames)
    assert kernel.run("1 + 1").plain == "2"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frames=st.lists(st.binary(max_size=200), min_size=1, max_size=9),
    kind=st.sampled_from(["execute_request", "complete_request", "comm_msg", "history_request"]),
    content=st.dictionaries(
        st.sampled_from(["code", "cursor_pos", "silent", "comm_id", "data", "n", "pattern"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=9), st.lists(st.booleans())),
    ),
)
def test_random_frames_and_contents_stop_nothing(
    kernel: Kernel, frames: list[bytes], kind: str, content: dict[str, Any]
) -> None:
    session, shell = kernel.client.session, kernel.client.shell_channel
    shell.socket.send_multipart(frames)
    shell.socket.send_multipart([b"<IDS|MSG>", *frames])
    if kind == "execute_request":
        content.pop("code", None)  # random code may do anything
    shell.send(session.msg(kind, content))
    assert kernel.run("1 + 1").plain == "2"


SIGNED_NONSENSE: list[tuple[str, dict[str, Any]]] = [
    ("execute_request", {}),
    ("execute_request", {"code": 5, "user_expressions": [1]}),
    ("complete_request", {}),
    ("complete_request", {"code": "a.", "cursor_pos": 10**9}),
    ("inspect_request", {"code": None, "cursor_pos": -1}),
    ("history_request", {"hist_access_type": "never heard of"}),
    ("is_complete_request", {"code": ["x"]}),
    ("comm_info_request", {"target_name": 7}),
]


@pytest.mark.parametrize(("kind", "content"), SIGNED_NONSENSE)
def test_nonsense_that_is_signed_gets_an_answer(
    kernel: Kernel, kind: str, content: dict[str, Any]
) -> None:
    assert kernel.ask(kind, content)["status"] in (
        "ok",
        "error",
        "complete",
        "incomplete",
        "invalid",
    )


def test_unknown_message_types(kernel: Kernel) -> None:
    message = kernel.client.session.msg("no_such_request", {})
    kernel.client.shell_channel.send(message)
    reply = kernel.client.get_shell_msg(timeout=120)
    assert reply["msg_type"] == "no_such_reply" and reply["content"]["status"] == "error"
    kernel.client.shell_channel.send(kernel.client.session.msg("not even a request", {}))
    assert kernel.run("1").plain == "1"


def test_the_monitor_answers_while_a_cell_spins(kernel: Kernel) -> None:
    request = kernel.send("console.log('begun'); while (true) {}")
    kernel.wait_for_text("begun")
    session = kernel.client.session
    content = {"comm_id": "panel-1", "target_name": "cenote.monitor", "data": {}}
    kernel.client.shell_channel.send(session.msg("comm_open", content))
    message = kernel.wait_for(lambda m: m["msg_type"] == "comm_msg")
    assert message["content"]["comm_id"] == "panel-1"
    assert message["content"]["data"]["kind"] == "snapshot"
    info = kernel.ask("comm_info_request", {"target_name": "cenote.monitor"})
    assert info["comms"] == {"panel-1": {"target_name": "cenote.monitor"}}
    kernel.client.shell_channel.send(session.msg("comm_close", {"comm_id": "panel-1", "data": {}}))
    kernel.manager.interrupt_kernel()
    assert kernel.finish(request).status == "error"
    assert kernel.ask("comm_info_request", {})["comms"] == {}


def test_a_comm_that_nobody_serves_is_closed(kernel: Kernel) -> None:
    content = {"comm_id": "stray", "target_name": "no.such.target", "data": {}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_open", content))
    message = kernel.wait_for(lambda m: m["msg_type"] == "comm_close")
    assert message["content"]["comm_id"] == "stray"


def test_comms_of_cells_go_both_ways_with_buffers(kernel: Kernel) -> None:
    opened = kernel.run(
        "import { openComm, serveComm } from 'cenote';\n"
        "const comm = openComm('page.target', { n: 1 }, [Uint8Array.of(1, 2)]);\n"
        "comm.onMessage = (data, buffers) =>\n"
        "  comm.send(data, buffers.map((b) => b.map((x) => x * 2)));\n"
        "serveComm('cell.target', (c, data) => { c.send({ got: data }); c.close(); });"
    )
    assert opened.status == "ok", opened.reply
    message = next(m for m in opened.messages if m["msg_type"] == "comm_open")
    assert message["content"]["data"] == {"n": 1}
    assert [bytes(b) for b in message["buffers"]] == [b"\x01\x02"]
    session, shell = kernel.client.session, kernel.client.shell_channel
    content = {"comm_id": message["content"]["comm_id"], "data": {"x": "é"}}
    session.send(shell.socket, session.msg("comm_msg", content), buffers=[b"\x05\x06"])
    answer = kernel.wait_for(lambda m: m["msg_type"] == "comm_msg")
    assert answer["content"]["data"] == {"x": "é"}
    assert [bytes(b) for b in answer["buffers"]] == [b"\x0a\x0c"]
    content = {"comm_id": "from-page", "target_name": "cell.target", "data": {"y": 2}}
    shell.send(session.msg("comm_open", content))
    assert kernel.wait_for(lambda m: m["msg_type"] == "comm_msg")["content"]["data"] == {
        "got": {"y": 2}
    }
    assert (
        kernel.wait_for(lambda m: m["msg_type"] == "comm_close")["content"]["comm_id"]
        == "from-page"
    )


def wait_for_end(kernel: Kernel) -> None:
    end = time.monotonic() + 120
    while kernel.is_alive():
        assert time.monotonic() < end, "the kernel still lives"
        time.sleep(0.02)


def test_process_exit_sends_everything_first(fresh: Kernel) -> None:
    ran = fresh.run("for (let i = 0; i < 20000; i++) console.log('line', i); process.exit(0)")
    assert ran.text() == "".join(f"line {i}\n" for i in range(20000))
    assert "process.exit(0)" in ran.text("stderr")
    assert ran.status == "ok"
    wait_for_end(fresh)


def test_process_exit_with_a_code_is_an_error(fresh: Kernel) -> None:
    ran = fresh.run("process.exit(3)")
    assert ran.status == "error" and "3" in ran.reply["content"]["evalue"]
    wait_for_end(fresh)


def test_exit_listeners_are_heard_and_may_be_removed(fresh: Kernel) -> None:
    ran = fresh.run(
        "process.removeAllListeners(); process.on('exit', (code) => console.log('bye', code));\n"
        "process.exit(4)"
    )
    assert "bye 4" in ran.text()
    wait_for_end(fresh)
    assert fresh.manager.provisioner.process.returncode == 4


def test_an_interrupt_during_the_exit_changes_nothing(fresh: Kernel, tmp_path: Path) -> None:
    """The wire still sends what was shown, and the process ends as it was told to."""
    fresh.run("import { display } from 'cenote'; import { writeFileSync } from 'node:fs'")
    request = fresh.send(
        "for (let i = 0; i < 5000; i++) display(i);\nwriteFileSync('exiting', ''); process.exit(5)"
    )
    end = time.monotonic() + 120
    while not (tmp_path / "exiting").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    message = fresh.client.session.msg("interrupt_request", {})
    fresh.client.control_channel.send(message)
    ran = fresh.finish(request)
    assert len(ran.of("display_data")) == 5000
    wait_for_end(fresh)
    assert fresh.manager.provisioner.process.returncode == 5


def test_a_frontend_that_takes_nothing_does_not_keep_the_kernel_alive(fresh: Kernel) -> None:
    fresh.run("import { display } from 'cenote'")
    fresh.send("for (let i = 0; ; i++) display('x'.repeat(10_000));")
    fresh.wait_for(lambda m: m["msg_type"] == "display_data")
    message = fresh.client.session.msg("shutdown_request", {"restart": False})
    fresh.client.control_channel.send(message)  # and nothing is read from iopub any more
    wait_for_end(fresh)
    assert fresh.manager.provisioner.process.returncode in (0, -9)


@pytest.mark.parametrize("busy", [False, True])
def test_shutdown_ends_the_process(fresh: Kernel, busy: bool) -> None:
    if busy:
        fresh.send("console.log('begun'); while (true) {}")
        fresh.wait_for_text("begun")
    reply = fresh.control("shutdown_request", {"restart": False})
    assert reply["content"] == {"status": "ok", "restart": False}
    wait_for_end(fresh)


def test_the_kernel_ends_with_its_server(kernel_name: str, tmp_path: Path) -> None:
    """A server that is killed leaves no kernel behind, not even a busy one."""
    server = (
        "import sys, time\n"
        "from jupyter_client.manager import start_new_kernel\n"
        f"manager, client = start_new_kernel(kernel_name={kernel_name!r})\n"
        "client.execute('while (true) {}')\n"
        "print(manager.provisioner.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", server], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    wait_until_gone(pid)
