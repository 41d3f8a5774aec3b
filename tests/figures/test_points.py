"""Monitoring points in one quarter: what is shown is what the judging modules say, selected and summed."""

from datetime import date

import pandas as pd
import pytest
from stores import empty_database, opened

from chengxin.errors import UsageError
from chengxin.figures import points
from chengxin.figures.points import agreement, candidates, chosen, differing, filed, instruments, wanting, watched
from chengxin.figures.points_head import figures
from chengxin.lab.agreement import agreement as agree
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import discrepancies
from chengxin.ledgers.verification import clock, due
from chengxin.store import read
from chengxin.workflow import inputs

DAY, QUARTER, UNIT = date(2026, 10, 31), "2026Q3", "331022"


@pytest.fixture(scope="module")
def books(sample):
    with opened(sample) as engine:
        yield points.read(engine)


@pytest.fixture(scope="module")
def watch(books):
    return watched(books, DAY)


@pytest.fixture(scope="module")
def judged(sample):
    """What the command `chengxin filings status` rests on."""
    with opened(sample) as engine:
        return inputs.filings(read.books(engine), None, DAY)


def sums(watch, quarter=QUARTER):
    return figures(watch, quarter, filed(watch, None, "quarter"), instruments(watch)).set_index("key")


@pytest.mark.parametrize("unit", [None, UNIT])
def test_filings_are_counted_as_they_were_judged(watch, judged, unit):
    mine = judged[(judged["quarter"] == QUARTER) & ((judged["unit"] == unit) if unit else True)]
    made = sums(watch.of(unit))
    assert made.loc["due", "value"] == (mine["state"] != "not_due").sum()
    assert made.loc["late", "value"] == (mine["state"] == "late").sum()
    assert made.loc["missing", "value"] == (mine["state"] == "missing").sum()
    assert made.loc["in_time", "value"] == pytest.approx(100 * mine["days_late"].isin([0]).mean())
    assert made.loc["merchant", "value"] == mine["recommend_merchant"].sum()
    assert made.loc["cancel", "value"] == mine["cancel_review"].sum()
    for by, column in (("short_name", "unit"), ("sector", "sector")):
        rows = filed(watch.of(unit), QUARTER, by)
        assert rows["due"].sum() == len(mine)
        assert len(rows) == mine[column].nunique()
        assert pd.to_numeric(rows["in_time_rate"]).is_monotonic_increasing


def test_a_change_is_against_the_quarter_before(watch):
    now, then = sums(watch), sums(watch, "2026Q2")
    kept = ["due", "in_time", "late", "missing", "raw", "overstated", "merchant", "cancel"]
    assert now.loc[kept, "change"].tolist() == pytest.approx((now["value"] - then["value"])[kept].tolist())
    assert (now.loc[kept, "before"] == "2026年第二季度").all()
    assert now.loc[["out", "urgent", "soon"], "before"].isna().all()
    assert (sums(watch, "2025Q2").loc[kept, "before"] == "").all()


def test_every_figure_has_a_definition_with_the_set_days(watch):
    made = sums(watch)
    assert made["definition"].str.endswith("。").all()
    assert made.loc["urgent", "label"] == "15天内到期"
    assert not made["definition"].str.contains(r"[{}]").any()


def test_filings_not_in_order_are_listed_the_gravest_first(watch, judged):
    made = wanting(watch, QUARTER)
    mine = judged[(judged["quarter"] == QUARTER) & judged["state"].isin(["late", "missing", "returned"])]
    assert sorted(made["point"]) == sorted(mine["point"])
    assert made["state"].tolist() == sorted(made["state"], key=["missing", "late", "returned"].index)
    late = pd.to_numeric(made.loc[made["state"] == "late", "days_late"])
    assert late.is_monotonic_decreasing


def test_agreement_is_of_the_answers_checked_by_the_day(watch, books):
    filings = books["filing"]
    seen = filings[(filings["checked_on"] <= pd.Timestamp(DAY)) & (filings["quarter"] == QUARTER)]
    answers = books["filing_answer"][books["filing_answer"]["filing"].isin(seen["id"])]
    good = {(item.id, code) for item in load_form().items for code in item.favourable}
    both = answers.dropna(subset=["self_answer", "check_answer"])
    own, found = ([(item, code) in good for item, code in zip(both["item"], both[name], strict=True)]
                  for name in ("self_answer", "check_answer"))  # fmt: skip
    expected = agree(own, found, [True, False])
    made = agreement(watch, QUARTER, []).iloc[0]
    assert (made["n"], made["agreed"], made["ac1"], made["low"]) == (
        expected.n, expected.agreed, pytest.approx(expected.ac1), pytest.approx(expected.low),
    )  # fmt: skip
    assert sums(watch).loc["raw", "value"] == pytest.approx(100 * expected.raw)
    parts = agreement(watch, QUARTER, ["sector"])
    assert parts["n"].sum() == expected.n
    unlike = discrepancies(load_form(), answers)
    shown = differing(watch, QUARTER)
    assert sorted(zip(shown["filing"], shown["item"], strict=True)) == sorted(
        zip(unlike["filing"], unlike["item"], strict=True)
    )
    assert shown["direction"].iloc[0] == "overstated"
    assert sums(watch).loc["overstated", "value"] == (unlike["direction"] == "overstated").sum()


