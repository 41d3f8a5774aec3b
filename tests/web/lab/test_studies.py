"""What the lab's notebooks stand on and show; every role and every empty choice gets a sentence."""

import inspect
import json
import re

import nbformat
import pandas as pd
import pytest
from labdata import SCENIC, STREET, observed
from stores import opened, sample_database

from chengxin import lab
from chengxin.errors import UsageError
from chengxin.figures.city import Choice, gathered
from chengxin.figures.losses import ranking
from chengxin.lab import assessors
from chengxin.paths import place
from chengxin.reports.memo import memo
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.store.access import IDENTITY
from chengxin.web.lab import results_html, studies
from chengxin.web.lab.walk import Enough, TryLine, Walk
from chengxin.web.lab.what_if_form import WhatIfForm

NOTEBOOKS = sorted((place("notebooks") / "lab").glob("*.ipynb"))
ROLES = {  # the city's account is that of the pages in test_lab_pages
    "leader": {"role": "leader"}, "county": {"role": "county", "unit": "331082"},
    "county of none": {"role": "county", "unit": "331099"},
}  # fmt: skip
CHOICES = {
    "none": observed(STREET, 1, 1).head(0), "one": observed(STREET, 1, 1),
    "incomplete": observed(STREET, 3, 1, missing=0.5),
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return sample_database(tmp_path_factory.mktemp("lab") / "x.db")


@pytest.fixture
def at(base, monkeypatch):
    """Sits at a page of the site as somebody."""

    def sit(**who):
        monkeypatch.setenv("CHENGXIN_DB", str(base))
        monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
        about = {"who": "li", "name": "李四", "unit": "", "point": "", **who}
        monkeypatch.setenv(IDENTITY, json.dumps(about))

    return sit


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_notebook_runs_on_any_rubric_and_period(at, path, monkeypatch):
    at(**ROLES["leader"])
    monkeypatch.setenv("QUERY_STRING", "rubric=scenic_area&period=2025")
    known = run(path)
    if "study" in known:
        assert (known["study"].rubric.id, known["study"].period) == ("scenic_area", "2025")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_notebook_runs_for_every_role(at, path, role):
    at(**ROLES[role])
    run(path)


def run(path):
    """Runs what the site runs, without a kernel, and gives what the notebook then knows."""
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code" and "check" not in cell.metadata.get("tags", [])]
    assert len(code) >= 3
    known = {}
    for source in code:
        exec(source, known)
    return known


def test_a_county_sees_its_own_rows_only(at, base):
    at(role="county", unit="331082")
    found = studies.study("2026", "street")
    with opened(base) as engine:
        mine = read.assessments(engine, "2026", unit="331082")
    assert set(found.observations["assessment"]) <= set(mine["id"])
    assert set(studies.checked_filings("2026")["unit"]) == {"临海市"}


def test_totals_are_those_of_the_dashboard(base):
    """Lines that nobody entered are filled from the ledgers, as everywhere."""
    found = studies.study("2026", "street", str(base))
    mine = totals(score(found.rubric, found.observations))
    with opened(base) as engine:
        rows = ranking(gathered(engine), Choice("2026", "street", None))
    told = dict(zip(rows["name"], rows["total"].where(rows["complete"]), strict=True))
    named = {found.names[row.assessment]: row.total for row in mine.itertuples()}
    pd.testing.assert_series_equal(pd.Series(named).sort_index(), pd.Series(told).sort_index(), check_names=False)
    assert mine["complete"].sum() > 6


@pytest.mark.parametrize("choice", CHOICES)
def test_an_empty_or_partial_choice_is_a_sentence_or_an_empty_table(choice):
    frame, names = CHOICES[choice], {}
    found = lab.what_if(STREET, frame, {"12.1": {"points": 5}})
    firm = lab.rank_intervals(STREET, frame, 20, 1, vary=["points", "merchants", "surveys"])
    study = studies.Study(STREET, frame, names, False, "2026")
    cards = [
        study.opening(),
        results_html.scores(STREET, frame, names),
        results_html.moves(found, names),
        results_html.effects(memo(STREET, frame, "无", demo=False)),
        results_html.firmness(firm, names),
        results_html.duels(lab.beats(STREET, frame, 20, 1), names),
        results_html.deciding(lab.leave_one_out(STREET, frame)),
        results_html.groups(STREET, frame, 8, 1),
        results_html.variants({"原": STREET}, frame, names),
        results_html.lines(lab.line_statistics(STREET, frame), lab.double_counting(STREET, frame)),
        results_html.exercise(STREET, *studies.paper_case(study)),
    ]
    assert all("<div" in card.text for card in cards)
    assert ("评完两个以上再看" in cards[2].text) is (choice != "one")
    assert ("没有你能看到的" in cards[0].text) is (choice == "none")
    assert ("没有可作案卷的评价" in cards[-1].text) is (choice == "none")
    form, walk = WhatIfForm(STREET, frame), Walk(STREET, frame, names)
    form.points.value = "11"
    form.shelf.known.value = "street_strict_demo"
    assert form.shelf.kept
    assert "<table" in walk.told.value


def test_nothing_checked_is_a_sentence():
    nothing = pd.DataFrame(columns=["item", "sector", "self_good", "check_good"])
    card = results_html.alike(assessors.filed(nothing, ["sector"]), {"sector": "行业"}, "一致程度")
    assert "没有双方都判断的项" in card.text


def test_self_assessment_beside_re_check(at, base):
    at(role="leader")
    rows = studies.rechecks(studies.study("2026", "street"))
    assert rows["line"].iloc[0] == "全部"
    card = results_html.differing(rows, "一致").text
    apart = rows.iloc[1:].query("agreed < n")["label"]
    assert 0 < len(apart) < len(rows) - 1
    assert card.count("<tr>") == len(apart) + 2
    assert all(label in card for label in apart)
    assert studies.rechecks(studies.study("2024", "street")).empty
    assert "没有复核过的条目" in results_html.differing(pd.DataFrame(), "一致").text


def test_cards_hold_what_was_computed_and_escape_names():
    frame, names = observed(STREET, 6, 1), {"A00": "<b>甲</b>"}
    firm = lab.rank_intervals(STREET, frame, 200, 1)
    page = results_html.firmness(firm, names).text
    for row in firm.table.itertuples():
        assert f">{row.low}–{row.high}<" in page
    share = lab.beats(STREET, frame, 200, 1)
    duels = results_html.duels(share, names).text
    assert f"{share.loc['A00', 'A01']:.1%}" in duels
    assert duels.count('<td class="num">—</td>') == 6  # nobody against itself
    for text in (page, duels, results_html.scores(STREET, frame, names).text):
        assert "<b>甲" not in text
        assert "&lt;b&gt;甲" in text
    enough = results_html.enough(120, [54], [0.97]).text
    assert "±9.9个百分点" in enough
    assert ">457<" in enough


def test_the_address_asks_for_another_study_of_the_kit_and_for_nothing_else(at, base, tmp_path):
    at(role="leader")
    found = studies.study("2026", "street", asked={"rubric": "scenic_area", "period": "2024"})
    assert (found.rubric.id, found.period) == ("scenic_area", "2024")
    links = re.findall(r'href="([^"]+)"', found.links().text)
    assert "?rubric=street&amp;period=2026" in links
    assert "?rubric=scenic_area&amp;period=2024" not in links
    assert "<strong>2024年景区</strong>" in found.opening().text
    assert found.links().text in found.form().page.children[0].value
    secret = tmp_path / "x.yaml"
    secret.write_text("id: <i>", "utf-8")
    for rubric, period in ((str(secret), "2026"), ("../x", "<i>"), ("", "２０２６"), ("street", "2026' OR 1")):
        found = studies.study("2026", "street", asked={"rubric": rubric, "period": period})
        assert (found.rubric.id, found.period) == ("street", "2026")


def test_outside_the_site_there_are_no_links(base):
    assert studies.study("2026", "street", str(base)).links().text == ""


def test_a_study_of_a_period(base):
    found = studies.study("2026", "street_strict_demo", str(base))
    assert (found.rubric.variant, found.demo) == ("street_strict_demo", True)
    assert set(found.observations["assessment"]) == set(found.names)
    assert "演示数据" in found.form().page.children[0].value
    assert "1999年没有你能看到的" in studies.study("1999", "street", str(base)).opening().text
    with pytest.raises(UsageError, match="没有评分细则"):
        studies.study("2026", "moon", str(base))


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("what_if", ["rubric", "observations", "changes"]), ("readings_effect", ["rubric", "observations"]),
        ("rank_intervals", ["rubric", "observations", "draws", "seed"]),
        ("leave_one_out", ["rubric", "observations"]), ("line_statistics", ["rubric", "observations"]),
        ("agreement", ["a", "b"]), ("sample_size", []),
    ],
)  # fmt: skip
def test_the_names_that_were_asked_for_stand_in_the_lab_and_are_documented(name, takes):
    work = getattr(lab, name)
    assert list(inspect.signature(work).parameters)[: len(takes)] == takes
    assert all(f"\n    {part}\n    ---" in work.__doc__ for part in ("Parameters", "Returns", "Raises"))
    assert name in lab.__all__
    if name not in ("what_if", "readings_effect"):  # plain differences of totals and ranks have no other source
        assert re.search(r"(19|20)\d\d", work.__doc__)


