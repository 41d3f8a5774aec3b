"""Filings: the worked cases, own cases, polarity, days, runs of quarters, decisions, sums, random filings."""

import itertools
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.errors import DataError, RubricError, UsageError
from chengxin.exchange.registers import AnswerRow, FilingRow
from chengxin.ledgers.filings import judge as kit
from chengxin.ledgers.filings.contradictions import MEASURES
from chengxin.ledgers.filings.form import CODES, load_form
from chengxin.ledgers.filings.quarters import due, in_words
from chengxin.ledgers.verification import clock
from chengxin.settings import settings as set_values
from chengxin.store.schema import ANSWERS, DECISIONS, INSTRUMENT

HERE = Path(__file__).parents[2]
RUBRICS = HERE.parent / "rubrics"
FORM = load_form()
WORKED = yaml.safe_load((HERE / "cases" / "filing_cases.yaml").read_text("utf-8"))
OWN = yaml.safe_load((HERE / "cases" / "filings_own.yaml").read_text("utf-8"))
SAID = {word: code for code, word in ANSWERS.items()}
COUNTS = list(FORM.counts)
FILING = list(FilingRow.model_fields)
ANSWER = list(AnswerRow.model_fields)


def day(text):
    return None if text is None else date.fromisoformat(text)


def points(*codes, accepted=date(2020, 1, 1), cancelled=None):
    columns = {"name": "演示点", "unit": "331002", "sector": "商贸", "accepted_on": accepted, "cancelled_on": cancelled}
    return pd.DataFrame({"code": codes, **columns})


def filing(code, quarter, submitted, own, check=(), counts=(), checked=None):
    """One filing's row and its answers, from Chinese answers by item number."""
    key = f"{code}-{quarter}"
    row = dict.fromkeys(FILING) | {"id": key, "point": code, "quarter": quarter, "submitted_on": day(submitted)}
    row |= {"checked_on": day(checked), **dict(counts)}
    own, check = dict(own), dict(check)
    told = [(n, SAID.get(own.get(n)), SAID.get(check.get(n))) for n in sorted({*own, *check})]
    answers = [dict(zip(ANSWER, (key, str(n), mine, seen, ""), strict=True)) for n, mine, seen in told]
    return row, answers


def frames(*filed):
    rows, answers = [row for row, _ in filed], [answer for _, more in filed for answer in more]
    return pd.DataFrame(rows, columns=FILING), pd.DataFrame(answers, columns=ANSWER)


def clean(code="P", quarter="2026Q1", submitted="2026-04-10", own=(), check=(), counts=(), checked=None):
    base = OWN["clean"]
    return filing(
        code, quarter, submitted, {**base["self"], **dict(own)}, check, {**base["counts"], **dict(counts)}, checked
    )


def judged(*filed, who=None, quarter="2026Q1", as_of=date(2026, 6, 30), **more):
    rows, answers = frames(*filed)
    return kit.judge(FORM, rows, answers, points("P") if who is None else who, quarter, as_of=as_of, **more)


# ---- the form ----------------------------------------------------------------------------------------------


def test_items_are_the_guidance_in_order_with_nothing_left_out():
    guidance = (RUBRICS / "source" / "guidance.txt").read_text("utf-8")
    annex = guidance[guidance.index("附件2\n") : guidance.index("附件3\n\n")]
    cells = [re.sub(r"^\t", "", line) for line in annex.splitlines() if line.strip()]
    texts = [text for number, text in itertools.pairwise(cells) if re.fullmatch(r"\d+", number)]
    assert [item.text for item in FORM.items] == texts
    assert [item.number for item in FORM.items] == list(range(1, 16))
    head = [part.strip() for part in re.split("：", next(line for line in cells if line.startswith(FORM.head[0])))]
    assert [part for part in head if part] == list(FORM.head)
    start = cells.index("序号") if "序号" in cells else [line.strip() for line in cells].index("序号")
    assert [line.strip() for line in cells[start : start + 4]] == list(FORM.columns.values())
    for rule in FORM.rules.values():
        assert rule.text in guidance[guidance.index("附件1\n\n") : guidance.index("附件2\n")]


