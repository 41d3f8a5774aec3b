"""What the annual monitoring report of a unit or of the city shows; the notebook only lays it out.

Its four parts are the guidance's (附件1三（二）4): 监测数据, 分析结果, 结论, 建议.
"""

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from chengxin.errors import UsageError
from chengxin.lab.agreement import by as agreement_by
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import DIRECTIONS, checked, discrepancies, summary
from chengxin.ledgers.filings.quarters import season
from chengxin.ledgers.filings.status import STATES
from chengxin.ledgers.unit_settings import said as own_settings
from chengxin.ledgers.verification import barred, clock, rates
from chengxin.render import tables
from chengxin.render.demo import REPORT
from chengxin.render.tables import Caption
from chengxin.reports.parameters import Code, as_text, as_year
from chengxin.settings import settings
from chengxin.store import read
from chengxin.store.engine import open_store
from chengxin.workflow import inputs
from chengxin.workflow.cache import held

CITY, HIDDEN = "city", "＊"
FILED = {
    "points": "监测点", "due": "应报", "on_time": STATES["on_time"], "late": STATES["late"],
    "returned": STATES["returned"], "missing": STATES["missing"],
    "unfavourable": "有不利项", "contradictions": "有矛盾", "discrepancies": "核查不符", "valid_rate": "在检率（%）",
    "gm2d_rate": "一扫清率（%）", "settle_rate": "处置率（%）",
}  # fmt: skip
FILED_IN = "单位：监测点为个，季报为份"
INSTRUMENTS = {
    "in_use": "在用强检器具台（件）数", "verified": "受检台（件）数", "qualified": "合格台（件）数",
    "inspected": "受检率（%）", "passed": "合格率（%）",
}  # fmt: skip


