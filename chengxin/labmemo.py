"""The memo for the drafting bureau: every open point of the guidance with its measured effect, as one HTML page."""

import pandas as pd

from chengxin.model import Rubric
from chengxin.pages import banner, escaped, head, stylesheet
from chengxin.tables import Html, table
from chengxin.whatif import readings_effect

COLUMNS = {
    "question": "原文没有说清的地方", "in_use": "现在采用", "text": "改用", "changed": "变分（个）",
    "mean_size": "平均变动（分）", "most": "最大变动（分）", "reranked": "变名次（个）", "most_places": "最多变（位）",
}  # fmt: skip


def memo(rubric: Rubric, observations: pd.DataFrame, about: str, *, demo: bool) -> Html:
    """Readings and their effects on the chosen data.

    Parameters
    ----------
    rubric, observations : as `whatif.readings_effect` takes them
    about : which data, Chinese (``2026年，全市重点街区``)
    demo : whether the data are sample data; the page then says so

    Returns
    -------
    a whole page that loads nothing; people's words are escaped

    Raises
    ------
    DataError : faulty observations
    """
    rows = readings_effect(rubric, observations)
    areas = int(rows["areas"].max()) if len(rows) else 0
    said = (
        f"以下各处原文可以有不同理解。对{areas}个完整的评价逐一换用另一种理解，其余不变，量出总分和名次的变动，"
        "影响大的在前。只反映所用数据，换一批数据影响会不同；两处同时改动的影响不能相加。"
    )
    effects = table(rows, COLUMNS, f"{rubric.title}：各种理解的影响")
    reasons = pd.DataFrame(
        [
            {"question": reading.question, "chosen": rubric.choice_in_words(key), "reason": reading.reason,
             "source": reading.source}
            for key, reading in rubric.readings.items()
        ]
    )  # fmt: skip
    why = table(
        reasons, {"question": "问题", "chosen": "现在采用", "reason": "理由", "source": "出处"}, "现在采用的理解和理由"
    )
    body = escaped(
        '{banner}{head}<p>{said}</p>{effects}{why}<p class="cx-rule">细则：{title}（{version}），sha256 {sha}</p>',
        banner=banner(demo), head=head("关于评分细则几处理解的说明", about), said=said, effects=effects, why=why,
        title=rubric.title, version=rubric.version, sha=rubric.sha256[:12],
    )  # fmt: skip
    page = '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>{css}</style>'
    page += '</head><body><main class="cx-page cx-broad">{body}</main></body></html>'
    return Html(escaped(page, title="评分细则几处理解的说明", css=Html(stylesheet()), body=Html(body)))
