"""监测点季报 without a browser: both sides, counts, contradictions while typing, conflicts, steps, hostile text."""

import re
from datetime import UTC, date, datetime

import ipywidgets as w
import pandas as pd
import pytest
import sqlalchemy as sa
from stores import opened, sample_database

from chengxin import clock
from chengxin.errors import DataError, Fault, UsageError
from chengxin.ledgers.filings.form import load_form
from chengxin.store import drafts, read
from chengxin.store.engine import writing
from chengxin.store.schema import AUDIT
from chengxin.store.write import put
from chengxin.web.entry.filing_form import FilingForm
from chengxin.web.entry.filing_page import FilingPage
from chengxin.workflow import filing as filework
from chengxin.workflow import filing_steps, inputs

AT = datetime(2027, 1, 8, 2, tzinfo=UTC)
POINT, QUARTER = "331002-P01", "2026Q4"  # a point with one instrument, a quarter for which nobody has filed
KEY = f"{POINT}-{QUARTER}"
FORM = load_form()
SOUND = {"instruments": "1", "mandatory": "1", "valid": "１", "non_mandatory": "0", "scanned_ok": "1", "disputes": "0"}
HOSTILE = ["<img src=x onerror=alert(1)>", "=1+1", "</textarea><script>alert(1)</script>", "{said}", "长" * 10_000,
           "a\x00b\x07", "😀👩‍👩‍👧"]  # fmt: skip


@pytest.fixture
def engine(tmp_path):
    with opened(sample_database(tmp_path / "x.db")) as engine:
        yield engine


def form_of(engine, side="own", who="王师傅", quarter=QUARTER):
    return FilingForm(engine, POINT, quarter, who=who, now=lambda: AT, side=side)


def texts(widget):
    """All HTML of a tree of widgets."""
    found = [widget.value] if isinstance(widget, w.HTML) else []
    for child in getattr(widget, "children", ()):
        found += texts(child)
    return found


def said(form, item=None):
    page = form.items[item].page if item else form.page
    return re.sub(r"<[^>]*>", "", " ".join(texts(page)))


def answer(form, item, code):
    form.items[item].controls[item].value = code


def count(form, name, value):
    form._item(name).controls[name].value = value


def fill(form, counts=SOUND):
    """Every item in order."""
    for name, value in counts.items():
        count(form, name, value)
    for item in FORM.items:
        answer(form, item.id, item.favourable[-1])


def status(engine, as_of=date(2027, 2, 1)):
    judged = inputs.filings(read.books(engine), QUARTER, as_of).set_index("point")
    return judged.loc[POINT]


def test_the_printed_form_stands_word_for_word_in_its_order(engine):
    form = form_of(engine)
    whole = "".join(texts(form.page))
    places = [whole.index(text) for text in (FORM.title, *FORM.head, *FORM.columns.values())]
    places += [whole.index(item.text) for item in FORM.items]
    assert places[-15:] == sorted(places[-15:])
    printed = "".join(texts(form.page.children[6]))
    assert QUARTER not in printed  # what the kit keeps beside the form
    assert POINT not in printed


def test_only_one_side_is_open(engine):
    assert {name for item in form_of(engine).items.values() for name in item.controls} == {
        *(item.id for item in FORM.items),
        *FORM.counts,
    }
    assert not any(item.controls for item in form_of(engine, "check").items.values())  # nothing submitted yet
    assert not any(item.controls for item in form_of(engine, "own", quarter="2026Q3").items.values())
    check = form_of(engine, "check", quarter="2026Q3")
    assert {name for item in check.items.values() for name in item.controls} == {
        *(item.id for item in FORM.items),
        "note",
    }
    assert "在用计量器具1台（件）" in said(check, "1")


def test_answers_offered_are_those_that_mean_something(engine):
    form = form_of(engine)
    offered = {key: [code for _, code in item.controls[key].options] for key, item in form.items.items()}
    assert offered["13"] == ["yes", "no"]
    assert offered["14"] == offered["15"] == ["yes", "no", "none"]


def test_each_change_is_saved_and_comes_back(engine):
    form = form_of(engine)
    count(form, "instruments", "1")
    count(form, "instruments", "12")
    answer(form, "10", "no")
    stored = drafts.saved(engine, "filing", KEY)
    assert stored["instruments"].entry == {"value": "12"}
    assert stored["instruments"].version == 2
    assert "已保存" in form.saved.value
    again = form_of(engine)
    assert again.own == form.own
    assert again.items["10"].controls["10"].value == "no"
    assert again.items["1"].controls["instruments"].value == "12"


def test_contradictions_stand_beside_their_item_while_typing(engine):
    form = form_of(engine)
    count(form, "mandatory", "5")
    count(form, "valid", "3")
    answer(form, "1", "yes")
    assert "自查答“是”，而在有效检定周期内的为3，强制检定计量器具为5" in said(form, "1")
    answer(form, "1", "no")
    assert "而在有效检定周期内的为3" not in said(form, "1")
    count(form, "instruments", "7")
    assert "台账中在用的1台（件），填报为7台（件）" in said(form, "1")
    count(form, "disputes", "2")
    answer(form, "14", "none")
    assert "投诉纠纷为2" in said(form, "14")
    assert "2项有矛盾" in form.total.value
    assert "cx-bad" in form.items["14"].page._dom_classes