def test_a_mistake_shows_its_sentence_in_a_notebook_and_no_frames():
    assert UsageError("改一改。")._render_traceback_() == ["改一改。"]


@pytest.mark.parametrize("rubric", [STREET, SCENIC], ids=["street", "scenic_area"])
def test_wording_stands_beside_rule_and_example(rubric):
    page = studies.beside_wording(rubric).text
    assert page.count("<tr>") == len(rubric.lines) + 1
    assert studies.example(SCENIC.line("2.1")) == "1台件：得4分"
    assert studies.example(STREET.line("12.1")) == "20份中18份：得5.4分"


@pytest.mark.parametrize("rubric", [STREET, SCENIC], ids=["street", "scenic_area"])
def test_any_line_can_be_tried_live(rubric):
    tried = TryLine(rubric)
    for line in rubric.lines:
        tried.line.value = line.id
        assert line.text in tried.wording.value
        assert "alert" not in tried.told.value
    tried.line.value = next(line.id for line in rubric.lines if line.rule.needs_of)
    for value, of in (("21", "20"), ("<i>", "20"), ("1", ""), ("-1", "20"), ("1e999", "20")):
        tried.value.value, tried.of.value = value, of
        assert "alert" in tried.told.value, (value, of)
        assert "<i>" not in tried.told.value
    tried.value.value, tried.of.value = "20", "20"
    assert "20÷20=" in tried.told.value