@dataclass(frozen=True)
class MonitoringYear:
    """One unit's or the city's monitoring points in one year."""

    name: str
    year: int
    as_of: date
    demo: bool
    points: pd.DataFrame
    clocked: pd.DataFrame
    judged: pd.DataFrame
    checked: pd.DataFrame
    differing: pd.DataFrame
    own: list[str]

    def banner(self) -> tables.Html:
        """Title and the 演示数据 banner of sample data."""
        return tables.notice(REPORT) if self.demo else tables.Html("")

    def title_facts(self) -> tables.Html:
        """Whose report, of what, until when."""
        return tables.facts(
            {
                "报告单位": self.name,
                "监测年度": f"{self.year}年（数据截至{self.as_of.year}年{self.as_of.month}月{self.as_of.day}日）",
                "监测对象": f"诚信计量监测点{len(self.points)}个，涉及{self.points['sector'].nunique()}个行业",
                "编制依据": "诚信计量监测点工作规范（征求意见稿，附件1）三（二）4",
                **({"单位设定": "".join(self.own)} if self.own else {}),
            }
        )

    def data_tables(self) -> list[tables.Html]:
        """监测数据: filings and instruments, by sector and by quarter."""
        return [
            self._filed("sector", "行业", Caption("各行业季报报送情况", "表1", remark=FILED_IN)),
            self._filed("quarter", "季度", Caption("各季度季报报送情况", "表2", remark=FILED_IN)),
            self._instruments(),
        ]

    def definitions(self) -> tables.Html:
        """What the rates of the tables are made of, by the names of the form's counts."""
        form = load_form()
        made = {
            FILED[rate]: f"季报中“{form.counts[part]}”合计÷“{form.counts[whole]}”合计；为0的不计算"
            for rate, (part, whole) in form.rates.items()
            if rate in FILED
        }
        return tables.facts({**made, "受检率（%）、合格率（%）": "按台账，受检÷在用，合格÷受检，分开计算"})

    def _filed(self, key: str, title: str, caption: Caption) -> tables.Html:
        rows = pd.concat([summary(self.judged, key), summary(self.judged).assign(**{key: "合计"})])
        rows = _rounded(rows, ("valid_rate", "gm2d_rate", "settle_rate"))
        shown, note = _few_hidden(rows["settle_rate"], rows["disputes"])
        rows, caption = rows.assign(settle_rate=shown), replace(caption, remark=caption.remark + note)
        return tables.table(
            rows.assign(**{key: rows[key].map(season)}), {key: title, **FILED}, caption, right=["settle_rate"]
        )

    def _instruments(self) -> tables.Html:
        rows = pd.concat([rates(self.clocked, "sector").reset_index(), rates(self.clocked).assign(sector="合计")])
        rows = rows.assign(inspected=rows["inspected_rate"] * 100, passed=rows["qualified_rate"] * 100)
        remark = "按台账，受检率＝受检÷在用，合格率＝合格÷受检"
        caption = Caption("监测点强检器具受检率和合格率", "表3", remark=remark)
        return tables.table(_rounded(rows, ("inspected", "passed")), {"sector": "行业", **INSTRUMENTS}, caption)

    def analysis_tables(self) -> list[tables.Html]:
        """分析结果: where self-check and on-site check differ, how far they agree, what contradicts itself."""
        return [self._agreement(), self._differing(), self._contradicting()]

    def _agreement(self) -> tables.Html:
        columns = {"sector": "行业", "n": "核查项数", "raw": "一致率（%）", "ac1": "AC1系数", "kappa_said": "Kappa系数"}
        caption = Caption("自查与核查的一致性", "表4")
        if self.checked.empty:
            return tables.table(pd.DataFrame(columns=list(columns)), columns, caption)
        rows = agreement_by(self.checked, ["sector"], "self_good", "check_good", [True, False])
        shown = rows.assign(
            raw=[None if pd.isna(raw) else f"{raw * 100:.1f}" for raw in rows["raw"]],
            ac1=[tables.coefficient(ac1) for ac1 in rows["ac1"]],
            kappa_said=[tables.coefficient(kappa, "不适用") for kappa in rows["kappa"]],
        )
        return tables.table(shown.reset_index(), columns, caption, right=["raw", "ac1", "kappa_said"])

    def _differing(self) -> tables.Html:
        rows = self.differing.assign(
            way=self.differing["direction"].map(DIRECTIONS),
            point=self.differing["point"].map(self._names()),
            quarter=self.differing["quarter"].map(season),
        )
        columns = {"way": "差异方向", "point": "监测点", "quarter": "季度", "item": "项", "label": "监测内容"}
        return tables.table(rows, columns, Caption("自查与核查不一致的事项", "表5", remark="虚报在先"))

    def _contradicting(self) -> tables.Html:
        rows = self.judged[self.judged["contradictions"].map(len) > 0]
        rows = rows.assign(
            quarter=rows["quarter"].map(season),
            items=["、".join(map(str, items)) for items in rows["contradictions"]],
            why=rows["contradiction_reasons"].map("".join),
        )
        columns = {"name": "监测点", "quarter": "季度", "items": "矛盾项", "why": "说明"}
        return tables.table(rows, columns, Caption("填报与填报、填报与台账相矛盾的季报", "表6"))

    def _names(self) -> dict[str, str]:
        return dict(zip(self.points["code"], self.points["name"], strict=True))

    def conclusions(self) -> tables.Html:
        """结论, in sentences with the figures they rest on."""
        return _sentences(self._said(self.judged, self.clocked))

    def _said(self, judged: pd.DataFrame, clocked: pd.DataFrame) -> Iterator[str]:
        due, in_time = int((judged["state"] != "not_due").sum()), int(judged["days_late"].isin([0]).sum())
        share = f"，按期报送率{100 * in_time / due:.1f}%。" if due else "。"
        yield f"应报季报{due}份，期限内报送{in_time}份（含退回补正的）{share}"
        whole = rates(clocked).iloc[0]
        if whole["in_use"]:
            said = f"在用强检器具{int(whole['in_use'])}台（件），受检率{100 * whole['inspected_rate']:.1f}%"
            passed = whole["qualified_rate"]
            yield said + (f"，合格率{100 * passed:.1f}%。" if pd.notna(passed) else "，没有受检器具，不计合格率。")
        else:
            yield "台账中没有在用强检器具。"
        over = int(judged["overstated"].map(len).sum())
        if judged["point"].isin(self.checked["point"]).any():
            yield f"现场核查发现虚报{over}项。" if over else "现场核查没有发现虚报。"
        else:
            yield "本年度还没有现场核查。"

    def advice(self) -> list[tables.Html]:
        """建议: instruments to verify, and candidates on whom a named person decides."""
        late = self.clocked[barred(self.clocked, "mandatory")].sort_values(["point", "id"])
        last = self.judged.sort_values("quarter").groupby("point").tail(1)
        return [
            _sentences(self._advised(len(late), last)),
            tables.table(
                late.assign(
                    point=late["point"].map(self._names()), valid_until=late["valid_until"].dt.strftime("%Y-%m-%d")
                ),
                {"point": "监测点", "kind": "器具名称", "serial": "出厂编号", "valid_until": "有效期至"},
                Caption("不在有效检定期内的在用强检器具", "表7"),
            ),
            _candidates(last, "merchant", Caption("候选", "表8", "诚信计量商户推荐")),
            _candidates(last, "cancel", Caption("候选", "表9", "提请研究取消监测点资格的")),
        ]

    def _advised(self, late: int, last: pd.DataFrame) -> Iterator[str]:
        if late:
            yield f"{late}台（件）强检器具不在有效检定期内，应立即停用并申请检定，见表7。"
        missing = int((self.judged["state"] == "missing").sum())
        if missing:
            yield f"{missing}份季报没有报送，应督促补报并查明原因。"
        over = self.judged["overstated"].map(len).any()
        if over:
            yield "自查与核查不一致的监测点，应约谈负责人，下一季度优先核查。"
        if good := int(last["recommend_merchant"].sum()):
            yield f"连续报送良好的{good}个监测点，列为诚信计量商户推荐候选，见表8。"
        if poor := int(last["cancel_review"].sum()):
            yield f"连续报送不规范的{poor}个监测点，提请研究是否取消监测点资格，见表9。"
        if not (late or missing or over or good or poor):
            yield "没有需要提请处理的事项，继续做好日常监测。"

    def sections(self) -> Iterator[tables.Html]:
        """Each point's own section, in the same four parts."""
        judged, clocked = dict(list(self.judged.groupby("point"))), dict(list(self.clocked.groupby("point")))
        for point in self.points.itertuples():
            mine, tools = judged.get(point.code, self.judged.iloc[:0]), clocked.get(point.code, self.clocked.iloc[:0])
            state = mine["state"].map(lambda state: STATES.get(state, state))
            quarters = "；".join(mine["quarter"].map(season) + "：" + state + "，已答" + mine["answered"].astype("str"))
            yield tables.facts(
                {
                    "监测数据": quarters or "没有应报季报",
                    "分析结果": _unfavourable(mine),
                    "结论": "".join(self._said(mine, tools)),
                    "建议": _advice(mine, tools),
                },
                f"{point.name}（{point.sector}）",
            )

    def plain(self) -> str:
        """The figures as text, for checking."""
        whole = dict(*summary(self.judged).head(1).to_dict("records"))
        names = ("points", "due", "on_time", "late", "missing", "contradictions", "overstated", "cancel_review")
        return "\n".join(f"{name}={whole.get(name, 0)}" for name in names) + "\n"


