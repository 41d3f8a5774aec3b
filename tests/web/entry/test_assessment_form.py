"""The assessment form driven as a person drives it, without a browser: rules, notes, conflicts, submission."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import ipywidgets as w
import pytest
from stores import opened, sample_database

from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import drafts, read
from chengxin.store.engine import writing
from chengxin.store.write import put
from chengxin.web import controls as parts
from chengxin.web.entry.assessment_form import AssessmentForm
from chengxin.web.entry.assessment_line import controls
from chengxin.web.entry.assessment_page import REVIEW, AssessmentPage
from chengxin.web.entry.attachments import EvidenceForm
from chengxin.web.visitor import asked, name_field
from chengxin.workflow.assessment import opened as work_of

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
SCENIC, STREET = "331024-S2-2026", "331004-J2-2026"
HOSTILE = ["<img src=x onerror=alert(1)>", "=1+1", "</textarea><script>alert(1)</script>", "{total}", "长" * 9000]


@pytest.fixture
def engine(tmp_path):
    with opened(sample_database(tmp_path / "x.db")) as engine:
        yield engine


def form_of(engine, key=SCENIC, who="李科员"):
    return AssessmentForm(engine, key, who=who, now=lambda: AT)


def texts(widget):
    """All HTML of a tree of widgets."""
    found = [widget.value] if isinstance(widget, w.HTML) else []
    for child in getattr(widget, "children", ()):
        found += texts(child)
    return found


def shown(form):
    return re.sub(r"<[^>]*>", "", " ".join(texts(form.page)))


def give(form, line, **values):
    for name, value in values.items():
        (form.lines[line].note if name == "note" else form.lines[line].controls[name]).value = value


def test_the_form_has_every_line_word_for_word(engine):
    for key in (SCENIC, STREET):
        form = form_of(engine, key)
        whole = "".join(texts(form.page))
        for line in form.work.rubric.lines:
            assert line.text in whole
            assert line.rule_in_words() in whole


@pytest.mark.parametrize("kind", ["scenic_area", "street"])
def test_every_rule_kind_has_its_control_and_a_full_entry_scores_full(engine, kind):
    rubric = load_rubric(kind)
    kinds = {line.rule.kind: line for line in rubric.lines}
    for rule, line in kinds.items():
        made = controls(line)
        expected = {"met": w.ToggleButtons, "marks": w.Dropdown}.get(rule, w.Text)
        assert isinstance(made["value"], expected), rule
        assert ("of" in made) == line.rule.needs_of


def test_whatever_the_rule_what_is_entered_is_saved_scored_and_comes_back(engine):
    form = form_of(engine, STREET)
    full = {"met": {"value": 1}, "share": {"value": "9", "of": "９"}, "threshold": {"value": "95", "of": "100"},
            "per_unit": {"value": "0"}, "at_least": {"value": "3"}, "each": {"value": "0"}}  # fmt: skip
    for line in form.work.rubric.lines:
        given = {"value": line.points} if line.rule.kind == "marks" else full[line.rule.kind]
        if line.section == "deduction":
            given = {"value": "0"}
        give(form, line.id, note="现场核实", **given)
    assert form.judged.faults == {}
    assert form.judged.missing == {}
    assert form.judged.result["base"] == 100
    again = form_of(engine, STREET)
    assert again.entries == form.entries
    assert again.judged.result.equals(form.judged.result)
    assert again.lines["2.1"].controls["value"].value == 5


def test_each_key_press_is_one_saved_version_with_a_new_score(engine):
    form = form_of(engine)
    before = form.judged.result["low"]
    for typed in ("2", "29"):
        give(form, "8.1", value=typed)
        assert drafts.saved(engine, "assessment", SCENIC)["8.1"].entry["value"] == typed
    assert form.judged.result["low"] != before
    assert "已保存" in form.saved.value
    assert f"{form.judged.result['low']:.2f}" in form.total.value


def test_half_typed_and_wrong_numbers_are_kept_and_told(engine):
    form = form_of(engine)
    give(form, "8.1", value="二十")
    assert "“二十”不是数字" in shown(form)
    assert form_of(engine).lines["8.1"].controls["value"].value == "二十"
    give(form, "8.1", value="31")
    assert "31大于检查数30" in shown(form)
    give(form, "8.1", value="")
    assert "没有数值" in shown(form)
    assert "请把各数都留空" in shown(form)
    assert " of" not in shown(form)
    assert "cx-bad" in form.lines["8.1"].page._dom_classes


def test_not_applicable_wants_a_reason(engine):
    form = form_of(engine)
    give(form, "11.1", idle=True)
    assert "不适用但没有说明" in shown(form)
    assert "cx-off" not in form.lines["11.1"].note._dom_classes
    give(form, "11.1", note="没有直接入口食品经营户")
    assert "11.1" not in form.judged.faults
    assert form.judged.sheet.set_index("line").loc["11.1", "outcome"] == "not_applicable"
    give(form, "1.1", value="na", note="试")
    assert form.entries["1.1"]["outcome"] == "not_applicable"


def test_marks_below_full_want_a_reason(engine):
    form = form_of(engine, STREET)
    give(form, "6.1", value=3.5, note="")
    assert "没有理由" in shown(form)
    give(form, "6.1", note="改进措施未落实")
    assert "6.1" not in form.judged.faults


def test_a_measured_value_stands_beside_the_entry_and_can_be_taken_back(engine):
    form = form_of(engine)
    line = form.lines["10.1"]
    assert "台账取数：16／18" in shown(form)
    give(form, "10.1", note="")
    assert "10.1" in form.judged.faults  # what is stored overrides the ledger, now without a note
    assert "cx-off" not in line.take._dom_classes
    line.take.click()
    assert "10.1" not in form.judged.faults
    assert form.judged.observations.set_index("line").loc["10.1", "source"] == "台账"
    assert "cx-off" in line.take._dom_classes


def test_evidence_rows_come_with_a_click_and_not_before(engine):
    form = form_of(engine)
    line = form.lines["10.1"]
    assert line.details.children == ()
    line.more.click()
    assert "台账依据（" in " ".join(texts(line.details))
    line.more.click()
    assert line.details.children == ()


def test_last_period_stands_beside_each_line(engine):
    form = form_of(engine)
    before = form.work.before.set_index("line")
    assert f"：{before.loc['2.1', 'reason']}" in " ".join(texts(form.lines["2.1"].page))


def files_of(form, line):
    """The form of a line's files as the page makes it."""
    about = {"who": form.who, "now": form.now, "frozen": form.frozen, "told": form.lines[line].count}
    return EvidenceForm(form.engine, form.work.about["id"], line, **about)