def test_the_form_fits_the_tables():
    assert FORM.answers == ANSWERS
    assert set(CODES) == set(ANSWERS)
    assert set(COUNTS) <= set(FILING)
    assert len(COUNTS) == 9
    assert FORM.rates == {
        "valid_rate": ("valid", "mandatory"), "gm2d_rate": ("scanned_ok", "instruments"),
        "settle_rate": ("settled", "disputes"),
    }  # fmt: skip
    assert [question.label for question in FORM.items[0].questions] == ["在有效检定周期内", "设置校准周期", "开展校准"]
    assert {check.measure for item in FORM.items for check in item.ledger} == {*MEASURES, "no_commitment"}


def test_every_item_has_the_polarity_of_the_cases():
    for item in FORM.items:
        said = WORKED["rules"]["favourable_answer"][item.number]
        words = {ANSWERS[code] for code in item.favourable}
        assert words == {14: {"是", "无反馈"}, 15: {"是", "无反馈"}}.get(item.number, {said}), item.id
    values = set_values()
    assert values["filing_due_days"] == WORKED["rules"]["filing_due_days"]
    assert values["irregular_quarters"] == WORKED["rules"]["irregular_quarters_for_cancel_review"]
    assert values["good_quarters"] == WORKED["rules"]["good_quarters_for_merchant_recommendation"]
    assert set(kit.STATUSES) == set(WORKED["rules"]["statuses"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('- id: "2"', '- id: "3"', "从1起连续的序号（此处为2）"),
        ("part: valid, whole: mandatory, rate", "part: vaild, whole: mandatory, rate", "“vaild”"),
        ("blank: disputes", "blank: instruments", "应为disputes、settled"),
        ('favourable: ["yes", "none"]\n  counts', 'favourable: ["yes", "never"]\n  counts', "never"),
        ("measure: broken_seal", "measure: broken", "broken_seal"),
        ("rate: gm2d_rate", "rate: valid_rate", "“valid_rate”出现多次"),
        ('{"yes": 是, "no": 否, "none": 无反馈}', '{"yes": 是, "no": 否}', "yes、no、none"),
        ("铅封损坏的{held}台", "铅封损坏的{hold}台", "{hold}"),
        ("  remedy: 明确计量工作责任人\n", "", "remedy"),
        ("at_most: {of: instruments", "at_most: {of: all", "all"),
    ],
)
def test_a_wrong_form_is_refused_at_its_line(tmp_path, old, new, said):
    text = (RUBRICS / "monitoring_point.yaml").read_text("utf-8")
    assert old in text
    path = tmp_path / "form.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(RubricError) as error:
        load_form(path)
    assert said in str(error.value)
    assert all(re.match(r"rubrics/form\.yaml:\d+", fault.where) for fault in error.value.faults)


# ---- cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", WORKED["cases"], ids=lambda case: case["id"])
def test_worked_case(case):
    own, counts = {}, {}
    for number, said in case["self_check"].items():
        known = said if isinstance(said, dict) else {"answer": said}
        own[number] = known["answer"]
        counts |= {name: value for name, value in known.items() if name in COUNTS}
    filed = filing("P", case["quarter"], case["submitted"], own, case["verification"], counts)
    who = points("P").assign(**{name: case["point"][name] for name in ("name", "sector", "unit")})
    before = {"P": case["point"]["previous_ok_quarters"]} if "previous_ok_quarters" in case["point"] else None
    row = judged(filed, who=who, quarter=case["quarter"], as_of=date(2025, 12, 31), previous_ok=before).iloc[0]
    assert row["due"].date() == day(case["due"])
    for key, value in case["expected"].items():
        expected = float(value) if key.endswith("rate") and value is not None else value
        assert row[key] == expected or (row[key] is None and expected is None), (key, row[key])


def ledger(held):
    """Instruments of point P in the states of a case."""
    kinds = {
        "idle": {"status": "idle", "state": "idle"}, "calibrated": {"management": "calibration"},
        "uncalibrated": {"management": "calibration", "state": "never"},
    }  # fmt: skip
    rows = []
    for name, count in held.items():
        row = {"point": "P", "management": "mandatory", "status": "in_use", "state": "in_date"}
        row |= {"registered": True, "scanned": True, "seal": "intact"}
        known = name in ("in_date", "overdue", "failed", "never")
        row |= {"state": name} if known else kinds.get(name, {})
        rows += [row] * (count if known or name in kinds else 0)
    table = pd.DataFrame(rows)
    for name, column, value in (
        ("unregistered", "registered", False),
        ("unscanned", "scanned", False),
        ("broken", "seal", "broken"),
    ):
        table.loc[: held.get(name, 0) - 1, column] = value
    return table