def _candidates(last: pd.DataFrame, kind: str, caption: Caption) -> tables.Html:
    columns = {"name": "监测点", "sector": "行业", f"{kind}_reason": "依据", f"decision_{kind}": "决定"}
    return tables.table(last[last[f"{kind}_reason"] != ""], columns, caption)


def _items(numbers: Iterable[int]) -> str:
    """Items of the form by number and name."""
    labels = {item.number: item.label for item in load_form().items}
    return "、".join(f"第{number}项{labels[number]}" for number in numbers)


def _unfavourable(judged: pd.DataFrame) -> str:
    """The items that were not in order, quarter by quarter.

    Parameters
    ----------
    judged : the point's filings, from `judge.judge`
    """
    quarters = [f"{season(row.quarter)}：{_items(row.unfavourable)}" for row in judged.itertuples() if row.unfavourable]
    return f"不利项：{'；'.join(quarters)}。" if quarters else "没有不利项。"


def _advice(judged: pd.DataFrame, clocked: pd.DataFrame) -> str:
    """What a point is to do next.

    Parameters
    ----------
    judged, clocked : the point's filings, from `judge.judge`, and its instruments, from `verification.clock`
    """
    steps = []
    late = int(barred(clocked, "mandatory").sum())
    if late:
        steps.append(f"{late}台（件）强检器具立即停用并申请检定")
    if judged["state"].isin(["late", "missing"]).any():
        steps.append("按期报送季报")
    if judged["contradictions"].map(len).any() or judged["overstated"].map(len).any():
        steps.append("核对填报数据，如实填报")
    last = judged[judged["submitted"].notna()].sort_values("quarter").tail(1)
    if last["unfavourable"].map(len).any():
        steps.append(f"整改{_items(last['unfavourable'].iloc[0])}")
    return "；".join(steps) + "。" if steps else "继续保持。"


