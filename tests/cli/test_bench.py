"""The measurements as commands: run small and for real; what they need and do not find is said in Chinese."""

import importlib.util
import re

import pytest

from chengxin.cli import bench
from chengxin.errors import MissingExtraError, UsageError


def rows(text: str) -> list[list[str]]:
    """Cells of the lines of Markdown tables, heads and rules left out."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line]
    return [cells for cells in lines if re.match(r"[\d.]+", cells[1]) or re.match(r"[\d.]+", cells[2])]


def test_reports_are_measured_beside_the_plain_command_and_the_floor(chengxin):
    done = chengxin("bench", "report", "--units", "1", "--plain", "1")
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert [cells[0] for cells in table] == ["1"] * 4
    seconds, faster, above, memory = ([float(cells[n]) for cells in table] for n in (2, 3, 4, 5))
    assert all(value > 0 for value in seconds + memory)
    assert (faster[0], above[-1]) == (1.0, 1.0), "the command is its own measure, the floor too"
    for one, times in zip(seconds, faster, strict=True):
        assert times == pytest.approx(seconds[0] / one, abs=0.06 + 0.01 * times)


def test_scoring_is_measured_beside_its_peers(chengxin):
    done = chengxin("bench", "score", "--rows", "20000")
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert [cells[0] for cells in table].count("chengxin") == 2, "in order and shuffled"
    assert all(float(cells[1]) > 0 for cells in table if "下限" not in cells[0])


def test_the_dashboard_is_measured_beside_one_table_by_pandas_and_sql(chengxin):
    done = chengxin("bench", "dashboard", "--counties", "3", "--rounds", "2")
    assert done.returncode == 0, done.stderr
    assert "评价120个" in done.stdout
    table = {cells[0]: [float(cell) for cell in cells[1:]] for cells in rows(done.stdout)}
    assert len(table) == 8
    for name, (middle, longest, *_) in table.items():
        assert middle > 0 or name.startswith(("SQL", "再到页面出齐")), name  # of so little, a query rounds to 0.0 ms
        assert len(table[name]) == 2 or longest >= middle


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'pip install "chengxin\[test\]"'):
        bench.score(None)
    monkeypatch.setattr(bench, "Path", lambda name: type("Nothing", (), {"exists": lambda self: False})())
    with pytest.raises(UsageError, match="Linux"):
        bench.report(None)
