"""Measured observations: every measure with cases for and against, all areas at once, beside what people entered."""

import random
from datetime import date, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from chengxin.errors import UsageError
from chengxin.ledgers.definitions import definitions
from chengxin.ledgers.measures import MEASURES
from chengxin.ledgers.observe import attributed, fill, observe, overrides
from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.store import read, schema

AS_OF = "2026-06-30"
RUBRICS = {name: load_rubric(name) for name in ("scenic_area", "street")}
USUAL = {
    "reporting_unit": {"name": "甲局", "short_name": "甲", "kind": "county"},
    "area": {"name": "区", "kind": "street", "unit": "U", "status": "accepted"},
    "merchant": {"area": "A", "sector": "商贸", "premises": "", "status": "open"},
    "monitoring_point": {"unit": "U", "name": "点", "sector": "商贸", "status": "accepted"},
    "instrument": {
        "kind": "电子计价秤",
        "model": "",
        "serial": "A1",
        "maker": "",
        "place": "",
        "management": "mandatory",
        "status": "in_use",
    },
    "verification": {
        "kind": "verification",
        "done_on": date(2026, 1, 5),
        "result": "qualified",
        "certificate": "",
        "body": "",
    },
    "complaint": {"kind": "complaint", "channel": "12315", "topic": "measurement"},
    "survey": {"area": "A", "held_on": date(2026, 5, 1), "method": "现场", "answers": 0, "satisfied": 0},
    "training": {"held_on": date(2026, 5, 1), "topic": "计量法规", "staff": 0, "trained": 0},
    "commitment": {"signed_on": date(2026, 1, 5), "voluntary": True, "shown": "premises"},
    "supervisor_activity": {"area": "A", "held_on": date(2026, 5, 1), "supervisors": 3, "topic": "抽查复秤"},
    "event": {"area": "A", "level": "city", "happened_on": date(2026, 5, 1), "title": "报道"},
    "violation": {"area": "A", "found_on": date(2026, 2, 1)},
}


def books(**tables):
    """Books read back from a database that holds these rows; what a row leaves out is as usual."""
    engine = sa.create_engine("sqlite://")
    schema.METADATA.create_all(engine)
    tables.setdefault("area", [{"code": "A"}])
    tables.setdefault("reporting_unit", [{"code": "U"}])
    with engine.begin() as conn:
        for name, table in schema.METADATA.tables.items():
            for n, row in enumerate(tables.get(name, [])):
                key = {"id": f"{name}-{n}"} if "id" in table.c else {"name": f"{name}{n}"} if name == "merchant" else {}
                conn.execute(sa.insert(table), {**USUAL.get(name, {}), **key, **row})
    return read.books(engine)


def street(as_of=AS_OF, period="2026", settings=None, **tables):
    return observe(RUBRICS["street"], books(**tables), period, as_of, settings)


def scenic(as_of=AS_OF, **tables):
    tables.setdefault("area", [{"code": "A", "kind": "scenic_area"}])
    return observe(RUBRICS["scenic_area"], books(**tables), "2026", as_of)


def value(observed, line, area="A"):
    """Value, or value and denominator, of one line; None where the ledgers say nothing."""
    rows = observed.values[(observed.values["line"] == line) & (observed.values["area"] == area)]
    if rows.empty:
        return None
    assert len(rows) == 1
    row = rows.iloc[0]
    return row["value"] if pd.isna(row["of"]) else (row["value"], row["of"])


def note(observed, line, area="A"):
    rows = observed.values[(observed.values["line"] == line) & (observed.values["area"] == area)]
    return rows["note"].iloc[0]


def said(observed, line, counted=None):
    rows = observed.evidence[observed.evidence["line"] == line]
    return list(rows["said"] if counted is None else rows.loc[rows["counted"] == counted, "said"])


def scale(instrument, until=None, serial=None, **columns):
    """An instrument with its verification; until None: none on file."""
    serial = {} if serial is None else {"serial": serial}
    return {"id": instrument, **serial, **columns}, [] if until is None else [
        {"id": f"V-{instrument}", "instrument": instrument, "valid_until": until}
    ]


def scales(*pairs):
    return {"instrument": [row for row, _ in pairs], "verification": [row for _, rows in pairs for row in rows]}


GOOD, OVER = date(2027, 1, 4), date(2026, 3, 19)


# ---- definitions -------------------------------------------------------------------------------------------


def test_rubrics_definitions_and_functions_agree():
    named = {line.measure for rubric in RUBRICS.values() for line in rubric.lines if line.measure}
    assert named == set(definitions()) == set(MEASURES)


