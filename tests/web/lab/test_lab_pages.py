"""改规则看影响 in Chromium through the served site, at a desk and on a phone; the other notebooks open too."""

import pytest
from playwright.sync_api import expect
from stores import sample_database
from tabs import FITS, SCREENS, comes

from chengxin.rubric.load import load_rubric

NOTEBOOKS = ("01_试打分", "03_稳健性", "04_一致性", "05_原文与规则对照")


@pytest.fixture(scope="module")
def site(served, tmp_path_factory):
    return served(sample_database(tmp_path_factory.mktemp("lab") / "x.db"))


@pytest.fixture
def opened(browser, site):
    """Opens a notebook of the lab; at the end nothing may have come from outside or gone wrong."""
    contexts, outside, errors = [], [], []

    def page(name, screen):
        context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN")
        contexts.append(context)
        tab = context.new_page()
        own = (site, "data:", "blob:", f"ws{site[4:]}")
        tab.on("request", lambda r: None if r.url.startswith(own) else outside.append(r.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(f"{site}voila/render/lab/{name}.ipynb")
        return tab

    yield page
    for context in contexts:
        context.close()
    assert (outside, errors) == ([], [])


@pytest.mark.parametrize("screen", SCREENS)
def test_a_change_shows_who_moves_and_a_breach(opened, screen):
    page = opened("02_改规则看影响", screen)
    form = page.locator(".cx-page").first
    expect(form).to_be_visible(timeout=60_000)
    form.get_by_label("分值（分）").fill("12")  # nothing is pressed: an edit is scored at once
    expect(form).to_contain_text("基本项各条合计102分，应为100分，多2分", timeout=30_000)
    expect(form).to_contain_text("第1项 器具检定合格率：分值 10分 → 12分")
    expect(form.locator("figure svg").first).to_be_visible()
    comes(page, FITS, True)
    form.get_by_role("button", name="生成变体文件").click()
    expect(form).to_contain_text("请先调回再保存", timeout=30_000)
    form.get_by_role("button", name="全部改回").click()
    expect(form).not_to_contain_text("多2分。可以试算", timeout=30_000)


def test_variants_are_loaded_compared_and_taken_along(opened, tmp_path):
    page = opened("02_改规则看影响", "desk")
    form = page.locator(".cx-page").first
    expect(form).to_be_visible(timeout=60_000)
    form.get_by_label("装入已有的变体").select_option("street_strict_demo")
    expect(form).to_contain_text("street_strict_demo改了什么", timeout=30_000)
    form.get_by_label("条目", exact=True).select_option("8.1 制度执行情况")
    expect(form.get_by_label("分值（分）")).to_have_value("3")
    form.get_by_label("变体编号").fill("mine")
    for label in ("名称", "由谁决定", "为什么改"):
        form.get_by_label(label, exact=True).fill("演示")
    form.get_by_label("何时起用").fill("2026-03-01")
    form.get_by_role("button", name="生成变体文件").click()
    with page.expect_download() as taken:
        form.get_by_role("link", name="下载mine.yaml").click()
    taken.value.save_as(tmp_path / "mine.yaml")
    assert load_rubric(tmp_path / "mine.yaml").lines == load_rubric("street_strict_demo").lines
    form.get_by_role("button", name="全部改回").click()
    expect(form.get_by_label("分值（分）")).to_have_value("5", timeout=30_000)
    with page.expect_file_chooser() as asked:
        form.get_by_role("button", name="装入变体文件").click()
    asked.value.set_files(tmp_path / "mine.yaml")
    expect(form).to_contain_text("mine改了什么", timeout=30_000)
    link = page.get_by_role("link", name="下载说明（Word）")  # Jupyter colours links in cells as it likes
    assert link.evaluate("a => getComputedStyle(a).color !== getComputedStyle(a).backgroundColor")
    expect(form.get_by_label("分值（分）")).to_have_value("3")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_other_notebooks_open(opened, name):
    page = opened(name, "desk")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
    expect(page.locator("#rendered_cells")).to_contain_text("限度", timeout=60_000)
    assert "Traceback" not in page.content()