@pytest.mark.parametrize("case", OWN["cases"], ids=lambda case: case["id"])
def test_own_case(case):
    submitted = case.get("submitted", OWN["clean"]["submitted"])
    filed = clean(
        "P", "2026Q1", submitted, *(case.get(key, {}) for key in ("self", "check", "counts")), case.get("checked")
    )
    more = {"clocked": ledger(case["ledger"])} if "ledger" in case else {}
    if "commitment" in case:
        more["commitments"] = pd.DataFrame([{"point": "P", **{key: day(on) for key, on in case["commitment"].items()}}])
    row = judged(filed, as_of=day(case.get("as_of", OWN["clean"]["as_of"])), **more).iloc[0]
    for key, value in case["expected"].items():
        assert row[key] == value or (row[key] is None and value is None), (key, row[key], row["reasons"])
    assert row["reasons"]
    assert all(reason.endswith("。") and "nan" not in reason.lower() for reason in row["reasons"])


@pytest.mark.parametrize("number", range(1, 16))
def test_the_other_answer_is_unfavourable(number):
    other = "否" if OWN["clean"]["self"][number] == "是" else "是"
    row = judged(clean(own={number: other})).iloc[0]
    assert row["unfavourable"] == [number]
    assert row["status"] == "rectify"
    item = FORM.items[number - 1]
    assert any(item.label in reason and item.remedy in reason for reason in row["reasons"])
    seen = judged(clean(check={number: other})).iloc[0]
    assert (seen["unfavourable"], seen["discrepancies"], seen["overstated"]) == ([number], [number], [number])


def test_sentences_name_days_counts_and_the_rule():
    filed = clean(submitted="2026-04-20", counts={"valid": 7}, check={1: "否", 8: "否"}, checked="2026-05-06")
    said = "\n".join(judged(filed).iloc[0]["reasons"])
    assert "2026年第一季度信息表于2026年4月20日报送，逾期5天，期限2026年4月15日（含当日）" in said
    assert "自查答“是”，而在有效检定周期内的为7，强制检定计量器具为8" in said
    assert "第8项自查“是”，2026年5月6日核查“否”，虚报。" in said
    assert FORM.rules["rectify"].text.rstrip("。") in said
    missing = judged().iloc[0]["reasons"]
    assert missing == [
        f"截至2026年6月30日未报送2026年第一季度信息表，期限2026年4月15日（含当日），已过76天（{FORM.rules['filing'].quoted()}）。"
    ]


# ---- quarters and points -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quarter", "days", "expected"),
    [
        ("2025Q4", 15, date(2026, 1, 15)), ("2026Q1", 15, date(2026, 4, 15)), ("2026Q2", 15, date(2026, 7, 15)),
        ("2026Q3", 15, date(2026, 10, 15)), ("2023Q4", 60, date(2024, 2, 29)), ("2022Q4", 60, date(2023, 3, 1)),
        ("2026Q1", 0, date(2026, 3, 31)),
    ],
)  # fmt: skip
def test_due_day(quarter, days, expected):
    found = due(points("P"), pd.Series([], dtype=object), quarter, date(2026, 12, 31), days)
    assert found["due"].dt.date.tolist() == [expected]


@pytest.mark.parametrize(
    ("accepted", "cancelled", "there"),
    [
        (date(2026, 3, 31), None, True), (date(2026, 4, 1), None, False), (None, None, False),
        (date(2020, 1, 1), date(2026, 3, 30), False), (date(2020, 1, 1), date(2026, 3, 31), True),
        (date(2020, 1, 1), date(2026, 4, 1), True),
    ],
)  # fmt: skip
def test_who_had_to_file(accepted, cancelled, there):
    who = points("P", accepted=accepted, cancelled=cancelled)
    assert len(judged(clean(), who=who)) == there


def test_all_quarters_run_from_the_first_filing_to_the_last_that_ended():
    filed = [clean(quarter="2025Q3", submitted="2025-10-10"), clean()]
    assert judged(*filed, quarter=None)["quarter"].tolist() == ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]
    assert judged(*filed, quarter=None, as_of=date(2026, 6, 29))["quarter"].tolist() == ["2025Q3", "2025Q4", "2026Q1"]
    assert judged(*filed, quarter="2025Q4")["state"].tolist() == ["missing"]


