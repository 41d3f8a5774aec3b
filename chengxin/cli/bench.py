"""The commands ``bench report``, ``score`` and ``dashboard``: run the measurements in ``bench/``."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli.console import Command, Group
from chengxin.errors import MissingExtraError, UsageError
from chengxin.paths import place

bench_app = typer.Typer(cls=Group, help="性能测量：在本机当场跑出，与常用做法和下限并列。", no_args_is_help=True)


@bench_app.command("report", cls=Command)
def report(
    units: Annotated[
        list[int] | None, typer.Option("--units", metavar="份数", min=1, help="报告份数，可重复；缺省20和100")
    ] = None,
    plain: Annotated[
        int,
        typer.Option(
            "--plain", metavar="份数", min=1, help="papermill命令实跑几份（各份用时相近），一半在前，一半在后"
        ),
    ] = 8,
) -> None:
    """每份报告的秒数、与papermill命令循环和下限之比、内存（含全部子进程）。"""
    if not Path("/proc/self/smaps_rollup").exists():
        raise UsageError("本测量要读Linux的/proc以计内存，本机没有；请在Linux上运行。")
    _run("report", "--plain", plain, *(units or ()))


@bench_app.command("score", cls=Command)
def score(
    rows: Annotated[
        list[int] | None, typer.Option("--rows", metavar="行数", min=1, help="观测行数，可重复；缺省十万、百万和千万")
    ] = None,
) -> None:
    """评分每秒多少行、与DuckDB、pandas、逐行循环和下限之比、内存。"""
    if importlib.util.find_spec("duckdb") is None:
        raise MissingExtraError('缺少对照用的duckdb。请运行：pip install "chengxin[test]"')
    _run("score", *(rows or ()))


@bench_app.command("dashboard", cls=Command)
def dashboard(
    counties: Annotated[int, typer.Option("--counties", metavar="个数", min=1, help="县数，各10个对象、4期")] = 2800,
    rounds: Annotated[int, typer.Option("--rounds", metavar="次数", min=1, help="每种筛选换几次")] = 20,
) -> None:
    """全市看板读库、出齐、换一次筛选各要多久，与pandas和SQL只答一张表之比，内存。"""
    _run("dashboard", counties, rounds)


def _run(name: str, *words: object) -> None:
    """Run a script of ``bench/`` in a process of its own, so that it starts with nothing loaded."""
    done = subprocess.run([sys.executable, str(place("bench") / f"{name}.py"), *map(str, words)], check=False)
    if done.returncode:
        raise typer.Exit(1)