def test_definitions_are_whole_and_name_real_things():
    lines = {f"{rubric.id}/{line.id}": line for rubric in RUBRICS.values() for line in rubric.lines}
    for name, measure in definitions().items():
        assert measure.name
        assert measure.counts
        assert measure.empty
        assert measure.reading
        assert measure.alternatives
        assert set(measure.ledgers) <= {"merchant", *schema.LEDGERS}
        for place, limits in measure.lines.items():
            assert lines[place].measure == name
            assert set(limits.levels or []) <= set(schema.LEVELS)
            assert set(limits.shown or []) <= set(schema.PLACES_SHOWN)


def test_a_measure_has_a_denominator_where_the_rule_needs_one():
    for rubric in RUBRICS.values():
        for line in rubric.lines:
            if line.measure:
                assert (definitions()[line.measure].of is not None) == line.rule.needs_of


# ---- the example -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "line", "points"), [("scenic_area", "2.1", 2), ("street", "1.1", 9.5)])
def test_forty_instruments_two_overdue(kind, line, points):
    pairs = [scale(f"I{n}", OVER if n in (7, 23) else GOOD, f"A{n}", area="A") for n in range(40)]
    found = observe(RUBRICS[kind], books(area=[{"code": "A", "kind": kind}], **scales(*pairs)), "2026", AS_OF)
    assessments = pd.DataFrame([{"id": "A-2026", "area": "A", "period": "2026", "rubric": kind, "as_of": AS_OF}])
    nothing = pd.DataFrame(columns=["assessment", "line", "value", "of", "outcome", "note"])
    sheet = score(RUBRICS[kind], fill(nothing, found, assessments))
    assert sheet.loc[sheet["line"] == line, "score"].item() == points
    assert value(found, line) == (2 if kind == "scenic_area" else (38, 40))
    rows = found.evidence[found.evidence["line"] == line]
    costs = rows[rows["counted"] == (kind == "scenic_area")]
    assert list(costs["id"]) == ["I23", "I7"]
    assert list(costs["said"]) == [f"电子计价秤 出厂编号A{n}，有效期至2026年3月19日，已超期" for n in (23, 7)]
    assert set(rows["ledger"]) == {"instrument"}


# ---- instruments -------------------------------------------------------------------------------------------


def test_all_that_is_not_in_date_is_counted_and_said():
    tables = scales(
        scale("I1", GOOD, area="A"),
        scale("I2", OVER, area="A"),
        scale("I3", area="A"),
        scale("I4", GOOD, area="A"),
        scale("I5", area="A", kind="量杯"),
        scale("I6", area="A", status="idle"),
        scale("I7", area="A", management="calibration"),
        scale("I8", area="A", management="none"),
        scale("I9", GOOD, merchant="M1"),
        scale("I10", OVER, merchant="M1", serial=""),
        scale("I11", GOOD, point="P1"),
        scale("I12", area="A"),
    )
    tables["verification"] += [
        {"id": "V-I4b", "instrument": "I4", "done_on": date(2026, 6, 1), "result": "unqualified"},
        {"instrument": "I5"},
        {"id": "V-12", "instrument": "I12"},
    ]
    owners = {"merchant": [{"code": "M1"}], "monitoring_point": [{"code": "P1", "area": "A"}]}
    found = scenic(**owners, **tables)
    assert value(found, "2.1") == 5
    assert note(found, "2.1") == "已超期2台（件）、检定不合格1台（件）、没有检定记录1台（件）、有效期不明1台（件）"
    assert said(found, "2.1") == [
        "电子计价秤 未登记出厂编号，有效期至2026年3月19日，已超期",
        "电子计价秤 出厂编号A1，有效期至2026年3月19日，已超期",
        "电子计价秤 出厂编号A1，没有检定记录",
        "电子计价秤 出厂编号A1，2026年6月1日检定不合格",
        "量杯 出厂编号A1，2026年1月5日检定合格，有效期不明",
    ]
    again = street(**owners, **tables)
    assert value(again, "1.1") == (4, 9)
    assert "电子计价秤 出厂编号A1，有效期至2027年1月4日（按检定周期推算），在有效期内" in said(again, "1.1", True)


def test_an_area_without_instruments_is_not_assessed_and_one_without_mandatory_ones_is_0_of_0():
    assert value(scenic(), "2.1") is None
    assert value(street(), "1.1") is None
    pair = scale("I1", area="A", management="none")
    assert value(scenic(**scales(pair)), "2.1") == 0
    assert value(street(**scales(pair)), "1.1") == (0, 0)


# ---- merchants ---------------------------------------------------------------------------------------------

SEALED = {"seal": "intact", "mark": True}


