"""One area close up: its steps, peers, past and items are those of the sheet, for every assessment of the sample."""

import json

import numpy as np
import pandas as pd
import pytest

from chengxin.figures import area as module
from chengxin.figures.area import chosen, closeup
from chengxin.figures.breakdown import compared, figures, steps
from chengxin.rubric.load import load_rubric
from chengxin.scoring.explain import explain
from chengxin.scoring.improvements import followed
from chengxin.scoring.ranking import rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.workflow import inputs

OPEN, RED = "331002-J2-2026", "331022-S1-2026"


@pytest.fixture(scope="module")
def known(engine):
    return module.opened(engine)


@pytest.fixture(scope="module")
def plainly(engine):
    """Sheets and totals of each kind the plain way."""
    work, out = read.assessments(engine), {}
    for kind in ("scenic_area", "street"):
        rubric = load_rubric(kind)
        sheet = score(rubric, inputs.filled(engine, rubric, work).observations, work.loc[work["rubric"] == kind, "id"])
        out[kind] = sheet, totals(sheet).set_index("assessment")
    return out


def every(known):
    return known.work["id"].tolist()


def test_steps_lead_from_full_marks_to_the_exact_total(known, plainly):
    for name in every(known):
        shown = closeup(known, name)
        result = plainly[shown.about["rubric"]][1].loc[name]
        frame, moved = shown.steps, shown.steps.iloc[:-1]
        assert frame["kind"].iloc[0] == "full"
        assert frame["start"].iloc[1:-1].to_numpy() == pytest.approx(frame["end"].iloc[:-2].to_numpy())
        assert moved["end"].iloc[-1] == pytest.approx(result["unrounded"], abs=1e-9)
        assert frame["end"].iloc[-1] == result["low"]
        by = moved.groupby("kind")["points"].sum()
        assert by.get("bonus", 0) == pytest.approx(result["bonus"])
        assert -by.get("deduction", 0) == pytest.approx(result["deduction"])
        assert -by.get("missing", 0) == pytest.approx(result["missing_points"])
        assert -by.get("lost", 0) == pytest.approx(shown.mend["points"].sum())


def test_the_page_agrees_with_the_command(known, chengxin, tmp_path):
    """What `chengxin score` says of the same observations, line by line."""
    for name in (OPEN, RED):
        shown = closeup(known, name)
        seen = known.kind(shown.about["rubric"]).seen
        columns = ["assessment", "line", "value", "of", "outcome", "note"]
        seen.loc[seen["assessment"] == name, columns].to_csv(tmp_path / "x.csv", index=False)
        done = chengxin("score", "--rubric", shown.about["rubric"], "--format", "json", tmp_path / "x.csv")
        (said,) = json.loads(done.stdout)
        assert {row.line: row.reason for row in shown.lines.itertuples()} == {
            line: one["reason"] for line, one in said["lines"].items()
        }
        assert (said["low"], said["high"]) == (shown.about["low"], shown.about["high"])
        assert shown.steps["end"].iloc[-1] == said["low"]


@pytest.mark.parametrize(
    ("readings", "kind"),
    [
        ({"bonus_cap": 1.0}, "adjust"),
        ({"ceiling": 90.0}, "adjust"),
        ({"not_applicable": "rescale"}, "adjust"),
        ({"not_applicable": "zero"}, "lost"),
        ({"red_line": "cap"}, "adjust"),
    ],
)
def test_steps_show_what_other_readings_do(plainly, readings, kind):
    rubric = load_rubric("street").with_readings(readings)
    rows = [{"line": line.id, "value": 1.0, "of": 1.0 if line.rule.needs_of else np.nan, "outcome": "assessed"}
            for line in rubric.lines if line.section != "deduction" or "red_line" in readings]  # fmt: skip
    seen = pd.DataFrame(rows).assign(assessment="a", note="因故")
    seen.loc[seen["line"] == "8.1", ["value", "of", "outcome"]] = [np.nan, np.nan, "not_applicable"]
    sheet = score(rubric, seen)
    about = totals(sheet).iloc[0]
    frame = steps(rubric, explain(rubric, sheet), about)
    assert frame["end"].iloc[-2] == pytest.approx(about["unrounded"])
    assert kind in set(frame["kind"])
    assert frame["points"].notna().all()


def test_groups_are_rates_beside_the_median_of_the_others(known, plainly):
    shown = closeup(known, "331082-J1-2026")
    sheet, results = plainly["street"]
    base = sheet[(sheet["section"] == "base") & sheet["score"].notna()]
    base = base.assign(group=base["line"].astype(str).map({
        line.id: str(line.group).rstrip("。") for line in load_rubric("street").lines}))  # fmt: skip
    sums = base.groupby(["group", "assessment"], observed=True)[["score", "points"]].sum()
    rate = (sums["score"] / sums["points"]).unstack()
    peers = [name for name in results.index[results["complete"]] if name.endswith("2026") and name != "331082-J1-2026"]
    assert sorted(shown.peers["total"]) == sorted(results.loc[peers, "total"])
    for row in shown.groups.itertuples():
        assert row.rate == pytest.approx(rate.loc[row.label, "331082-J1-2026"])
        assert row.median == pytest.approx(rate.loc[row.label, peers].median())
        assert row.gap == pytest.approx(row.rate - row.median)


