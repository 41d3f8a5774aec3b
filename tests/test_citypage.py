"""The city page: what it shows is what the database holds, whatever is chosen or asked for in the address."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect
from stores import empty_database, opened

from chengxin.citypage import CityPage, tiles
from chengxin.overview import Choice, headline
from chengxin.weakspots import ranking

SCREENS = {"wall": (1920, 1080), "desk": (1366, 768), "phone": (390, 844)}
FITS = "Math.max(...['html', '#rendered_cells'].map(q => document.querySelector(q).scrollWidth)) <= innerWidth"


@pytest.fixture(scope="module")
def path(sample):
    return sample


@pytest.fixture(scope="module")
def engine(path):
    with opened(path) as engine:
        yield engine


def words(page):
    """What is written on the page, without markup."""
    return re.sub(r"<[^>]*>", " ", " ".join(piece.value for piece in page.body.values()))


def test_every_figure_stands_there_with_its_definition(engine):
    page = CityPage(engine)
    said = words(page)
    for row in headline(page.city, Choice("2026")).to_dict("records"):
        assert row["label"] in said
        assert row["definition"] in said
        assert f"{row['value']:.{row['digits']}f}" in said


def test_the_ranking_shows_ties_ranges_and_red_lines(engine):
    page = CityPage(engine)
    rows = ranking(page.city, Choice("2026"))
    said = page.body["ranking"].value
    for row in rows.to_dict("records"):
        assert row["name"] in said
        shown = f"{row['total']:.2f}" if row["complete"] else f"{row['low']:.2f}–{row['high']:.2f}（未评完）"
        assert shown in said
    assert said.count("不排名") == (~rows["complete"]).sum()
    assert said.count("红线</span>") == (rows["red_lines"] != "").sum()
    assert said.count("cx-open") == (~rows["complete"]).sum()


def test_a_choice_filters_everything_and_a_tile_is_a_choice(engine):
    page = CityPage(engine)
    page.kind.value = "street"
    page.tile["331082"].click()
    assert page.choice == Choice("2026", "street", "331082")
    rows = ranking(page.city, page.choice)
    assert set(rows["short_name"]) == {"临海市"}
    assert page.body["ranking"].value.count("<tr>") == len(rows) + 1
    assert "天台山" not in words(page)
    page.tile["331082"].click()
    assert page.choice.unit is None


def test_every_unit_has_a_tile_of_its_own(engine):
    page = CityPage(engine)
    places = [(tile.row, tile.column) for tile in tiles().values()]
    assert len(set(places)) == len(places)
    assert set(tiles()) == set(page.named)


def test_an_address_is_looked_up_and_never_run(engine):
    page = CityPage(engine, {"period": "2025", "kind": "street", "county": "331082"})
    assert page.choice == Choice("2025", "street", "331082")
    for asked in ({"period": "2030"}, {"kind": "<img src=x onerror=alert(1)>"}, {"county": "1' OR 1=1"}):
        page = CityPage(engine, asked)
        assert page.choice == Choice("2026")
        assert "可用：" in page.wrong.value
        assert "<img" not in page.wrong.value


def test_an_empty_database_says_so(tmp_path):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        page = CityPage(engine)
        assert "还没有评价记录" in page.page.children[-1].value


def test_the_file_holds_what_is_shown(engine):
    import base64
    import io

    page = CityPage(engine)
    data = re.search(r"base64,([^\"]+)", page.body["files"].value)[1]
    frame = pd.read_csv(io.BytesIO(base64.b64decode(data)))
    rows = ranking(page.city, page.choice)
    assert frame["评价对象"].tolist() == rows["name"].tolist()
    assert frame["总分"].tolist() == pytest.approx(rows["total"].tolist(), nan_ok=True)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_page_in_a_browser(browser, served, path, screen):
    site, (width, height) = served(path), SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height})
    page, outside, errors = context.new_page(), [], []
    page.on("request", lambda r: None if r.url.startswith((site, "data:", "blob:")) else outside.append(r.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site}voila/render/dashboard/city.ipynb?period=2025&kind=street")
    expect(page.locator(".cx-cards")).to_be_visible(timeout=60_000)
    expect(page.locator("h1 + .cx-lead")).to_contain_text("全市2025年")
    assert page.evaluate(FITS)
    page.get_by_role("button", name="临海市", exact=True).click()
    expect(page.locator("h1 + .cx-lead")).to_contain_text("临海市2025年", timeout=30_000)
    assert page.evaluate(FITS)
    assert outside == []
    assert errors == []
    context.close()