@pytest.mark.parametrize(
    ("columns", "until", "counted", "why"),
    [
        (SEALED, GOOD, 1, "在用强检器具都在有效期内"),
        ({"seal": "none", "mark": True}, GOOD, 1, "在用强检器具都在有效期内"),
        ({"seal": None, "mark": True}, GOOD, 1, "在用强检器具都在有效期内"),
        ({"seal": "broken", "mark": True}, GOOD, 0, "出厂编号A1，铅封损坏"),
        ({"seal": "intact", "mark": False}, GOOD, 0, "出厂编号A1，未张贴强检标志"),
        ({"seal": "intact", "mark": None}, GOOD, 0, "出厂编号A1，未登记强检标志"),
        (SEALED, OVER, 0, "出厂编号A1，已超期"),
        (SEALED, None, 0, "出厂编号A1，没有检定记录"),
    ],
)
@pytest.mark.parametrize("owner", ["merchant", "point"])
def test_merchants_sealed_and_verified(columns, until, counted, why, owner):
    tables = {"merchant": [{"code": "M1"}, {"code": "M2"}], "monitoring_point": [{"code": "P1", "merchant": "M1"}]}
    who = {owner: "M1" if owner == "merchant" else "P1"}
    pairs = [scale("I1", until, **who, **columns), scale("I2", GOOD, merchant="M1", serial="B2", **SEALED)]
    for found, line in (
        (street(**tables, **scales(*pairs)), "9.2"),
        (scenic(**tables, **scales(*pairs)), "10.1"),
    ):
        assert value(found, line) == (counted, 1)
        (text,) = said(found, line, bool(counted))
        assert text.startswith("merchant0：")
        assert why in text
        assert ("1户有器具未登记强检标志" in note(found, line)) == (columns["mark"] is None)


def test_merchants_closed_or_with_idle_instruments_or_of_nobody():
    tables = {"merchant": [{"code": "M1", "status": "closed"}, {"code": "M2"}, {"code": "M3"}]}
    pairs = [
        scale("I1", GOOD, merchant="M1", **SEALED),
        scale("I2", GOOD, merchant="M2", status="idle"),
        scale("I3", merchant="M3", management="calibration"),
    ]
    assert value(street(**tables, **scales(*pairs)), "9.2") == (0, 0)
    manager = scale("I4", GOOD, area="A", **SEALED)
    assert value(street(**tables, **scales(manager)), "9.2") is None


@pytest.mark.parametrize(
    ("columns", "until", "counted", "why"),
    [
        ({}, GOOD, 1, "登记、检定、维护齐全"),
        ({"management": "none"}, None, 1, "登记、检定、维护齐全"),
        ({"serial": ""}, GOOD, 0, "没有编号"),
        ({"registered": False}, GOOD, 0, "未登记"),
        ({"registered": None}, GOOD, 0, "未登记"),
        ({}, OVER, 0, "已超期"),
        ({"management": "calibration"}, None, 0, "没有检定记录"),
        ({"maintained_on": date(2025, 12, 31)}, GOOD, 0, "评价期内没有维护记录"),
        ({"maintained_on": date(2026, 7, 1)}, GOOD, 0, "评价期内没有维护记录"),
        ({"maintained_on": None}, GOOD, 0, "评价期内没有维护记录"),
        ({"maintained_on": date(2026, 1, 1)}, GOOD, 1, "登记、检定、维护齐全"),
    ],
)
def test_merchants_registered(columns, until, counted, why):
    fine = {"registered": True, "maintained_on": date(2026, 6, 30)}
    found = street(merchant=[{"code": "M1"}], **scales(scale("I1", until, merchant="M1", **{**fine, **columns})))
    assert value(found, "9.1") == (counted, 1)
    assert why in said(found, "9.1", bool(counted))[0]
    assert note(found, "9.1") == "维护情况以台账登记的维护日期为准"


@pytest.mark.parametrize(
    ("columns", "counted", "why"),
    [
        ({}, 1, "merchant0：2026年1月5日签订诚信计量承诺书并公示"),
        ({"withdrawn_on": date(2026, 7, 1)}, 1, "签订诚信计量承诺书并公示"),
        ({"withdrawn_on": date(2026, 6, 30)}, 0, "诚信计量承诺已撤回"),
        ({"shown": None}, 0, "没有登记在规定位置公示"),
        ({"shown": "app"}, 0, "没有登记在规定位置公示"),
        ({"signed_on": date(2026, 7, 1)}, 0, "没有签订诚信计量承诺书"),
        ({"voluntary": False}, 0, "没有签订诚信计量承诺书"),
        ({"merchant": "M2"}, 0, "没有签订诚信计量承诺书"),
    ],
)
def test_merchants_committed(columns, counted, why):
    tables = {"merchant": [{"code": "M1"}, {"code": "M2"}], **scales(scale("I1", OVER, merchant="M1"))}
    tables["commitment"] = [{"id": "K1", "merchant": "M1", **columns}, {"id": "K0", "area": "A"}]
    for found, line in ((street(**tables), "9.6"), (scenic(**tables), "10.6")):
        assert value(found, line) == (counted, 1)
        assert why in said(found, line)[0]
        ids = found.evidence.loc[found.evidence["line"] == line, ["ledger", "id"]].to_numpy().tolist()
        assert ids == ([["commitment", "K1"]] if counted else [["merchant", "M1"]])


