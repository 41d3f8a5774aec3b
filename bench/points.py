"""Is a changed point of any line, or a changed good answer of any item, seen by a notebook?

Each of the lines of both rubrics gets another number of points, and each item of the form of monitoring points the
opposite good answer, one at a time; the notebook cell that lists them is run with it and compared with its stored
output, as nbval does. Prints a row for each change and exits with 1 if one is not seen.
Run: ``python bench/points.py``.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import nbformat

from chengxin.ledgers.filings import form as filing_form
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric
from chengxin.web.lab import studies

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
OPPOSITE = {"yes": "no", "no": "yes"}


def cell(word: str) -> tuple[str, str, str]:
    """Name of the notebook, source and stored output of the one cell that lists lines (or items)."""
    for path in sorted(NOTEBOOKS.rglob("*.ipynb")):
        for found in nbformat.read(path, as_version=4).cells:
            if found.cell_type == "code" and word in found.source and "NBVAL_CHECK_OUTPUT" in found.source:
                return path.name, found.source, "".join(output.text for output in found.outputs)
    raise LookupError(f"no notebook has a checked cell with: {word}")


def printed(source: str, names: dict[str, Rubric | ModuleType]) -> str:
    """What a cell prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(source, dict(names))
    return out.getvalue()


def with_points(rubric: Rubric, line_id: str) -> Rubric:
    """The rubric with one point more for a line; the sums of a rubric are not asked here."""
    lines = [
        line.model_copy(update={"points": line.points + 1}) if line.id == line_id else line for line in rubric.lines
    ]
    return rubric.model_copy(update={"lines": lines})


def lines() -> Iterator[tuple[str, str, bool]]:
    """Each changed line, the notebook, and whether its cell differs."""
    name, source, stored = cell("line in (*street.lines, *scenic.lines)")
    rubrics = {"street": load_rubric("street"), "scenic": load_rubric("scenic_area")}
    assert printed(source, {**rubrics, "studies": studies}) == stored, f"{name} differs without a change"
    for key, rubric in rubrics.items():
        for line in rubric.lines:
            changed = {**rubrics, key: with_points(rubric, line.id)}
            yield f"{rubric.id} {line.id}", name, printed(source, {**changed, "studies": studies}) != stored


def items() -> Iterator[tuple[str, str, bool]]:
    """Each item whose good answer is turned round, the notebook, and whether its cell differs."""
    name, source, stored = cell("for item in form.items")
    form = filing_form.load_form()
    assert printed(source, {}) == stored, f"{name} differs without a change"
    for n, item in enumerate(form.items):
        turned = item.model_copy(update={"favourable": [OPPOSITE.get(code, code) for code in item.favourable]})
        changed = replace(form, items=(*form.items[:n], turned, *form.items[n + 1 :]))
        with patch.object(filing_form, "load_form", return_value=changed):
            yield f"monitoring_point {item.id}", name, printed(source, {}) != stored


def main() -> None:
    """Print every change and who saw it."""
    rows = [*lines(), *items()]
    print("| changed | notebook | seen |\n| --- | --- | --- |")
    for changed, name, seen in rows:
        print(f"| {changed} | {name} | {'yes' if seen else 'NO'} |")
    count = sum(seen for _, _, seen in rows)
    print(f"\n{count} of {len(rows)} seen")
    sys.exit(count != len(rows))


if __name__ == "__main__":
    main()
