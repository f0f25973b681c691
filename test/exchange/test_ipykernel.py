"""Cenote in ipykernel: a kernel of its own, asked as a frontend asks it."""

import os

import cenote
import pyarrow as pa
import pytest
from jupyter_client.manager import KernelManager

PATIENCE = 120
PYTHON = os.path.dirname(os.path.dirname(cenote.__file__))


class Kernel:
    """An ipykernel and its client."""

    def __init__(self) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env={**os.environ, "PYTHONPATH": PYTHON})
        self.client = self._manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def run(self, code: str) -> tuple[str, str]:
        """What the code printed, and its result as HTML or else as text."""
        text, result = [], ""

        def hear(message) -> None:
            nonlocal result
            content = message["content"]
            if message["msg_type"] == "stream":
                text.append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                result = content["data"].get("text/html", content["data"]["text/plain"])
            elif message["msg_type"] == "error":
                text.append(content["ename"])

        self.client.execute_interactive(code, timeout=PATIENCE, output_hook=hear)
        return "".join(text), result

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def end(self) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel():
    one = Kernel()
    assert one.run("import cenote\n%load_ext cenote") == ("", "")
    yield one
    one.end()


@pytest.fixture
def flights():
    cenote.put("flights", pa.table({"delay": [5, 7]}))
    yield
    cenote.delete("flights")


def test_what_is_shared_is_shown_as_tables(kernel, flights):
    for code in ("cenote.list()", "%cenote"):
        _, shown = kernel.run(code)
        assert "<td" in shown and "delay: int64" in shown
    _, shown = kernel.run('cenote.put("mine", {"a": [1]})')
    assert shown.startswith("<code>mine: 1 rows")
    _, shown = kernel.run("%cenote get flights as pandas")
    assert "<table" in shown


def test_names_complete(kernel, flights):
    for code, matches in [('cenote.get("fli', ["flights"]), ("%cenote get fli", ["flights"])]:
        content = kernel.client.complete(code, reply=True, timeout=PATIENCE)["content"]
        assert content["matches"] == matches
        assert code[: content["cursor_start"]] + matches[0] == code.replace("fli", "flights")


def test_a_cell_may_await_changes(kernel, flights):
    code = """
async for name, table in cenote.watch("flights"):
    print(name, table.rows, flush=True)
    if table.rows == 3:
        break
    cenote.put("flights", {"delay": [1, 2, 3]})
"""
    assert kernel.run(code)[0] == "flights 2\nflights 3\n"


def test_a_cell_that_waits_for_changes_can_be_interrupted(kernel):
    waiting = kernel.client.execute(
        'print("waits", flush=True)\nfor change in cenote.watch("never"): pass'
    )
    while True:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") != waiting:
            continue
        if message["msg_type"] == "stream":
            kernel.interrupt()
        elif message["msg_type"] == "error":
            assert message["content"]["ename"] == "KeyboardInterrupt"
            return
