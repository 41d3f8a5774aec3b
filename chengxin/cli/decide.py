"""Commands by which a named person decides: on a monitoring point, and on a unit's own settings."""

from functools import partial
from typing import Annotated

import typer

from chengxin.cli.console import Command, Database, Group
from chengxin.cli.ledgers import AsOf, Form, day, show
from chengxin.clock import now
from chengxin.errors import UsageError

Who = Annotated[str, typer.Option("--who", metavar="姓名", help="由谁决定，记入操作记录")]
setting_app = typer.Typer(cls=Group, help="填报单位自己的设定。", no_args_is_help=True)
setting_command = partial(setting_app.command, cls=Command)


@setting_command("list")
def setting_list(
    unit: Annotated[str | None, typer.Option("--unit", metavar="代码", help="填报单位；缺省列出全部")] = None,
    as_of: AsOf = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """列出填报单位可以自己设定的各项，现在用哪个数值。"""
    from chengxin.store.engine import open_store
    from chengxin.workflow.decisions import own_rows

    engine = open_store(database, read_only=True)
    rows = own_rows(engine, unit, day(as_of))
    engine.dispose()
    columns = {
        "unit": "单位", "setting": "名称", "value": "数值", "measure": "计量单位", "own": "本单位设定", "kit": "工具包",
        "question": "问题",
    }  # fmt: skip
    show(rows, columns, form)


@setting_command("set")
def setting_set(
    given: Annotated[
        list[str], typer.Argument(metavar="名称=数值", help="如dispute_days=10；写“名称=缺省”恢复工具包的数值")
    ],
    unit: Annotated[str, typer.Option("--unit", metavar="代码", help="填报单位")],
    who: Who,
    why: Annotated[str, typer.Option("--why", metavar="事由", help="依据或理由，记入操作记录")],
    since: Annotated[
        str | None, typer.Option("--since", metavar="日期", help="自哪一天起，如2027-01-01；缺省今天")
    ] = None,
    database: Database = None,
) -> None:
    """设定一个填报单位自己的数值。命令行的--setting先于它，它先于工具包的数值。"""
    from chengxin.store.engine import open_store
    from chengxin.workflow.decisions import set_own

    wrong = [text for text in given if "=" not in text]
    names = [text.split("=", 1)[0] for text in given]
    if wrong or len(set(names)) < len(names):
        raise UsageError(f"设定要写成“名称=数值”，每项一次，得到：{'、'.join(given)}。")
    start, engine = day(since), open_store(database)
    changed = set_own(engine, unit, dict(text.split("=", 1) for text in given), since=start, who=who, why=why, at=now())
    engine.dispose()
    typer.echo(f"{unit}：自{start}起{'、'.join(given)}，改动{changed}项。")


def decide_command(
    point: Annotated[str, typer.Option("--point", metavar="代码", help="监测点")],
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="merchant|cancel", help="merchant：诚信计量商户；cancel：取消监测点资格"),
    ],
    quarter: Annotated[str, typer.Option("--quarter", metavar="季度", help="依据截至哪个季度的季报，如2026Q3")],
    answer: Annotated[str, typer.Option("--answer", metavar="yes|no", help="yes：同意；no：不同意")],
    who: Who,
    why: Annotated[
        str, typer.Option("--why", metavar="理由", help="不是候选、不同意或改变已有决定的，必须写；缺省用候选的依据")
    ] = "",
    on: Annotated[str | None, typer.Option("--on", metavar="日期", help="哪天决定的；缺省今天")] = None,
    database: Database = None,
) -> None:
    """记下有权决定的人对一个监测点的决定；工具包只列候选，从不自行决定。"""
    from chengxin.store.engine import open_store
    from chengxin.store.schema import DECISIONS
    from chengxin.workflow.decisions import decide

    if answer not in ("yes", "no"):
        raise UsageError(f"--answer得到“{answer}”；应为yes或no。")
    made = day(on)
    if made > day(None):
        raise UsageError(f"决定日期“{made}”还没有到；应为今天或以前的日期。")
    engine = open_store(database)
    row = decide(engine, point, kind, quarter, answer == "yes", who=who, on=made, why=why, at=now())
    engine.dispose()
    said = "同意" if row["agreed"] else "不同意"
    typer.echo(f"监测点{point}，{DECISIONS[kind]}：{said}（{row['decided_by']}，{made}）。理由：{row['reason']}")
    if kind == "cancel" and row["agreed"]:
        typer.echo("监测点的状态没有改动；取消手续办完后，请在监测点登记中改为“已取消”。")
