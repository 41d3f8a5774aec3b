"""From a bureau's CSV files to measured lines, filings and a plan, through the command as a person calls it."""

import json
import shutil
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from stores import opened, sample_database

from chengxin.figures.city import gathered
from chengxin.reports.county_index import county_index
from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.store import read as readers
from chengxin.store.engine import open_store
from chengxin.store.read import assessments
from chengxin.workflow import assessment
from chengxin.workflow.inputs import filled, observations, scored

AREAS = {"S1": "scenic_area", "J1": "street"}
BASE = {
    "reporting_units.csv": "code,name,short_name,admin_code,kind\n331082,临海市市场监管局,临海市,331082,county\n",
    "areas.csv": "code,name,kind,unit,level,level_as_of,pilot_wave,status\n"
    "S1,演示景区,scenic_area,331082,,,,accepted\nJ1,演示街区,街区,331082,,,,已纳入\n",
    "merchants.csv": "code,area,name,uscc,sector,premises,status\nM1,J1,演示甲店,,商贸,,在营\n",
    "assessments.csv": "id,area,period,rubric,as_of,status\n"
    "S1-2026,S1,2026,scenic_area,2026-10-31,draft\nJ1-2026,J1,2026,street,2026-10-31,submitted\n",
    "monitoring_points.csv": "code,unit,area,merchant,name,uscc,sector,applied_on,recommended_on,accepted_on,"
    "cancelled_on,status\nP1,331082,,,演示油站,,加油,2025-01-02,2025-02-02,2025-03-02,,已设立\n",
    "filings.csv": "id,point,quarter,submitted_on,checked_on,returned_on,instruments,mandatory,valid,non_mandatory,"
    "cycle_set,calibrated,scanned_ok,disputes,settled\nF1,P1,2026Q3,2026-10-14,,,8,8,8,0,0,0,8,0,0\n",
    "filing_answers.csv": "filing,item,self_answer,check_answer,note\n"
    + "".join(f"F1,{n},{'否' if n in (10, 11, 12, 13) else '是'},,\n" for n in range(1, 16)),
}
INSTRUMENT = (
    "id,area,merchant,point,kind,model,serial,maker,place,management,status,seal,mark,registered,code,scanned,"
    "calibration_months,maintained_on,in_use_since,retired_on\n"
)
VERIFICATION = "id,instrument,kind,done_on,result,valid_until,certificate,body\n"
LAST = date(2026, 10, 31)