@pytest.mark.parametrize("quarter", ["2026", "2026Q5", "2026q1", "26Q1"])
def test_a_quarter_that_is_none_is_refused(quarter):
    with pytest.raises(UsageError, match="2026Q3"):
        judged(clean(), quarter=quarter)


def test_quarters_in_words():
    assert [in_words(f"2026Q{n}") for n in range(1, 5)] == [f"2026年第{n}季度" for n in "一二三四"]


# ---- runs of quarters --------------------------------------------------------------------------------------

YEAR = {"2025Q1": "2025-04-10", "2025Q2": "2025-07-10", "2025Q3": "2025-10-10", "2025Q4": "2026-01-10"}


def year(**changed):
    """Clean filings of the four quarters of 2025; None leaves one out, a dict changes it."""
    kept = {quarter: changed.get(quarter, {}) for quarter in YEAR}
    return [clean(quarter=q, **{"submitted": YEAR[q], **more}) for q, more in kept.items() if more is not None]


def test_four_good_quarters_make_a_candidate_and_nobody_is_appointed():
    table = judged(*year(), quarter=None, as_of=date(2026, 2, 1))
    assert table["recommend_merchant"].tolist() == [False, False, False, True]
    assert table["decision_merchant"].tolist() == [""] * 4
    said = table["merchant_reason"].iloc[-1]
    assert table["merchant_reason"].tolist()[:3] == [""] * 3
    assert table["cancel_reason"].tolist() == [""] * 4
    assert table["reasons"].iloc[-1][-1] == said
    assert "2025年第一季度至2025年第四季度连续4个季度报送良好" in said
    assert FORM.rules["merchant"].text in said
    assert "截至2026年2月1日" in said


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {"submitted": "2025-07-16"},
        {"own": {8: "否"}},
        {"own": {7: None}},
        {"check": {10: "是"}},
        {"counts": {"valid": 7}},
    ],
)
def test_one_quarter_that_is_not_good_ends_the_run(broken):
    table = judged(*year(**{"2025Q2": broken}), quarter=None, as_of=date(2026, 2, 1))
    assert not table["recommend_merchant"].any()


def test_fewer_quarters_than_needed_are_no_candidate():
    who = points("P", accepted=date(2025, 4, 1))
    table = judged(*year(), who=who, quarter="2025Q4", as_of=date(2026, 2, 1))
    assert table["recommend_merchant"].tolist() == [False]
    assert judged(*year(), who=who, quarter="2025Q4", as_of=date(2026, 2, 1), previous_ok={"P": 1})[
        "recommend_merchant"
    ].all()
    assert not judged(quarter="2025Q4", as_of=date(2026, 2, 1), previous_ok={"P": 9})["recommend_merchant"].any()
    three = set_values({"good_quarters": 3})
    assert judged(*year(), who=who, quarter="2025Q4", as_of=date(2026, 2, 1), settings=three)[
        "recommend_merchant"
    ].all()


def test_two_irregular_quarters_are_reviewed_and_nothing_is_cancelled():
    filed = year(**{"2025Q2": {"submitted": "2025-07-16"}, "2025Q3": None})
    table = judged(*filed, quarter=None, as_of=date(2026, 2, 1))
    assert table["status"].tolist() == ["ok", "rectify", "cancel_review", "ok"]
    assert table["cancel_review"].tolist() == [False, False, True, False]
    assert table["decision_cancel"].tolist() == [""] * 4
    said = table["cancel_reason"].iloc[2]
    assert table["reasons"].iloc[2][-1] == said
    assert [reason for reason in table["cancel_reason"] if reason] == [said]
    assert "2025年第二季度逾期报送，期限2025年7月15日；2025年第三季度未报送，期限2025年10月15日" in said
    assert FORM.rules["cancel"].text.rstrip("。") in said


def test_a_first_missing_quarter_is_missing_and_incomplete_ones_are_not_counted():
    assert judged(quarter="2025Q4", as_of=date(2026, 2, 1))["status"].tolist() == ["missing"]
    blank = {"own": {3: None}}
    table = judged(*year(**{"2025Q2": blank, "2025Q3": blank}), quarter=None, as_of=date(2026, 2, 1))
    assert not table["cancel_review"].any()
    assert table["state"].tolist() == ["on_time", "returned", "returned", "on_time"]


