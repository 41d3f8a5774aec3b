"""The report pages in a real browser: on a desk, on a phone and on paper; each check is shown to see its fault."""

import io
import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from chengxin.reports.batch import make_reports
from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.store.engine import open_store

SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
PAPER = {"width": 657, "height": 930}  # what A4 leaves between the margins, in CSS pixels
A4 = (595.3, 841.9)
YEARLY = {"monitoring_unit": "331082", "monitoring_city": "city"}
OTHERS = {"card": "331082-S2", "comparison": "331082", "recheck": "331082", "city": "city"}  # kind → what it is for
PAGES = ["index", "incomplete", "red_line", *YEARLY, *OTHERS]
PRINTED = [name for name in PAGES if name != "index"]
CONTRAST = (Path(__file__).parents[1] / "contrast.js").read_text("utf-8")
FITS = "document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth"
UNNAMED = """[...document.querySelectorAll("img:not([alt]), figure svg")].filter(e => e.tagName == "IMG" ||
    e.getAttribute("role") != "img" || !e.getAttribute("aria-label") || !e.querySelector(":scope > title")?.textContent)
    .map(e => e.outerHTML.slice(0, 80))"""
TOO_WIDE = """[...document.querySelectorAll("table, figure svg, dl")].filter(e => e.getBoundingClientRect().right >
    document.querySelector("main").getBoundingClientRect().right + 1).map(e => e.textContent.slice(0, 40))"""
BAD = """<html lang="zh-CN"><main style="width: 300px"><h1>题</h1><h3>跳级</h3><img src="http://127.0.0.1:9/a.png">
<p style="color: #aaa">看不清</p><figure><svg width="9"></svg></figure>
<table style="width: 3000px"><tr><td>宽</td></tr></table>"""


class Seen:
    """A page with what it asked for and what it complained of."""

    def __init__(self, context, address):
        self.requests, self.errors = [], []
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)

    def outside(self):
        return [url for url in self.requests if not url.startswith("file://")]

    def heading_jumps(self):
        levels = self.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])")
        return [pair for pair in zip([0, *levels], levels, strict=False) if pair[1] > pair[0] + 1]


@pytest.fixture(scope="module")
def look(browser):
    """Open a file on a screen."""
    contexts = {name: browser.new_context(viewport=size) for name, size in SCREENS.items()}
    yield lambda path, screen="desk": Seen(contexts[screen], Path(path).as_uri())
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="module")
def pages(demo, chengxin, tmp_path_factory):
    """The index page, the reports of a unit with an incomplete area and of one with a red line, yearly reports."""
    out, database = tmp_path_factory.mktemp("yearly"), demo / "chengxin.db"
    counties = [word for code in YEARLY.values() for word in ("--county", code)]
    words = ("report", "--kind", "monitoring-year", "--year", "2026", *counties, "--out", out, "--database", database)
    done = chengxin(*words)
    assert done.returncode == 0, done.stderr
    for kind in OTHERS:
        unit = OTHERS[kind].split("-")[0]
        made = make_reports(str(database), "2026", [unit], out, kind=kind, forked=False).made
        assert not [row.reason for row in made if row.state == "failed"]
    others = {kind: out / f"{kind}-2026-{code}.html" for kind, code in OTHERS.items()}
    yearly = {name: out / f"monitoring-2026-{code}.html" for name, code in YEARLY.items()}
    engine = open_store(str(demo / "chengxin.db"), read_only=True)
    work = read.assessments(engine, "2026")
    seen = {name: read.observations(engine, rubric=name) for name in sorted(set(work["rubric"]))}
    engine.dispose()
    results = pd.concat(
        [totals(score(load_rubric(name), rows)).astype({"assessment": str}) for name, rows in seen.items()]
    )
    mine = work.merge(results, left_on="id", right_on="assessment", validate="1:1")
    unit = {"incomplete": mine.loc[~mine["complete"], "unit"], "red_line": mine.loc[mine["red_lines"] != "", "unit"]}
    return (
        {"index": demo / "index.html"}
        | yearly
        | others
        | {name: demo / f"2026-{codes.iloc[0]}.html" for name, codes in unit.items()}
    )


@pytest.fixture(scope="module")
def printed(look, pages):
    """The reports as PDF files."""
    files = {}
    for name in PRINTED:
        page = look(pages[name]).page
        files[name] = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True, print_background=True)))
        page.close()
    return files


@pytest.fixture
def bad(look, tmp_path):
    (tmp_path / "bad.html").write_text(BAD, "utf-8")
    seen = look(tmp_path / "bad.html")
    yield seen
    seen.page.close()


def test_the_checks_see_faults(bad):
    assert bad.outside() == ["http://127.0.0.1:9/a.png"]
    assert len(bad.errors) == 1
    assert not bad.page.evaluate(FITS)
    assert len(bad.page.evaluate(UNNAMED)) == 2
    assert bad.page.evaluate(TOO_WIDE) == ["宽"]
    assert [said for said, _ in bad.page.evaluate(CONTRAST)] == ["看不清"]
    assert bad.heading_jumps() == [(1, 3)]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_and_fits_the_screen(look, pages, name, screen):
    seen = look(pages[name], screen)
    assert seen.requests == [pages[name].as_uri()]
    assert seen.errors == []
    assert seen.page.evaluate(FITS)
    seen.page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everyone(look, pages, name):
    seen = look(pages[name])
    assert seen.page.locator("h1").count() == 1
    assert seen.heading_jumps() == []
    assert seen.page.evaluate(UNNAMED) == []
    assert seen.page.evaluate(CONTRAST) == []
    assert seen.page.locator("html").get_attribute("lang") == "zh-CN"
    assert seen.page.locator("table:not(:has(caption)), thead th:not([scope])").count() == 0
    assert seen.page.get_by_role("note").first.inner_text().startswith("演示数据")
    seen.page.close()


