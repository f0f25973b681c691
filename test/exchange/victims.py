"""Starts processes that exchange tables, and kills each at a random moment of its life.

    python victims.py KILLS SEED

Python victims are forked from this process, which has the libraries loaded and has shared nothing;
one in twenty is a Node process (victim.ts). Prints a JSON object: how many were killed, and what
was wrong with those that ended otherwise.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "python"))

import numpy as np  # noqa: E402, F401
import pyarrow as pa  # noqa: E402, F401
from traffic import Traffic  # noqa: E402

#: Victims that live at the same time.
AT_ONCE = 3
#: The longest lives, in seconds from the fork, and from Node's first step.
LONGEST, LONGEST_NODE = 0.12, 0.05


def live(seed: int) -> None:
    """A victim: traffic without an end."""
    try:
        traffic = Traffic([f"victim-{os.getpid()}"], seed)
        while True:
            traffic.steps(100)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def python_victim(seed: int, lifetime: float) -> tuple[int, float]:
    """Forks one; its pid, and when it is to die."""
    pid = os.fork()
    if pid == 0:
        live(seed)
    return pid, time.monotonic() + lifetime


def node_victim(seed: int, lifetime: float) -> tuple[int, float]:
    """Starts one, waits until it is about to begin."""
    process = subprocess.Popen(["node", str(HERE / "victim.ts"), str(seed)], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    process.returncode = 0  # it is waited for by its pid
    return process.pid, time.monotonic() + lifetime


def main(kills: int, seed: int) -> None:
    """Keeps some alive, kills the one whose time has come, until all are dead."""
    rng = random.Random(seed)
    alive: list[tuple[int, float]] = []
    killed, wrong = 0, []
    for number in range(kills + AT_ONCE):
        if number < kills:
            if number % 20 == 19:
                alive.append(node_victim(number, rng.random() * LONGEST_NODE))
            else:
                alive.append(python_victim(number, rng.random() * LONGEST))
        if len(alive) < AT_ONCE and number < kills or not alive:
            continue
        pid, due = min(alive, key=lambda one: one[1])
        alive.remove((pid, due))
        time.sleep(max(0.0, due - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            killed += 1
        else:
            wrong.append(f"process {pid} had ended by itself with status {status}")
    print(json.dumps({"killed": killed, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
