"""The one look of all pages: what notebooks are given, and that nothing typed gets into HTML as markup."""

import re

import pytest

from chengxin.render import html
from chengxin.render.html import escaped
from chengxin.render.tables import Html

ATTACK = "<img src=x onerror=alert(1)>&\"'"


def test_values_are_text_and_only_finished_html_is_not():
    assert "<img" not in escaped("<p title='{a}'>{a}</p>", a=ATTACK)
    assert "'" not in escaped("{a}", a=ATTACK)
    assert escaped("<p>{a}</p>", a=Html("<b>1</b>")) == "<p><b>1</b></p>"
    with pytest.raises(KeyError):
        escaped("{a}{b}", a=1)


def test_title_and_banner_escape_what_they_are_given():
    assert "<img" not in html.head(ATTACK, ATTACK, "").text + html.banner(True, ATTACK).text
    assert html.banner(False).text == ""
    assert "演示数据" in html.banner(True).text


def test_jupyterlab_gets_the_stylesheet_and_the_server_brings_its_own(monkeypatch):
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    assert html.style().text == f"<style>{html.stylesheet()}</style>"
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert html.style().text == ""


def test_the_stylesheet_asks_for_nothing_and_names_only_colours_that_exist():
    css = html.stylesheet()
    assert not re.findall(r"url\(|@import|https?:|</", css)
    known = set(re.findall(r"(--[a-z-]+):", css))
    used = set(re.findall(r"var\((--[a-z-]+)\)", css)) - {name for name in known if name.startswith("--jp-")}
    assert used
    assert used <= known


def test_every_class_of_the_list_has_a_rule_or_is_a_name_for_people():
    listed, rules = (html.STATIC / "chengxin.css").read_text("utf-8").split("*/", 1)
    names = set(re.findall(r"^  (cx-[a-z]+)", listed, re.MULTILINE)) - {"cx-evidence", "cx-table"}
    assert len(names) > 20
    assert not {name for name in names if f".{name}" not in rules}
