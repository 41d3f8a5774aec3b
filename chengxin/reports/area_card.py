"""The score card of one area: every line with points, reason and evidence, and what is to be mended by whom."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.figures.breakdown import red_lines, steps
from chengxin.render import charts, tables
from chengxin.render.demo import REPORT
from chengxin.render.tables import Caption
from chengxin.reports.county_index import SIGN, CountyIndex, county_index
from chengxin.reports.parameters import Code, as_text
from chengxin.reports.score_sheets import (
    BY_ENTRY,
    EVIDENCE,
    OVERRIDDEN,
    evidence_table,
    overridden_table,
    place_in_words,
    row_marks,
    total_shown,
)
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import plain
from chengxin.scoring.explain import total_in_words
from chengxin.store import read
from chengxin.store.attachments import attached
from chengxin.store.engine import open_store
from chengxin.store.schema import AREA_KINDS, ASSESSMENT_STATES, IMPROVEMENT_STATES
from chengxin.workflow.cache import held

SECTIONS = {"base": "基本分", "bonus": "加分", "deduction": "扣分"}
RANKED = {"county_rank": "辖区名次", "city_rank": "全市名次"}


@dataclass(frozen=True)
class AreaCard:
    """One area in one period, cut out of its unit's results."""

    index: CountyIndex
    row: pd.Series  # of index.results
    sheet: pd.DataFrame  # explained
    rubric: Rubric
    files: pd.Series  # number of attached files by line

    @property
    def assessment(self) -> str:
        return str(self.row["assessment"])

    def banner(self) -> tables.Html:
        """The 演示数据 banner, or nothing for real data."""
        return tables.notice(REPORT) if self.row["demo"] else tables.Html("")

    def title_facts(self) -> tables.Html:
        """Which area, when, by which rubric, with what result."""
        row, day = self.row, self.row["as_of"]
        said = tables.facts(
            {
                "评价对象": f"{row['name']}（{AREA_KINDS[row['kind']]}）",
                "填报单位": self.index.unit["name"],
                "评价期": f"{row['period']}年（数据截至{day.year}年{day.month}月{day.day}日）",
                "总分": f"{total_shown(row)}分".replace("\n", ""),
                "名次": f"辖区{place_in_words(row['county_rank'], row['county_count'])}，"
                f"全市{place_in_words(row['city_rank'], row['city_count'])}",
                "红线条目": row["red_lines"] or "无",
                "状态": ASSESSMENT_STATES[row["status"]],
                "评分依据": f"{self.rubric.title}（{self.rubric.version}，{self.rubric.source.annex}）",
            }
        )
        return tables.Html(said.text + SIGN)

    def result_table(self) -> tables.Html:
        """Points of the three sections, the total and the ranks."""
        row = self.row
        ranks = {name: "不排名" if pd.isna(row[name]) else str(row[name]) for name in RANKED}
        frame = pd.DataFrame([{**row[list(SECTIONS)], "total": total_shown(row).replace("\n", ""), **ranks}])
        columns = {**{name: f"{title}（分）" for name, title in SECTIONS.items()}, "total": "总分（分）", **RANKED}
        points = frame.astype(dict.fromkeys(SECTIONS, float))
        return tables.table(points, columns, Caption("评价结果", "表1"), right=["total", *RANKED])

    def total_in_words(self) -> tables.Html:
        """How the total came about."""
        return tables.facts({"总分算式": total_in_words(self.row, self.sheet.attrs)})

    def plain(self) -> str:
        """Points of every section and the total as CSV, for checking."""
        columns = ["assessment", "base", "bonus", "deduction", "low", "high", "complete"]
        return str(pd.DataFrame([self.row])[columns].to_csv(index=False, float_format="%.2f", lineterminator="\n"))

    def waterfall(self) -> charts.Picture:
        """From full marks to the total."""
        return charts.waterfall(steps(self.rubric, self.sheet, self.row), "图1　得分构成")

    def lines_tables(self) -> Iterator[tables.Html]:
        """Every line of each section: points, score, reason, evidence."""
        shown = self.sheet.assign(
            content=self.sheet["line"].astype(object) + " " + self.sheet["label"],
            full=[plain(points) for points in self.sheet["points"]],
            got=["—" if pd.isna(score) else plain(round(score, 4)) for score in self.sheet["score"]],
            seen=[self._evidence(str(line)) for line in self.sheet["line"]],
            mark=row_marks(self.sheet),
        )
        columns = {"content": "条目", "full": "分值", "got": "得分", "why": "得分说明", "seen": "佐证"}
        for number, (section, title) in enumerate(SECTIONS.items(), 2):
            part = shown[shown["section"] == section]
            whole = part["score"].sum()
            remark = f"共{len(part)}条，计{plain(round(whole, 4))}分"
            caption = Caption("条目", f"表{number}", title, remark)
            yield tables.table(part, columns, caption, mark="mark", right=["full", "got"])

    def _evidence(self, line: str) -> str:
        """What the rubric asks to see, and how much of it is there."""
        rows, asked = self.index.evidence, self.rubric.line(line).evidence or "—"
        mine = (rows["assessment"] == self.assessment) & (rows["line"] == line) & rows["used"]
        there = {"台账记录": (int(mine.sum()), "条"), "佐证文件": (int(self.files.get(line, 0)), "个")}
        said = "，".join(f"{name}{count}{unit}" for name, (count, unit) in there.items() if count)
        return f"{asked}\n（有{said}）" if said else asked

    def mend_table(self) -> tables.Html:
        """What is to be mended, by whom and until when, most points to win back first."""
        items = self.index.items
        mine = items[items["assessment"] == self.assessment].sort_values("points", ascending=False, kind="stable")
        mine = mine.assign(
            content=mine["line"].astype(object) + " " + mine["label"],
            due=mine["due_on"].dt.strftime("%Y-%m-%d"),
            state=mine["state"].map(IMPROVEMENT_STATES),
            mark=np.where(mine["line"].isin(red_lines(self.row)), "red", ""),
        )
        columns = {
            "content": "条目", "points": "可挽回（分）", "remedy": "整改建议", "owner": "责任人", "due": "期限",
            "state": "状态",
        }  # fmt: skip
        remark = f"共{len(mine)}项，可挽回{mine['points'].sum():.2f}分"
        caption = Caption("整改事项", "表5", remark=remark)
        return tables.table(mine, columns, caption, mark="mark")

    def attached(self) -> list[tables.Html]:
        """The ledger rows that cost or earned points, and entered values that differ from the ledgers'."""
        rows, unlike = self.index.evidence, self.index.overridden
        told = rows[(rows["assessment"] == self.assessment) & rows["telling"] & rows["used"]]
        unlike = unlike[unlike["assessment"] == self.assessment]
        made = [evidence_table(self.rubric, told, Caption(EVIDENCE, "表6"))]
        return [*made, overridden_table(self.rubric, unlike, Caption(OVERRIDDEN, "表7", remark=BY_ENTRY))]

    def last_page(self) -> tables.Html:
        """Rubric, version, readings and hash."""
        return next(part for part, rubric in zip(self.index.last_page(), self.index.rubrics.values(), strict=True)
                    if rubric is self.rubric)  # fmt: skip


def area_card(database: str | Engine | None, area: Code, period: Code) -> AreaCard:
    """Gather one area's score card.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    area : code of an area, such as ``331082-S1``
    period : evaluation period, such as ``2026``

    Raises
    ------
    UsageError : unknown area or period, or no assessment of the area in it
    """
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    area, period = as_text("评价对象", area), as_text("评价期", period)
    known = held(f"areas {engine.url}", lambda: read.areas(engine)).set_index("code")
    if area not in known.index:
        raise UsageError(f"没有景区或街区“{area}”，可用：{'、'.join(known.index)}。")
    unit = str(known.loc[area, "unit"])
    index = held(f"index {engine.url} {unit} {period}", lambda: county_index(engine, unit, period))
    mine = index.results[index.results["area"] == area]
    if mine.empty:
        raise UsageError(f"{known.loc[area, 'name']}在{period}年没有评价记录。")
    row = mine.iloc[0]
    sheet = index.sheets[row["rubric"]]
    sheet = sheet[sheet["assessment"] == row["assessment"]]
    files = attached(engine, str(row["assessment"]))["line"].value_counts()
    return AreaCard(index, row, sheet, index.rubrics[row["rubric"]], files)
