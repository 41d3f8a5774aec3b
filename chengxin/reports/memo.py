"""The memo for the drafting bureau: every open point of the guidance with its measured effect, as page and in Word."""

import base64
from dataclasses import dataclass

import pandas as pd

from chengxin.lab.open_points import open_effect
from chengxin.lab.what_if import readings_effect
from chengxin.render.demo import PAGE
from chengxin.render.document import Block, blocks
from chengxin.render.html import banner, escaped, head, stylesheet
from chengxin.render.tables import Html, table
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import plain

COLUMNS = {
    "question": "原文没有说清的地方", "ways": "理解", "changed": "变分（个）", "mean_size": "平均变动（分）",
    "most": "最大变动（分）", "reranked": "变名次（个）", "most_places": "最多变（位）",
}  # fmt: skip
OPEN = {"lines": "条目", **COLUMNS, "why": "不能由现有数据量出的原因"}
REASONS = {"question": "问题", "chosen": "现在采用", "reason": "理由", "source": "出处"}
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, repr=False)
class Memo:
    """A memo, one content in two forms.

    Parameters
    ----------
    title : of the memo
    about : which data
    demo : whether they are sample data
    said : paragraphs: what was done, what came out
    effects, others, reasons : tables
    source : which rubric
    """

    title: str
    about: str
    demo: bool
    said: tuple[str, ...]
    effects: Html
    others: Html
    reasons: Html
    source: str

    def __repr__(self) -> str:
        return "\n".join([*([PAGE] if self.demo else []), f"{self.title}（{self.about}）", *self.said])

    def _repr_html_(self) -> str:
        said = Html("".join(escaped("<p>{said}</p>", said=said) for said in self.said))
        words = "{banner}<p><strong>{title}</strong>（{about}）</p>{said}{effects}"
        return escaped(words, banner=banner(self.demo), title=self.title, about=self.about, said=said,
                       effects=self.effects)  # fmt: skip

    @property
    def page(self) -> Html:
        """A whole page that loads nothing; people's words are escaped."""
        said = "".join(escaped("<p>{said}</p>", said=said) for said in self.said)
        body = escaped(
            '{banner}{head}{said}<h2>一、换一种理解的影响</h2>{effects}<h2>二、没有列为读法的地方</h2>{others}'
            '<h2>三、现在采用的理解和理由</h2>{reasons}'
            '<p class="cx-rule">{source}</p>', banner=banner(self.demo), head=head(self.title, self.about),
            said=Html(said), effects=self.effects, others=self.others, reasons=self.reasons, source=self.source,
        )  # fmt: skip
        page = (
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>{css}</style>'
        )
        page += '</head><body><main class="cx-page cx-broad">{body}</main></body></html>'
        return Html(escaped(page, title=self.title, css=Html(stylesheet()), body=Html(body)))

    def docx(self) -> bytes:
        """The same as Word document in the layout of official documents; the same memo gives the same bytes."""
        from chengxin.render.word import written

        top = [Block("banner", PAGE)] if self.demo else []
        top += [Block("text", f"所用数据：{self.about}。"), *(Block("text", said) for said in self.said)]
        return written([
            *top, Block("heading", "一、换一种理解的影响", level=1), *blocks(self.effects.text),
            Block("heading", "二、没有列为读法的地方", level=1), *blocks(self.others.text),
            Block("heading", "三、现在采用的理解和理由", level=1), *blocks(self.reasons.text),
            Block("text", self.source),
        ], self.title)  # fmt: skip

    def links(self) -> Html:
        """Both forms as files to take along."""
        files = {"说明.docx": (WORD, "Word", self.docx()), "说明.html": ("text/html", "网页", self.page.text.encode())}
        return Html("　".join(
            escaped('<a class="cx-link" download="{name}" href="data:{kind};base64,{data}">下载说明（{words}）</a>',
                    name=name, kind=kind, words=words, data=base64.b64encode(content).decode())
            for name, (kind, words, content) in files.items()
        ))  # fmt: skip


def memo(rubric: Rubric, observations: pd.DataFrame, about: str, *, demo: bool) -> Memo:
    """Readings and their effects on the chosen data.

    Parameters
    ----------
    rubric, observations : as `what_if.readings_effect` takes them
    about : which data, Chinese (``2026年，全市重点街区``)
    demo : whether the data are sample data; the memo then says so

    Raises
    ------
    DataError : faulty observations
    """
    rows, others = readings_effect(rubric, observations), open_effect(rubric, observations)
    reasons = pd.DataFrame(
        [
            {"question": reading.question, "chosen": rubric.choice_in_words(key), "reason": reading.reason,
             "source": reading.source}
            for key, reading in rubric.readings.items()
        ]
    )  # fmt: skip
    for frame in (rows, others):
        frame["ways"] = [f"现在采用：{row.in_use}\n改用：{row.text}" for row in frame.itertuples()]
    return Memo(
        f"关于{rubric.title}几处理解的说明", about, demo, (_method(rows), _found(rows)),
        table(rows, COLUMNS, "表1　各种理解的影响（影响大的在前）"),
        table(others, OPEN, "表2　没有列为读法的地方（量得出的影响大的在前）"),
        table(reasons, REASONS, "表3　现在采用的理解和理由"),
        f"细则：{rubric.title}（{rubric.version}），文件校验值（sha256）前12位为{rubric.sha256[:12]}。",
    )  # fmt: skip


def _method(rows: pd.DataFrame) -> str:
    areas = int(rows["areas"].max()) if len(rows) else 0
    return (
        f"以下各处原文可以有不同理解。对{areas}个完整的评价逐一换用另一种理解，其余不变，量出总分和名次的变动。"
        "结果只反映所用数据，换一批数据影响会不同；两处同时改动的影响不能相加。"
    )


def _found(rows: pd.DataFrame) -> str:
    felt = rows[rows["changed"] > 0]
    if felt.empty:
        return f"共试了{len(rows)}种换法，所用数据的总分和名次都没有变动。"
    first = felt.iloc[0]
    return (
        f"共试了{len(rows)}种换法，{len(felt)}种会改变总分，{int((rows['reranked'] > 0).sum())}种会改变名次。"
        f"影响最大的一处是“{first.question}”：由“{first.in_use}”改为“{first.text}”，{first.changed}个评价变分，"
        f"平均变动{plain(round(first.mean_size, 2))}分，最大变动{plain(round(abs(first.most), 2))}分，"
        f"{first.reranked}个评价变名次。"
    )