def test_the_form_says_what_counts_as_irregular(tmp_path):
    text = (RUBRICS / "monitoring_point.yaml").read_text("utf-8")
    path = tmp_path / "form.yaml"
    path.write_text(
        text.replace("late: {text: 逾期报送, counts: true", "late: {text: 逾期报送, counts: false"), "utf-8"
    )
    rows, answers = frames(clean(submitted="2026-04-20"))
    table = kit.judge(load_form(path), rows, answers, points("P"), "2026Q1", as_of=date(2026, 6, 30))
    assert table[["state", "irregular"]].to_numpy().tolist() == [["late", False]]


def test_points_do_not_share_a_run():
    filed = [
        clean("A", "2025Q4", "2026-03-01"),
        clean("B", "2026Q1", "2026-05-01"),
        clean("A"),
        clean("B", "2025Q4", "2026-01-10"),
    ]
    table = judged(*filed, who=points("A", "B"), quarter=None, as_of=date(2026, 5, 31))
    assert table["point"].tolist() == ["A", "A", "B", "B"]
    assert table["irregular"].tolist() == [True, False, False, True]
    assert not table["cancel_review"].any()


def test_what_a_named_person_decided_is_shown_with_the_day():
    decisions = pd.DataFrame(
        [
            ["merchant", "2025Q4", True, "张三", date(2026, 1, 20)], ["cancel", "2025Q4", None, None, None],
            ["cancel", "2025Q3", True, "", date(2026, 1, 20)], ["cancel", "2025Q2", False, "李四", date(2026, 1, 21)],
            ["cancel", "2025Q1", True, "李四", date(2026, 3, 1)],
        ],
        columns=["kind", "quarter", "agreed", "decided_by", "decided_on"],
    ).assign(point="P")  # fmt: skip
    table = judged(*year(), quarter=None, as_of=date(2026, 2, 1), decisions=decisions)
    assert table["decision_merchant"].tolist() == ["", "", "", "同意（张三，2026年1月20日）"]
    assert table["decision_cancel"].tolist() == ["", "不同意（李四，2026年1月21日）", "", ""]
    assert {f"decision_{kind}" for kind in DECISIONS} <= set(table)
    early = judged(*year(), quarter=None, as_of=date(2026, 1, 19), decisions=decisions.astype({"agreed": "boolean"}))
    assert (early["decision_merchant"] == "").all()  # nobody had decided anything yet


def test_a_ledger_of_several_quarters_is_held_against_each():
    now = ledger({"in_date": 7, "overdue": 1, "calibrated": 2}).assign(quarter="2025Q3")
    then = ledger({"in_date": 8, "calibrated": 2}).assign(quarter="2025Q4")
    table = judged(*year(), quarter=None, as_of=date(2026, 2, 1), clocked=pd.concat([now, then]))
    assert table["contradictions"].tolist() == [[], [], [1], []]
    other = judged(
        *year(), quarter="2025Q4", as_of=date(2026, 2, 1), clocked=now.drop(columns="quarter").assign(point="X")
    )
    assert other["contradictions"].tolist() == [[]]


def test_the_instrument_clock_finds_what_the_filing_does_not_say():
    """As A2-F2, but the filing says eight of eight: the ledger's one dispenser past its day is found before a visit."""
    columns = [column.name for column in INSTRUMENT.columns]
    base = dict.fromkeys(columns) | {"point": "P", "kind": "燃油加油机", "management": "mandatory", "status": "in_use"}
    base |= {"registered": True, "scanned": True, "seal": "intact"}
    instruments = pd.DataFrame([base | {"id": f"I{n}"} for n in range(8)], columns=columns)
    until = [date(2025, 3, 19), date(2025, 3, 31), *[date(2025, 8, 1)] * 6]
    tests = {"id": instruments["id"], "instrument": instruments["id"], "kind": "verification", "result": "qualified"}
    verifications = pd.DataFrame({**tests, "done_on": date(2024, 9, 20), "valid_until": until})
    eight = {"instruments": 8, "mandatory": 8, "valid": 8, "non_mandatory": 0, "cycle_set": 0, "calibrated": 0}
    filed = clean("P", "2025Q1", "2025-04-15", counts={**eight, "scanned_ok": 8})
    seen = clock(instruments, verifications, date(2025, 3, 31))
    row = judged(filed, quarter="2025Q1", clocked=seen).iloc[0]
    assert (row["contradictions"], row["unfavourable"], row["valid_rate"]) == ([1], [1], 100)
    (said,) = row["contradiction_reasons"]
    assert said.startswith("第1项")
    assert "台账中强制检定而超期、不合格或未检定的1台（件），填报只承认0台（件）" in said
    assert said in row["reasons"]
    assert judged(filed, quarter="2025Q1").iloc[0]["status"] == "ok"