def test_a_check_after_the_day_is_not_yet_known(books):
    early = watched(books, date(2026, 10, 12))
    seen = books["filing"].set_index("id")["checked_on"]
    assert (early.checked["filing"].map(seen) <= pd.Timestamp(2026, 10, 12)).all()
    assert agreement(early, QUARTER, []).iloc[0]["n"] < agreement(watched(books, DAY), QUARTER, []).iloc[0]["n"]


@pytest.mark.parametrize("day", [DAY, date(2026, 6, 1)])
def test_instruments_are_those_of_the_clock(books, day):
    watch = watched(books, day)
    tools = clock(books["instrument"], books["verification"], day)
    tools = tools[tools["point"].notna()]
    made = instruments(watch)
    soon, urgent = due(tools, 60).query("not overdue"), due(tools, 15).query("not overdue")
    out = tools[tools["state"].isin(["overdue", "failed", "never", "no_period"])]
    assert set(made.loc[made["group"] == "out", "id"]) == set(out["id"])
    assert set(made.loc[made["group"] == "urgent", "id"]) == set(urgent["id"])
    assert set(made.loc[made["group"] == "soon", "id"]) == set(soon["id"]) - set(urgent["id"])
    assert made["serial"].ne("").all()
    figures_ = sums(watch, watch.quarters[-1])["value"]
    assert (figures_["out"], figures_["urgent"], figures_["soon"]) == (len(out), len(urgent), len(soon))


def test_candidates_carry_dates_and_the_rule(watch, judged):
    words = {"merchant": ("recommend_merchant", "推荐对象"), "cancel": ("cancel_review", "取消监测点资格")}
    for kind, (flag, word) in words.items():
        made = candidates(watch, QUARTER, kind)
        assert set(made["point"]) == set(judged.loc[(judged["quarter"] == QUARTER) & judged[flag], "point"])
        for sentence in made["reason"]:
            assert "附件1四2" in sentence
            assert "截至2026年10月31日" in sentence
            assert word in sentence


def test_a_unit_has_only_its_own(watch):
    mine = watch.of(UNIT)
    assert set(mine.judged["unit"]) == set(mine.tools["unit"]) == {UNIT}
    assert set(mine.checked["unit"]) <= {UNIT}
    assert watch.of(None) is watch


def test_a_unit_without_points_in_a_quarter_has_nothing_to_tell(watch):
    nobody = watch.of("none")
    made = figures(nobody, QUARTER, filed(nobody, None, "quarter"), instruments(nobody)).set_index("key")
    assert made.loc["due", "value"] == 0
    assert made.loc[["in_time", "raw", "overstated"], "value"].isna().all()
    assert instruments(nobody).empty


@pytest.mark.parametrize(
    "asked", [{"quarter": "2030Q1"}, {"quarter": "2026"}, {"unit": "1' OR 1=1"}, {"unit": "<img src=x>"}]
)
def test_what_does_not_exist_is_told_with_what_does(watch, asked):
    found, wrong = chosen(watch, **asked)
    assert len(wrong) == 1
    assert "可用：" in wrong[0]
    assert found == (QUARTER, None)


def test_what_is_asked_for_is_found(watch):
    assert chosen(watch) == ((QUARTER, None), [])
    assert chosen(watch, "2026Q1", UNIT) == (("2026Q1", UNIT), [])
    assert chosen(watch, "1999Q1", UNIT)[0] == (QUARTER, UNIT)
    assert chosen(watch, "2026Q1", "9")[0] == ("2026Q1", None)


def test_a_quarter_is_not_judged_before_its_filings_are_due(books, watch):
    """Ten days after the end some have filed, all of them in time; that is no record of the quarter."""
    early = watched(books, date(2026, 10, 10))
    assert early.settled == "2026Q2" == chosen(early)[0][0]
    assert early.deadline(QUARTER) == date(2026, 10, 15)
    assert watched(books, date(2026, 10, 15)).settled == "2026Q2"
    assert watched(books, date(2026, 10, 16)).settled == QUARTER
    made, whole = sums(early), int(sums(watch).loc["due", "value"])
    given = int((early.judged.loc[early.judged["quarter"] == QUARTER, "submitted"].notna()).sum())
    assert 0 < given < whole == made.loc["due", "value"]
    assert made.loc["due", "told"] == f"已报{given}份，未到期{whole - given}份"
    assert made.loc[["in_time", "late", "missing"], "value"].isna().all()
    assert "2026年10月15日" in made.loc["in_time", "told"]
    assert made["change"].isna().all()
    assert made["before"].isna().all()
    rows = filed(early, QUARTER, "short_name")
    assert rows["in_time_rate"].isna().all()
    assert (rows["whole"].sum(), rows["submitted"].sum()) == (whole, given)
    assert filed(early, "2026Q2", "short_name")["in_time_rate"].notna().all()


def test_nothing_to_judge_is_told(books, tmp_path):
    with pytest.raises(UsageError, match="还没有监测点应报季报"):
        watched(books, date(2020, 1, 1))
    with opened(empty_database(tmp_path / "x.db")) as engine, pytest.raises(UsageError, match="还没有登记监测点"):
        points.read(engine)