def test_an_area_where_nobody_ever_signed_is_not_assessed():
    tables = {"merchant": [{"code": "M1"}], **scales(scale("I1", GOOD, merchant="M1"))}
    assert value(street(**tables), "9.6") is None
    assert value(street(commitment=[{"area": "A"}]), "9.6") is None


# ---- surveys, training, disputes, activities ---------------------------------------------------------------


def test_surveys_of_the_period_are_added_and_the_interval_said():
    rows = [
        {"answers": 200, "satisfied": 190},
        {"answers": 100, "satisfied": 95, "held_on": date(2026, 6, 30)},
        {"answers": 50, "satisfied": 0, "held_on": date(2026, 7, 1)},
        {"answers": 50, "satisfied": 0, "held_on": date(2025, 12, 31)},
    ]
    found = scenic(survey=rows)
    assert value(found, "15.1") == (285, 300)
    assert note(found, "15.1") == "95.0%（91.9%–97.0%），样本未能确认≥95%"
    assert said(found, "15.1") == [
        "2026年5月1日调查，有效问卷200份，满意190份",
        "2026年6月30日调查，有效问卷100份，满意95份",
    ]
    assert note(street(survey=rows), "12.1") == "95.0%（91.9%–97.0%）"
    assert "不足400份" in note(street(survey=rows, settings={"survey_least_answers": 400}), "12.1")


def test_no_survey_this_year_is_0_of_0_and_none_ever_is_not_assessed():
    earlier = [{"answers": 50, "satisfied": 50, "held_on": date(2025, 5, 1)}]
    found = street(survey=earlier)
    assert value(found, "12.1") == (0, 0)
    assert note(found, "12.1") == "评价期内没有开展满意度调查"
    assert value(street(), "12.1") is None
    assert value(street(survey=earlier, as_of="2025-04-30", period="2025"), "12.1") is None
    assert note(street(survey=[{}]), "12.1") == "没有有效问卷"


def test_training_by_the_areas_latest_summary():
    rows = [
        {"area": "A", "staff": 50, "trained": 20},
        {"area": "A", "staff": 60, "trained": 57, "held_on": date(2026, 6, 1)},
        {"area": "A", "staff": 60, "trained": 60, "held_on": date(2026, 7, 1)},
        {"merchant": "M1", "staff": 5, "trained": 0, "held_on": date(2026, 6, 2)},
    ]
    found = street(merchant=[{"code": "M1"}, {"code": "M2"}], training=rows)
    assert value(found, "4.1") == (57, 60)
    assert note(found, "4.1") == ""
    assert said(found, "4.1") == ["2026年6月1日培训，工作人员60人，已受训57人"]


def test_training_by_merchant_when_there_is_no_summary():
    merchants = [{"code": f"M{n}"} for n in range(1, 5)] + [{"code": "M5", "status": "closed"}]
    rows = [
        {"merchant": "M1", "staff": 5, "trained": 1},
        {"merchant": "M1", "staff": 5, "trained": 4, "held_on": date(2026, 6, 1)},
        {"point": "P2", "staff": 3, "trained": 3},
        {"point": "P9", "staff": 2, "trained": 1},
        {"merchant": "M5", "staff": 9, "trained": 0},
        {"merchant": "M3", "staff": 9, "trained": 9, "held_on": date(2025, 6, 1)},
    ]
    points = [{"code": "P2", "merchant": "M2"}, {"code": "P9", "area": "A"}]
    found = street(merchant=merchants, monitoring_point=points, training=rows)
    assert value(found, "4.1") == (8, 10)
    assert note(found, "4.1") == "另有2户在营经营户没有培训记录"


def test_no_training_this_year_is_0_of_0():
    found = street(training=[{"area": "A", "staff": 9, "trained": 9, "held_on": date(2025, 6, 1)}])
    assert value(found, "4.1") == (0, 0)
    assert note(found, "4.1") == "评价期内没有培训记录"
    assert value(street(), "4.1") is None


def dispute(received, settled=None, **columns):
    return {"area": "A", "received_on": received, "settled_on": settled, **columns}


