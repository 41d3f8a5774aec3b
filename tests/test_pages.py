"""The readable pages of the rubrics are what the rubric files say now."""

from pathlib import Path

import pytest

from chengxin.explain import page
from chengxin.rubric import load_rubric

RUBRICS = Path(__file__).parents[1] / "rubrics"


@pytest.mark.parametrize("name", ["scenic_area", "street"])
def test_page_is_not_stale(name):
    shown = (RUBRICS / f"{name}.md").read_text("utf-8")
    assert shown == page(load_rubric(name)), f"请运行 chengxin rubric show {name} > rubrics/{name}.md"
