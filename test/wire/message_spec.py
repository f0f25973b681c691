"""A typed description of Jupyter's messages, after ipykernel's test_message_spec.

Each content is a table from key to type; a tuple allows any of its types; a callable checks more.
https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

Check = type | tuple[type, ...] | Callable[[Any], bool]
Table = dict[str, Check]


def one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: value in values


def mime_bundle(value: Any) -> bool:
    return isinstance(value, dict) and all("/" in key for key in value)


def strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def maybe(kind: type) -> tuple[type, ...]:
    return (kind, type(None))


ERROR: Table = {"ename": str, "evalue": str, "traceback": strings}
DISPLAY: Table = {"data": mime_bundle, "metadata": dict}

REPLIES: dict[str, Table] = {
    "execute_reply": {"execution_count": int, "payload": list, "user_expressions": dict},
    "inspect_reply": {"found": bool, "data": mime_bundle, "metadata": dict},
    "complete_reply": {
        "matches": strings,
        "cursor_start": int,
        "cursor_end": int,
        "metadata": dict,
    },
    "is_complete_reply": {"status": one_of("complete", "incomplete", "invalid", "unknown")},
    "kernel_info_reply": {
        "protocol_version": str,
        "implementation": str,
        "implementation_version": str,
        "language_info": lambda value: all(
            isinstance(value[key], str) for key in ("name", "version", "mimetype", "file_extension")
        ),
        "banner": str,
        "help_links": list,
    },
    "history_reply": {"history": list},
    "comm_info_reply": {"comms": dict},
    "shutdown_reply": {"restart": bool},
    "debug_reply": {},
    "interrupt_reply": {},
}

OUTPUTS: dict[str, Table] = {
    "status": {"execution_state": one_of("busy", "idle", "starting")},
    "execute_input": {"code": str, "execution_count": int},
    "stream": {"name": one_of("stdout", "stderr"), "text": lambda text: text != ""},
    "display_data": DISPLAY | {"transient": dict},
    "update_display_data": DISPLAY
    | {"transient": lambda value: isinstance(value["display_id"], str)},
    "execute_result": DISPLAY | {"execution_count": int},
    "error": ERROR,
    "clear_output": {"wait": bool},
    "comm_open": {"comm_id": str, "target_name": str, "data": dict},
    "comm_msg": {"comm_id": str, "data": dict},
    "comm_close": {"comm_id": str, "data": dict},
    "iopub_welcome": {"subscription": str},
    "shutdown_reply": {"restart": bool},
}


def check(message: dict[str, Any]) -> None:
    """Raises AssertionError when the message is not as the specification has it."""
    header = message["header"]
    for key in ("msg_id", "username", "session", "msg_type", "version"):
        assert isinstance(header[key], str), (key, header)
    assert isinstance(header["date"], (str, datetime)), header
    assert tuple(map(int, header["version"].split("."))) >= (5, 0)
    assert isinstance(message["metadata"], dict)
    kind, content = message["msg_type"], message["content"]
    if kind in REPLIES:
        check_reply(kind, content)
    else:
        assert kind in OUTPUTS, f"unknown message type {kind}"
        check_table(content, OUTPUTS[kind])


def check_reply(kind: str, content: dict[str, Any]) -> None:
    if kind == "is_complete_reply":
        check_table(content, REPLIES[kind])
        assert content["status"] != "incomplete" or isinstance(content["indent"], str)
        return
    status = content["status"]
    assert status in ("ok", "error", "aborted"), content
    if status == "ok":
        check_table(content, REPLIES[kind])
    elif status == "error":
        check_table(content, ERROR)


def check_table(content: dict[str, Any], table: Table) -> None:
    for key, wanted in table.items():
        assert key in content, f"{key} is missing in {content}"
        value = content[key]
        if isinstance(wanted, type) or isinstance(wanted, tuple):
            assert isinstance(value, wanted), f"{key}: wanted {wanted}, found {value!r}"
        else:
            assert wanted(value), f"{key}: unexpected {value!r}"
