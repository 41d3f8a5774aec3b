"""Commands over ledgers, monitoring points and plans; each prints a Chinese table or JSON."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from chengxin.cli.console import Database
from chengxin.clock import today
from chengxin.errors import UsageError

FORMS = ("table", "json")
Form = Annotated[str, typer.Option("--format", metavar="table|json", help="输出格式")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="日期", help="截至哪一天，如2026-10-31；缺省今天")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--setting", metavar="名称=数值", help="改用某项设定，可重复；见rubrics/tables/settings.yaml"),
]


def day(text: str | None) -> date:
    """A day as typed, or today.

    Raises
    ------
    UsageError : it is no date
    """
    try:
        return date.fromisoformat(text) if text else today()
    except ValueError:
        raise UsageError(f"日期“{text}”看不懂；应为2026-10-31这样的写法。") from None


def changed(said: Sequence[str] | None) -> dict[str, Any]:
    """Settings given as ``名称=数值``, those alone."""
    from chengxin.settings import settings

    wrong = [text for text in said or () if "=" not in text]
    if wrong:
        raise UsageError(f"设定要写成“名称=数值”，得到：{'、'.join(wrong)}。")
    typed = dict(text.split("=", 1) for text in said or ())
    values = settings(typed)
    return {name: values[name] for name in typed}


def own_settings(
    engine: Any, as_of: date, typed: Iterable[str], uses: Iterable[str], units: Iterable[str]
) -> list[str]:
    """Sentences on the own settings of some units behind an output."""
    from chengxin.ledgers.unit_settings import said
    from chengxin.store import read as readers

    names = readers.units(engine).set_index("code")["short_name"]
    return said(readers.unit_settings(engine), names[sorted(set(units))].to_dict(), as_of, uses, typed)


def _tell(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(sentence)


def show(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], form: str, nothing: str = "没有记录。") -> None:
    """Print rows as JSON with all their keys, or as a table of some columns with Chinese headings."""
    if form not in FORMS:
        raise UsageError(f"没有输出格式“{form}”，可用：{'、'.join(FORMS)}。")
    if form == "json":
        typer.echo(json.dumps([{k: plain(v) for k, v in row.items()} for row in rows], ensure_ascii=False, indent=1))
        return
    if not rows:
        typer.echo(nothing)
        return
    typer.echo("\t".join(columns.values()))
    for row in rows:
        typer.echo("\t".join(_said(row[name]) for name in columns))


def plain(value: Any) -> Any:
    """A value as JSON takes it: missing is None, a date is text, a numpy number is a number."""
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, date):
        return value.isoformat()[:10]
    return round(value, 9) if isinstance(value, float) and math.isfinite(value) else value


def _said(value: Any) -> str:
    value = plain(value)
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(str, value)) or "无"
    return f"{value:g}" if isinstance(value, float) else str(value)


def uscc_command(
    codes: Annotated[list[str], typer.Argument(metavar="代码", help="统一社会信用代码")],
    form: Form = "table",
) -> None:
    """核对统一社会信用代码的校验位。有一个不对，退出码为1。"""
    from chengxin.exchange.cells import uscc_fault
    from chengxin.exchange.csv import normal

    read = [(code, normal(code).upper()) for code in codes]
    rows = [
        {"code": code, "valid": not uscc_fault(text), "reason": uscc_fault(text) or "校验位相符"} for code, text in read
    ]
    show(rows, {"code": "代码", "valid": "有效", "reason": "说明"}, form)
    if not all(row["valid"] for row in rows):
        raise typer.Exit(1)


def observe_command(
    area: Annotated[str, typer.Option("--area", metavar="代码", help="景区、街区代码")],
    period: Annotated[str, typer.Option("--period", metavar="评价期", help="如2026")],
    as_of: AsOf = None,
    setting: Changes = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """由台账计出各条的观测值，并列出每个数后面的台账记录。"""
    from chengxin.store import read as readers
    from chengxin.store.engine import open_store
    from chengxin.workflow.inputs import observed, telling

    engine = open_store(database, read_only=True)
    rubric, found = observed(engine, area, period, day(as_of), changed(setting))
    unit = readers.books(engine)["area"].set_index("code").loc[area, "unit"]
    own = own_settings(engine, day(as_of), changed(setting), ["measuring"], [unit])
    engine.dispose()
    behind = dict(list(found.evidence.groupby("line")))
    rows = []
    for row in found.values.itertuples():
        seen = behind.get(row.line, found.evidence.iloc[:0])
        rows.append(
            {
                "line": row.line,
                "value": row.value,
                "of": row.of,
                "evidence": seen[["ledger", "id"]].to_dict("records"),
                "label": rubric.line(row.line).label,
                "note": row.note,
            }
        )
    if form == "json":
        rows = [{name: row[name] for name in ("line", "value", "of", "evidence")} for row in rows]
        show(rows, {}, form)
        return
    show(
        rows,
        {"line": "条目", "label": "内容", "value": "数", "of": "总数", "note": "说明"},
        form,
        "台账里没有可计的记录。",
    )
    for row in found.evidence[telling(rubric, found.evidence)].itertuples():
        typer.echo(f"  {row.line}　{row.said}（{row.id}）")
    _tell(own)


def status_command(
    quarter: Annotated[str, typer.Option("--quarter", metavar="季度", help="如2026Q3")],
    as_of: AsOf = None,
    setting: Changes = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """各监测点一个季度的报送、矛盾、自查与核查差异和候选情况。"""
    from chengxin.store import read as readers
    from chengxin.store.engine import open_store
    from chengxin.workflow import inputs

    engine = open_store(database, read_only=True)
    judged = inputs.filings(readers.books(engine), quarter, day(as_of), changed(setting))
    own = own_settings(engine, day(as_of), changed(setting), ["filing"], judged["unit"])
    engine.dispose()
    keys = (
        *("point", "due", "submitted", "days_late", "answered", "unfavourable", "contradictions", "discrepancies"),
        *("valid_rate", "gm2d_rate", "settle_rate", "status", "recommend_merchant"),
    )
    columns = {
        "point": "监测点", "due": "期限", "submitted": "报送", "days_late": "逾期（天）", "answered": "已答",
        "unfavourable": "不利项", "contradictions": "矛盾项", "discrepancies": "差异项", "valid_rate": "在检率（%）",
        "gm2d_rate": "一扫清率（%）", "settle_rate": "处置率（%）", "status": "状态", "recommend_merchant": "推荐候选",
    }  # fmt: skip
    show(judged[list(keys)].to_dict("records"), columns, form, f"{quarter}没有应报送的监测点。")
    if form == "table":
        _tell(own)


def due_command(
    days: Annotated[int | None, typer.Option("--days", metavar="天数", help="几天内到期；缺省按设定")] = None,
    as_of: AsOf = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """列出检定即将到期和已经超期的计量器具，先到期的在前。"""
    from chengxin.ledgers import verification
    from chengxin.settings import settings
    from chengxin.store import read as readers
    from chengxin.store.engine import open_store

    engine = open_store(database, read_only=True)
    books = readers.books(engine)
    engine.dispose()
    if days is not None and days < 0:
        raise UsageError(f"--days得到“{days}”；应为0或正整数（天）。")
    within = int(settings()["due_soon_days"]) if days is None else days
    soon = verification.due(verification.clock(books["instrument"], books["verification"], day(as_of)), within)
    keys = ("id", "kind", "serial", "area", "merchant", "point", "valid_until", "days_left", "state")
    columns = {
        "id": "器具", "kind": "名称", "serial": "出厂编号", "area": "景区街区", "merchant": "经营户", "point": "监测点",
        "valid_until": "有效期至", "days_left": "剩余（天）",
    }  # fmt: skip
    show(soon[list(keys)].to_dict("records"), columns, form, f"{within}天内没有到期的计量器具。")


def plan_command(
    year: Annotated[int, typer.Option("--year", metavar="年度", help="计划的年度，如2027")],
    seed: Annotated[int, typer.Option("--seed", metavar="种子", help="随机抽取的种子，记入计划")],
    as_of: AsOf = None,
    setting: Changes = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """按风险拟出年度监测计划：核查谁、哪个季度、为什么；其余随机抽取。"""
    from chengxin.store.engine import open_store
    from chengxin.workflow import inputs

    engine = open_store(database, read_only=True)
    wrong = [] if 1000 <= year <= 2999 else [f"年度“{year}”：应为公历年，如2027。"]
    if wrong or seed < 0:
        raise UsageError("\n".join([*wrong, *([f"种子“{seed}”：应为0或正整数。"] if seed < 0 else [])]))
    made = inputs.plan(engine, year, day(as_of), seed, changed(setting))
    own = own_settings(engine, day(as_of), changed(setting), ["filing", "planning"], made.visits["unit"])
    engine.dispose()
    rows = made.visits.to_dict("records")
    if form == "table":
        typer.echo(f"{made.year}年监测计划（数据截至{made.as_of.isoformat()}，种子{made.seed}）")
        for title, text in made.parts.items():
            typer.echo(f"{title}：{text}")
    columns = {
        "unit": "单位", "quarter": "季度", "subject": "对象", "name": "名称", "way": "方式", "reason": "理由",
    }  # fmt: skip
    show(rows, columns, form, "没有要核查的对象。")
    if form == "table":
        _tell(own)