def test_what_is_missing_is_listed_with_links_to_its_place(engine):
    form = form_of(engine)
    listed = form.missing.children[0].value
    assert 'href="#line-7-1"' in listed
    assert 'id="line-7-1"' in " ".join(texts(form.lines["7.1"].page))
    give(form, "7.1", value=1)
    assert 'href="#line-7-1"' not in form.missing.children[0].value


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_person_types_is_only_text(engine, text):
    form = form_of(engine, who=text[:40])
    give(form, "7.1", value=0, note=text)
    give(form, "8.1", value=text[:60])
    form.saver.flush()
    form.move("draft", text)
    form._history()
    form.lines["7.1"].more.click()
    files = files_of(form, "7.1")
    files.attach([(text[:60], b"\xff\xd8\xff" + b"x"), (text[:60], b"MZ")])
    assert "不认得的文件类型" in files.wrong.value
    whole = "".join(texts(form_of(engine, who="王").page)) + "".join(texts(form.page))
    assert "<img" not in whole
    assert "<script" not in whole
    assert form_of(engine).lines["7.1"].note.value == text


def test_two_windows_on_one_line_are_told_and_neither_overwrites(engine):
    mine, theirs = form_of(engine), form_of(engine, who="王科长")
    give(theirs, "8.1", value="22")
    give(mine, "8.1", value="21")
    assert drafts.saved(engine, "assessment", SCENIC)["8.1"].entry["value"] == "22"
    said = " ".join(texts(mine.lines["8.1"].clash))
    assert "王科长在您之前改了这一条" in said
    keep, give_way = mine.lines["8.1"].clash.children[0].children[1].children
    assert "21" in keep.description
    assert "22" in give_way.description
    keep.click()
    assert drafts.saved(engine, "assessment", SCENIC)["8.1"].entry["value"] == "21"
    theirs.saver.pull()
    assert theirs.lines["8.1"].controls["value"].value == "21"
    give(mine, "9.1", value="1")
    give(theirs, "9.1", value="2")
    theirs.lines["9.1"].clash.children[0].children[1].children[1].click()
    assert theirs.entries["9.1"]["value"] == "1"
    assert drafts.saved(engine, "assessment", SCENIC)["9.1"].version == 1


