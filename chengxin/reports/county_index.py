"""What a county's index report shows, gathered from the database as frames; notebooks only lay it out."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.figures.breakdown import steps
from chengxin.ledgers.observe import overrides
from chengxin.ledgers.unit_settings import said as own_settings
from chengxin.render import charts, tables
from chengxin.render.demo import REPORT
from chengxin.render.tables import Caption
from chengxin.reports.parameters import Code, as_text
from chengxin.reports.score_sheets import (
    BY_ENTRY,
    EVIDENCE,
    OVERRIDDEN,
    evidence_table,
    group_rates,
    overridden_table,
    place_in_words,
    sheet_table,
    total_shown,
)
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric
from chengxin.scoring.explain import explain, improvements, total_in_words
from chengxin.scoring.improvements import followed, items
from chengxin.scoring.ranking import rank
from chengxin.store import read
from chengxin.store.engine import open_store
from chengxin.store.schema import AREA_KINDS, ASSESSMENT_STATES, IMPROVEMENT_STATES
from chengxin.workflow.cache import held
from chengxin.workflow.inputs import Filled, filled, score_work

SIGN = '<p class="sign"><span>编制人：</span><span>审核人：</span><span>签发人：</span><span>日期（盖章）：</span></p>'


@dataclass(frozen=True)
class CountyIndex:
    """One reporting unit in one period: results of all its areas with their sheets, ranks and trend."""

    unit: pd.Series
    period: str
    demo: bool
    rubrics: dict[str, Rubric]
    results: pd.DataFrame
    sheets: dict[str, pd.DataFrame]
    past: pd.DataFrame
    evidence: pd.DataFrame
    overridden: pd.DataFrame
    followed: pd.DataFrame
    items: pd.DataFrame
    own: list[str]

    def banner(self) -> tables.Html:
        """The 演示数据 banner, or nothing for real data."""
        return tables.notice(REPORT) if self.demo else tables.Html("")

    def title_facts(self) -> tables.Html:
        """Who, when, how many, by which rubrics."""
        open_ones = int((~self.results["complete"]).sum())
        kinds = "、".join(
            f"{AREA_KINDS[kind]}{count}个" for kind, count in self.results["kind"].value_counts(sort=False).items()
        )
        red = self.results[self.results["red_lines"] != ""]
        dates = sorted(set(self.results["as_of"].dropna().map("{0.year}年{0.month}月{0.day}日".format)))
        said = tables.facts(
            {
                "填报单位": self.unit["name"],
                "评价期": f"{self.period}年",
                "评价对象": f"{kinds}，" + (f"其中{open_ones}个尚未评完" if open_ones else "均已评完"),
                "数据截止": "、".join(dates) or "—",
                "评分依据": "；".join(f"{r.title}（{r.version}，{r.source.annex}）" for r in self.rubrics.values()),
                "红线情形": "；".join(f"{row.name}：条目{row.red_lines}" for row in red.itertuples(index=False))
                or "无",
                **({"本单位设定": "".join(self.own)} if self.own else {}),
            }
        )
        return tables.Html(said.text + SIGN)

    def results_table(self) -> tables.Html:
        """Results and ranks, complete areas first."""
        rows = self.results.sort_values(["kind", "unrounded"], ascending=[True, False]).assign(
            shown=lambda f: [total_shown(row) for row in f.itertuples()],
            here=lambda f: [place_in_words(*cells) for cells in zip(f["county_rank"], f["county_count"], strict=True)],
            city=lambda f: [place_in_words(*cells) for cells in zip(f["city_rank"], f["city_count"], strict=True)],
            sort=lambda f: f["kind"].map(AREA_KINDS),
            state=lambda f: f["status"].map(ASSESSMENT_STATES),
            red_lines=lambda f: [lines or "无" for lines in f["red_lines"]],
            mark=lambda f: np.where(f["red_lines"] == "无", "", "red"),
        )
        columns = {
            "name": "评价对象",
            "sort": "类别",
            "base": "基本分",
            "bonus": "加分",
            "deduction": "扣分",
            "shown": "总分",
            "here": "辖区名次",
            "city": "全市名次",
            "red_lines": "红线条目",
            "state": "状态",
        }
        subject = f"{self.unit['short_name']}{self.period}年"
        caption = Caption("诚信计量指数评价结果", "表1", subject, "单位：分")
        return tables.table(rows, columns, caption, mark="mark", right=["shown", "here", "city"])

    def plain(self) -> str:
        """The results as CSV: what the stored outputs of the notebook hold and its check compares."""
        columns = ["name", "kind", "complete", "low", "high", "county_rank", "city_rank", "red_lines"]
        return str(self.results[columns].to_csv(index=False, float_format="%.2f", lineterminator="\n"))

    def totals_in_words(self) -> tables.Html:
        """How each total came about."""
        about = {rubric: sheet.attrs for rubric, sheet in self.sheets.items()}
        said = {row["name"]: total_in_words(row, about[row["rubric"]]) for _, row in self.results.iterrows()}
        return tables.facts(said)

    def trend(self) -> charts.Picture | tables.Html:
        """Totals over the periods up to this one."""
        points = self.past.assign(area=self.past["name"])[["area", "period", "total"]]
        if points["total"].notna().sum() == 0:
            return tables.Html("<p>没有可比的完整评价。</p>")
        return charts.trend(points, "图1　各评价期总分变化（只列已评完的；景区与街区细则不同，不宜互相比较）")

    def heat_maps(self) -> list[charts.Picture]:
        """Score rate of each group by area, one picture a rubric."""
        names = self.results.set_index("assessment")["name"]
        pictures = []
        for number, (rubric, sheet) in enumerate(self.sheets.items(), start=2):
            title = f"图{number}　{AREA_KINDS[rubric]}各检查内容得分率"
            pictures.append(charts.heat_map(group_rates(sheet, names), title))
        return pictures

    def mend_table(self) -> tables.Html:
        """What to mend over all areas, most points to win back first."""
        names = self.results.set_index("assessment")["name"]
        lost = [improvements(self.rubrics[rubric], sheet) for rubric, sheet in self.sheets.items()]
        rows = (
            pd.concat(lost)
            if lost
            else pd.DataFrame(columns=["assessment", "line", "label", "lost", "reason", "remedy", "red_line"])
        )
        rows = rows.sort_values(["red_line", "lost"], ascending=False, kind="stable")
        kept = self.items[["assessment", "line", "owner", "due_on", "state"]]
        rows = rows.merge(kept, on=["assessment", "line"], how="left")
        rows = rows.assign(
            area=rows["assessment"].map(names), mark=np.where(rows["red_line"], "red", ""),
            due=rows["due_on"].dt.strftime("%Y-%m-%d"), state=rows["state"].map(IMPROVEMENT_STATES),
        )  # fmt: skip
        columns = {
            "area": "评价对象", "line": "条目", "label": "内容", "lost": "可挽回（分）", "remedy": "整改建议",
            "owner": "责任人", "due": "期限", "state": "状态",
        }  # fmt: skip
        remark = f"红线在先，按可挽回分值排序；共{len(rows)}项，可挽回{rows['lost'].sum():.2f}分"
        caption = Caption("整改事项", "表2", remark=remark)
        return tables.table(rows, columns, caption, mark="mark")

    def followed_table(self) -> tables.Html:
        """What became of the items of the period before, area by area."""
        columns = {
            "name": "评价对象", "before": "上期", "closed": "补回", "partly": "部分", "open": "未补", "worse": "增失",
            "late": "逾期", "regained": "挽回（分）", "now": "本期", "points": "可挽回（分）",
        }  # fmt: skip
        remark = "事项单位：项；补回为失分全部挽回，部分为挽回一部分，增失为失分增多；挽回为负的，失分净增"
        caption = Caption("整改事项跟踪", "表3", remark=remark)
        return tables.table(self.followed, columns, caption)

    def areas(self) -> Iterator[object]:
        """For every area: heading, waterfall and the whole score sheet with reasons."""
        for number, row in enumerate(self.results.itertuples()):
            sheet = self.sheets[row.rubric]
            mine = sheet[sheet["assessment"] == row.assessment]
            yield tables.Html(f'<h3 class="area">{html.escape(row.name)}</h3>')
            frame = steps(self.rubrics[row.rubric], mine, self.results.loc[row.Index])
            yield charts.waterfall(frame, f"图{number + 2 + len(self.sheets)}　{row.name}得分构成")
            yield sheet_table(mine, Caption("逐项评分", f"表{number + 4}", row.name))
            yield from self._ledger_rows(row)
            yield from self._overridden_rows(row)

    def _ledger_rows(self, row: Any) -> Iterator[tables.Html]:
        """The ledger rows that cost or earned an area points, where there are any."""
        mine = (self.evidence["assessment"] == row.assessment) & self.evidence["telling"] & self.evidence["used"]
        if mine.any():
            caption = Caption(EVIDENCE, "附", row.name)
            yield evidence_table(self.rubrics[row.rubric], self.evidence[mine], caption)

    def _overridden_rows(self, row: Any) -> Iterator[tables.Html]:
        """Entered values of an area that differ from the ledgers', where there are any."""
        mine = self.overridden[self.overridden["assessment"] == row.assessment]
        if len(mine):
            caption = Caption(OVERRIDDEN, "附", row.name, BY_ENTRY)
            yield overridden_table(self.rubrics[row.rubric], mine, caption)

    def last_page(self) -> list[tables.Html]:
        """Rubric, version, readings and hashes."""
        pages = []
        for rubric in self.rubrics.values():
            said = {rubric.readings[key].question: rubric.choice_in_words(key) for key in rubric.chosen}
            head = {
                "评分细则": f"{rubric.title}（{rubric.version}，{rubric.source.annex}）",
                "文件校验码（sha256）": rubric.sha256,
            }
            pages.append(tables.facts(head | {f"读法：{question}": words for question, words in said.items()}))
        return pages


