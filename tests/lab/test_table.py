"""How results show themselves: a small table in a notebook, a few lines in a terminal, nothing run from a name."""

from labdata import STREET, observed

from chengxin import lab
from chengxin.reports.memo import memo

ATTACK = "<img src=x onerror=alert(1)>"


def renamed(n):
    frame = observed(STREET, n, 1)
    return frame.assign(assessment=frame["assessment"].replace(frame["assessment"].iloc[0], ATTACK))


def test_what_if_shows_twenty_rows_and_how_many_more_escaped():
    found = lab.what_if(STREET, renamed(23), {"1.1": {"points": 11}})
    page = found._repr_html_()
    assert page.count("<tr") == 21
    assert "另有3行" in page
    assert ATTACK not in page
    assert "&lt;img src=x" in page
    assert "基本项各条合计101分" in page
    assert "nan" not in page.lower()


def test_what_if_is_a_few_lines_in_a_terminal():
    lines = repr(lab.what_if(STREET, observed(STREET, 23, 1), {"1.1": {"points": 11}})).splitlines()
    assert lines[0].startswith("改规则看影响：")
    assert (len(lines), lines[-1]) == (8, "另有18行")


def test_intervals_say_how_they_were_drawn():
    found = lab.rank_intervals(STREET, renamed(4), 50, 7)
    assert repr(found).startswith("名次区间：4个完整的评价；抽取50次，种子7，")
    page = found._repr_html_()
    assert page.count("<tr") == 5
    assert "另有" not in page
    assert ATTACK not in page


def test_agreement_shows_figures_or_why_there_are_none():
    found = lab.agreement(["是", "是", ATTACK], ["是", ATTACK, ATTACK])
    assert "2/3（66.7%）" in repr(found)
    assert found.kappa_note in repr(found)
    assert ATTACK not in found._repr_html_()


def test_a_memo_shows_its_finding_and_that_data_are_demo():
    shown = memo(STREET, observed(STREET, 6, 1), ATTACK, demo=True)
    real = memo(STREET, observed(STREET, 6, 1), "2026年", demo=False)
    assert "演示数据" in repr(shown)
    assert "演示数据" in shown._repr_html_()
    assert "演示数据" not in repr(real) + real._repr_html_()
    assert ATTACK not in shown._repr_html_()
    assert shown.said[1] in repr(shown)
