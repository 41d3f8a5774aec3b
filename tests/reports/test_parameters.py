"""What a report is asked for: text, whatever type Papermill reads it as; every kind of report through Papermill."""

import os
import subprocess
import sys

import nbformat
import pytest

from chengxin.errors import UsageError
from chengxin.reports.kinds import KINDS
from chengxin.reports.parameters import as_text, as_year


@pytest.mark.parametrize("value", [331082, 331082.0, "331082", " 331082 "])
def test_a_code_is_text_whatever_type_it_comes_in(value):
    assert as_text("填报单位", value) == "331082"


@pytest.mark.parametrize("value", [True, None, "", "  ", 2026.5, float("nan"), float("inf"), ["331082"]])
def test_what_is_no_code_is_told(value):
    with pytest.raises(UsageError, match=r"填报单位“.*”不是代码；应为文字或整数"):
        as_text("填报单位", value)


def test_a_year_is_a_year():
    assert {as_year(value) for value in (2026, 2026.0, "2026")} == {2026}
    for value in ("26", "2026年", "３０２６", 12026, "0026"):
        with pytest.raises(UsageError, match="应为公历年"):
            as_year(value)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_papermill_makes_every_kind_with_numbers_as_parameters(kind, demo, tmp_path):
    """``-p`` reads 331082 and 2026 as numbers; the figures are those of the text."""
    code = {"city": "city", "card": "331082-S1"}.get(kind, "331082")
    out, about = tmp_path / "out.ipynb", KINDS[kind]
    done = subprocess.run(
        [sys.executable, "-m", "papermill", about.template, out, "-p", about.parameter, code, "-p", "period", "2026"],
        env=os.environ | {"CHENGXIN_DB": str(demo / "chengxin.db")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    cells = nbformat.read(out, 4).cells
    given = next(cell.source for cell in cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert "period = 2026\n" in given + "\n", "a number, not a text"
