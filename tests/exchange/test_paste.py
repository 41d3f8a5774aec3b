"""Tables pasted from a spreadsheet: headers in two languages or none, full-width digits, days, personal columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chengxin.exchange.books import BOOKS
from chengxin.exchange.paste import read
from chengxin.exchange.rows import FILES

KNOWN = {"area": {"A1"}, "merchant": {"M1"}, "monitoring_point": {"P1"}, "instrument": {"I0"}}
INSTRUMENT, COMPLAINT, SURVEY = BOOKS["instrument"], BOOKS["complaint"], BOOKS["survey"]


def known(table):
    return KNOWN.get(table, set())


def lines(*rows):
    return "\n".join("\t".join(row) for row in rows)


def survey(key, day="2026-03-31", answers="300", satisfied="285"):
    return [key, "A1", day, "现场", answers, satisfied]


def test_every_column_of_every_ledger_has_one_chinese_name():
    assert set(BOOKS) == {"instrument", "verification", "complaint", "survey", "training", "commitment", "event"}
    for book in BOOKS.values():
        assert list(book.labels) == list(FILES[book.file][1].model_fields)
        assert len(set(book.labels.values())) == len(book.labels)


LOOSE = ["编　号", "景区街区编号", "调查日期 ", "调查方式", "有效答卷", "满意(份)"]


@pytest.mark.parametrize("head", [None, list(SURVEY.labels), list(SURVEY.labels.values()), LOOSE])
def test_with_and_without_a_header(head):
    made = read(SURVEY, lines(*([head] if head else []), survey("S1"), survey("S2")), known)
    assert made.faults == []
    assert [row["id"] for _, row in made.rows] == ["S1", "S2"]
    assert made.rows[0][0] == (2 if head else 1)
    assert made.rows[0][1]["answers"] == 300


def test_columns_in_another_order_and_some_left_out():
    text = lines(["管理方式", "编号", "器具名称", "经营户编号", "使用状态"], ["强制检定", "I1", "电子秤", "M1", "在用"])
    (row,) = (row for _, row in read(INSTRUMENT, text, known).rows)
    assert (row["management"], row["kind"], row["merchant"], row["model"]) == ("mandatory", "电子秤", "M1", "")


@pytest.mark.parametrize("day", ["2026-03-31", "2026/3/31", "2026.3.31", "2026年3月31日", "20260331",
                                 "2026/3/31 0:00:00", "２０２６－０３－３１", "2026-03-31 00:00"])  # fmt: skip
def test_days_in_several_forms(day):
    made = read(SURVEY, lines(survey("S1", day, "３００", "２８５")), known)
    assert made.faults == []
    assert made.rows[0][1]["held_on"].isoformat() == "2026-03-31"
    assert made.rows[0][1]["satisfied"] == 285


def test_every_fault_by_row_and_column_in_chinese():
    text = lines(list(SURVEY.labels.values()), survey("S1", "31/3/2026"), survey("S2", satisfied="301"),
                 survey("S1"), ["S4", "A9", "2026-03-31", "", "10", "十"])  # fmt: skip
    made = read(SURVEY, text, known)
    said = [str(fault) for _, fault in made.faults]
    assert said[0].startswith("第2行 调查日期列：“31/3/2026”；应为日期")
    assert "第3行 满意（份）列：301大于“有效答卷（份）”的300" in said[1]
    assert "第5行 满意（份）列：“十”；应为0或正整数" in said[2]
    assert len(said) == 3  # a row that cannot be read is not looked up as well
    again = read(SURVEY, lines(survey("S1"), survey("S1"), ["S4", "A9", "2026-03-31", "", "10", "1"]), known)
    assert ["重复" in str(again.faults[0][1]), "“A9”没有登记" in str(again.faults[1][1])] == [True, True]


def test_a_row_that_is_stored_is_not_overwritten_by_a_paste():
    text = lines(["编号", "器具名称", "经营户编号", "管理方式", "使用状态"], ["I0", "秤", "M1", "强制检定", "在用"])
    made = read(INSTRUMENT, text, known)
    assert "“I0”已在台账中" in str(made.faults[0][1])


def test_personal_columns_are_thrown_away_unread_and_named():
    head = ["编号", "投诉人", "手机号", "住址", "监测点编号", "投诉类型", "渠道", "事项", "受理日期"]
    text = lines(head, ["C1", "张三", "13800000000", "某路1号", "P1", "投诉", "现场", "计量", "2026-01-02"])
    made = read(COMPLAINT, text, known)
    assert made.dropped == ["投诉人", "手机号", "住址"]
    assert made.faults == []
    assert "张三" not in str(made)
    assert "13800000000" not in str(made)


def test_what_is_no_table_is_told():
    assert "没有数据" in str(read(SURVEY, " \n\t\n", known).faults[0][1])
    assert "控制字符" in str(read(SURVEY, "S1\tA\x001", known).faults[0][1])
    assert "不认识的列“谁”" in str(read(SURVEY, lines(["编号", "谁", "调查日期"]), known).faults[0][1])
    assert "重复" in str(read(SURVEY, lines(["编号", "编号", "调查日期"]), known).faults[0][1])
    assert "有7格" in str(read(SURVEY, lines([*survey("S1"), "x"]), known).faults[0][1])


@pytest.mark.parametrize("head", [[], [list(SURVEY.labels.values())]])
def test_5000_rows_are_read_and_more_are_refused_with_and_without_a_header(head):
    rows = [survey(f"N{n}") for n in range(10_000)]
    made = read(SURVEY, lines(*head, *rows[:5000]), known)
    assert (made.faults, len(made.rows), made.headed) == ([], 5000, bool(head))
    made = read(SURVEY, lines(*head, *rows), known)
    assert "有10000行；应为不超过5000行。请分几次粘贴" in str(made.faults[0][1])
    assert made.rows == []


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "=1+1", "长" * 10_000, "😀", "'; DROP TABLE survey"])
def test_hostile_text_is_only_text(text):
    made = read(SURVEY, lines(["S1", "A1", "2026-03-31", text, "3", "2"]), known)
    assert bool(made.faults) == (len(text) > 200)
    if made.rows:
        assert made.rows[0][1]["method"] == text


@given(st.text(max_size=200))
def test_any_text_gives_rows_or_faults_never_an_error(text):
    for book in (SURVEY, COMPLAINT):
        made = read(book, text, known)
        assert made.rows or made.faults