@pytest.mark.parametrize(
    ("row", "limit", "expected"),
    [
        (dispute(date(2026, 1, 5), date(2026, 1, 5)), 10, (1, 1)),
        # 10 working days after 2026-09-25, which is a holiday itself: 09-28 to 09-30, 10-08 to 10-10, 10-12 to 10-15
        (dispute(date(2026, 9, 25), date(2026, 10, 15)), 10, (1, 1)),
        (dispute(date(2026, 9, 25), date(2026, 10, 16)), 10, (0, 1)),
        (dispute(date(2026, 9, 25), date(2026, 10, 16)), 11, (1, 1)),
        (dispute(date(2026, 9, 25)), 10, (0, 1)),
        (dispute(date(2026, 12, 30)), 10, (0, 0)),
        (dispute(date(2026, 12, 30)), 1, (0, 0)),  # 12-31, the as-of date, is the last day
        (dispute(date(2026, 12, 29)), 1, (0, 1)),
        (dispute(date(2026, 12, 30), date(2027, 1, 5)), 10, (0, 0)),
        (dispute(date(2026, 1, 5), kind="dispute"), 10, (0, 1)),
        (dispute(date(2026, 1, 5), kind="report"), 10, (0, 0)),
        (dispute(date(2026, 1, 5), topic="other"), 10, (0, 0)),
        (dispute(date(2025, 12, 31)), 10, (0, 0)),
    ],
)
def test_disputes_in_time(row, limit, expected):
    found = street(as_of="2026-12-31", settings={"dispute_days": limit}, complaint=[row])
    assert value(found, "5.1") == expected


def test_a_dispute_within_its_limit_is_left_out_and_said():
    rows = [dispute(date(2026, 6, 1)), dispute(date(2026, 2, 2), date(2026, 2, 3)), dispute(date(2026, 2, 2))]
    found = street(complaint=rows)
    assert value(found, "5.1") == (1, 2)
    assert note(found, "5.1") == "另有1起尚在45个工作日期限内，未计入"
    assert said(found, "5.1", False) == [
        "2026年6月1日受理，期限至2026年8月4日，尚在期限内，未计入",
        "2026年2月2日受理，期限至2026年4月13日，超过期限仍未处置完毕",
    ]


def test_without_disputes_the_ledger_of_the_unit_decides():
    areas = [{"code": "A"}, {"code": "B"}, {"code": "C", "unit": "V"}, {"code": "D", "unit": "W"}]
    units = [{"code": "U"}, {"code": "V"}, {"code": "W"}]
    found = street(
        area=areas,
        reporting_unit=units,
        monitoring_point=[{"code": "P", "unit": "V"}],
        complaint=[dispute(date(2026, 2, 2)), dispute(date(2026, 2, 2), area=None, point="P")],
    )
    assert [value(found, "5.1", area) for area in "ABCD"] == [(0, 1), (0, 0), (0, 0), None]
    assert note(found, "5.1", "B") == "评价期内没有计量纠纷"


def test_supervisors_activities():
    rows = [{}, {"held_on": date(2025, 6, 1)}, {"held_on": date(2026, 7, 1)}]
    found = street(supervisor_activity=rows)
    assert value(found, "13.1") == 1
    assert said(found, "13.1") == ["2026年5月1日“抽查复秤”活动，监督员3人"]
    assert value(street(supervisor_activity=rows[1:]), "13.1") == 0
    assert value(street(supervisor_activity=rows[2:]), "13.1") is None


# ---- events and violations ---------------------------------------------------------------------------------


def test_media_of_county_level_or_higher_count_for_scenic_areas_and_all_for_streets():
    rows = [{"kind": "media", "level": level} for level in schema.LEVELS]
    rows += [{"kind": "media", "happened_on": date(2026, 7, 1)}, {"kind": "media", "happened_on": date(2025, 12, 31)}]
    rows += [{"kind": "media", "area": None, "merchant": "M1"}, {"kind": "media", "area": None}]
    tables = {"merchant": [{"code": "M1"}], "event": rows}
    assert value(scenic(**tables), "16.1") == 5
    assert said(scenic(**tables), "16.1", False) == ["2026年5月1日，报道（级别不在本条范围，未计）"]
    assert value(street(**tables), "14.1") == 6


def test_what_did_not_happen_has_no_row():
    for found in (street(), scenic(), scenic(event=[{"kind": "media", "level": "other"}])):
        assert not len(found.values)


def test_honours_of_a_merchant_count_for_the_street_only():
    tables = {
        "merchant": [{"code": "M1"}],
        "event": [{"kind": "honour"}, {"kind": "honour", "area": None, "merchant": "M1"}],
    }
    assert value(street(**tables), "15.1") == 2
    assert value(scenic(**tables), "17.1") == 1
    assert said(scenic(**tables), "17.1", False) == ["2026年5月1日，报道（不属区域自身，未计）"]


def test_reassured_consumption_holds_on_and_is_met_once():
    old = {"kind": "reassured", "happened_on": date(2024, 1, 1)}
    assert value(scenic(event=[old]), "18.1") == 1
    twice = scenic(event=[old, {"kind": "reassured", "happened_on": date(2026, 1, 1)}])
    assert value(twice, "18.1") == 1
    assert said(twice, "18.1") == ["2026年1月1日，报道"]
    assert value(scenic(event=[{"kind": "reassured", "happened_on": date(2026, 7, 1)}]), "18.1") is None
    of_one = {"kind": "reassured", "area": None, "merchant": "M1"}
    assert value(scenic(merchant=[{"code": "M1"}], event=[of_one]), "18.1") is None
    assert value(scenic(merchant=[{"code": "M1"}], event=[of_one, old]), "18.1") == 1


