"""台账 without a browser: list, filter, add, change, retire, paste; who and why; nobody overwritten; hostile text."""

import re
from datetime import UTC, date, datetime

import ipywidgets as w
import pytest
from stores import opened, sample_database

from chengxin.errors import DataError, UsageError
from chengxin.exchange.books import BOOKS
from chengxin.store import read
from chengxin.store.engine import writing
from chengxin.store.write import put
from chengxin.web.entry.ledger_page import LedgerPage
from chengxin.workflow import ledger_rows

AT = datetime(2026, 11, 2, 2, tzinfo=UTC)
ABOUT = {"who": "李科员", "why": "年度清查", "at": AT}
INSTRUMENT, SURVEY, COMMITMENT = BOOKS["instrument"], BOOKS["survey"], BOOKS["commitment"]
FIRST = "331002-J1-I001"
HOSTILE = ["<img src=x onerror=alert(1)>", "=1+1", "</textarea><script>alert(1)</script>", "{table}", "😀",
           "长" * 10_000, "a\x00b"]  # fmt: skip


@pytest.fixture
def engine(tmp_path):
    with opened(sample_database(tmp_path / "x.db")) as engine:
        yield engine


def page_of(engine, **asked):
    return LedgerPage(engine, {"who": "李科员", **asked}, now=lambda: AT)


def texts(widget):
    found = [widget.value] if isinstance(widget, w.HTML) else []
    for child in getattr(widget, "children", ()):
        found += texts(child)
    return found


def said(widget):
    return re.sub(r"<[^>]*>", "", " ".join(texts(widget)))


def widgets(widget):
    return 1 + sum(map(widgets, getattr(widget, "children", ())))


def test_2500_instruments_are_few_widgets_in_pages(engine):
    page = page_of(engine)
    assert widgets(page.page) < 60
    assert "第1／125页，共2496条" in said(page.table)
    page.after.click()
    assert "第2／125页" in said(page.table)
    page.show(9999)
    assert "第125／125页" in said(page.table)
    assert page.after.disabled


def test_the_filter_takes_words_literally_and_the_state_of_the_clock(engine):
    page = page_of(engine)
    page.words.value = "331002-j1 计价"
    assert 0 < int(re.search(r"共(\d+)条", said(page.table))[1]) < 100
    for strange in ("(", "[a", ".*", "\\"):
        page.words.value = strange
        assert "共0条" in said(page.table)
    page.words.value = ""
    page.state.value = "已超期"
    overdue = int(re.search(r"共(\d+)条", said(page.table))[1])
    frame = ledger_rows.rows(engine, INSTRUMENT, date(2026, 11, 2))
    assert overdue == (frame["state"] == "已超期").sum() > 0


@pytest.mark.parametrize("table", BOOKS)
def test_every_ledger_opens_and_a_row_saved_as_it_is_changes_nothing(engine, table):
    page = page_of(engine, ledger=table)
    key = page.row.options[1][1]
    page.edit(key)
    page.form.why.value = "核对"
    before = len(read.audit_trail(engine, 10_000))
    page.form.send.click()
    assert "已保存" in said(page.outcome)
    assert len(read.audit_trail(engine, 10_000)) == before


def test_a_change_is_kept_with_who_and_why(engine):
    page = page_of(engine)
    page.edit(FIRST)
    assert page.form.controls["id"].disabled
    page.form.controls["place"].value = "2区7号摊位"
    page.form.controls["seal"].value = "损坏"
    page.form.send.click()
    assert "请填写姓名和说明" in said(page.outcome)
    page.form.why.value = "现场检查发现"
    page.form.send.click()
    trail = read.audit_trail(engine, 1).iloc[0]
    assert (trail["who"], trail["why"], trail["key"]) == ("李科员", "现场检查发现", FIRST)
    assert (trail["old"]["seal"], trail["new"]["seal"], trail["new"]["place"]) == ("intact", "broken", "2区7号摊位")
    assert "2区7号摊位" in said(page.table)


def test_an_edit_that_somebody_made_in_between_is_not_overwritten(engine):
    page = page_of(engine)
    page.edit(FIRST)
    with writing(engine) as conn:
        put(conn, "instrument", [{"id": FIRST, "place": "别处"}], **ABOUT)
    page.form.controls["place"].value = "我处"
    page.form.why.value = "x"
    page.form.send.click()
    assert "被别人改过，没有覆盖。使用地点：“1区1号摊位”→“别处”" in said(page.outcome)
    assert ledger_rows.stored(engine, INSTRUMENT, FIRST)["place"] == "别处"


def test_a_new_row_is_checked_by_the_rules_of_load(engine):
    page = page_of(engine)
    page.edit("")
    page.form.why.value = "新购"
    page.form.controls["id"].value = FIRST
    page.form.controls["calibration_months"].value = "一年"
    page.form.send.click()
    told = said(page.outcome)
    assert "器具名称列：空白" in told
    assert "校准周期（月）列：“一年”；应为0或正整数" in told
    for name, value in {"id": "新-1", "kind": "电子秤", "management": "强制检定", "status": "在用",
                        "calibration_months": "", "in_use_since": "２０２６年１月５日"}.items():  # fmt: skip
        page.form.controls[name].value = value
    page.form.send.click()
    assert "三列都空白" in said(page.outcome)
    page.form.controls["merchant"].value = "没有这户"
    page.form.send.click()
    assert "“没有这户”没有登记" in said(page.outcome)
    page.form.controls["merchant"].value = "331002-J1-M01"
    page.form.send.click()
    assert "已保存" in said(page.outcome)
    assert ledger_rows.stored(engine, INSTRUMENT, "新-1")["in_use_since"] == date(2026, 1, 5)