def test_nobody_to_compare_with_is_no_median():
    rubric = load_rubric("scenic_area")
    made = compared(rubric, np.ones((1, len(rubric.lines))))
    assert made["median"].isna().all()
    assert made["gap"].isna().all()
    assert made["rate"].notna().all()


def test_the_past_has_each_period_with_place_and_median(known, plainly):
    shown = closeup(known, "331082-J1-2026")
    results = plainly["street"][1]
    assert shown.past["period"].tolist() == ["2024", "2025", "2026"]
    for row in shown.past.itertuples():
        name = f"331082-J1-{row.period}"
        mine = results[results.index.str.endswith(row.period)]
        done = mine[mine["complete"]]
        assert row.total == results.loc[name, "total"]
        assert row.place == rank(mine)[name]
        assert shown.past.loc[row.Index, "count"] == len(done)
        assert row.median == pytest.approx(done.drop(name)["unrounded"].median())
    assert shown.past["change"].iloc[1] == pytest.approx(
        results.loc["331082-J1-2025", "unrounded"] - results.loc["331082-J1-2024", "unrounded"]
    )


def test_items_win_back_what_was_lost_and_follow_those_before(known):
    for name in ("331082-J1-2026", OPEN, RED):
        shown = closeup(known, name)
        about = shown.about
        lost = shown.rubric.full_marks - about["base"] - about["missing_points"]
        assert shown.mend["points"].sum() == pytest.approx(lost)
        kind, work = known.kind(about["rubric"]), known.work[known.work["area"] == about["area"]]
        seen = kind.seen
        sheet = score(shown.rubric, seen[seen["assessment"].isin(work["id"])], work["id"])
        (row,) = followed(shown.rubric, sheet, work, known.books["improvement"], about["period"]).to_dict("records")
        assert row["before"] == len(shown.mended)
        assert row["regained"] == pytest.approx(shown.mended["regained"].sum())


def test_head_figures(known):
    whole, open_, red = (closeup(known, name) for name in ("331002-J1-2026", OPEN, RED))
    made = figures(whole.about, whole.past, whole.mend).set_index("key")
    assert made.loc["total", "value"] == 100.83
    assert (made.loc["place", "value"], made.loc["place", "told"]) == (1, "共10个已评完的街区")
    assert made["definition"].str.endswith("。").all()
    made = figures(open_.about, open_.past, open_.mend).set_index("key")
    assert made.loc["total", "shown"] == "66.06–71.06"
    assert made.loc["place", "shown"] == "不排名"
    assert made.loc["done", "value"] == 95
    made = figures(red.about, red.past, red.mend).set_index("key")
    assert (made.loc["red", "value"], made.loc["red", "told"]) == (1, "条目20.1")


def test_a_line_says_where_its_value_comes_from(known):
    shown = closeup(known, "331002-J1-2026").lines.set_index("line")
    assert closeup(known, "331082-J1-2026").lines.set_index("line").loc["5.1", "source"] == "台账"
    assert shown.loc["9.1", "source"] == "录入"
    assert bool(shown.loc["9.1", "own"])
    assert (shown.loc["9.1", "measured_value"], shown.loc["9.1", "measured_of"]) == (34, 35)


@pytest.mark.parametrize(
    "asked",
    [
        {"area": "331099-S1"},
        {"area": "331082-S1", "period": "2030"},
        {"area": "331082-S1", "unit": "331002"},
        {"unit": "1' OR 1=1"},
        {"area": "__import__('os')"},
    ],
)
def test_what_does_not_exist_is_told_with_what_does(known, asked):
    found, wrong = chosen(known, **asked)
    assert len(wrong) == 1
    assert "可用：" in wrong[0]
    assert found in set(known.work["id"])


def test_all_that_does_not_exist_is_told_at_once(known):
    wrong = chosen(known, "331099-S1", "1999", "9")[1]
    for said in ("没有填报单位“9”", "没有景区、街区“331099-S1”", "没有评价期“1999”"):
        assert said in "".join(wrong)


def test_what_exists_is_kept_beside_what_does_not(known):
    assert chosen(known, "331082-S1", "1999")[0] == "331082-S1-2026"
    assert chosen(known, "331099-S1", "2025", "331082")[0] == "331082-J1-2025"
    assert chosen(known, "331082-S1", "2025", "9")[0] == "331082-S1-2025"


def test_what_is_asked_for_is_found(known):
    assert chosen(known) == ("331002-J1-2026", [])
    assert chosen(known, unit="331082") == ("331082-J1-2026", [])
    assert chosen(known, "331082-S1", "2025") == ("331082-S1-2025", [])
    assert chosen(known, "331082-S1") == ("331082-S1-2026", [])
