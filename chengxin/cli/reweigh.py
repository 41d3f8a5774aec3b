"""The command ``reweighing``: one re-weighing as typed, or all that the ledger holds of an area in a period."""

import json
from typing import Annotated

import typer

from chengxin.cli.console import Database
from chengxin.cli.ledgers import AsOf, Form, day, plain, show
from chengxin.errors import UsageError


def reweigh_command(
    category: Annotated[
        str | None, typer.Option("--category", metavar="类别", help="商品类别，如蔬菜、肉、干菜、其他食品")
    ] = None,
    settled: Annotated[str | None, typer.Option("--settled", metavar="kg", help="结算重量（kg）")] = None,
    actual: Annotated[str | None, typer.Option("--actual", metavar="kg", help="核称重量（kg）")] = None,
    price: Annotated[str | None, typer.Option("--price", metavar="元/kg", help="单价（元/kg）")] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="finer|equal", help="finer：原秤或更高准确度；equal：同等准确度")
    ] = "finer",
    prefer: Annotated[
        str, typer.Option("--prefer", metavar="stricter|category|price", help="类别与单价不一致时按哪一行，缺省按严的")
    ] = "stricter",
    area: Annotated[
        str | None, typer.Option("--area", metavar="代码", help="改为汇总台账中一个景区、街区的全部复称")
    ] = None,
    period: Annotated[str | None, typer.Option("--period", metavar="评价期", help="汇总哪个评价期，如2026")] = None,
    as_of: AsOf = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """复称：判定一次称重（超差时退出码为1），或用--area汇总台账中的复称，供评价人员参考，不自动填入条目。"""
    given = {"--category": category, "--settled": settled, "--actual": actual, "--price": price}
    batch = {"--area": area, "--period": period, "--as-of": as_of}
    if any(value is not None for value in batch.values()):
        _not_both(batch, given)
        _batch(str(area), str(period), as_of, prefer, database, form)
        return
    absent = [name for name in ("--category", "--settled", "--actual") if given[name] is None]
    if absent:
        raise UsageError(f"缺少选项“{'、'.join(absent)}”；汇总台账中的复称则写--area和--period。")
    _single(str(category), str(settled), str(actual), price, method, prefer, form)


def _not_both(batch: dict[str, str | None], given: dict[str, str | None]) -> None:
    mixed = [name for name, value in given.items() if value is not None]
    if mixed:
        raise UsageError(f"汇总台账中的复称时不能同时写“{'、'.join(mixed)}”；请去掉，或去掉--area、--period、--as-of。")
    absent = [name for name in ("--area", "--period") if batch[name] is None]
    if absent:
        raise UsageError(f"缺少选项“{'、'.join(absent)}”；汇总台账中的复称要写明景区或街区和评价期。")


def _preferred(prefer: str) -> None:
    from chengxin.ledgers.reweighing import PREFER

    if prefer not in PREFER:
        raise UsageError(f"--prefer得到“{prefer}”；应为{'、'.join(PREFER)}之一。")


def _single(category: str, settled: str, actual: str, price: str | None, method: str, prefer: str, form: str) -> None:
    from chengxin.ledgers.reweighing import reweigh

    _preferred(prefer)
    verdict = reweigh(category, settled, actual, price, method=method, prefer=prefer)  # type: ignore[arg-type]
    if form == "json":
        typer.echo(json.dumps(plain(vars(verdict)), ensure_ascii=False, indent=1))
    else:
        show([], {}, form, verdict.reason)
    if verdict.ok is False:
        raise typer.Exit(1)


def _batch(area: str, period: str, as_of: str | None, prefer: str, database: str | None, form: str) -> None:
    """The observation that the ledger's re-weighings give, with the rows that count; others are told in words."""
    from chengxin.store.engine import open_store
    from chengxin.workflow.inputs import reweighed

    _preferred(prefer)
    engine = open_store(database, read_only=True)
    line, summed, judged = reweighed(engine, area, period, day(as_of), prefer)  # type: ignore[arg-type]
    engine.dispose()
    counted = judged[judged["ok"].notna()]
    value, of, note = summed[["value", "of", "note"]].iloc[0] if len(summed) else (0, 0, "")
    evidence = [{"ledger": "weighing", "id": each} for each in counted["id"]]
    row = {"line": line, "value": value, "of": of, "evidence": evidence}
    if form == "json":
        typer.echo(json.dumps(plain(row), ensure_ascii=False, indent=1))
        return
    columns = {"line": "条目", "value": "足量（户）", "of": "复称（户）", "note": "说明"}
    show([{**row, "note": note}] if len(judged) else [], columns, form, "台账里没有这一期的复称。")
    for each in judged[judged["ok"] != True].itertuples():  # noqa: E712 — the column holds None as well
        typer.echo(f"  {each.merchant}　{each.category}　{each.reason}（{each.id}）")
    typer.echo("本条还要看去皮称重和计量封签，以上只供评价人员参考，不自动填入。")