def test_others_who_are_there_are_named(engine):
    mine, theirs = form_of(engine), form_of(engine, who="王科长")
    theirs.saver.pull()
    mine._others(mine.saver.pull())
    assert "王科长也打开了本评价" in mine.others.value
    mine._others([])
    assert mine.others.value == ""


def test_merchants_are_drawn_with_a_recorded_seed_and_checked_one_by_one(engine):
    form = form_of(engine)
    for wrong in ("七", "-1", "7.5", "²", "1" * 13):
        form.grid.seed.value = wrong
        form.grid.start.click()
        assert f"随机种子“{wrong}”：应为不超过12位的整数" in shown(form)
    form.grid.seed.value = "7"
    form.grid.start.click()
    sample = drafts.saved(engine, "assessment", SCENIC)["sample"].entry
    assert (sample["seed"], sample["of"], len(sample["merchants"])) == (7, 30, 30)
    cells = {f"10.2@{code}": "ok" for code in sample["merchants"]} | {f"10.2@{sample['merchants'][0]}": "bad"}
    changes = cells | {"1.1@x": "ok", "10.2@x": "ok", "10.2@": "bad"}
    form.grid._heard(None, {"changes": changes, "count": 3}, None)
    assert (form.grid.grid.heard, form.grid.grid.cells) == (3, cells)
    give(form, "10.2", value="", of="")
    row = form.judged.observations.set_index("line").loc["10.2"]
    assert (row["value"], row["of"]) == (29, 30)
    assert "逐户检查：合格29户，检查30户" in shown(form)
    assert not any("@x" in field for field in drafts.saved(engine, "assessment", SCENIC))
    again = form_of(engine)
    assert again.grid.grid.cells == cells


STRANGE = [None, {}, {"changes": ["x"]}, "x", {"changes": None}, {"changes": {"a": {"b": 1}}}, {"changes": {"8.1@": 3}},
           {"count": "x"}, {"changes": {"8.1@": "ok"}, "count": True}]  # fmt: skip


@pytest.mark.parametrize("content", STRANGE)
def test_a_strange_message_from_the_browser_changes_nothing(engine, content):
    form = form_of(engine)
    form.grid.start.click()
    before = len(drafts.changes(engine, "assessment", SCENIC))
    form.grid._heard(None, content, None)
    assert form.grid.grid.heard == 0
    assert len(drafts.changes(engine, "assessment", SCENIC)) == before


def test_submission_shows_every_fault_then_freezes(engine):
    form = form_of(engine)
    give(form, "10.1", note="")
    form.submit()
    said = " ".join(texts(form.outcome))
    assert "7.1条" in said
    assert "10.1条" in said
    give(form, "7.1", value=1)
    give(form, "10.1", note="另有一户铅封损坏")
    form.submit()
    assert "已提交" in " ".join(texts(form.outcome))
    assert "评价已提交，内容只供查看" in form.standing.value
    assert form.lines["8.1"].controls["value"].disabled
    assert form.grid.grid.frozen
    stored = read.observations(engine, "2026").query("assessment == @SCENIC")
    rubric = form.work.rubric
    assert totals(score(rubric, stored)).iloc[0]["low"] <= form.judged.result["total"]


def test_a_return_with_a_comment_opens_the_form_again(engine):
    form = form_of(engine)
    give(form, "7.1", value=1)
    give(form, "10.1", note="另有一户铅封损坏")
    form.submit()
    form.move("draft", "  ")
    assert "为什么" in shown(form)
    assert form.frozen
    form.move("draft", "请补照片")
    assert not form.frozen
    assert "已退回修改：请补照片（李科员）" in form.standing.value
    assert "已退回修改：请补照片（李科员）" in form_of(engine).standing.value
    assert not form.lines["8.1"].controls["value"].disabled
    give(form, "8.1", value="20")
    assert "已保存" in form.saved.value
    form._history()
    assert "请补照片" in shown(form)
    form.submit()
    assert "退回修改" not in form.standing.value


