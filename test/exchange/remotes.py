"""Other processes, which run code that they are given (peer.py, peer.ts)."""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


class Process:
    """A process that reads lines of code and answers each by a line."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, code: str):
        """Runs code there, and gives its answer."""
        self.process.stdin.write(json.dumps({"run": code}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        reply = json.loads(line)
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def end(self) -> None:
        """Ends it, and waits for that."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Remote(Process):
    """Another Python process."""

    def __init__(self) -> None:
        super().__init__([sys.executable, str(FOLDER / "peer.py")])


class Node(Process):
    """A Node process."""

    def __init__(self) -> None:
        super().__init__(["node", str(FOLDER / "peer.ts")])
