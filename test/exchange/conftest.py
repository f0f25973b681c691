"""The tests have a runtime folder of their own, and find `cenote` in the checkout."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "python"))
FOLDER = tempfile.mkdtemp(prefix="cx-")
os.environ["CENOTE_RUNTIME_DIR"] = FOLDER


def pytest_unconfigure() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
