"""The house's own checks: lint, types, notebooks as documents, no path of a machine in the tree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))


@pytest.mark.parametrize("tool", [["ruff", "check", "."], ["mypy"]], ids=["ruff", "mypy"])
def test_tool_finds_nothing(tool):
    done = subprocess.run([sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_document(path):
    text = path.read_text("utf-8")
    cells = json.loads(text)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert path.stat().st_size < 200_000
    assert cells[0]["cell_type"] == "markdown"
    assert "".join(cells[0]["source"]).startswith("# ")
    lines = [line.lstrip() for cell in code for line in cell.splitlines()]
    assert not [line for line in lines if line.startswith(("def ", "class "))]
    assert all(len(cell.splitlines()) <= 12 for cell in code)
    if "reports" in path.parts:
        tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1
        assert all("  # " in line for line in "".join(tagged[0]["source"]).splitlines())


def test_there_are_notebooks():
    assert NOTEBOOKS
