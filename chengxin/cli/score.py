"""The command ``score``: a file of observations with reasons, or many files, each a partition, as results."""

import json
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli.console import as_records, file_there, in_words
from chengxin.errors import UsageError
from chengxin.rubric.model import Rubric

COLUMNS = (
    "观测数据的CSV文件，列名：assessment,line,value,of,outcome,note（或评价、条目、数值、总数、结论、说明）；"
    "后三列可缺；可写几个，每个评价只在一个文件中"
)


def score_command(
    observations: Annotated[list[Path], typer.Argument(metavar="观测.csv", help=COLUMNS)],
    rubric: Annotated[str, typer.Option("--rubric", metavar="细则", help="细则编号或YAML文件")],
    reading: Annotated[
        list[str] | None, typer.Option("--reading", metavar="名称=选项", help="改用某个读法，可重复")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="table|csv|json", help="输出格式")] = "table",
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="地址", help="由Dask集群评分，每个文件一份任务，写调度进程的地址")
    ] = None,
) -> None:
    """给观测文件评分：一个文件逐条说明理由，几个文件只列结果。"""
    from chengxin.rubric.load import load_rubric

    if form not in ("table", "csv", "json"):
        raise UsageError(f"没有输出格式“{form}”，可用：table、csv、json。")
    for path in observations:
        file_there(path)
    chosen = load_rubric(rubric, _choices(reading or []))
    if len(observations) > 1 or cluster is not None:
        _many(chosen, observations, form, cluster)
    else:
        _one(chosen, observations[0], form)


def _choices(said: list[str]) -> dict[str, str]:
    wrong = [text for text in said if "=" not in text]
    if wrong:
        raise UsageError(f"读法要写成“名称=选项”，得到：{'、'.join(wrong)}。")
    return dict(text.split("=", 1) for text in said)


def _one(rubric: Rubric, path: Path, form: str) -> None:
    from chengxin.scoring.explain import explain
    from chengxin.scoring.score import score
    from chengxin.scoring.totals import totals

    sheet = score(rubric, path)
    results = totals(sheet)
    if form == "json":
        typer.echo(json.dumps(as_records(results, explain(rubric, sheet)), ensure_ascii=False, indent=1))
    elif form == "csv":
        typer.echo(results.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        typer.echo(in_words(rubric, results, sheet))


def _many(rubric: Rubric, paths: list[Path], form: str, cluster: str | None) -> None:
    from chengxin.reports.cluster import connected, scored

    if form != "csv":
        raise UsageError("几个文件，或由集群评分，只列结果；请加上“--format csv”。")
    if cluster is None:
        results = scored(None, rubric, paths)
    else:
        with connected(cluster) as client:
            results = scored(client.get_executor(pure=False), rubric, paths)
    typer.echo(results.to_csv(index=False, lineterminator="\n"), nl=False)