def test_monitoring_points_stand_on_the_day():
    rows = [
        {"code": "P1", "area": "A", "accepted_on": date(2026, 6, 30)},
        {"code": "P2", "merchant": "M1", "accepted_on": date(2020, 1, 1)},
        {"code": "P3", "area": "A", "accepted_on": date(2026, 7, 1)},
        {"code": "P4", "area": "A"},
        {"code": "P5", "area": "A", "accepted_on": date(2020, 1, 1), "cancelled_on": date(2026, 6, 30)},
        {"code": "P6", "area": "A", "accepted_on": date(2020, 1, 1), "cancelled_on": date(2026, 7, 1)},
        {"code": "P7", "accepted_on": date(2020, 1, 1)},
    ]
    found = street(merchant=[{"code": "M1"}], monitoring_point=rows)
    assert value(found, "16.1") == 3
    assert said(found, "16.1", False) == ["点，2020年1月1日设立，2026年6月30日取消，未计"]


PROMPTED = {"kind": "instrument", "prompted_on": date(2026, 2, 2), "due_on": date(2026, 6, 29)}


@pytest.mark.parametrize(
    ("columns", "counted", "why"),
    [
        ({}, True, "2026年2月2日提示，期限2026年6月29日已过，仍未整改"),
        ({"due_on": date(2026, 6, 30)}, False, "整改期限未到，未计"),
        ({"due_on": None}, True, "期限2026年2月2日已过，仍未整改"),
        ({"due_on": None, "prompted_on": date(2026, 6, 30)}, False, "整改期限未到，未计"),
        ({"due_on": None, "prompted_on": None}, False, "尚未提示整改，未计"),
        ({"prompted_on": date(2026, 7, 1), "due_on": date(2026, 7, 9)}, False, "尚未提示整改，未计"),
        ({"rectified_on": date(2026, 6, 30)}, False, "2026年6月30日已整改，未计"),
        ({"rectified_on": date(2026, 7, 1)}, True, "仍未整改"),
    ],
)
def test_unrectified_instruments(columns, counted, why):
    tables = {"violation": [{**PROMPTED, **columns}]}
    for found, line in ((street(**tables), "17.1"), (scenic(**tables), "19.1")):
        assert value(found, line) == (1 if counted else None)
        (text,) = said(found, line, counted)
        assert text.startswith("2026年2月1日发现使用未检定、超周期或不合格器具，")
        assert text.endswith(why)


def test_violations_belong_to_the_year_they_were_found_or_decided_in():
    rows = [
        {**PROMPTED, "found_on": date(2025, 12, 31)},
        {"kind": "tampering"},
        {"kind": "tampering", "found_on": date(2025, 12, 31), "decided_on": date(2026, 2, 1)},
        {"kind": "accident", "decided_on": date(2026, 3, 1), "decision": "甲罚〔2026〕1号"},
        {"kind": "other", "found_on": date(2025, 5, 1), "decided_on": date(2026, 3, 1)},
        {"kind": "other"},
        {"kind": "other", "decided_on": date(2026, 7, 1)},
    ]
    found = street(violation=rows)
    assert [value(found, line) for line in ("17.1", "18.1", "19.1")] == [None, 1, 2]
    assert said(found, "19.1") == [
        "2026年3月1日因重大生产安全事故被处罚（甲罚〔2026〕1号）",
        "2026年3月1日因其他违法违规行为被处罚",
    ]
    assert [value(scenic(violation=rows), line) for line in ("19.1", "20.1", "21.1")] == [None, 1, 2]


# ---- whole books -------------------------------------------------------------------------------------------