def test_how_many_are_enough_for_ones_own_numbers():
    tried = Enough()
    assert "120户中抽查30户，合格率的误差为±15.6个百分点；误差要在±10个百分点以内，至少抽查54户" in tried.told.value
    assert "至少有457份有效问卷，才能确认满意度达到95%" in tried.told.value
    tried.fields["population"].value, tried.fields["confidence"].value = "", "90"
    assert "经营户很多时抽查30户，合格率的误差为±15.0个百分点" in tried.told.value
    assert f"至少抽查{lab.sample_size(margin=0.1, confidence=90)}户" in tried.told.value
    for name, value in (("n", "0"), ("n", "1.5"), ("n", "<i>"), ("n", ""), ("confidence", "100"), ("margin", "nan"),
                        ("expected", "95"), ("expected", "101"), ("population", "1e300"), ("n", "inf")):  # fmt: skip
        tried = Enough()
        tried.fields[name].value = value
        assert "alert" in tried.told.value, (name, value)
        assert "<i>" not in tried.told.value


def test_walking_through_an_assessment():
    frame = observed(STREET, 2, 1)
    walk = Walk(STREET, frame, {"A01": "<b>"})
    before = walk.told.value
    walk.chosen.value = "A01"
    assert walk.told.value != before
    assert walk.told.value.count("<tr>") == len(STREET.lines) + 1
