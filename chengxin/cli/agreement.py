"""Commands on agreement: two files, self-checks against on-site checks, assessors among themselves, an exercise."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from chengxin.cli.console import Database, file_there
from chengxin.cli.ledgers import Form, show
from chengxin.errors import UsageError
from chengxin.render.demo import MARK

BY = {"all": (), "item": ("item", "label"), "sector": ("sector",), "unit": ("unit",)}
Given = Annotated[str | None, typer.Option("--rubric", metavar="细则", help="细则编号（如street）或YAML文件")]
Filings = Annotated[
    str | None,
    typer.Option("--filings", metavar="时期", help="监测点季报的自查与现场核查，如2026或2026Q3；不给细则"),
]
Assessors = Annotated[
    str | None, typer.Option("--assessors", metavar="评价期", help="同一评价先后由不同的人存入的判断，如2026；须给细则")
]
Rechecks = Annotated[
    str | None, typer.Option("--rechecks", metavar="评价期", help="自评与复核，如2026；复核过的条目；须给细则")
]
By = Annotated[str, typer.Option("--by", metavar="all|item|sector|unit", help="季报按项、行业或填报单位分开")]
MEASURES = {
    "n": "对数", "raw": "一致率", "ac1": "AC1", "low": "下限", "high": "上限", "kappa": "kappa",
    "kappa_note": "kappa说明", "said": "偏差",
}  # fmt: skip
Row = dict[str, Any]


def agreement_command(
    a: Annotated[Path | None, typer.Argument(metavar="甲.csv", help="一方的观测，如自评")] = None,
    b: Annotated[Path | None, typer.Argument(metavar="乙.csv", help="另一方的观测，评价编号相同")] = None,
    rubric: Given = None,
    filings: Filings = None,
    assessors: Assessors = None,
    rechecks: Rechecks = None,
    by: By = "all",
    database: Database = None,
    form: Form = "table",
) -> None:
    """两次判断同一批对象的一致程度：一致率、扣除偶然一致后的系数及区间、偏高还是偏低。"""
    given = [a is not None or b is not None, filings is not None, assessors is not None, rechecks is not None]
    if sum(given) != 1 or (a is None) != (b is None) or (filings is None) != (rubric is not None):
        raise UsageError(
            "请写一种：两个观测CSV文件和--rubric；--filings 时期（季报自查与核查）；"
            "--rechecks 评价期和--rubric（自评与复核）；--assessors 评价期和--rubric（先后评过的人）。"
        )
    if by not in BY or (by != "all" and filings is None):
        raise UsageError(f"不能按“{by}”分开；--filings可用{'、'.join(BY)}，其余只用all（逐条列出）。")
    if filings is not None:
        _filings(filings, by, database, form)
        return
    if rechecks is not None:
        _rechecks(rechecks, str(rubric), database, form)
        return
    first, second = _two_files(a, b) if a and b else _two_people(str(assessors), str(rubric), database)
    _compare(str(rubric), first, second, form, written=assessors is not None)


def _filings(period: str, by: str, database: str | None, form: str) -> None:
    """Self-checks against on-site checks, from the database."""
    from chengxin.lab import assessors
    from chengxin.store import read
    from chengxin.store.engine import open_store
    from chengxin.workflow import inputs

    if not re.fullmatch(r"\d{4}(Q[1-4])?", period):
        raise UsageError(f"时期得到“{period}”；应为2026或2026Q3这样的写法。")
    engine = open_store(database, read_only=True)
    found, demo = inputs.checked_filings(engine, period), bool(read.assessments(engine)["demo"].any())
    engine.dispose()
    if found.empty:
        raise UsageError(f"{period}没有自查和核查都填了的季报；请核对时期。")
    if demo:
        typer.echo(MARK, err=True)
    told = assessors.filed(found, BY[by])
    if by == "item":
        told = told.sort_values("item", key=lambda item: item.astype(int), kind="stable")
    heads = {"item": "项", "label": "监测内容", "sector": "行业", "unit": "单位"}
    columns = {name: heads[name] for name in BY[by]} | MEASURES
    listed = told.drop(columns="directions").to_dict("records")
    show(listed if form == "json" else rounded(listed, "raw", "ac1", "low", "high", "kappa"), columns, form)


def _rechecks(period: str, rubric: str, database: str | None, form: str) -> None:
    """Self-assessments against re-checks, from the database."""
    from chengxin.lab import assessors
    from chengxin.reports.monitoring_year import CITY
    from chengxin.reports.recheck import rechecked
    from chengxin.rubric.load import load_rubric

    chosen = load_rubric(rubric)
    found = rechecked(database, CITY, period)
    if found.demo:
        typer.echo(MARK, err=True)
    if chosen.id not in found.rubrics:
        raise UsageError(f"{period}年用“{chosen.id}”的评价没有复核记录；请核对评价期和细则。")
    _told(assessors.beside(chosen, found.side_by_side(chosen.id), "自评"), form)


def _two_files(a: Path, b: Path) -> tuple[Any, Any]:
    from chengxin.scoring.observations import read_observations

    return read_observations(file_there(a)), read_observations(file_there(b))


def _two_people(period: str, rubric: str, database: str | None) -> tuple[Any, Any]:
    from chengxin.lab import assessors
    from chengxin.rubric.load import load_rubric
    from chengxin.store import read
    from chengxin.store.engine import open_store

    engine = open_store(database, read_only=True)
    seen = read.judgements(engine, period, load_rubric(rubric).id)
    engine.dispose()
    first, second = assessors.assessors(seen)
    if first.empty:
        raise UsageError(f"评价期{period}用“{rubric}”的评价里，没有哪一条由两个人先后评过；请核对评价期和细则。")
    typer.echo("后一人看得到前一人的判断，所列是复核的一致程度，不是各自独立评价的一致程度。", err=True)
    return first, second


def _compare(rubric: str, a: Any, b: Any, form: str, *, written: bool) -> None:
    from chengxin.lab import assessors
    from chengxin.rubric.load import load_rubric

    _told(assessors.compare(load_rubric(rubric), a, b, written=written), form)


def _told(found: Any, form: str) -> None:
    rows = [row | {"directions": _directions(row["directions"], form)} for row in found.to_dict("records")]
    columns = {"line": "条目", "label": "内容"} | MEASURES | {"directions": "不一致处"}
    show(rows if form == "json" else rounded(rows, "raw", "ac1", "low", "high", "kappa"), columns, form)


def exercise_command(
    teams: Annotated[Path, typer.Argument(metavar="小组.csv", callback=file_there, help="各小组的观测，一组一个编号")],
    reference: Annotated[
        Path, typer.Argument(metavar="参考.csv", callback=file_there, help="参考答案的观测，只有一个编号")
    ],
    rubric: Annotated[str, typer.Option("--rubric", metavar="细则", help="细则编号（如street）或YAML文件")],
    form: Form = "table",
) -> None:
    """一致性练习：几个小组评同一案卷，逐条看离散程度，各组与参考答案差多少。"""
    from chengxin.lab import assessors
    from chengxin.rubric.load import load_rubric
    from chengxin.scoring.observations import read_observations

    lines, told = assessors.consistency(load_rubric(rubric), read_observations(teams), read_observations(reference))
    both = [frame.astype(object).where(frame.notna(), None).to_dict("records") for frame in (lines, told)]
    if form == "json":
        show([{"lines": both[0], "teams": both[1]}], {}, form)
        return
    columns = {
        "line": "条目", "label": "内容", "reference": "参考（分）", "teams": "小组（个）", "same": "与参考相同",
        "low": "最低（分）", "high": "最高（分）", "sd": "标准差（分）", "bias": "平均偏差（分）",
    }  # fmt: skip
    show(rounded(both[0], "reference", "same", "low", "high", "sd", "bias"), columns, form)
    typer.echo("")
    columns = {"assessment": "小组", "total": "总分（分）", "off": "偏差（分）", "differ": "不同（条）"}
    show(rounded(both[1], "total", "off"), columns, form)


def _directions(directions: dict[tuple[str, str], int], form: str) -> Any:
    if form == "json":
        return [{"a": a, "b": b, "n": n} for (a, b), n in directions.items()]
    return "；".join(f"{a}→{b} {n}处" for (a, b), n in directions.items()) or "无"


def rounded(rows: list[Row], *names: str) -> list[Row]:
    """Numbers with three decimals at most; missing ones stay missing."""
    return [row | {name: row[name] if row[name] is None else round(row[name], 3) for name in names} for row in rows]