def city(seed, areas=6):
    """Books of a small city, all ledgers filled at random."""
    rng = random.Random(seed)
    codes = [f"A{n}" for n in range(areas)]

    def where():
        owners = {"area": rng.choice(codes), "merchant": f"M{rng.randrange(30)}", "point": f"P{rng.randrange(8)}"}
        return dict([rng.choice([*owners.items()])])

    def day(late=365):
        return date(2025, 7, 1) + timedelta(rng.randrange(late))

    def maybe(made):
        return rng.choice([None, made])

    instruments = [
        {
            **where(),
            "id": f"I{n}",
            "kind": rng.choice(["电子计价秤", "量杯", "燃油加油机"]),
            "mark": rng.choice([True, None]),
            "seal": rng.choice([*schema.SEALS]),
            "management": rng.choice([*schema.MANAGEMENT]),
            "registered": True,
            "maintained_on": day(),
        }
        for n in range(80)
    ]
    return books(
        area=[{"code": code, "unit": rng.choice("UV"), "kind": rng.choice([*RUBRICS])} for code in codes],
        reporting_unit=[{"code": "U"}, {"code": "V"}],
        merchant=[
            {"code": f"M{n}", "area": rng.choice(codes), "status": rng.choice(["open", "closed"])} for n in range(30)
        ],
        monitoring_point=[
            {"code": f"P{n}", "merchant": maybe(f"M{n}"), "area": rng.choice(codes), "accepted_on": day()}
            for n in range(8)
        ],
        instrument=instruments,
        verification=[
            {"instrument": f"I{rng.randrange(80)}", "done_on": day(), "result": rng.choice([*schema.RESULTS])}
            for _ in range(160)
        ],
        complaint=[{**where(), "received_on": day(), "settled_on": maybe(day(500))} for _ in range(40)],
        survey=[
            {"area": rng.choice(codes), "held_on": day(), "answers": 40, "satisfied": rng.randrange(41)}
            for _ in range(6)
        ],
        training=[{**where(), "held_on": day(), "staff": 9, "trained": rng.randrange(10)} for _ in range(30)],
        commitment=[{**where(), "signed_on": day(), "shown": maybe("premises")} for _ in range(30)],
        supervisor_activity=[{"area": rng.choice(codes), "held_on": day()} for _ in range(5)],
        event=[{**where(), "kind": rng.choice([*schema.EVENT_KINDS]), "happened_on": day()} for _ in range(30)],
        violation=[
            {
                **where(),
                "kind": rng.choice([*schema.VIOLATION_KINDS]),
                "found_on": day(),
                "prompted_on": maybe(day()),
                "due_on": maybe(day()),
                "decided_on": maybe(day()),
            }
            for _ in range(30)
        ],
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS)
def test_the_whole_city_at_once_equals_area_by_area(rubric, seed):
    whole = city(seed)
    found = observe(rubric, whole, "2026", AS_OF)
    areas = whole["area"].loc[whole["area"]["kind"] == rubric.id, "code"]
    one_by_one = [observe(rubric, alone(whole, area), "2026", AS_OF, areas=[area]) for area in areas]
    for name in ("values", "evidence"):
        parts = pd.concat([getattr(one, name) for one in one_by_one], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(found, name), parts.astype(getattr(found, name).dtypes))
        assert len(parts)
    assert set(found.evidence["area"]) | set(found.values["area"]) <= set(areas)