def county_index(database: str | Engine | None, county: Code, period: Code) -> CountyIndex:
    """Gather one unit's index results.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    county : code of a reporting unit, such as ``331082`` or ``TZW``
    period : evaluation period, such as ``2026``

    Raises
    ------
    UsageError : unknown unit or period, or no assessment of the unit in it
    """
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    county, period = as_text("填报单位", county), as_text("评价期", period)
    units = read.units(engine).set_index("code", drop=False)
    if county not in units.index:
        raise UsageError(f"没有填报单位“{county}”，可用：{'、'.join(units.index)}。")
    work = held(f"work {engine.url}", lambda: read.assessments(engine))
    if period not in set(work["period"]):
        raise UsageError(f"没有评价期“{period}”，可用：{'、'.join(sorted(set(work['period'])))}。")
    work = work[(work["period"] <= period) & (work["status"] != "withdrawn")]
    mine = work[(work["unit"] == county) & (work["period"] == period)]
    if mine.empty:
        raise UsageError(f"{units.loc[county, 'short_name']}在{period}年没有评价记录。")
    rubrics = {name: load_rubric(name) for name in sorted(set(mine["rubric"]))}
    books = held(f"books {engine.url}", lambda: read.books(engine))
    city = {name: _city(engine, rubric, work, books, period) for name, rubric in rubrics.items()}
    scored = {name: (sheet, results) for name, (_, sheet, results) in city.items()}
    evidence = pd.concat([made.evidence for made, _, _ in city.values()], ignore_index=True)
    unlike = pd.concat([overrides(made.observations) for made, _, _ in city.values()], ignore_index=True)
    unlike = unlike[unlike["assessment"].isin(mine["id"])]
    past = pd.concat([results for _, results in scored.values()])
    past = past[(past["unit"] == county)].sort_values(["kind", "assessment"], ignore_index=True)
    results = past[past["period"] == period].reset_index(drop=True)
    sheets = {
        name: explain(rubrics[name], sheet[sheet["assessment"].isin(mine["id"])]) for name, (sheet, _) in scored.items()
    }
    own = work[work["unit"] == county]
    fared = [followed(rubrics[n], sheet, own[own["rubric"] == n], books["improvement"], period)
             for n, (sheet, _) in scored.items()]  # fmt: skip
    todo = pd.concat([items(rubrics[n], sheet, mine, books["improvement"]) for n, sheet in sheets.items()])
    fate = pd.concat(fared).merge(results[["area", "name"]], on="area")
    demo = bool(mine["demo"].any())
    names = units["short_name"].to_dict()
    said = own_settings(books["unit_setting"], {county: names[county]}, mine["as_of"].max(), ["measuring"])
    unit = units.loc[county]
    return CountyIndex(unit, period, demo, rubrics, results, sheets, past, evidence, unlike, fate, todo, said)


def _city(
    engine: Engine, rubric: Rubric, work: pd.DataFrame, books: Mapping[str, pd.DataFrame], period: str
) -> tuple[Filled, pd.DataFrame, pd.DataFrame]:
    """Observations with evidence, sheet and results of one rubric up to a period; once for all kernels of a batch."""

    def compute() -> tuple[Filled, pd.DataFrame, pd.DataFrame]:
        made = filled(engine, rubric, work, books)
        return made, *_scored(rubric, work, made.observations)

    return held(f"city {engine.url} {rubric.sha256} {period}", compute)


def _scored(rubric: Rubric, work: pd.DataFrame, seen: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sheet and results of one rubric over all units and periods, with names and ranks."""
    scored = score_work(rubric, work, seen)
    results = scored.results
    for among, by in (("city", ["period"]), ("county", ["period", "unit"])):
        groups = results.groupby(by)
        results[f"{among}_rank"] = pd.concat([rank(group) for _, group in groups[["unrounded", "complete"]]])
        results[f"{among}_count"] = groups["complete"].transform("sum").astype(np.int64)
    return scored.sheet, results
