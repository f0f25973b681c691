"""What the tests do with a kernel: run cells and collect everything that belongs to them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from message_spec import check

Message = dict[str, Any]
TIMEOUT = 120.0


@dataclass
class Ran:
    """A cell that has ended: its reply, and its messages on iopub as they came."""

    reply: Message
    messages: list[Message] = field(default_factory=list)

    def of(self, kind: str) -> list[Message]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    def text(self, name: str = "stdout") -> str:
        return "".join(m["text"] for m in self.of("stream") if m["name"] == name)

    @property
    def status(self) -> str:
        return self.reply["content"]["status"]

    @property
    def result(self) -> Any:
        found = self.of("execute_result")
        return found[0]["data"] if found else None

    @property
    def plain(self) -> str | None:
        return self.result and self.result["text/plain"]

    @property
    def traceback(self) -> str:
        return "\n".join(self.of("error")[0]["traceback"])


class Kernel:
    """A running kernel and its client. Every message is checked against the specification."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.late: list[Message] = []

    @property
    def pid(self) -> int:
        return self.manager.provisioner.process.pid  # type: ignore[union-attr]

    def send(self, code: str, **options: Any) -> str:
        return self.client.execute(code, **options)

    def run(self, code: str, timeout: float = TIMEOUT, **options: Any) -> Ran:
        return self.finish(self.send(code, **options), timeout)

    def finish(self, request: str, timeout: float = TIMEOUT) -> Ran:
        """Reads iopub until the request's idle, and its reply."""
        end = time.monotonic() + timeout
        messages: list[Message] = []
        while True:
            message = self.iopub(end - time.monotonic())
            if message["parent_header"].get("msg_id") != request:
                self.late.append(message)
                continue
            messages.append(message)
            if message["content"].get("execution_state") == "idle":
                break
        return Ran(self.reply(request, end - time.monotonic()), messages)

    def iopub(self, timeout: float = TIMEOUT) -> Message:
        """The next message. A kernel that has ended sends none, which is told at once."""
        end = time.monotonic() + timeout
        alive = True
        while True:
            try:
                left = end - time.monotonic()
                message = self.client.get_iopub_msg(timeout=min(max(left, 0.01), 1))
            except Empty:
                assert alive, "the kernel has ended, and sends nothing more"
                assert left > 0, f"the kernel lives, and sent nothing for {timeout:.0f} s"
                alive = self.is_alive()
            else:
                check(message)
                return message

    def wait_until_ready(self) -> None:
        """Until the client is subscribed and the kernel answers; what came before is dropped."""
        self.wait_for(lambda m: m["msg_type"] == "iopub_welcome")
        self.finish(self.client.kernel_info())
        self.late.clear()

    def reply(self, request: str, timeout: float = TIMEOUT) -> Message:
        while True:
            message = self.client.get_shell_msg(timeout=max(timeout, 0.01))
            if message["parent_header"].get("msg_id") == request:
                check(message)
                return message

    def wait_for(self, wanted: Callable[[Message], bool], timeout: float = TIMEOUT) -> Message:
        """The first iopub message, of any request, that is wanted."""
        end = time.monotonic() + timeout
        for message in self.late:
            if wanted(message):
                self.late.remove(message)
                return message
        while True:
            message = self.iopub(end - time.monotonic())
            if wanted(message):
                return message

    def wait_for_text(self, text: str, name: str = "stdout") -> None:
        """Until a stream message holds the text, so that a test knows how far a cell is."""
        self.wait_for(
            lambda m: (
                m["msg_type"] == "stream"
                and m["content"]["name"] == name
                and text in m["content"]["text"]
            )
        )

    def control(self, kind: str, content: dict[str, Any] | None = None) -> Message:
        message = self.client.session.msg(kind, content or {})
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=TIMEOUT)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                check(reply)
                return reply

    def ask(self, kind: str, content: dict[str, Any], timeout: float = TIMEOUT) -> dict[str, Any]:
        """Sends a request on shell and returns the content of its reply."""
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        return self.reply(message["header"]["msg_id"], timeout)["content"]

    def ask_until(
        self, kind: str, content: dict[str, Any], right: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """The first right answer, or a last wrong one: late ones are not waited for."""
        end = time.monotonic() + TIMEOUT
        while True:
            answer = self.ask(kind, content)
            if right(answer) or time.monotonic() > end:
                return answer
            time.sleep(0.02)

    def is_alive(self) -> bool:
        return bool(self.manager.is_alive())

    def nothing_more(self, of: str) -> bool:
        """True when a round trip brings no further message of that request but a last status."""
        marker = self.send("0", silent=True)
        ran = self.finish(marker)
        assert ran.status == "ok"
        return not any(m["parent_header"].get("msg_id") == of for m in self.late)


def by_request(kernel: Kernel) -> None:
    """Interrupts by a message on the control channel."""
    assert kernel.control("interrupt_request")["content"]["status"] == "ok"


def by_signal(kernel: Kernel) -> None:
    """Interrupts by SIGINT."""
    os.kill(kernel.pid, signal.SIGINT)


def is_running(pid: int) -> bool:
    """False for zombies too, which a container may never reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    """Until a kernel that is nobody's, or another process's, has ended by itself."""
    end = time.monotonic() + TIMEOUT
    while is_running(pid):
        assert time.monotonic() < end, f"the kernel {pid} outlived who started it"
        time.sleep(0.05)


@contextmanager
def start(name: str, folder: Path) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    try:
        kernel = Kernel(manager, client)
        kernel.wait_until_ready()
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