def alone(whole, area):
    """The books with the rows of one area only; the unit's complaints stay, since they say whether a ledger is kept."""
    return {
        name: frame[frame["area"] == area]
        if name not in ("area", "complaint", "monitoring_point") and "area" in frame
        else frame
        for name, frame in whole.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_measured_values_are_observations_that_can_be_scored(seed):
    whole = city(seed)
    for rubric in RUBRICS.values():
        found = observe(rubric, whole, "2026", AS_OF)
        areas = whole["area"]["code"]
        assessments = pd.DataFrame({"id": areas, "area": areas, "period": "2026", "rubric": rubric.id, "as_of": AS_OF})
        nothing = pd.DataFrame(columns=["assessment", "line", "value", "of", "outcome", "note"])
        filled = fill(nothing, found, assessments)
        sheet = score(rubric, filled)
        assert len(sheet) == len(rubric.lines) * found.values["area"].nunique()
        counted = found.evidence[found.evidence["counted"]].groupby(["area", "line"]).size()
        single = found.values[~found.values["line"].isin(["4.1", "12.1", "15.1"]) | found.values["of"].isna()]
        sizes = counted.reindex(pd.MultiIndex.from_frame(single[["area", "line"]]), fill_value=0)
        assert (sizes.to_numpy() == single["value"].to_numpy()).all()


def test_a_later_day_sees_what_an_earlier_one_did_not():
    tables = scales(scale("I1", date(2026, 6, 30), area="A"))
    assert [value(scenic(as_of=day, **tables), "2.1") for day in ("2026-01-04", "2026-06-30", "2026-07-01")] == [
        1,
        0,
        1,
    ]
    survey = [{"answers": 40, "satisfied": 40, "held_on": date(2026, 12, 31)}]
    assert value(street(as_of="2027-02-01", survey=survey), "12.1") == (40, 40)


@pytest.mark.parametrize(
    ("period", "as_of", "areas", "said"),
    [
        ("2026Q1", AS_OF, None, "评价期“2026Q1”"),
        ("2027", AS_OF, None, "早于评价期2027年"),
        ("2026", "昨天", None, "截止日期“昨天”"),
        ("2026", AS_OF, ["A", "X", "S"], "区域“X、S”"),
    ],
)
def test_what_does_not_exist_is_said(period, as_of, areas, said):
    registered = books(area=[{"code": "A"}, {"code": "S", "kind": "scenic_area"}])
    with pytest.raises(UsageError, match=said):
        observe(RUBRICS["street"], registered, period, as_of, areas=areas)


def test_a_measure_that_does_not_exist_is_said():
    rubric = RUBRICS["street"]
    lines = (rubric.lines[0].model_copy(update={"measure": "scales"}), *rubric.lines[1:])
    with pytest.raises(UsageError, match=r"1\.1条：没有取数项“scales”"):
        observe(rubric.model_copy(update={"lines": lines}), books(), "2026", AS_OF)


def test_rows_know_whose_they_are():
    whole = books(
        merchant=[{"code": "M1"}],
        monitoring_point=[{"code": "P1", "merchant": "M1"}, {"code": "P2", "area": "B"}, {"code": "P3"}],
        instrument=[
            {"id": "I1", "point": "P1"},
            {"id": "I2", "point": "P2"},
            {"id": "I3", "point": "P3"},
            {"id": "I4", "merchant": "M1", "area": "C"},
        ],
        weighing=[
            {
                "id": "W1",
                "merchant": "M1",
                "done_on": date(2026, 1, 1),
                "category": "蔬菜",
                "settled": "1",
                "actual": "1",
                "method": "finer",
            }
        ],
        filing=[{"id": "F1", "point": "P1", "quarter": "2026Q1"}],
    )
    found = whole["instrument"][["area", "merchant"]].fillna("-")
    assert found.to_numpy().tolist() == [["A", "M1"], ["B", "-"], ["-", "-"], ["C", "M1"]]
    assert list(whole["weighing"]["area"]) == list(whole["filing"]["area"]) == ["A"]
    for name, frame in attributed(whole).items():
        pd.testing.assert_frame_equal(frame, whole[name])


# ---- beside what people entered ----------------------------------------------------------------------------


def entered(line, value, of=None, note="", outcome="assessed", assessment="A-2026"):
    return {"assessment": assessment, "line": line, "value": value, "of": of, "outcome": outcome, "note": note}


@pytest.fixture(scope="module")
def measured():
    pairs = [scale(f"I{n}", OVER if n < 2 else GOOD, area="A") for n in range(40)]
    return street(survey=[{"answers": 300, "satisfied": 285}], **scales(*pairs))


ASSESSMENTS = pd.DataFrame(
    [
        {"id": "Z-2026", "area": "Z", "period": "2026", "rubric": "street", "as_of": AS_OF},
        {"id": "A-2026", "area": "A", "period": "2026", "rubric": "street", "as_of": AS_OF},
        {"id": "A-2025", "area": "A", "period": "2025", "rubric": "street", "as_of": "2025-12-31"},
    ]
)


def test_a_persons_entry_stays_and_the_measured_one_stands_beside_it(measured):
    seen = pd.DataFrame([entered("1.1", 39, 40), entered("3.1", 1), entered("1.1", 5, 5, assessment="A-2025")])
    filled = fill(seen, measured, ASSESSMENTS)
    rows = filled.fillna(-1).to_dict("records")
    assert [(row["assessment"], row["line"], row["value"], row["measured_value"], row["source"]) for row in rows] == [
        ("A-2026", "1.1", 39, 38, "录入"),
        ("A-2026", "3.1", 1, -1, "录入"),
        ("A-2026", "12.1", 285, 285, "台账"),
        ("A-2025", "1.1", 5, -1, "录入"),
    ]
    assert filled.loc[filled["line"] == "12.1", "note"].item() == "95.0%（91.9%–97.0%）"
    assert score(RUBRICS["street"], filled).query("line == '1.1'")["score"].tolist() == [9.75, 10]


@pytest.mark.parametrize(
    ("row", "explained"),
    [
        (entered("1.1", 38, 40), None),
        (entered("1.1", 39, 40), False),
        (entered("1.1", 39, 40, note=" "), False),
        (entered("1.1", 39, 40, note="现场核对，A1已送检"), True),
        (entered("1.1", 38, 41), False),
        (entered("1.1", None, None, "无在用器具", "not_applicable"), True),
        (entered("3.1", 0), None),
    ],
)
def test_an_entry_that_differs_is_listed_with_whether_it_says_why(measured, row, explained):
    found = overrides(fill(pd.DataFrame([row]), measured, ASSESSMENTS))
    assert list(found["explained"]) == ([] if explained is None else [explained])
    if explained is not None:
        assert found.loc[0, ["measured_value", "measured_of"]].tolist() == [38, 40]


def test_another_date_or_rubric_fills_nothing(measured):
    nothing = pd.DataFrame(columns=["assessment", "line", "value", "of", "outcome", "note"])
    for change in ({"as_of": "2026-12-31"}, {"rubric": "scenic_area"}, {"period": "2025"}):
        assert not len(fill(nothing, measured, ASSESSMENTS.assign(**change)))
    assert list(fill(nothing, measured, ASSESSMENTS)["line"]) == ["1.1", "12.1"]