def test_a_commitment_that_was_withdrawn_and_a_broken_seal_speak_against_good_answers(engine):
    about = {"who": "t", "why": "t", "at": AT}
    with writing(engine) as conn:
        rows = read.books(engine)
        mine = rows["commitment"][rows["commitment"]["point"] == POINT]["id"]
        put(conn, "commitment", [{"id": key, "withdrawn_on": date(2026, 12, 1)} for key in mine], **about)
        held = rows["instrument"][rows["instrument"]["point"] == POINT]["id"]
        put(conn, "instrument", [{"id": key, "seal": "broken"} for key in held], **about)
    form = form_of(engine)
    answer(form, "9", "yes")
    answer(form, "13", "yes")  # 有损坏: the point admits it
    assert "没有季度末仍然有效的承诺" in said(form, "9")
    assert "铅封损坏的" not in said(form, "13").replace("签封损坏的停止", "")
    answer(form, "13", "no")
    assert "台账中铅封损坏的1台（件），而自查为有利" in said(form, "13")


@pytest.mark.parametrize("typed", ["二", "1.5", "-1", "1e3", *HOSTILE])
def test_a_count_that_is_no_number_is_kept_and_told(engine, typed):
    form = form_of(engine)
    count(form, "disputes", typed)
    assert "投诉纠纷：“" in said(form, "14")
    assert "应为0或正整数" in said(form, "14")
    kept = form_of(engine).items["14"].controls["disputes"].value
    assert kept == re.sub("[\x00\x07]", "", typed)


def test_a_part_above_its_whole_is_told_in_the_forms_words(engine):
    form = form_of(engine)
    count(form, "mandatory", "3")
    count(form, "valid", "4")
    assert "在有效检定周期内的：4大于“强制检定计量器具”的3；应为不大于3的数" in said(form, "1")
    assert "valid" not in said(form)
    assert said(form, "1").count("4") == 1  # told once


def test_what_is_missing_is_listed_with_links(engine):
    form = form_of(engine)
    listed = form.missing.children[0].value
    assert "还有15项没有填好" in listed
    assert 'href="#item-14"' in listed
    assert 'id="item-14"' in "".join(texts(form.items["14"].page))
    fill(form)
    assert form.judged.missing == {}
    assert "可以提交" in form.missing.children[0].value


def test_submission_shows_every_fault_and_stores_nothing(engine):
    form = form_of(engine)
    count(form, "disputes", "两件")
    form.submit()
    told = re.sub(r"<[^>]*>", "", " ".join(texts(form.outcome)))
    assert "第13项 计量签封损坏：没有选择答案" in told
    assert "第14项 投诉纠纷：“两件”" in told
    assert KEY not in set(read.books(engine)["filing"]["id"])
    assert form.open


def test_a_filing_from_first_entry_to_check(engine):
    form = form_of(engine)
    fill(form)
    form.submit()
    assert "已提交" in said(form)
    assert not form.open
    found = status(engine)
    assert (found["state"], found["answered"], found["contradictions"]) == ("on_time", "15/15", [])
    assert found["submitted"] == pd.Timestamp(2027, 1, 8)
    check = form_of(engine, "check", who="李科员")
    assert "还有15项" in check.missing.children[0].value
    check.submit()
    assert "第1项 在用计量器具检定、校准：没有核查结果" in re.sub(r"<[^>]*>", "", " ".join(texts(check.outcome)))
    for item in FORM.items:
        answer(check, item.id, "yes" if item.id == "10" else item.favourable[0])
    check.items["10"].controls["note"].value = "复秤短缺15g"
    check.submit()
    assert "核查已提交" in said(check)
    assert "自查“否”，核查“是”，不一致" in said(check, "10")
    found = status(engine)
    assert found["overstated"] == [10]
    answers = read.books(engine)["filing_answer"].query("filing == @KEY").set_index("item")
    assert answers.loc["10", "note"] == "复秤短缺15g"
    form_of(engine, "check")._history()


def test_a_return_carries_a_comment_and_completing_it_is_not_late(engine):
    form = form_of(engine)
    fill(form)
    form.submit()
    check = form_of(engine, "check", who="李科员")
    check.give_back("  ")
    assert "请写明退回的意见" in said(check)
    check.give_back("第14项请核对<b>")
    assert not check.open
    later = FilingForm(engine, POINT, QUARTER, who="王师傅", now=lambda: AT.replace(month=2), side="own")
    assert later.open
    assert "第14项请核对&lt;b&gt;（李科员）" in "".join(texts(later.page))
    count(later, "disputes", "1")
    count(later, "settled", "1")
    answer(later, "14", "yes")
    later.submit()
    found = status(engine, date(2027, 3, 1))
    assert (found["state"], found["days_late"], found["disputes"]) == ("on_time", 0, 1)
    later._history()
    past = said(later)
    assert "状态：退回补正" in past
    assert "自查情况 投诉纠纷：1" in past


