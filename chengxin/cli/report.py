"""The command that makes reports, and how it tells how far it is."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from chengxin.cli.console import Database, progress
from chengxin.errors import UsageError


def report(
    period: Annotated[
        str | None, typer.Option("--period", "--year", metavar="评价期", help="评价期或年度，如2026")
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="种类",
            help="index（指数评价）、card（各景区、街区评分卡）、comparison（两期对比）、recheck（自评与复核对比）、city（全市综合）或monitoring-year（年度监测）",
        ),
    ] = "index",
    county: Annotated[
        list[str] | None, typer.Option("--county", metavar="代码", help="填报单位，可重复；缺省全部")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="文件夹", help="报告放在哪里")] = Path("reports"),
    force: Annotated[bool, typer.Option("--force", help="已是最新的也重新生成")] = False,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="格式",
            help="html、pdf、docx（Word）、xlsx（Excel）、ipynb（执行后的笔记本，记有运行时间，每次不同），可写几个，用逗号隔开",
        ),
    ] = "html",
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="个数", min=1, help="同时生成几个；缺省为处理器数加一")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="地址", help="由Dask集群生成，写调度进程的地址，如tcp://10.0.0.5:8786"),
    ] = None,
    database: Database = None,
) -> None:
    """为各填报单位生成指数评价报告或年度监测报告；一个单位失败不影响其他单位。"""
    if period is None:
        raise UsageError("缺少选项“--period 评价期”（评价期或年度，如2026）。详见：chengxin report --help")
    if not run(database, period, county, out, force, kind, formats=_formats(form), jobs=jobs, cluster=cluster):
        raise typer.Exit(1)


def _formats(said: str) -> tuple[str, ...]:
    from chengxin.reports.batch import FORMATS

    wanted = tuple(dict.fromkeys(part.strip().lower() for part in said.split(",")))
    wrong = [name for name in wanted if name not in FORMATS]
    if wrong:
        raise UsageError(f"没有报告格式“{'、'.join(wrong)}”，可用：{'、'.join(FORMATS)}。")
    return wanted


def run(
    database: str | None,
    period: str,
    county: list[str] | None,
    out: Path,
    force: bool,
    kind: str = "index",
    **options: Any,
) -> bool:
    """Make the reports and show how far they are; True when none failed."""
    from chengxin.reports.batch import Made, make_reports
    from chengxin.reports.kinds import KINDS, planned
    from chengxin.store.engine import open_store

    words = {"made": "已生成", "current": "已是最新", "failed": "失败"}
    engine = open_store(database, read_only=True)
    count = len(planned(engine, kind, period, county))
    engine.dispose()
    with progress(count) as show:

        def tell(made: Made) -> None:
            show(f"{made.name}（{made.county}）", words[made.state] + (made.reason and f"，{made.reason}"))

        def stopping() -> None:
            print("\n正在收尾：做完手上的几份就停。", file=sys.stderr, flush=True)

        options |= {"progress": tell, "stopping": stopping}
        try:
            batch = make_reports(database, period, county, out, kind=kind, force=force, **options)
        except KeyboardInterrupt:
            print("已中断；已生成的都完整。再次运行同一命令，从没有做完的接着做。", file=sys.stderr)
            raise
    index = out / f"{KINDS[kind].prefix}index.html"
    fine = len(batch.made) - len(batch.failed)
    typer.echo(f"{period}年报告：{fine}个可用，{len(batch.failed)}个失败。目录：{index}")
    if batch.ordinary:
        typer.echo("本机不能预先装载计算进程，已逐个启动（较慢，结果相同）。")
    for row in batch.failed:
        print(f"失败：{row.name}（{row.county}），{row.reason}", file=sys.stderr)
    return not batch.failed
