"""What the charts show: every step and every area can be told from the others."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from chengxin.render import charts

STEPS = pd.DataFrame(
    [
        ("满分", "full", 0.0, 100.0), ("放心计量", "lost", 100.0, 97.0), ("放心计量", "missing", 97.0, 85.0),
        ("不适用条目折算", "adjust", 85.0, 86.0), ("最低可能总分", "total", 0.0, 86.0),
    ],
    columns=["label", "kind", "start", "end"],
)  # fmt: skip


def texts(picture) -> list[str]:
    return [
        "".join(found.itertext()) for found in ElementTree.fromstring(picture.svg).iter() if found.tag[-4:] == "text"
    ]


def test_what_is_not_assessed_has_a_step_and_a_colour_of_its_own_even_under_one_name():
    made = charts.waterfall(STEPS, "得分构成")
    said = texts(made)
    assert said.count("放心计量") == 2
    assert {"−3.00分", "未评12.00分", "+1.00分", "尚未评价", "失分"} <= set(said)
    assert said.count("最低可能总分") == 2  # the bar and the legend
    assert "总分" not in said
    assert made.alt == "得分构成：放心计量−3.00分、放心计量未评12.00分、不适用条目折算+1.00分，最低可能总分86.00分"
    colours = [colour for _, colour in charts.KINDS.values()]
    assert len(set(colours)) == len(colours)
    assert all(f'fill="{charts.KINDS[kind][1]}"' in made.svg for kind in ("lost", "missing", "adjust"))


def test_a_whole_result_has_no_word_of_what_is_not_assessed():
    made = charts.waterfall(STEPS.iloc[[0, 1, 4]].replace("最低可能总分", "总分"), "得分构成")
    assert "尚未评价" not in texts(made)
    assert made.alt.endswith("，总分86.00分")


def totals(names: list[str], years: int = 3) -> pd.DataFrame:
    rows = [
        (name, str(2024 + year), 70 + 1.37 * place + year) for place, name in enumerate(names) for year in range(years)
    ]
    return pd.DataFrame(rows, columns=["area", "period", "total"])


def test_a_few_areas_share_a_frame_and_the_legend_shows_colour_and_mark():
    names = ["甲景区", "乙景区", "丙街", "一个名字特别特别长的历史文化街区和旅游度假景区东区"]
    made = charts.trend(totals(names), "总分变化")
    said = texts(made)
    assert [said.count(name) for name in names[:3]] == [1] * 3  # one legend, not one of colours and one of marks
    assert "一个名字特别特别长的历史文…度假景区东区" in "".join(said)
    assert names[3] in made.alt
    assert float(ElementTree.fromstring(made.svg).get("width")) < 680
    symbols = re.findall(r'<path[^>]*d="([^"]+)" fill="(#\w+)"', made.svg)
    assert {colour for _, colour in symbols} >= set(charts.SERIES)
    assert len({shape for shape, colour in symbols if colour in charts.SERIES}) >= 4


@pytest.mark.parametrize("count", [5, 20])
def test_many_areas_have_a_frame_each_in_their_order_with_the_figures_of_both_ends(count):
    names = [f"{number}号老街" for number in range(count)]
    points = totals(names, 5)
    made = charts.trend(points, "总分变化")
    said = texts(made)
    assert [text for text in said if text in names] == names
    for name in names:
        first, *_, last = points.loc[points["area"] == name, "total"]
        assert {f"{first:.2f}", f"{last:.2f}"} <= set(said)
    size = ElementTree.fromstring(made.svg)
    assert float(size.get("width")) < 680
    assert float(size.get("height")) < 1.4 * float(size.get("width"))  # fits a page
    assert all(f"{name}2024年" in made.alt for name in names)


def test_frames_have_a_scale_even_where_all_totals_are_alike():
    made = charts.trend(totals([f"{number}号老街" for number in range(5)], 1).assign(total=90.0), "总分变化")
    assert {"80", "90"} <= set(texts(made))
    assert texts(made).count("90.00") >= 5
