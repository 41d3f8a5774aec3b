"""What the charts show: every step and every area can be told from the others."""

from xml.etree import ElementTree

import pandas as pd

from chengxin import charts

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
