"""Self-assessment beside the re-check: one unit's, or the city's, points as assessed and as a re-check found them."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from chengxin.clock import CHINA
from chengxin.errors import UsageError
from chengxin.lab.agreement import by as agreed_by
from chengxin.lab.assessors import CATEGORIES, EDGE, judged
from chengxin.render import charts, tables
from chengxin.render.demo import REPORT
from chengxin.render.tables import Caption
from chengxin.reports.county_index import SIGN
from chengxin.reports.monitoring_year import CITY
from chengxin.reports.parameters import Code, as_text
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Rubric
from chengxin.rubric.rules import plain
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.store.engine import open_store
from chengxin.store.schema import AREA_KINDS
from chengxin.workflow.cache import held
from chengxin.workflow.inputs import filled

KEY = ["assessment", "line"]
SEEN = [*KEY, "value", "of", "outcome", "note"]


@dataclass(frozen=True)
class Rechecked:
    """Assessments that were re-checked.

    areas : one row per assessment: name, short_name, kind, lines (how many were looked at), own, found (totals, NaN
        while incomplete), moved (found − own), over, under (lines where the self-assessment gave more, less)
    lines : one row per re-checked line: assessment, name, short_name, kind, line, label, points, own, found (points),
        moved, own_said, found_said (category), note
    """

    name: str
    period: str
    demo: bool
    rubrics: dict[str, Rubric]
    areas: pd.DataFrame
    lines: pd.DataFrame
    days: pd.Series
    teams: list[str]

    def banner(self) -> tables.Html:
        """The 演示数据 banner, or nothing for real data."""
        return tables.notice(REPORT) if self.demo else tables.Html("")

    def title_facts(self) -> tables.Html:
        """Whose assessments, how much was re-checked, when and by whom."""
        first, last = (f"{day.year}年{day.month}月{day.day}日" for day in (self.days.min(), self.days.max()))
        said = tables.facts(
            {
                "范围": self.name,
                "评价期": f"{self.period}年",
                "复核": f"{len(self.areas)}个评价对象，{len(self.lines)}条",
                "复核日期": first if first == last else f"{first}至{last}",
                "复核人": "、".join(self.teams),
                "评分依据": "；".join(
                    f"{r.title}（{r.version}，{r.source.annex}）" for r in self.rubrics.values()
                ),
            }
        )  # fmt: skip
        return tables.Html(said.text + SIGN)

    def totals_table(self) -> tables.Html:
        """Totals as assessed and with what the re-check found, the most overstated first."""
        rows = self.areas.sort_values("moved", kind="stable")
        rows = rows.assign(
            sort=rows["kind"].map(AREA_KINDS),
            own=[_points(value) for value in rows["own"]],
            after=[_points(value) for value in rows["found"]],
            change=[_change(value) for value in rows["moved"]],
        )
        columns = {
            "name": "评价对象", "sort": "类别", "lines": "复核条目（条）", "own": "自评（分）", "after": "复核后（分）",
            "change": "差（分）", "over": "自评偏高（条）", "under": "自评偏低（条）",
        }  # fmt: skip
        remark = "复核后的总分只改动复核过的条目；未评完的不列总分"
        caption = Caption("自评与复核总分对比", "表1", remark=remark)
        return tables.table(rows, columns, caption, right=["own", "after", "change"])

    def chart(self) -> charts.Picture | tables.Html:
        """Both totals of each area."""
        rows = self.areas.dropna(subset=["own", "found"]).sort_values("moved", kind="stable")
        if rows.empty:
            return tables.Html("<p>没有已评完的评价对象，不能比较总分。</p>")
        return _pairs(rows, {"own": "自评", "found": "复核后"}, "图1　自评与复核后的总分")

    def differing_table(self) -> tables.Html:
        """Lines where both differ, the most overstated first."""
        rows = self.lines[self.lines["moved"].abs() > EDGE].sort_values("moved", kind="stable")
        rows = rows.assign(
            content=rows["line"] + " " + rows["label"],
            full=[plain(value) for value in rows["points"]],
            before=[_points(value, 4) for value in rows["own"]],
            after=[_points(value, 4) for value in rows["found"]],
            change=[_change(value, 4) for value in rows["moved"]],
            mark=np.where(rows["moved"] < 0, "short", ""),
        )
        columns = {
            "name": "评价对象", "content": "条目", "full": "分值", "before": "自评", "after": "复核", "change": "差",
            "note": "复核说明",
        }  # fmt: skip
        remark = f"共{len(rows)}条，单位：分；自评偏高的在先，以浅色底标出；差按未四舍五入的得分计算"
        caption = Caption("自评与复核得分不同的条目", "表2", remark=remark)
        return tables.table(rows, columns, caption, mark="mark", right=["full", "before", "after", "change"])

    def agreement_table(self) -> tables.Html:
        """How far both agree, for each kind of area and for all, on full, part, no points or not applicable."""
        rows = pd.concat([agreed_by(self.lines, keys, "own_said", "found_said", CATEGORIES) for keys in (["kind"], [])])
        rows = rows.assign(
            sort=rows["kind"].map(AREA_KINDS).fillna("合计"),
            raw=[f"{100 * value:.1f}" for value in rows["raw"]],
            ac1=[tables.coefficient(value) for value in rows["ac1"]],
            kappa=[tables.coefficient(value, "不适用") for value in rows["kappa"]],
        )
        columns = {"sort": "类别", "n": "复核条目（条）", "agreed": "一致（条）", "raw": "一致率（%）",
                   "ac1": "AC1系数", "kappa": "Kappa系数"}  # fmt: skip
        caption = Caption("自评与复核的一致性", "表3", remark="按满分、部分得分、零分、不适用四类比较")
        return tables.table(rows, columns, caption, right=["raw", "ac1", "kappa"])

    def side_by_side(self, rubric: str) -> pd.DataFrame:
        """Re-checked lines of one rubric, as `assessors.beside` takes them: a the self-assessment, b the re-check."""
        names = {"own": "score_a", "found": "score_b", "own_said": "category_a", "found_said": "category_b"}
        return self.lines[self.lines["kind"] == rubric].rename(columns=names)

    def plain(self) -> str:
        """Totals and counts as CSV, for checking."""
        columns = ["assessment", "lines", "own", "found", "over", "under"]
        return str(self.areas[columns].to_csv(index=False, float_format="%.2f", lineterminator="\n"))


def _points(value: float, digits: int = 2) -> str:
    return "—" if pd.isna(value) else f"{value:.2f}" if digits == 2 else plain(round(value, digits))


def _change(value: float, digits: int = 2) -> str:
    said = _points(abs(value), digits)
    return said if pd.isna(value) or not float(said) else f"{'+' if value > 0 else '−'}{said}"


def _pairs(rows: pd.DataFrame, sides: dict[str, str], title: str) -> charts.Picture:
    """Two totals of each area, joined by a line.

    Parameters
    ----------
    rows : column name (text) and the two columns of points
    sides : column → Chinese name, the first and the second total
    """
    first, second = sides
    low, high = math.floor(rows[[first, second]].min().min()) - 2, math.ceil(rows[[first, second]].max().max()) + 2
    y = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False, "domain": False}}
    scale = {"domain": [low, high]}
    x = {"type": "quantitative", "scale": scale, "title": f"总分（分；坐标自{low}分起）"}
    long = rows.melt(id_vars=["name"], value_vars=list(sides), var_name="side", value_name="total")
    long["side"] = long["side"].map(sides)
    side = {"field": "side", "title": None, "sort": None}
    spec = {
        "width": 560,
        "height": {"step": 26},
        "data": {"values": long.to_dict("records")},
        "layer": [
            {
                "data": {"values": rows[["name", first, second]].to_dict("records")},
                "mark": {"type": "rule", "color": charts.QUIET},
                "encoding": {"y": y, "x": {**x, "field": first}, "x2": {"field": second}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {
                    "y": y,
                    "x": {**x, "field": "total"},
                    "color": {**side, "scale": {"range": [charts.BLUE, charts.ORANGE]}, "legend": {"orient": "top"}},
                    "shape": {**side, "legend": {"orient": "top"}},
                },
            },
        ],
    }
    said = "；".join(f"{name}{sides[first]}{a:.2f}分、{sides[second]}{b:.2f}分" for name, a, b in
                    zip(rows["name"], rows[first], rows[second], strict=True))  # fmt: skip
    return charts.picture(spec, title, f"{title}：{said}")


def rechecked(database: str | Engine | None, unit: Code, period: Code) -> Rechecked:
    """Gather what was re-checked of one unit, or of the city, in a period.

    The self-assessment is what stood there when the re-check was done: later corrections do not hide what was found.

    Parameters
    ----------
    database : URL, file or engine; None: as `engine.open_store`
    unit : code of a reporting unit, or ``city`` for all
    period : evaluation period

    Raises
    ------
    UsageError : unknown unit, or nothing was re-checked
    DataError : a re-check holds a value that its line does not take
    """
    engine = database if isinstance(database, Engine) else open_store(database, read_only=True)
    unit, period = as_text("填报单位", unit), as_text("评价期", period)
    units = read.units(engine).set_index("code")["name"]
    if unit != CITY and unit not in units.index:
        raise UsageError(f"没有填报单位“{unit}”，可用：{CITY}（全市）、{'、'.join(units.index)}。")
    books = held(f"books {engine.url}", lambda: read.books(engine))
    work = read.assessments(engine, period, None if unit == CITY else unit)
    checks = books["recheck"][books["recheck"]["assessment"].isin(work["id"])]
    name = "全市" if unit == CITY else str(units[unit])
    if checks.empty:
        raise UsageError(f"{name}在{period}年没有复核记录；复核记录用chengxin load导入，文件为rechecks.csv。")
    work = work[work["id"].isin(checks["assessment"])]
    rubrics = {kind: load_rubric(kind) for kind in sorted(set(work["rubric"]))}
    parts = [_compared(rubric, filled(engine, rubric, work, books).observations, work[work["rubric"] == kind], checks,
                       read.history(engine, *work["id"])) for kind, rubric in rubrics.items()]  # fmt: skip
    areas, lines = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    teams = sorted(set(checks["done_by"]))
    return Rechecked(name, period, bool(work["demo"].any()), rubrics, areas, lines, checks["done_on"], teams)


def _compared(
    rubric: Rubric, seen: pd.DataFrame, work: pd.DataFrame, checks: pd.DataFrame, history: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Areas and lines of one rubric, as the fields of `Rechecked`."""
    checks = checks[checks["assessment"].isin(work["id"])]
    looked = pd.MultiIndex.from_frame(checks[KEY])
    own = _replaced(seen[SEEN], _as_it_stood(history, checks))
    own = own[own["value"].notna() | (own["outcome"] != "assessed")]  # one without a value was cleared
    found = _replaced(own, checks[SEEN])
    both = judged(rubric, own).merge(judged(rubric, found), on=KEY, suffixes=("_own", "_found"))
    both = both[pd.MultiIndex.from_frame(both[KEY]).isin(looked)]
    about = work.rename(columns={"id": "assessment"})[["assessment", "name", "short_name", "kind"]]
    labels = {line.id: (line.label, line.points) for line in rubric.lines}
    lines = both.merge(about, on="assessment").merge(checks[[*KEY, "note"]], on=KEY).rename(
        columns={"score_own": "own", "score_found": "found", "category_own": "own_said", "category_found": "found_said"}
    )  # fmt: skip
    lines = lines.assign(
        label=[labels[line][0] for line in lines["line"]], points=[labels[line][1] for line in lines["line"]],
        moved=lines["found"] - lines["own"],
    )  # fmt: skip
    sums = [totals(score(rubric, rows)).astype({"assessment": "str"}).set_index("assessment")["total"]
            for rows in (own, found)]  # fmt: skip
    off = lines.groupby("assessment")["moved"]
    areas = about.set_index("assessment").assign(
        lines=off.size(), own=sums[0], found=sums[1], moved=sums[1] - sums[0],
        over=off.apply(lambda moved: int((moved < -EDGE).sum())),
        under=off.apply(lambda moved: int((moved > EDGE).sum())),
    )  # fmt: skip
    return areas.reset_index(), lines


def _as_it_stood(history: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Of each re-checked line the last version up to the day of the re-check, or the first where all are later."""
    rows = history.merge(checks[[*KEY, "done_on"]], on=KEY)
    entered = pd.to_datetime(rows["at"], utc=True).dt.tz_convert(CHINA).dt.tz_localize(None)
    late = entered >= rows["done_on"] + pd.Timedelta(days=1)
    rows = rows.assign(late=late, order=np.where(late, -rows["version"], rows["version"]))
    return rows.sort_values(["late", "order"], ascending=[False, True]).drop_duplicates(KEY, keep="last")[SEEN]


def _replaced(rows: pd.DataFrame, by: pd.DataFrame) -> pd.DataFrame:
    """Observations with those of the same assessment and line put in the place of others."""
    kept = ~pd.MultiIndex.from_frame(rows[KEY]).isin(pd.MultiIndex.from_frame(by[KEY]))
    return pd.concat([rows[kept], by], ignore_index=True).sort_values(KEY, ignore_index=True)