# ---- answers that cannot be read, empty frames, sums --------------------------------------------------------


def test_every_wrong_answer_is_told_at_once():
    rows, answers = frames(clean())
    answers.loc[0, "item"], answers.loc[1, "self_answer"], answers.loc[2, "check_answer"] = "16", "是", "maybe"
    answers, rows = pd.concat([answers, answers.iloc[[5]]]), pd.concat([rows, rows])
    with pytest.raises(DataError) as error:
        kit.judge(FORM, rows, answers, points("P"), as_of=date(2026, 6, 30))
    said = str(error.value)
    assert len(error.value.faults) == 5
    for words in ("第16项 item列：“16”", "第2项 self_answer列：“是”", "“maybe”", "第6项：出现多次", "2026Q1季报重复"):
        assert words in said


def test_empty_frames():
    table = judged(who=points())
    assert table.empty
    assert {"point", "status", "reasons", *COUNTS} <= set(table)
    assert kit.summary(table, "sector").empty
    assert kit.summary(table).empty
    rows, answers = frames()
    assert kit.checked(FORM, answers, rows, points("P")).empty
    assert kit.discrepancies(FORM, answers).empty
    nobody = judged(quarter=None, clocked=pd.DataFrame(columns=["point", "management", "status", "state"]))
    assert nobody["quarter"].tolist() == ["2026Q2"]
    assert nobody["state"].tolist() == ["not_due"]


def test_sums_add_counts_before_they_divide():
    filed = [
        clean("A", counts={"valid": 4}, own={1: "否"}),
        clean("B", counts={"mandatory": 2, "valid": 2, "disputes": 0, "settled": 0}),
        clean("C", submitted="2026-05-01"),
    ]
    who = points("A", "B", "C", "D").assign(sector=["餐饮", "餐饮", "商贸", "商贸"])
    table = judged(*filed, who=who)
    by = kit.summary(table, "sector", FORM).set_index("sector")
    assert by.loc["餐饮", "valid_rate"] == 60
    assert by.loc["商贸", ["points", "due", "submitted", "late", "missing"]].tolist() == [2, 2, 1, 1, 1]
    assert by.loc["商贸", "in_time_rate"] == 0
    whole = kit.summary(table).iloc[0]
    assert whole[["points", "due", "in_time", "in_time_rate", "disputes"]].tolist() == [4, 4, 2, 50, 4]
    nothing = kit.summary(judged(who=who), ["unit", "quarter"]).iloc[0]
    assert [nothing[rate] for rate in FORM.rates] == [None] * 3


def test_discrepancies_with_direction_overstated_first():
    rows, answers = frames(clean(own={8: "否", 15: "无反馈"}, check={1: "是", 8: "是", 10: "是", 15: "是", 3: "否"}))
    found = kit.discrepancies(FORM, answers)
    assert found[["item", "direction"]].to_numpy().tolist() == [
        ["3", "overstated"], ["10", "overstated"], ["8", "understated"], ["15", "differs"],
    ]  # fmt: skip
    both = kit.checked(FORM, answers, rows, points("P"))
    assert both.loc[both["item"] == "1", ["direction", "point", "sector", "unit"]].to_numpy().tolist() == [
        [None, "P", "商贸", "331002"]
    ]
    assert set(found["direction"]) == set(kit.DIRECTIONS)


# ---- random filings ----------------------------------------------------------------------------------------

GOOD = {n: {"yes"} for n in range(1, 10)} | {n: {"no"} for n in range(10, 14)} | {n: {"yes", "none"} for n in (14, 15)}