@pytest.mark.parametrize(("role", "offered"), [("city", [True, True]), ("county", [True, False]), ("assessor", None)])
def test_a_role_is_offered_only_the_steps_it_may_take(engine, role, offered):
    with writing(engine) as conn:
        put(conn, "assessment", [{"id": SCENIC, "status": "submitted"}], who="王科长", why="提交", at=AT)
    form = AssessmentForm(engine, SCENIC, who="李", now=lambda: AT, review=REVIEW.get(role, ()))
    there = ["cx-off" not in form.reviewing._dom_classes]
    there += ["cx-off" not in each._dom_classes for each in form.reviewing.children[1].children]
    assert there == ([True, *offered] if offered else [False, False, False])


def test_a_photo_is_kept_and_another_file_refused(engine):
    form = form_of(engine)
    line = form.lines["10.1"]
    line.more.click()
    (upload,) = (each for each in line.details.children[-1].children if isinstance(each, w.FileUpload))
    given = [{"name": "x.exe", "content": b"MZ"}, {"name": "铅封.jpg", "content": PHOTO}]
    about = {"type": "", "size": 2, "last_modified": AT}
    upload.value = tuple({**about, **each} for each in given)
    said = " ".join(texts(line.details))
    assert "铅封.jpg" in said
    assert "不认得的文件类型" in said
    assert line.more.description == "依据、照片（1份）"
    assert form_of(engine).lines["10.1"].more.description == "依据、照片（1份）"


PHOTO = b"\xff\xd8\xffphoto"


def test_a_photo_is_looked_at_and_taken_out_with_a_reason(engine):
    form = form_of(engine)
    files = files_of(form, "10.1")
    files.look.click()
    assert "请先选择文件" in files.wrong.value
    files.attach([("铅封.jpg", PHOTO), ("证书.pdf", b"%PDF-1.7 x")])
    keys = {label.split("（")[0]: key for label, key in files.chosen.options[1:]}
    files.chosen.value = keys["铅封.jpg"]
    files.look.click()
    assert (files.view.children[0].value, files.view.children[0].format) == (PHOTO, "jpeg")
    files.chosen.value = keys["证书.pdf"]
    files.look.click()
    assert 'download="证书.pdf"' in files.view.children[0].value
    files.out.click()
    assert "写明撤下的理由" in files.wrong.value
    files.why.value = "传错"
    files.out.click()
    assert [key for _, key in files.chosen.options[1:]] == [keys["铅封.jpg"]]
    assert form.lines["10.1"].more.description == "依据、照片（1份）"


def test_after_submission_files_are_only_looked_at(engine):
    form = form_of(engine)
    files = files_of(form, "10.1")  # open in one window while another hands in
    files.attach([("铅封.jpg", PHOTO)])
    files.chosen.value = files.chosen.options[1][1]
    with writing(engine) as conn:
        put(conn, "assessment", [{"id": SCENIC, "status": "submitted"}], who="王科长", why="提交", at=AT)
    files.attach([("另一张.jpg", PHOTO + b"2")])
    assert "佐证不能再改" in files.wrong.value
    files.why.value = "传错"
    files.out.click()
    assert "佐证不能再改" in files.wrong.value
    again = form_of(engine)
    again.lines["10.1"].more.click()
    shut = files_of(again, "10.1")
    assert "cx-off" in shut.upload._dom_classes
    assert "cx-off" in shut.taking._dom_classes
    assert len(shut.kept) == 1