@pytest.fixture(scope="module")
def database(tmp_path_factory, chengxin):
    """Two areas with 40 instruments each, two of them overdue on the day; a point whose filing admits nothing."""
    folder = tmp_path_factory.mktemp("bureau")
    instruments, verifications = INSTRUMENT, VERIFICATION
    for owner, count, late in (("S1", 40, 2), ("J1", 40, 2), ("P1", 8, 1)):
        column = {"P1": ",,P1"}.get(owner, f"{owner},,")
        for n in range(count):
            key = f"{owner}-{n:02}"
            until = LAST - timedelta(days=1) if n < late else LAST
            instruments += f"{key},{column},电子计价秤,,出厂{key},,,强制检定,在用,完好,是,是,,,,,,\n"
            verifications += f"V-{key},{key},检定,2025-11-01,合格,{until if owner != 'P1' else '2026-09-29'},,\n"
    for name, text in {**BASE, "instruments.csv": instruments, "verifications.csv": verifications}.items():
        (folder / name).write_text(text, "utf-8")
    path = folder / "x.db"
    assert chengxin("init", "--database", path).returncode == 0
    done = chengxin("load", folder, "--database", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.parametrize(
    ("area", "line", "value", "of", "points"), [("S1", "2.1", 2, None, 2), ("J1", "1.1", 38, 40, 9.5)]
)
def test_forty_instruments_two_overdue_score_without_a_number_typed(database, chengxin, area, line, value, of, points):
    done = chengxin(
        *("observe", "--area", area, "--period", "2026", "--as-of", "2026-10-31", "--format", "json"),
        *("--database", database),
    )
    assert done.returncode == 0, done.stderr
    found = {row["line"]: row for row in json.loads(done.stdout)}
    assert set(found[line]) == {"line", "value", "of", "evidence"}
    assert (found[line]["value"], found[line]["of"]) == (value, of)
    assert {"ledger": "instrument", "id": f"{area}-00"} in found[line]["evidence"]
    rubric = load_rubric(AREAS[area])
    engine = open_store(str(database), read_only=True)
    made = filled(engine, rubric, assessments(engine))
    engine.dispose()
    sheet = score(rubric, made.observations)
    assert sheet.loc[sheet["line"] == line, "score"].tolist() == [points]
    behind = made.evidence[(made.evidence["line"] == line) & made.evidence["telling"]]
    assert behind["used"].all()
    assert list(behind["id"]) == [f"{area}-00", f"{area}-01"]
    assert behind["said"].str.contains("出厂").all()


def test_an_inspectors_entry_stays_and_a_published_assessment_is_left_alone(database, chengxin, tmp_path):
    path = tmp_path / "y.db"
    shutil.copy(database, path)
    more = tmp_path / "more"
    more.mkdir()
    (more / "observations.csv").write_text(
        "assessment,line,value,of,outcome,note\nS1-2026,2.1,0,,assessed,现场复查均已检定\n", "utf-8"
    )
    for state in ("approved", "published"):
        moved = BASE["assessments.csv"].replace("submitted", state)
        (more / "assessments.csv").write_text(moved, "utf-8")
        assert chengxin("load", more, "--database", path).returncode == 0
    engine = open_store(str(path), read_only=True)
    work = assessments(engine)
    made = filled(engine, load_rubric("scenic_area"), work)
    entered = made.observations.set_index("line").loc["2.1"]
    assert (entered["value"], entered["measured_value"], entered["source"]) == (0, 2, "录入")
    assert not made.evidence.loc[made.evidence["line"] == "2.1", "used"].any()
    assert filled(engine, load_rubric("street"), work).observations.empty
    engine.dispose()


def test_a_filing_that_admits_nothing_is_found_before_any_visit(database, chengxin):
    words = ("filings", "status", "--quarter", "2026Q3", "--as-of", "2026-10-31", "--database", database)
    done = chengxin(*words, "--format", "json")
    (row,) = json.loads(done.stdout)
    assert list(row) == [
        *("point", "due", "submitted", "days_late", "answered", "unfavourable", "contradictions", "discrepancies"),
        *("valid_rate", "gm2d_rate", "settle_rate", "status", "recommend_merchant"),
    ]
    assert (row["due"], row["submitted"], row["days_late"]) == ("2026-10-15", "2026-10-14", 0)
    assert (row["answered"], row["valid_rate"], row["settle_rate"]) == ("15/15", 100, None)
    assert 1 in row["contradictions"]
    assert row["status"] == "rectify"
    assert "P1" in chengxin(*words).stdout


def test_instruments_due_and_a_plan_with_a_reason_each(database, chengxin):
    done = chengxin(
        "ledger", "due", "--days", "60", "--as-of", "2026-10-30", "--format", "json", "--database", database
    )
    rows = json.loads(done.stdout)
    assert {row["id"] for row in rows if row["days_left"] == 0} == {"S1-00", "S1-01", "J1-00", "J1-01"}
    assert rows[0]["state"] == "overdue"
    words = ("plan", "--year", "2027", "--seed", "3", "--as-of", "2026-10-31", "--database", database)
    visits = json.loads(chengxin(*words, "--format", "json").stdout)
    assert {row["subject"] for row in visits} == {"S1", "J1", "P1"}
    assert all(row["reason"] for row in visits)
    said = chengxin(*words).stdout
    assert "种子3" in said
    assert "监测对象：" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("observe", "--area", "X9", "--period", "2026"), "没有景区、街区“X9”"),
        (("observe", "--area", "S1", "--period", "2026", "--as-of", "2026-02-30"), "日期“2026-02-30”看不懂"),
        (("observe", "--area", "S1", "--period", "2026", "--setting", "x=1"), "没有这项设定"),
        (("filings", "status", "--quarter", "2026-3"), "季度“2026-3”写法有误"),
        (("ledger", "due", "--format", "xml"), "没有输出格式“xml”"),
        (("ledger", "due", "--days", "-5"), "--days得到“-5”"),
        (("plan", "--year", "2027", "--seed", "-1"), "种子“-1”：应为0或正整数"),
        (("plan", "--year", "0", "--seed", "1"), "年度“0”：应为公历年"),
        (("report", "--kind", "monitoring-year", "--year", "abcd"), "年度“abcd”：应为公历年"),
    ],
)
def test_wrong_use_is_told(database, chengxin, words, said):
    done = chengxin(*words, "--database", database)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_assessment_dated_before_its_period_has_only_what_was_entered(database):
    """And it does not keep the ledgers from filling the others."""
    engine = open_store(str(database))
    work = assessments(engine)
    street = filled(engine, load_rubric("street"), work).observations
    early = work.assign(period=work["period"].where(work["id"] != "S1-2026", "2027"))
    assert filled(engine, load_rubric("scenic_area"), early).observations.empty
    assert filled(engine, load_rubric("scenic_area"), work).observations["measured_value"].notna().any()
    odd = pd.concat([early, work[work["id"] == "J1-2026"].assign(id="x", period="2026上半年")], ignore_index=True)
    pd.testing.assert_frame_equal(filled(engine, load_rubric("street"), odd).observations, street)
    engine.dispose()


