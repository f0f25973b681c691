"""The wire against whatever may come: messages with every field wrong, altered and huge ones."""

from __future__ import annotations

import copy
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from client import Kernel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# A good message of each type that a frontend sends. A cell's code is left alone: any may run.
GOOD: dict[str, dict[str, Any]] = {
    "execute_request": {
        "code": "1",
        "silent": False,
        "store_history": False,
        "user_expressions": {"x": "1"},
        "allow_stdin": False,
        "stop_on_error": False,
    },
    "complete_request": {"code": "Math.", "cursor_pos": 5},
    "inspect_request": {"code": "Math", "cursor_pos": 2, "detail_level": 0},
    "is_complete_request": {"code": "f("},
    "history_request": {
        "output": False,
        "raw": True,
        "hist_access_type": "search",
        "n": 1,
        "pattern": "*",
        "session": 0,
        "start": 0,
        "stop": 1,
        "unique": True,
    },
    "comm_info_request": {"target_name": "x"},
    "comm_open": {"comm_id": "f", "target_name": "cenote.monitor", "data": {}},
    "comm_msg": {"comm_id": "f", "data": {"kind": "x"}},
    "comm_close": {"comm_id": "f", "data": {}},
    "kernel_info_request": {},
    "interrupt_request": {},
    "input_reply": {"value": "x"},
}
REQUESTS = [kind for kind in GOOD if kind.endswith("_request")]

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(min_value=-(2**70), max_value=2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
        st.sampled_from(["__proto__", "constructor", "toString", "\ud800", "\x00", "é😀" * 3]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "__proto__", "toString", "length"]), inner),
    ),
    max_leaves=5,
)


def still_works(kernel: Kernel) -> None:
    assert kernel.ask("kernel_info_request", {})["status"] == "ok"
    assert kernel.run("1 + 1").plain == "2"


def frames_of(kernel: Kernel, parts: list[Any]) -> list[bytes]:
    """Signed, whatever the parts are."""
    coded = [json.dumps(part).encode() for part in parts]
    return [b"<IDS|MSG>", kernel.client.session.sign(coded), *coded]


def message(kernel: Kernel, kind: str, content: Any) -> list[Any]:
    header = json.loads(json.dumps(kernel.client.session.msg_header(kind), default=str))
    return [header, {}, {}, content]


@SETTINGS
@given(data=st.data(), kind=st.sampled_from(list(GOOD)), value=anything)
def test_messages_with_a_wrong_field_stop_nothing(
    kernel: Kernel, data: st.DataObject, kind: str, value: Any
) -> None:
    parts = message(kernel, kind, copy.deepcopy(GOOD[kind]))
    where = data.draw(st.sampled_from(["header", "parent", "metadata", "content", "part", "none"]))
    if where == "part":
        parts[data.draw(st.integers(0, 3))] = value
    elif where != "none":
        part = parts[["header", "parent", "metadata", "content"].index(where)]
        names = sorted(set(part) - {"code"}) or ["extra"]
        name = data.draw(st.sampled_from(names))
        if data.draw(st.booleans()):
            part[name] = value
        else:
            part.pop(name, None)
    channel = data.draw(st.sampled_from(["shell", "control", "stdin"]))
    socket = getattr(kernel.client, f"{channel}_channel").socket
    socket.send_multipart(frames_of(kernel, parts))
    still_works(kernel)


@SETTINGS
@given(data=st.data(), kind=st.sampled_from(REQUESTS))
def test_truncated_and_altered_messages_stop_nothing(
    kernel: Kernel, data: st.DataObject, kind: str
) -> None:
    frames = frames_of(kernel, message(kernel, kind, GOOD[kind]))
    match data.draw(st.sampled_from(["fewer", "shorter", "altered", "doubled", "extra"])):
        case "fewer":
            frames = frames[: data.draw(st.integers(1, len(frames)))]
        case "shorter":
            i = data.draw(st.integers(0, len(frames) - 1))
            frames[i] = frames[i][: data.draw(st.integers(0, len(frames[i])))]
        case "altered":
            i = data.draw(st.integers(0, len(frames) - 1))
            frames[i] = data.draw(st.binary(max_size=40))
        case "doubled":
            frames = frames * 2
        case "extra":
            frames += data.draw(st.lists(st.binary(max_size=40), max_size=4))
    kernel.client.shell_channel.socket.send_multipart(frames)
    still_works(kernel)


def resident(kernel: Kernel) -> float:
    status = Path(f"/proc/{kernel.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


HUGE = 64 << 20
RANDOM = random.randbytes(HUGE)


def send_huge(kernel: Kernel, what: str) -> None:
    socket = kernel.client.shell_channel.socket
    if what == "a frame":
        socket.send_multipart([RANDOM])
    elif what == "mis-signed":
        frames = frames_of(kernel, message(kernel, "execute_request", {"code": "x" * HUGE}))
        socket.send_multipart([frames[0], b"0" * 64, *frames[2:]])
    elif what == "unknown":
        parts = message(kernel, "nobody_knows", {"a": "x" * HUGE})
        socket.send_multipart(frames_of(kernel, parts))
    else:
        content = {"comm_id": "nobody", "target_name": "nobody", "data": {}}
        opened = frames_of(kernel, message(kernel, "comm_open", content))
        socket.send_multipart([*opened, bytes(HUGE)])
    still_works(kernel)


@pytest.mark.parametrize("what", ["a frame", "mis-signed", "unknown", "a comm's buffers"])
def test_huge_messages_stop_nothing_and_do_not_add_up(fresh: Kernel, what: str) -> None:
    # What waits to be collected comes and goes; what adds up grows by three messages each time.
    for _ in range(5):
        before = resident(fresh)
        for _ in range(3):
            send_huge(fresh, what)
        end = resident(fresh)
        if end < before + 2 * HUGE / 2**20:
            return
    raise AssertionError(f"{before:.0f} MiB before the last three messages, {end:.0f} after")
