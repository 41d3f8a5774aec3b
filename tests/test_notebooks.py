"""House rules of every notebook: a document that calls the package, clean to store and to review."""

import re
from pathlib import Path

import nbformat
import pytest

from chengxin.ledgers.filings.form import load_form
from chengxin.rubric.load import load_rubric
from chengxin.rubric.rules import plain

ROOT = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(ROOT.rglob("*.ipynb"))
CHECKED = "# NBVAL_CHECK_OUTPUT"
MACHINE = re.compile(r"(?<![\w.:/])/(?:[\w.-]+/)+[\w.-]*|\b[A-Za-z]:\\|\d\d:\d\d:\d\d|Traceback")


def faults(notebook, is_report):
    """What breaks the rules, in words."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        *first_faults(notebook.cells[0]),
        *(said for cell in code for said in cell_faults(cell)),
        *(parameter_faults(code) if is_report else []),
        *([] if any(checked(cell) for cell in code) else ["no cell with a checked output"]),
        *([] if all(cell.get("id") for cell in notebook.cells) else ["a cell without id"]),
        *([] if set(notebook.metadata) <= {"kernelspec", "language_info", "order"} else ["metadata"]),
        *([] if notebook.metadata.get("kernelspec", {}).get("name") == "python3" else ["kernel"]),
        *([] if sum(len(str(cell.outputs)) for cell in code) < 20_000 else ["outputs of 20 KB or more"]),
    ]


def first_faults(cell):
    title, _, purpose = cell.source.partition("\n")
    told = cell.cell_type == "markdown" and title.startswith("# ") and re.match(r"(本.{1,8})?[供给由]", purpose.strip())
    return [] if told else ["the first cell has no title or does not say who it is for"]


def checked(cell):
    """Nbval compares a cell that is marked, was run and has an output."""
    return CHECKED in cell.source and cell.execution_count and cell.outputs


def cell_faults(cell):
    lines = cell.source.splitlines()
    return [
        *(["a definition"] if any(re.match(r"\s*(async def|def|class)\b", line) for line in lines) else []),
        *(["more than 12 lines"] if len(lines) > 12 else []),
        *(["an error output"] if any(output.output_type == "error" for output in cell.outputs) else []),
        *(["a path, time or traceback"] if MACHINE.search(cell.source + str(cell.outputs)) else []),
        *(["metadata of a cell"] if set(cell.metadata) - {"tags"} else []),
        *(["marked, but without a stored output"] if CHECKED in cell.source and not checked(cell) else []),
    ]


def parameter_faults(code):
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        return [f"{len(tagged)} cells tagged parameters"]
    return [f"no comment: {line}" for line in tagged[0].source.splitlines() if "  # " not in line]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_the_house_rules(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert faults(notebook, "reports" in path.relative_to(ROOT).parts) == []


def bad_title(notebook):
    notebook.cells[0].source = "# 题\n\n没有说明读者。"


def bad_cell(notebook):
    notebook.cells[-1].source = "def helper():\n    return '/home/somebody/chengxin.db'" + "\n" * 12 + "pass"


def bad_output(notebook):
    notebook.cells[-1].outputs = [nbformat.v4.new_output("error", ename="E", evalue="e", traceback=["x" * 20_000])]


def bad_parameters(notebook):
    notebook.cells[1].source += "\nother = 1"


def unrun(notebook):
    next(cell for cell in notebook.cells if CHECKED in cell.source).execution_count = None


def bad_metadata(notebook):
    notebook.metadata["widgets"] = {}
    notebook.cells[-1].metadata["execution"] = {}
    del notebook.cells[-1]["id"]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (bad_title, ["the first cell has no title or does not say who it is for"]),
        (bad_cell, ["a definition", "more than 12 lines", "a path, time or traceback"]),
        (bad_output, ["an error output", "outputs of 20 KB or more"]),
        (bad_parameters, ["no comment: other = 1"]),
        (unrun, ["marked, but without a stored output", "no cell with a checked output"]),
        (bad_metadata, ["metadata of a cell", "a cell without id", "metadata"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_rule_is_seen(spoil, found):
    notebook = nbformat.read(ROOT / "reports" / "county_index.ipynb", as_version=4)
    spoil(notebook)
    assert faults(notebook, is_report=True) == found


def outputs():
    """Everything that notebooks hold as printed text, line by line."""
    cells = [cell for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return {line for cell in cells for output in cell.outputs for line in output.get("text", "").splitlines()}


@pytest.mark.parametrize("name", ["street", "scenic_area"])
def test_points_and_rule_of_every_line_stand_in_a_notebook(name):
    printed = outputs()
    for line in load_rubric(name).lines:
        start = f"{line.id} {line.label} {plain(line.points)} 分 {line.rule_in_words()} 举例"
        assert any(text.startswith(start) for text in printed), start


def test_the_good_answers_of_every_item_stand_in_a_notebook():
    printed, form = outputs(), load_form()
    for item in form.items:
        answers = " ".join(form.answers[code] for code in item.favourable)
        counts = "".join(f" {label}" for label in item.counts.values())
        start = f"{item.id} {item.label} 有利： {answers}{counts}"
        assert any(text == start or text.startswith(f"{start} ") for text in printed), start