@pytest.mark.parametrize("kind", ["scenic_area", "street"])
def test_what_stays_as_stored_is_seen_without_asking_the_ledgers(tmp_path, kind):
    with opened(sample_database(tmp_path / "x.db")) as engine:
        work, rubric = assessments(engine), load_rubric(kind)
        assert {"draft", "approved", "published"} <= set(work["status"])
        want, got = filled(engine, rubric, work).observations, observations(engine, rubric, work)
        pd.testing.assert_frame_equal(got.reset_index(drop=True), want[list(got)], check_dtype=False)
        fixed = work[work["status"].isin(["approved", "published"])]
        assert set(observations(engine, rubric, fixed)["assessment"]) == set(fixed.loc[fixed["rubric"] == kind, "id"])


def test_a_server_database_gives_the_same_frames(postgresql, engine):
    """Every table of the sample data, column by column with its dtype, and what the ledgers fill in."""
    with postgresql("sample") as address, opened(address) as other:
        for name, frame in readers.books(engine).items():
            pd.testing.assert_frame_equal(readers.books(other)[name], frame)
        for read in (readers.units, readers.areas, assessments, readers.observations, readers.periods):
            pd.testing.assert_frame_equal(read(other), read(engine))
        for kind in ("scenic_area", "street"):
            made = [filled(each, load_rubric(kind), assessments(each)).observations for each in (other, engine)]
            assert len(made[0])
            pd.testing.assert_frame_equal(*made)


def test_pages_reports_and_forms_score_alike(engine):
    """The city's page, a county's report and the form of an assessment take their frames from `scored`."""
    work = assessments(engine)
    work = work[work["status"] != "withdrawn"].reset_index(drop=True)
    city = gathered(engine)
    for kind in ("scenic_area", "street"):
        made = scored(engine, load_rubric(kind), work)
        assert made.results["id"].tolist() == work.loc[work["rubric"] == kind, "id"].tolist()
        whole = made.results.set_index("id")["unrounded"]
        page = city.results[city.results["rubric"] == kind].set_index("id")["unrounded"]
        pd.testing.assert_series_equal(page[whole.index], whole, check_names=False)
    county = county_index(engine, "331082", max(work["period"]))
    for kind, sheet in county.sheets.items():
        want = scored(engine, load_rubric(kind), work).sheet
        want = want[want["assessment"].isin(sheet["assessment"])]
        assert len(want)
        np.testing.assert_array_equal(sheet["score"].to_numpy(float), want["score"].to_numpy(float))
    one = work[work["period"] == max(work["period"])].iloc[0]
    before = assessment.opened(engine, one["id"]).before
    same = work[(work["area"] == one["area"]) & (work["rubric"] == one["rubric"]) & (work["period"] < one["period"])]
    want = scored(engine, load_rubric(one["rubric"]), same.tail(1)).sheet
    np.testing.assert_array_equal(before["score"].to_numpy(float), want["score"].to_numpy(float))
