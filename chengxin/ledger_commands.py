"""Commands over ledgers, monitoring points and plans; each prints a Chinese table or JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from chengxin.errors import UsageError

FORMS = ("table", "json")
Form = Annotated[str, typer.Option("--format", metavar="table|json", help="输出格式")]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="地址", help="数据库地址或文件；缺省用CHENGXIN_DB，再缺省用chengxin.db"),
]
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
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise UsageError(f"日期“{text}”看不懂；应为2026-10-31这样的写法。") from None


def changed(said: Sequence[str] | None) -> dict[str, Any]:
    """Settings with the changes given as ``名称=数值``."""
    from chengxin.settings import settings

    wrong = [text for text in said or () if "=" not in text]
    if wrong:
        raise UsageError(f"设定要写成“名称=数值”，得到：{'、'.join(wrong)}。")
    return settings(dict(text.split("=", 1) for text in said or ()))


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


def reweigh_command(
    category: Annotated[str, typer.Option("--category", metavar="类别", help="商品类别，如蔬菜、肉、干菜、其他食品")],
    settled: Annotated[str, typer.Option("--settled", metavar="kg", help="结算重量（kg）")],
    actual: Annotated[str, typer.Option("--actual", metavar="kg", help="核称重量（kg）")],
    price: Annotated[str | None, typer.Option("--price", metavar="元/kg", help="单价（元/kg）")] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="finer|equal", help="finer：原秤或更高准确度；equal：同等准确度")
    ] = "finer",
    prefer: Annotated[
        str, typer.Option("--prefer", metavar="stricter|category|price", help="类别与单价不一致时按哪一行，缺省按严的")
    ] = "stricter",
    form: Form = "table",
) -> None:
    """复称：按零售商品称重办法的允许短缺量判定一次称重。超差时退出码为1。"""
    from chengxin.reweigh import PREFER, reweigh

    if prefer not in PREFER:
        raise UsageError(f"--prefer得到“{prefer}”；应为{'、'.join(PREFER)}之一。")
    verdict = reweigh(category, settled, actual, price, method=method, prefer=prefer)  # type: ignore[arg-type]
    if form == "json":
        typer.echo(json.dumps(plain(vars(verdict)), ensure_ascii=False, indent=1))
    else:
        show([], {}, form, verdict.reason)
    if verdict.ok is False:
        raise typer.Exit(1)


def uscc_command(
    codes: Annotated[list[str], typer.Argument(metavar="代码", help="统一社会信用代码")],
    form: Form = "table",
) -> None:
    """核对统一社会信用代码的校验位。有一个不对，退出码为1。"""
    from chengxin.cells import uscc_fault
    from chengxin.csvfiles import normal

    read = [(code, normal(code).upper()) for code in codes]
    rows = [
        {"code": code, "valid": not uscc_fault(text), "reason": uscc_fault(text) or "校验位相符"} for code, text in read
    ]
    show(rows, {"code": "代码", "valid": "有效", "reason": "说明"}, form)
    if not all(row["valid"] for row in rows):
        raise typer.Exit(1)