def _sentences(said: Iterator[str]) -> tables.Html:
    return tables.Html("<ol>" + "".join(f"<li>{html.escape(text)}</li>" for text in said) + "</ol>")


def _few_hidden(rate: pd.Series, counts: pd.Series) -> tuple[pd.Series, str]:
    """A rate as published: hidden where it rests on so few cases that a person could be known by it; and a note."""
    least = settings()["suppress_below"]
    few = (counts > 0) & (counts < least)
    shown = rate.map("{:.2f}".format, na_action="ignore").astype(object).mask(few, HIDDEN)
    return shown, f"；{HIDDEN}为投诉纠纷不足{least:g}件，不列比率" if few.any() else ""


def _rounded(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    shown = {name: pd.to_numeric(rows[name]).astype(float) for name in columns}
    return rows.assign(**shown)


def monitoring_year(database: str | Engine | None, unit: Code, year: Code, as_of: date | None = None) -> MonitoringYear:
    """Gather one unit's monitoring year.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    unit : code of a reporting unit, or ``city`` for all
    year : the year
    as_of : last day of what is known; default: the year's end, or the last date of its assessments where earlier

    Raises
    ------
    UsageError : unknown unit, or no monitoring point of it in the year
    """
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    unit, year = as_text("填报单位", unit), as_year(year)
    units = read.units(engine).set_index("code")["name"]
    if unit not in units.index and unit != CITY:
        raise UsageError(f"没有填报单位“{unit}”，可用：{CITY}（全市）、{'、'.join(units.index)}。")
    work = held(f"work {engine.url} {year}", lambda: read.assessments(engine, str(year)))
    day = as_of or min([date(year, 12, 31), *work["as_of"].dt.date])
    books: dict[str, Any] = held(f"books {engine.url}", lambda: read.books(engine))
    points = books["monitoring_point"]
    there = (points["accepted_on"] <= pd.Timestamp(day)) & ~(points["cancelled_on"] < pd.Timestamp(year, 1, 1))
    points = points[there & ((points["unit"] == unit) | (unit == CITY))].sort_values("code", ignore_index=True)
    name = "全市" if unit == CITY else str(units[unit])
    if points.empty:
        raise UsageError(f"{name}在{year}年没有监测点。")
    judged = held(f"filings {engine.url} {day}", lambda: inputs.filings(books, None, day))
    mine = judged["point"].isin(points["code"]) & judged["quarter"].str.startswith(str(year)) & judged["status"].notna()
    tools = held(f"clock {engine.url} {day}", lambda: clock(books["instrument"], books["verification"], day))
    tools = tools[tools["point"].isin(points["code"])]
    tools = tools.assign(sector=tools["point"].map(points.set_index("code")["sector"]))
    both, differing = _checked(books, points, year, day)
    demo = bool(read.assessments(engine)["demo"].any())
    mine_only = judged[mine].reset_index(drop=True)
    own = own_settings(books["unit_setting"], units[list(set(points["unit"]))].to_dict(), day, ["filing"])
    return MonitoringYear(name, year, day, demo, points, tools, mine_only, both, differing, own)


def _checked(books: dict[str, Any], points: pd.DataFrame, year: int, day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Items with both answers of the year's filings checked by the day, and those that differ."""
    form, filings = load_form(), books["filing"]
    seen = filings["checked_on"] <= pd.Timestamp(day)
    filings = filings[seen & filings["quarter"].str.startswith(str(year)) & filings["point"].isin(points["code"])]
    answers = books["filing_answer"][books["filing_answer"]["filing"].isin(filings["id"])]
    both = checked(form, answers, filings, points)
    keys = filings.rename(columns={"id": "filing"})[["filing", "point", "quarter"]]
    return both, discrepancies(form, answers).merge(keys, on="filing")