def plain(own, check, counts):
    """Unfavourable, contradicted and differing items of one filing, item by item."""
    clean_own = {n: a for n, a in own.items() if a in {"yes", "no"} | GOOD[n]}
    clean_check = {n: a for n, a in check.items() if a in {"yes", "no"} | GOOD[n]}
    bad = {n for n, a in clean_own.items() if a not in GOOD[n] and not (n == 14 and counts["disputes"] == 0)}
    bad |= {n for n, a in clean_check.items() if a not in GOOD[n]}
    against = set()
    pairs = {1: [("valid", "mandatory"), ("cycle_set", "non_mandatory"), ("calibrated", "non_mandatory")],
             2: [("scanned_ok", "instruments")], 14: [("settled", "disputes")]}  # fmt: skip
    for n, questions in pairs.items():
        known = [(counts[part], counts[whole]) for part, whole in questions]
        given_ = [(part, whole) for part, whole in known if part is not None and whole is not None]
        bad |= {n for part, whole in given_ if part < whole}
        against |= {n for part, whole in given_ if part > whole or (part < whole and clean_own.get(n) == "yes")}
        if clean_own.get(n) == "no" and len(given_) == len(known) and all(part == whole for part, whole in known):
            against |= {n for _, whole in known if whole > 0}
    if clean_own.get(14) == "none" and counts["disputes"]:
        against.add(14)
    if (
        counts["instruments"] is not None
        and (counts["mandatory"] or 0) + (counts["non_mandatory"] or 0) > counts["instruments"]
    ):
        against.add(1)
    differs = {n for n in clean_own if n in clean_check and clean_own[n] != clean_check[n]}
    return (
        sorted(bad),
        sorted(against),
        sorted(differs),
        sorted(n for n in differs if clean_own[n] in GOOD[n] and clean_check[n] not in GOOD[n]),
    )


said = st.dictionaries(st.integers(1, 15), st.sampled_from(CODES), max_size=15)
numbers = st.fixed_dictionaries({name: st.none() | st.integers(0, 4) for name in COUNTS})
a_filing = st.tuples(st.integers(0, 2), st.integers(1, 4), st.none() | st.integers(-5, 60), said, said, numbers)


@settings(max_examples=25, deadline=None)
@given(st.lists(a_filing, min_size=1, max_size=8, unique_by=lambda one: one[:2]), st.randoms(use_true_random=False))
def test_random_filings_equal_the_plain_reading_in_any_order(made, random):
    rows, answers, truth = [], [], {}
    for who, q, days, own, check, counts in made:
        key, end = f"F{who}-{q}", pd.Period(f"2025Q{q}", "Q").end_time.date()
        on = None if days is None else end + timedelta(days=days)
        rows.append(
            dict.fromkeys(FILING)
            | {"id": key, "point": f"P{who}", "quarter": f"2025Q{q}", "submitted_on": on, **counts}
        )
        answers += [[key, str(n), own.get(n), check.get(n), ""] for n in sorted({*own, *check})]
        truth[f"P{who}", f"2025Q{q}"] = plain(own, check, counts) if on else ([], [], [], [])
    who, as_of = points("P0", "P1", "P2"), date(2026, 3, 31)
    tables = []
    for _ in range(2):
        frame, more = pd.DataFrame(rows, columns=FILING), pd.DataFrame(answers, columns=ANSWER)
        tables.append(kit.judge(FORM, frame, more, who, "2025Q4", as_of=as_of))
        everything = kit.judge(FORM, frame, more, who, as_of=as_of)
        random.shuffle(rows)
        random.shuffle(answers)
    pd.testing.assert_frame_equal(*tables)
    pd.testing.assert_frame_equal(everything[everything["quarter"] == "2025Q4"].reset_index(drop=True), tables[0])
    for row in everything.to_dict("records"):
        expected = truth.get((row["point"], row["quarter"]), ([], [], [], []))
        assert (row["unfavourable"], row["contradictions"], row["discrepancies"], row["overstated"]) == expected
        assert all(row[rate] is None or 0 <= row[rate] <= 100 for rate in FORM.rates)
        assert not (
            row["status"] == "ok" and (row["irregular"] or any(map(len, expected)) or row["answered"] != "15/15")
        )
        assert not (row["recommend_merchant"] and row["status"] != "ok")
        assert not any("nan" in reason or "None" in reason for reason in row["reasons"])


def test_many_points():
    quarters = ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
    filed = [clean(f"P{n}", quarter, YEAR[quarter]) for n in range(60) for quarter in quarters]
    table = judged(*filed, who=points(*(f"P{n}" for n in range(60))), quarter=None, as_of=date(2026, 2, 1))
    assert len(table) == 240
    assert table["recommend_merchant"].sum() == 60
    assert np.all(table["answered"] == "15/15")