def test_every_link_of_the_index_leads_to_its_report(look, pages, demo):
    seen = look(pages["index"])
    links = seen.page.locator("a").evaluate_all("all => all.map(a => [a.getAttribute('href'), a.textContent])")
    assert sorted(href for href, _ in links) == sorted(path.name for path in demo.glob("2026-*.html"))
    for href, unit in links:
        seen.page.goto(pages["index"].as_uri())
        seen.page.click(f'a[href="{href}"]')
        assert seen.page.locator("h1").inner_text() == f"{unit}2026年诚信计量指数评价报告"
    assert seen.errors == []
    seen.page.close()


def test_what_is_not_complete_and_red_lines_stand_out(look, pages):
    incomplete, red_line = look(pages["incomplete"]).page, look(pages["red_line"]).page
    rows = incomplete.locator("table").first.locator("tbody tr", has_text="完整度").all_inner_texts()
    assert rows
    assert all(re.search(r"\d–\d+\.\d\d\s*（完整度\d+%）\s+不排名\s+不排名", row) for row in rows), rows
    assert red_line.locator("table").first.locator("tr.red").count() >= 1
    assert re.search(r"：条目\d", red_line.locator("dl").first.locator("dt:has-text('红线情形') + dd").inner_text())
    for page in (incomplete, red_line):
        page.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_paper(look, pages, name):
    page = look(pages[name]).page
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(FITS)
    page.close()


@pytest.mark.parametrize("name", PRINTED)
def test_a_report_prints_on_numbered_a4_pages_with_its_fonts(printed, name):
    reader = printed[name]
    assert len(reader.pages) > 1
    for number, page in enumerate(reader.pages, start=1):
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(A4, abs=1)
        assert f"— {number} —" in page.extract_text()
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    assert all(embedded(font) for font in fonts)


def embedded(font):
    if font["/Subtype"] == "/Type3":  # its shapes are part of the file
        return True
    inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
    return bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(inner["/FontDescriptor"].get_object()))


@pytest.mark.parametrize("name", ["incomplete", "red_line"])
def test_a_printed_report_keeps_together_what_belongs_together(look, pages, printed, name):
    page = look(pages[name]).page
    heads = {unicodedata.normalize("NFKC", said) for said in page.locator("h2, h3, caption, h2 + p").all_inner_texts()}
    page.close()
    texts = [unicodedata.normalize("NFKC", sheet.extract_text()) for sheet in printed[name].pages]  # ⼈ is 人
    whole = "\n".join(texts)
    assert "诚信计量指数评价报告" in texts[0]
    assert "编制人" in texts[0]
    sheets = len(re.findall(r"表\d+ .*逐项评分\n", whole))
    assert whole.count("考评标准(原文)") > sheets > 0  # the head of a table stands again on its next page
    assert "sha256" in texts[-1] + texts[-2]
    for text in texts:
        lines = [line.strip() for line in re.sub(r"— \d+ —", "", text).splitlines() if line.strip()]
        assert not [head for head in heads if head.endswith(lines[-1])]


@pytest.mark.parametrize("name", OTHERS)
def test_the_figures_of_a_page_can_be_seen_and_its_first_sheet_can_be_signed(look, pages, printed, name):
    page = look(pages[name]).page
    assert page.locator("figure svg").count() >= 1
    for box in page.locator("figure svg").evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())"):
        assert box["width"] > 300
        assert box["height"] > 80
    said = page.locator("figure svg text").all_text_contents()
    assert any(re.search(r"[\u4e00-\u9fff]", text) for text in said), "Chinese as text, not as shapes"
    title = page.locator("h1").inner_text()
    page.close()
    texts = [unicodedata.normalize("NFKC", sheet.extract_text()) for sheet in printed[name].pages]
    first = re.sub(r"\s", "", texts[0])
    assert unicodedata.normalize("NFKC", re.sub(r"\s", "", title)) in first
    assert "编制人" in first
    assert "演示数据" in first


@pytest.mark.parametrize("name", YEARLY)
def test_a_printed_yearly_report_has_its_four_parts_and_leaves_no_heading_alone(look, pages, printed, name):
    page = look(pages[name]).page
    heads = {unicodedata.normalize("NFKC", said) for said in page.locator("h2, h3, caption").all_inner_texts()}
    rows = {re.sub(r"\s", "", said) for said in page.locator("thead").all_inner_texts()}
    page.close()
    texts = [unicodedata.normalize("NFKC", sheet.extract_text()) for sheet in printed[name].pages]
    whole = "\n".join(texts)
    places = [whole.index(f"{title}\n") for title in ("一、监测数据", "二、分析结果", "三、结论", "四、建议")]
    assert places == sorted(places)
    assert "演示数据" in texts[0]
    for text in texts:
        lines = [line.strip() for line in re.sub(r"— \d+ —", "", text).splitlines() if line.strip()]
        assert not [head for head in heads if head.endswith(lines[-1])]
        assert re.sub(r"\s", "", lines[-1]) not in rows  # the head of a table with no row below it
