"""Improvement items: the points offered are the points lost, and the next period tells what became of them."""

import numpy as np
import pandas as pd
import pytest
from stores import opened, sample_database

from chengxin.reports.county_index import county_index
from chengxin.rubric.load import load_rubric
from chengxin.scoring.improvements import closed, followed, items
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

STREET = load_rubric("street")
BASE = [line for line in STREET.lines if line.section == "base"]
NOTHING = pd.DataFrame(
    {
        **{name: pd.Series(dtype="str") for name in ("assessment", "line", "remedy", "owner", "state")},
        "points": pd.Series(dtype="float"),
        **{name: pd.Series(dtype="datetime64[s]") for name in ("due_on", "rectified_on", "rechecked_on")},
    }
)


def work(**periods):
    rows = [(name, "J1", period, pd.Timestamp(f"{period}-12-31")) for name, period in periods.items()]
    return pd.DataFrame(rows, columns=["id", "area", "period", "as_of"])


def seen(name, **poor):
    """Everything full but some share lines, given as passed of ten."""
    rows = []
    for line in BASE:
        kind = line.rule.kind
        part = poor.get(f"line{line.id.replace('.', '_')}", 10)
        value, of = {"share": (part, 10), "threshold": (part, 10), "marks": (line.points, np.nan)}.get(
            kind, (1, np.nan)
        )
        if kind == "at_least":
            value = 1
        rows.append((name, line.id, value, of, "assessed", ""))
    return pd.DataFrame(rows, columns=["assessment", "line", "value", "of", "outcome", "note"])


def test_points_offered_are_the_points_lost():
    sheet = score(STREET, seen("a", line1_1=7, line9_2=3, line8_1=9))
    offered = items(STREET, sheet, work(a="2025"), NOTHING)
    assert offered["points"].sum() == pytest.approx(100 - totals(sheet)["base"].iloc[0])
    assert list(offered["line"]) == ["1.1", "9.2", "8.1"]
    assert set(offered["state"]) == {"open"}
    assert offered["remedy"].str.len().min() > 0
    assert offered["due_on"].iloc[0] == pd.Timestamp("2026-01-30")
    assert offered["owner"].tolist() == ["街区", "商家", "商家"]
    assert not offered["recorded"].any()


def test_who_is_asked_to_mend_is_never_who_was_only_asked():
    owners = {line.id: line.owner or line.subject for line in BASE}
    assert owners["12.1"] == owners["13.1"] == "街区"
    assert set(owners.values()) == {"街区", "商家"}


def test_what_somebody_took_up_keeps_owner_date_and_state():
    sheet = score(STREET, seen("a", line1_1=7, line8_1=9))
    row = ("a", "1.1", "", "街区管理办", "rectified", 3.0, "2026-03-01", "2026-02-11", None)
    taken = pd.DataFrame([row], columns=list(NOTHING.columns)).astype(NOTHING.dtypes)
    offered = items(STREET, sheet, work(a="2025"), taken).set_index("line")
    assert offered.loc["1.1", ["owner", "state", "recorded"]].tolist() == ["街区管理办", "rectified", True]
    assert offered.loc["8.1", "state"] == "open"


def test_the_next_period_shows_what_was_closed():
    both = pd.concat(
        [seen("a", line1_1=7, line8_1=9, line9_1=5, line9_2=8), seen("b", line8_1=10, line9_1=6, line9_2=7)]
    )
    both = both[~((both["assessment"] == "b") & (both["line"] == "1.1"))]
    sheet = score(STREET, both)
    found = items(STREET, sheet, work(a="2025", b="2026"), NOTHING)
    decided = sheet[(sheet["assessment"] == "b") & sheet["score"].notna()].assign(area="J1")
    fate = closed(found[found["period"] == "2025"], found[found["period"] == "2026"], decided).set_index("line")
    assert fate["outcome"].to_dict() == {"1.1": "unknown", "9.1": "partly", "9.2": "worse", "8.1": "closed"}
    assert fate.loc["9.1", "regained"] == pytest.approx(0.4)
    assert np.isnan(fate.loc["1.1", "regained"])
    same = closed(found[found["period"] == "2025"], found[found["period"] == "2025"], decided)
    assert set(same.loc[same["line"] != "1.1", "outcome"]) == {"open"}


def test_areas_are_followed_from_period_to_period():
    before = seen("a", line8_1=9, line9_1=5, line9_2=8)
    sheet = score(STREET, pd.concat([before, seen("b", line9_1=6, line9_2=7, line1_1=9)]))
    (row,) = followed(STREET, sheet, work(a="2025", b="2026"), NOTHING, "2026").to_dict("records")
    assert {name: row[name] for name in ("before", "closed", "partly", "open", "worse", "unknown", "now", "late")} == {
        "before": 3, "closed": 1, "partly": 1, "open": 0, "worse": 1, "unknown": 0, "now": 3, "late": 0,
    }  # fmt: skip
    assert row["points"] == pytest.approx(100 - totals(sheet).set_index("assessment").loc["b", "base"])
    assert row["regained"] == pytest.approx(0.5 + 0.4 - 0.4)
    (first,) = followed(STREET, sheet, work(a="2025"), NOTHING, "2025").to_dict("records")
    assert (first["before"], first["now"]) == (0, 3)
    taken = pd.DataFrame(
        [("a", "9.2", "", "某人", "open", 0.8, "2026-03-01", None, None)], columns=list(NOTHING.columns)
    ).astype(NOTHING.dtypes)
    (late,) = followed(STREET, sheet, work(a="2025", b="2026"), taken, "2026").to_dict("records")
    assert late["late"] == 1


def test_the_county_report_lists_every_item_with_who_until_when_and_how_it_stands(tmp_path):
    with opened(sample_database(tmp_path / "x.db")) as engine:
        index = county_index(engine, "331082", "2026")
    table = index.mend_table().text
    offered = index.items.groupby("assessment")["points"].sum()
    base = index.results.set_index("assessment")["base"]
    assert offered.to_dict() == pytest.approx((100 - base).to_dict())
    for row in index.items.to_dict("records"):
        assert f"<td>{row['line']}</td>" in table
        assert row["owner"] in table
        assert f"{row['due_on']:%Y-%m-%d}" in table
    assert table.count("<tr") - 1 >= len(index.items)
    assert "待整改" in table