def test_submission_is_one_transaction(engine, monkeypatch):
    form = form_of(engine)
    fill(form)
    real = filing_steps.put

    def failing(conn, table, rows, **about):
        if table == "filing_answer":
            raise DataError("试", [Fault("试", "试", "试")])
        return real(conn, table, rows, **about)

    monkeypatch.setattr(filing_steps, "put", failing)
    form.submit()
    assert KEY not in set(read.books(engine)["filing"]["id"])
    with engine.connect() as conn:
        assert conn.execute(sa.select(sa.func.count()).where(AUDIT.c.key == KEY)).scalar() == 0


def test_nobody_submits_over_another_persons_last_word(engine):
    form = form_of(engine)
    fill(form)
    filing = filework.opened(engine, POINT, QUARTER)
    count(form, "disputes", "3")
    with writing(engine) as conn, pytest.raises(UsageError, match="正在改动"):
        filing_steps._still(conn, filing, "filing", ("open",))
    count(form, "disputes", "0")
    form.submit()
    with pytest.raises(UsageError, match="不能进行这一步"):
        filing_steps.submit(engine, POINT, QUARTER, who="x", at=AT)


def test_two_windows_on_one_item_are_told_and_neither_overwrites(engine):
    mine, theirs = form_of(engine), form_of(engine, who="赵店长")
    answer(theirs, "12", "yes")
    answer(mine, "12", "no")
    assert drafts.saved(engine, "filing", KEY)["12"].entry == {"answer": "yes"}
    clash = mine.items["12"].clash
    assert "赵店长在您之前改了第12项" in " ".join(texts(clash))
    keep, give = clash.children[0].children[1].children
    assert (keep.description, give.description) == ("用我的：否", "用赵店长的：是")
    keep.click()
    assert drafts.saved(engine, "filing", KEY)["12"].entry == {"answer": "no"}
    theirs.saver.pull()
    assert theirs.items["12"].controls["12"].value == "no"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_person_types_is_only_text(engine, text):
    form = form_of(engine, who=text[:40].replace("\x00", "") or "x")
    count(form, "disputes", text)
    form._history()
    check = form_of(engine, "check", quarter="2026Q3", who="李")
    check.items["3"].controls["note"].value = text
    check.saver.flush()
    check.give_back(text)
    back = form_of(engine, quarter="2026Q3")
    back._history()
    whole = "".join("".join(texts(each.page)) for each in (form, check, back, form_of(engine)))
    assert "<img" not in whole
    assert "<script" not in whole


def test_the_page_opens_what_its_address_names_and_nothing_else(engine):
    def page(**asked):
        return FilingPage(engine, {"who": "王师傅", **asked}, now=lambda: AT)

    made = page(point=POINT, quarter=QUARTER, side="own")
    assert made.form.filing.id == KEY
    made.close()
    assert made.form is None
    assert page(point=POINT).form.quarter == QUARTER
    for asked in ({"point": "<img src=x>"}, {"point": "'; DROP"}, {"point": POINT, "quarter": "2031Q1"},
                  {"point": POINT, "quarter": "<b>"}):  # fmt: skip
        made = page(**asked)
        assert made.form is None
        assert "请从列表中选择" in made.wrong.value
        assert "<img" not in made.wrong.value
    nobody = FilingPage(engine, {"point": POINT, "quarter": QUARTER}, now=lambda: AT)
    assert nobody.form is None
    assert "请先填写姓名" in nobody.wrong.value


def test_a_role_sees_the_side_it_may_fill_in(engine, monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    for role, sides in {"point": ["own"], "county": ["check", "own"], "leader": [""]}.items():
        identity = f'{{"who": "u", "name": "王", "role": "{role}", "point": "{POINT}"}}'
        monkeypatch.setenv("HTTP_X_CHENGXIN_IDENTITY", identity)
        page = FilingPage(engine, {"who": "王", "side": "check"}, now=lambda: AT)
        assert [code for _, code in page.side.options] == sides


def test_a_point_that_had_nothing_to_file_is_told(engine):
    with pytest.raises(UsageError, match="不需要报送"):
        filework.opened(engine, POINT, "2019Q1")
    with pytest.raises(UsageError, match="没有监测点"):
        filework.opened(engine, "X", QUARTER)


def test_what_is_handed_in_before_dawn_is_seen_the_same_day(engine):
    dawn = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight in China, the quarter has just ended
    page = FilingPage(engine, {"who": "王师傅", "point": POINT, "quarter": QUARTER, "side": "own"}, now=lambda: dawn)
    assert page.quarter.options[0][1] == QUARTER
    fill(page.form)
    page.form.submit()
    found = status(engine, clock.china_day(dawn))
    assert (found["answered"], found["submitted"]) == ("15/15", pd.Timestamp(2027, 1, 1))