def test_an_open_conflict_or_an_unsaved_change_is_not_handed_in(engine):
    mine, theirs = form_of(engine), form_of(engine, who="王科长")
    for form in (mine, theirs):
        give(form, "7.1", value=1)
    give(theirs, "8.1", value="22")
    give(mine, "8.1", value="21")
    mine.submit()
    assert "8.1条证照规范展示有冲突待选定" in shown(mine)
    assert work_of(engine, SCENIC).about["status"] == "draft"
    mine.lines["8.1"].clash.children[0].children[1].children[1].click()
    mine.saver.waiting["9.1"] = {"value": "1"}
    mine.saver.flush = lambda: None
    mine.submit()
    assert "9.1条经营环境整洁有冲突待选定或还没有保存" in shown(mine)


def test_another_window_follows_the_submission_and_the_return(engine):
    mine, theirs = form_of(engine), form_of(engine, who="王科长")
    give(mine, "7.1", value=1)
    mine.submit()
    theirs._others(theirs.saver.pull())
    assert theirs.frozen
    assert theirs.lines["8.1"].controls["value"].disabled
    assert "已由他人改为“已提交”" in shown(theirs)
    theirs.move("draft", "请补照片")
    mine._others(mine.saver.pull())
    assert not mine.frozen


def test_typing_into_a_form_that_was_frozen_meanwhile_shows_what_is_stored(engine):
    mine, theirs = form_of(engine), form_of(engine, who="王科长")
    give(mine, "7.1", value=1)
    mine.submit()
    total = mine.judged.result["total"]
    give(theirs, "8.1", value="1")
    assert "不能再改" in theirs.saved.value
    assert theirs.frozen
    assert theirs.judged.result["total"] == total


def test_only_one_place_makes_html_widgets():
    package = Path(parts.__file__).parent
    for path in package.glob("*.py"):
        found = re.findall(r"\b(?:w|widgets|ipywidgets)\.(?:HTML|HTMLMath)\(", path.read_text("utf-8"))
        assert found == [], path.name


def test_the_page_opens_what_its_address_names_and_nothing_else(engine, monkeypatch):
    page = AssessmentPage(engine, {"assessment": SCENIC, "who": "李科员"}, now=lambda: AT)
    assert page.form is not None
    page.close()
    assert page.form is None
    for wanted in ("X", "<img src=x onerror=alert(1)>", "__import__('os')"):
        page = AssessmentPage(engine, {"assessment": wanted, "who": "李"}, now=lambda: AT)
        assert page.form is None
        assert "<img" not in page.wrong.value
        assert "没有评价" in page.wrong.value
    monkeypatch.setenv("QUERY_STRING", "assessment=A&assessment=B&who=%E6%9D%8E")
    assert asked() == {"assessment": "B", "who": "李"}
    monkeypatch.setenv("QUERY_STRING", "period=2026&;&=&%zz=%00&" + "x=1&" * 5000)
    assert asked() == {"period": "2026", "%zz": "\x00", "x": "1"}
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    monkeypatch.setenv("HTTP_X_CHENGXIN_IDENTITY", '{"who": "u1", "name": "王科长", "role": "county"}')
    assert asked()["who"] == "王科长"  # an address cannot say who one is
    assert name_field(asked()).disabled
    monkeypatch.setenv("HTTP_X_CHENGXIN_IDENTITY", '{"who": "demo", "name": "演示", "role": "city"}')
    assert not name_field(asked()).disabled


def test_nobody_enters_without_a_name(engine):
    page = AssessmentPage(engine, {"assessment": SCENIC}, now=lambda: AT)
    assert page.form is None
    assert "请先填写姓名" in page.wrong.value


def test_an_assessment_is_begun_from_the_page(engine):
    page = AssessmentPage(engine, {"who": "李科员"}, now=lambda: AT)
    page.area.value = "331024-S2"
    for wrong in ("", "26", "0000", "1999", "2028", "二〇二七", "2027年", "9" * 30):
        page.period.value = wrong
        page.begin()
        assert "评价年度是2000至2027之间的四位数" in page.wrong.value
    page.period.value, page.as_of.value = "2027", date(2025, 12, 31)
    page.begin()
    assert "截止日期2025年12月31日不在2027年度" in page.wrong.value
    assert page.form is None
    page.as_of.value = None
    page.period.value = "２０２７"
    page.begin()
    assert page.form is not None
    assert work_of(engine, "331024-S2-2027").about["status"] == "draft"
    assert page.form.judged.result["low"] == 0 or page.form.judged.result["assessed_points"] > 0
