"""The figures leadership sees agree with the database, whatever is chosen."""

import numpy as np
import pandas as pd
import pytest
from stores import opened, sample_database

from chengxin.figures.city import Choice, chosen, gathered, headline, headlines
from chengxin.figures.counts import counted
from chengxin.figures.losses import flags, group_rates, losses, ranking, trend, unit_ranking
from chengxin.ledgers.filings.judge import summary
from chengxin.ledgers.verification import clock, rates
from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.workflow import inputs

CHOICES = [
    Choice("2026"), Choice("2026", "street"), Choice("2025", "scenic_area", "331082"), Choice("2024", None, "TZW"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with opened(sample_database(tmp_path_factory.mktemp("overview") / "x.db")) as engine:
        yield engine


@pytest.fixture(scope="module")
def city(engine):
    return gathered(engine)


@pytest.fixture(scope="module")
def sheets(engine):
    """Every sheet and total by the plain way, one rubric after the other."""
    work, out = read.assessments(engine), {}
    for kind in ("scenic_area", "street"):
        rubric = load_rubric(kind)
        sheet = score(rubric, inputs.filled(engine, rubric, work[work["status"] != "withdrawn"]).observations)
        names = {name: work.set_index("id")[name] for name in ("period", "unit", "name", "short_name", "area")}
        rows = totals(sheet).assign(kind=kind)
        for name, column in names.items():
            rows[name] = rows["assessment"].astype(str).map(column)
            sheet[name] = sheet["assessment"].astype(str).map(column)
        out[kind] = (rubric, sheet, rows)
    return out


def picked(frame, choice, period=None):
    keep = frame["period"] == (period or choice.period)
    if choice.kind:
        keep &= frame["kind"] == choice.kind
    if choice.unit:
        keep &= frame["unit"] == choice.unit
    return frame[keep]


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_headlines_agree_with_the_database(engine, city, sheets, choice):
    made = headline(city, choice).set_index("key")
    rows = picked(pd.concat(rows for *_, rows in sheets.values()), choice)
    done = rows[rows["complete"]]
    assert made.loc["assessed", "value"] == len(done)
    assert made.loc["open", "value"] == len(rows) - len(done)
    for kind in sheets:  # unlike rubrics: never one median of both
        assert (f"median_{kind}" in made.index) == (choice.kind in (None, kind))
        if f"median_{kind}" in made.index:
            median = done.loc[done["kind"] == kind, "unrounded"].median()
            assert made.loc[f"median_{kind}", "value"] == pytest.approx(median, nan_ok=True)
    assert made.loc["red", "value"] == (rows["red_lines"] != "").sum()
    day = city.as_of[choice.period].date()
    books = read.books(engine)
    tools = clock(books["instrument"], books["verification"], day)
    areas = books["area"].set_index("code")
    if choice.kind:
        tools = tools[tools["area"].map(areas["kind"]) == choice.kind]
    if choice.unit:
        points = books["monitoring_point"].set_index("code")["unit"]
        tools = tools[tools["area"].map(areas["unit"]).fillna(tools["point"].map(points)) == choice.unit]
    whole = rates(tools).iloc[0]
    assert made.loc["inspected", "value"] == pytest.approx(100 * whole["inspected_rate"])
    assert made.loc["qualified", "value"] == pytest.approx(100 * whole["qualified_rate"])
    last = max(city.as_of.values())
    filed = inputs.filings(books, None, last.date())
    filed = filed[filed["quarter"].str.startswith(choice.period) & (filed["due"] < last)]
    assert made.loc["filings", "as_of"] == last
    filed = filed if choice.unit is None else filed[filed["unit"] == choice.unit]
    if len(filed):
        assert made.loc["filings", "value"] == pytest.approx(summary(filed)["in_time_rate"].item())
    else:
        assert np.isnan(made.loc["filings", "value"])


def test_filings_of_a_quarter_that_is_not_over_do_not_count(engine):
    """Ten days after it, those that came in are all in time."""
    day, books = pd.Timestamp("2026-10-10"), read.books(engine)
    made = counted(books, {"2026": day})[["due", "in_time"]].sum()
    filed = inputs.filings(books, None, day.date())
    filed = filed[filed["quarter"].isin(["2026Q1", "2026Q2"])]
    assert made.tolist() == [len(filed), filed["days_late"].isin([0]).sum()]
    assert 0 < made["in_time"] < made["due"]


def test_filings_of_a_fourth_quarter_count_once_they_are_due_in_the_next_year(engine):
    books = read.books(engine)
    days = {"2025": pd.Timestamp("2025-12-31"), "2026": pd.Timestamp("2026-01-10")}
    before = counted(books, days).groupby("period")["due"].sum()
    after = counted(books, days | {"2026": pd.Timestamp("2026-02-10")}).groupby("period")["due"].sum()
    filed = inputs.filings(books, None, days["2026"].date())["quarter"]
    assert after["2025"] - before["2025"] == (filed == "2025Q4").sum() > 0
    assert before["2026"] == after["2026"] == 0


def test_a_change_is_the_difference_of_two_periods(city):
    now, then = (headline(city, Choice(period)).set_index("key") for period in ("2026", "2025"))
    change = now["value"] - then["value"]
    pd.testing.assert_series_equal(now["change"], change, check_names=False)
    assert (now["before"] == "2025").all()
    assert headline(city, Choice("2024"))["change"].isna().all()


def test_every_figure_has_a_definition_and_a_date(city):
    made = headline(city, Choice("2026"))
    assert made["definition"].str.endswith("。").all()
    assert made["as_of"].notna().all()
    assert list(made["key"]) == list(headlines())


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_ranks_are_those_of_the_exact_totals_and_ties_are_shared(city, sheets, choice):
    made = ranking(city, choice)
    for kind, (_, _, rows) in sheets.items():
        mine = made[(made["kind"] == kind)].set_index("id")
        alike = picked(rows, Choice(choice.period, kind, choice.unit)).set_index("assessment")
        for key, row in mine.iterrows():
            if not alike.loc[key, "complete"]:
                assert pd.isna(row["rank"])
                continue
            better = alike["complete"] & (alike["unrounded"] > alike.loc[key, "unrounded"] + 1e-9)
            assert row["rank"] == better.sum() + 1
            same = alike["complete"] & ((alike["unrounded"] - alike.loc[key, "unrounded"]).abs() < 1e-9)
            assert row["tied"] == (same.sum() > 1)
    assert made.groupby("kind")["complete"].is_monotonic_decreasing.all()


def test_a_change_of_total_is_against_the_area_s_period_before(city, sheets):
    made = ranking(city, Choice("2026")).set_index("area")
    rows = pd.concat(rows for *_, rows in sheets.values()).set_index(["area", "period"])
    for area, row in made.iterrows():
        both = (area, "2025") in rows.index and row["complete"] and rows.loc[(area, "2025"), "complete"]
        expected = rows.loc[(area, "2026"), "unrounded"] - rows.loc[(area, "2025"), "unrounded"] if both else np.nan
        assert row["change"] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("by", ["name", "short_name"])
@pytest.mark.parametrize("kind", ["scenic_area", "street"])
def test_group_rates_are_the_sheet_s(city, sheets, kind, by):
    _, sheet, _ = sheets[kind]
    base = sheet[(sheet["section"] == "base") & (sheet["period"] == "2026") & sheet["score"].notna()]
    rubric = load_rubric(kind)
    group = base["line"].astype(str).map({line.id: str(line.group).rstrip("。") for line in rubric.lines})
    sums = base.groupby([base[by], group])[["score", "points"]].sum()
    expected = (sums["score"] / sums["points"]).to_dict()
    made = group_rates(city, Choice("2026", kind), by)
    assert {(row.area, row.group): row.rate for row in made.dropna().itertuples()} == pytest.approx(expected)
    assert list(dict.fromkeys(made["group"])) == list(
        dict.fromkeys(str(line.group).rstrip("。") for line in rubric.lines if line.section == "base")
    )


@pytest.mark.parametrize("kind", ["scenic_area", "street"])
def test_lost_points_add_up_to_full_marks_less_base_plus_deductions(city, sheets, kind):
    rubric, sheet, rows = sheets[kind]
    made = losses(city, Choice("2026", kind))
    mine = picked(rows, Choice("2026", kind))
    lost = (rubric.full_marks - mine["base"] - mine["missing_points"] + mine["deduction"]).sum()
    assert made["lost"].sum() == pytest.approx(lost)
    assert made["running"].iloc[-1] == pytest.approx(1)
    assert made["lost"].is_monotonic_decreasing
    assert set(sheet["line"]) >= set(made["line"])


def test_flags_are_the_bonus_and_deduction_lines_that_took_effect(city, sheets):
    made = flags(city, Choice("2026"))
    rows = picked(pd.concat(rows for *_, rows in sheets.values()), Choice("2026"))
    assert made.loc[made["flag"] == "honour", "points"].sum() == pytest.approx(rows["bonus"].sum())
    assert made.loc[made["flag"] != "honour", "points"].sum() == pytest.approx(rows["deduction"].sum())
    assert set(made.loc[made["flag"] == "red", "id"]) == set(rows.loc[rows["red_lines"] != "", "assessment"])
    assert made["flag"].tolist() == sorted(made["flag"], key=["red", "black", "honour"].index)


def test_trend_and_units_take_only_complete_areas(city, sheets):
    rows = sheets["street"][2]
    made = trend(city, Choice("2025", "street"))
    assert made["period"].tolist() == ["2024", "2025"]
    done = rows[rows["complete"] & (rows["period"] == "2025")]
    assert made["total"].iloc[-1] == pytest.approx(done["unrounded"].median())
    units = unit_ranking(city, Choice("2025", "street")).set_index("unit")
    assert units["median"].dropna().to_dict() == pytest.approx(done.groupby("unit")["unrounded"].median().to_dict())
    assert units["rank"].min() == 1


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_units_are_ranked_within_a_kind_with_their_lowest_and_highest_total(city, sheets, choice):
    made = unit_ranking(city, choice).set_index("unit")
    assert set(made["kind"]) == set(ranking(city, choice)["kind"])
    for kind, mine in made.groupby("kind"):
        rows = picked(sheets[kind][2], Choice(choice.period, kind, choice.unit))
        done = rows[rows["complete"]].groupby("unit")
        assert mine["areas"].to_dict() == rows.groupby("unit").size().to_dict()
        for name, column in (("lowest", done["total"].min()), ("highest", done["total"].max())):
            assert mine[name].dropna().to_dict() == column.to_dict()
        place = done["unrounded"].median().round(9).rank(ascending=False, method="min")
        assert mine["rank"].dropna().to_dict() == place.to_dict()
        assert mine["tied"].to_dict() == {unit: (place == place.get(unit)).sum() > 1 for unit in mine.index}
        assert mine["median"].dropna().is_monotonic_decreasing


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "2030"},
        {"kind": "park"},
        {"unit": "<img src=x onerror=alert(1)>"},
        {"unit": "331002' OR 1=1"},
        {"period": "__import__('os')"},
    ],
)
def test_what_does_not_exist_is_told_with_what_does(city, asked):
    found, wrong = chosen(city, **asked)
    assert len(wrong) == 1
    assert "可用：" in wrong[0]
    assert found == Choice("2026", None, None)


def test_what_exists_is_kept_beside_what_does_not(city):
    found, wrong = chosen(city, "1999", "street", "331082")
    assert found == Choice("2026", "street", "331082")
    assert "没有评价期“1999”" in "".join(wrong)
    assert chosen(city, "2025", "park", "331082")[0] == Choice("2025", None, "331082")


def test_empty_texts_mean_all(city):
    assert chosen(city, "", "", "") == (Choice("2026", None, None), [])
    assert chosen(city, "2025", "street", "TZW") == (Choice("2025", "street", "TZW"), [])
