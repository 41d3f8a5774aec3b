"""Entered values beside the ledgers': what stands in the table of a report, and in which reports it stands."""

import re

import pandas as pd
import pytest

from chengxin.render.tables import Caption
from chengxin.reports.county_index import county_index
from chengxin.reports.score_sheets import overridden_table
from chengxin.rubric.load import load_rubric

ROW = {"line": "2.1", "value": 0.0, "of": None, "outcome": "assessed", "note": "现场复查均已检定",
       "measured_value": 2.0, "measured_of": None, "explained": True}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "cells", "kind"),
    [
        ({}, ["0", "2", "现场复查均已检定"], ""),
        ({"line": "10.1", "value": 24.0, "of": 30.0, "measured_value": 20.0, "measured_of": 23.0},
         ["24／30", "20／23", "现场复查均已检定"], ""),
        ({"value": None, "outcome": "not_applicable", "note": "歇业"}, ["不适用", "2", "歇业"], ""),
        ({"note": None, "explained": False}, ["0", "2", "没有说明"], " class=short"),
        ({"note": "<b>粗</b>"}, ["0", "2", "&lt;b&gt;粗&lt;/b&gt;"], ""),
    ],
)  # fmt: skip
def test_a_row_says_what_was_entered_what_was_measured_and_why(change, cells, kind):
    rows = pd.DataFrame([ROW | change]).astype({"value": float, "of": float, "measured_of": float})
    text = overridden_table(load_rubric("scenic_area"), rows, Caption("录入值", "附", "甲<景区>")).text
    assert re.findall(r"<td[^>]*>(.*?)</td>", text)[1:] == cells
    assert f"<tr{kind}><td>{(ROW | change)['line']} " in text
    assert "甲&lt;景区&gt;" in text


def test_a_report_shows_them_where_there_are_any(demo):
    found = {}
    for unit in ("331082", "TZW"):
        index = county_index(str(demo / "chengxin.db"), unit, "2026")
        parts = [getattr(part, "text", "") for part in index.areas()]
        found |= {name: sum(f"{name}与台账不同的录入值" in text for text in parts) for name in index.results["name"]}
        unlike = set(index.overridden["assessment"])
        names = set(index.results.loc[index.results["assessment"].isin(unlike), "name"])
        assert {name for name in index.results["name"] if found[name]} == names
    assert set(found.values()) == {0, 1}


def test_an_override_of_the_sample_data_stands_in_its_report_with_all_three(demo):
    text = (demo / "2026-331082.html").read_text("utf-8")
    table = text[text.index("演示·匠人谷景区与台账不同的录入值") :]
    assert re.findall(r"<td[^>]*>(.*?)</td>", table)[:4] == [
        "10.1 铅封与强检标志", "24／30", "20／23", "按现场抽查的经营户计，铅封和强检标志逐户查看",
    ]  # fmt: skip
