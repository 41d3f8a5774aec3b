"""The house's own checks: lint, format, types, and which folder may import which."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


BIN = Path(sys.executable).parent


@pytest.mark.parametrize("tool", ["ruff check .", "ruff format --check .", "mypy", "lint-imports"])
def test_tool_finds_nothing(tool):
    name, *words = tool.split()
    done = subprocess.run([str(BIN / name), *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