def test_retiring_and_withdrawing_keep_the_row(engine):
    page = page_of(engine)
    page.edit(FIRST)
    page.form.why.value = "损坏不能修复"
    page.form.out.click()
    row = ledger_rows.stored(engine, INSTRUMENT, FIRST)
    assert (row["status"], row["retired_on"]) == ("retired", date(2026, 11, 2))
    with pytest.raises(UsageError, match="已于2026-11-02报废"):
        ledger_rows.retire(engine, INSTRUMENT, row, date(2026, 11, 3), **ABOUT)
    page = page_of(engine, ledger="commitment")
    with engine.connect() as conn:
        key = conn.exec_driver_sql("SELECT id FROM commitment WHERE withdrawn_on IS NULL").scalar()
    page.edit(key)
    page.form.why.value = "经营者要求撤回"
    page.form.out.click()
    assert ledger_rows.stored(engine, COMMITMENT, key)["withdrawn_on"] == date(2026, 11, 2)
    with pytest.raises(UsageError, match="没有停用的状态"):
        ledger_rows.retire(engine, SURVEY, {}, date(2026, 11, 3), **ABOUT)


def instruments(count, bad=()):
    head = "器具编号\t器具名称\t经营户编号\t管理方式\t使用状态".replace("器具编号", "编号")
    rows = [f"N{n:03}\t电子秤\t{'没有' if n in bad else '331002-J1-M01'}\t强制检定\t在用" for n in range(count)]
    return "\n".join([head, *rows])


def test_a_paste_with_bad_rows_saves_nothing_until_all_are_mended(engine):
    page = page_of(engine)
    page.area.value = instruments(200, bad=(7, 150))
    page.look.click()
    assert "共200行，2处有误" in said(page.preview)
    assert "第9行 经营户编号列：“没有”没有登记" in said(page.preview)
    assert page.keep.disabled
    page.save_all()
    assert "N000" not in read.keys(engine, "instrument")
    page.area.value = instruments(200)
    assert page.keep.disabled  # what changed must be checked again
    page.look.click()
    page.keep.click()
    assert "已保存200条" in said(page.outcome)
    assert {f"N{n:03}" for n in range(200)} <= read.keys(engine, "instrument")


def test_a_paste_without_header_says_in_which_order_it_is_read(engine):
    page = page_of(engine, ledger="survey")
    page.area.value = "调查问卷\t日期\t答卷\nS1\t2026-03-31\t10"
    page.check()
    assert "没有表头，按“编号、景区街区编号、" in said(page.preview)
    page.area.value = "编号\t景区街区编号\t调查日期\nS1\t331002-J1\t2026/2/30"
    page.check()
    assert "没有表头" not in said(page.preview)
    assert "第2行 调查日期列：“2026/2/30”；应为日期" in said(page.preview)


def test_a_paste_is_one_transaction_and_overwrites_nobody(engine):
    page = page_of(engine)
    page.area.value = instruments(3)
    page.look.click()
    with writing(engine) as conn:
        row = {**ledger_rows.stored(engine, INSTRUMENT, FIRST), "id": "N002", "place": "先登记的"}
        put(conn, "instrument", [row], **ABOUT)
    page.keep.click()
    assert "“N002”刚刚被别人登记，没有覆盖" in said(page.outcome)
    assert "N000" not in read.keys(engine, "instrument")


def test_personal_columns_of_complaints_are_dropped_and_said_so(engine):
    page = page_of(engine, ledger="complaint")
    page.area.value = ("编号\t投诉人\t电话\t经营户编号\t投诉类型\t渠道\t事项\t受理日期\n"
                       "C-1\t张三\t13800000000\t331002-J1-M01\t投诉\t现场\t计量\t2026/1/2")  # fmt: skip
    page.look.click()
    assert "个人信息列已丢弃，没有读入：投诉人、电话" in said(page.preview)
    assert "张三" not in said(page.preview)
    page.keep.click()
    assert "张三" not in str(read.audit_trail(engine, 5).to_dict())
    assert "C-1" in read.keys(engine, "complaint")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_person_types_is_only_text(engine, text):
    page = page_of(engine, ledger="event", who=text[:40])
    page.edit("")
    for name, value in {"id": "E-1", "area": "331002-J1", "kind": "媒体宣传", "level": "市级",
                        "happened_on": "2026-01-02", "title": text}.items():  # fmt: skip
        page.form.controls[name].value = value
    page.form.why.value = text
    page.form.send.click()
    page.words.value = text
    page.area.value = f"E-2\t331002-J1\t\t\t媒体宣传\t市级\t2026-01-02\t{text}\t"
    page.look.click()
    whole = "".join(texts(page.page)) + "".join(texts(page_of(engine, ledger="event").page))
    assert "<img" not in whole
    assert "<script" not in whole
    assert "E-1" in read.keys(engine, "event") or "没有保存" in said(page.outcome)


def test_a_row_that_is_not_there_is_told(engine):
    page = page_of(engine)
    page.edit("X<b>")
    assert "没有“X&lt;b&gt;”" in said(page.outcome)
    page.change.click()
    assert "请先选择一条" in said(page.outcome)
    with pytest.raises(DataError):
        ledger_rows.save(engine, SURVEY, {"id": "S"}, None, **ABOUT)


def test_who_may_only_read_sees_no_form(engine, monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    monkeypatch.setenv("HTTP_X_CHENGXIN_IDENTITY", '{"who": "u", "name": "王", "role": "leader"}')
    assert not page_of(engine).may
