"""A kernel as a bench drives it, by way of jupyter_client: requests and cells, and their times."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

import psutil  # type: ignore[import-untyped]
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager


class Kernel:
    """A kernel, started and asked; every time in seconds."""

    def __init__(self, name: str) -> None:
        self.manager = KernelManager(kernel_name=name)
        began = time.perf_counter()
        self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.request(self.client.kernel_info, timeout=30)
        self.started = time.perf_counter() - began
        self.pid: int = self.manager.provisioner.process.pid  # type: ignore[union-attr]
        time.sleep(0.3)
        self.drain()

    @classmethod
    def start_once(cls, name: str) -> float:
        """The seconds that one more kernel takes to its first answer."""
        kernel = cls(name)
        kernel.end()
        return kernel.started

    def drain(self) -> list[dict[str, Any]]:
        """Takes what has come and is not read yet."""
        found = []
        for take in (self.client.get_iopub_msg, self.client.get_shell_msg):
            while True:
                try:
                    found.append(take(timeout=0.05))
                except Empty:
                    break
        return found

    def request(
        self, ask: Callable[..., str], *args: Any, timeout: float = 20
    ) -> tuple[float, dict[str, Any]]:
        """Sends a request; the time until its reply, and the reply's content."""
        began = time.perf_counter()
        wanted = ask(*args)
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == wanted:
                return time.perf_counter() - began, reply["content"]

    def run(self, code: str, timeout: float = 120) -> tuple[float, list[dict[str, Any]]]:
        """Runs a cell until reply and idle, and the messages before idle.

        A kernel that sends its idle late, or not at all, is given 1.5 s after its last message.
        """
        shell, iopub = self.client.shell_channel.socket, self.client.iopub_channel.socket
        poller = zmq.Poller()
        poller.register(shell, zmq.POLLIN)
        poller.register(iopub, zmq.POLLIN)
        began = last = time.perf_counter()
        wanted = self.client.execute(code)
        replied = idle = False
        messages: list[dict[str, Any]] = []
        while not (replied and idle):
            now = time.perf_counter()
            end = last + 1.5 if replied else began + timeout
            if now >= end:
                if not replied:
                    raise Empty
                break
            ready = dict(poller.poll(int((end - now) * 1000) + 1))
            for socket, take in (
                (iopub, self.client.get_iopub_msg),
                (shell, self.client.get_shell_msg),
            ):
                if socket not in ready:
                    continue
                message = take(timeout=1)
                if message["parent_header"].get("msg_id") != wanted:
                    continue
                last = time.perf_counter()
                if socket is shell:
                    replied = True
                elif message["msg_type"] == "status":
                    idle = message["content"]["execution_state"] == "idle"
                else:
                    messages.append(message)
        return last - began, messages

    def memory(self) -> float:
        """Resident MiB of the kernel's process and its children."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
        return float(sum(one.memory_info().rss for one in family)) / 2**20

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def text(messages: list[dict[str, Any]]) -> str:
    contents = [message["content"] for message in messages]
    shown = [c.get("text") or c.get("data", {}).get("text/plain", "") for c in contents]
    return "".join(map(str, shown))
