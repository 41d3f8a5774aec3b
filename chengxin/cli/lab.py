"""Commands of the lab over a CSV file of observations or a period of the database: a Chinese table or JSON."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from chengxin.cli.agreement import agreement_command, exercise_command, rounded
from chengxin.cli.console import Command, Database, Group, file_there, folder_there
from chengxin.cli.ledgers import Form, show
from chengxin.errors import UsageError
from chengxin.render.demo import MARK

SOURCE = "观测数据的CSV文件，列名：assessment,line,value,of,outcome,note；缺省取数据库里一个评价期的观测"
Rubric = Annotated[str, typer.Option("--rubric", metavar="细则", help="细则编号（如street）或YAML文件")]
Source = Annotated[Path | None, typer.Argument(metavar="观测.csv", help=SOURCE)]
Period = Annotated[str | None, typer.Option("--period", metavar="评价期", help="取数据库里这一期，如2026")]
SECTIONS = {"base": "基本项", "bonus": "加分项", "deduction": "扣分项"}
Row = dict[str, Any]


@dataclass(frozen=True)
class _Loaded:
    """What a command works on; `known`: what is known merchant by merchant."""

    rubric: Any
    observations: Any
    about: str
    demo: bool = False
    known: dict[str, Any] = field(default_factory=dict)


def _loaded(rubric: str, source: Path | None, period: str | None, database: str | None) -> _Loaded:
    from chengxin.rubric.load import load_rubric

    chosen = load_rubric(rubric)
    if (source is None) == (period is None):
        raise UsageError("请给出观测数据的CSV文件，或用--period指定数据库里的评价期；二者写一个。")
    if source is not None:
        from chengxin.scoring.observations import read_observations

        return _Loaded(chosen, read_observations(file_there(source)), f"文件{source.name}")
    from chengxin.store import read
    from chengxin.store.engine import open_store
    from chengxin.workflow import inputs

    engine = open_store(database, read_only=True)
    found, work = inputs.studied(engine, chosen, str(period))
    checks, population = read.merchant_checks(engine, str(period), chosen.id)
    demo = bool(work["demo"].any())
    engine.dispose()
    if found.empty:
        raise UsageError(f"数据库里{period}没有用“{chosen.id}”的评价；请核对评价期和细则。")
    if demo:
        typer.echo(MARK, err=True)
    known = {"checks": checks, "population": population}
    return _Loaded(chosen, found, f"{period}年{found['assessment'].nunique()}个评价", demo, known)


def _complete(given: _Loaded) -> None:
    """Refuse where nothing is complete: there is nothing to measure."""
    from chengxin.scoring.score import score
    from chengxin.scoring.totals import totals

    if not totals(score(given.rubric, given.observations))["complete"].any():
        raise UsageError(f"{given.about}里没有评完的评价，没有可量的；请先评完基本项，再量影响和区分度。")


def _percent(rows: list[Row], *names: str) -> list[Row]:
    """Shares as text in percent; missing ones stay missing."""
    return [row | {name: None if row[name] != row[name] else f"{row[name]:.1%}" for name in names} for row in rows]


def effect_command(
    rubric: Rubric, source: Source = None, period: Period = None, database: Database = None, form: Form = "table"
) -> None:
    """各处读法换一个选项，有多少区域变分、变名次，影响大的在前。"""
    from chengxin import lab

    given = _loaded(rubric, source, period, database)
    _complete(given)
    rows = lab.readings_effect(given.rubric, given.observations).to_dict("records")
    columns = {
        "reading": "读法", "option": "改用", "text": "含义", "areas": "完整评价（个）", "changed": "变分（个）",
        "mean_size": "平均变动（分）", "most": "最大变动（分）", "reranked": "变名次（个）",
        "most_places": "最多变（位）",
    }  # fmt: skip
    if form == "json":
        show(rows, {}, form)
        return
    show(rounded(rows, "mean_size", "most"), columns, form, "没有可换的读法。")
    others = lab.open_effect(given.rubric, given.observations)
    points = others.astype(object).where(others.notna(), None).to_dict("records")
    more = {name: head for name, head in columns.items() if name not in ("reading", "option")}
    more = {"lines": "条目", "question": "地方", **more, "why": "不能由现有数据量出"}
    typer.echo("没有列为读法的地方：")
    show(rounded(points, "mean_size", "most"), more, form)


def memo_command(
    rubric: Rubric,
    out: Annotated[
        Path, typer.Option("--out", metavar="文件", help="写到哪里，以.docx或.html结尾；已有的文件换成新的")
    ],
    source: Source = None,
    period: Period = None,
    database: Database = None,
) -> None:
    """给起草单位的说明：原文没有说清的各处、各种理解的影响、现在采用的理解和理由。"""
    from chengxin.reports.memo import memo
    from chengxin.reports.pages import write

    if out.suffix not in (".docx", ".html"):
        raise UsageError(f"文件名得到“{out.name}”；应以.docx或.html结尾。")
    folder_there(out.parent)
    given = _loaded(rubric, source, period, database)
    made = memo(given.rubric, given.observations, given.about, demo=given.demo)
    write(out, made.docx() if out.suffix == ".docx" else made.page.text)
    typer.echo(f"已写成{out}")


def intervals_command(
    rubric: Rubric,
    source: Source = None,
    period: Period = None,
    draws: Annotated[int, typer.Option("--draws", metavar="次数", help="抽取次数")] = 10000,
    seed: Annotated[int, typer.Option("--seed", metavar="种子", help="随机种子，同一种子结果相同")] = 1,
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="points|merchants|surveys", help="让什么变动：分值、抽查户、问卷；可重复"),
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="line|group", help="分值按条或按组变动")] = "line",
    concentration: Annotated[
        float | None, typer.Option("--concentration", metavar="数", help="分值的集中度，越大越贴近原文；缺省按设定")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option("--confidence", metavar="百分数", help="区间包含多少抽取（%）；缺省按设定")
    ] = None,
    database: Database = None,
    form: Form = "table",
) -> None:
    """分值、抽查户、问卷变动时的名次区间；区间重叠的名次不可区分。"""
    from chengxin import lab

    given = _loaded(rubric, source, period, database)
    _complete(given)
    found = lab.rank_intervals(given.rubric, given.observations, draws, seed, vary=vary or ["points"], by=by,
                               concentration=concentration, confidence=confidence, **given.known)  # fmt: skip
    rows = found.table.to_dict("records")
    columns = {
        "assessment": "评价", "total": "总分（分）", "rank": "名次", "low": "最好", "median": "居中", "high": "最差",
        "beats_next": "高于下一名", "overlaps": "区间重叠（个）", "note": "说明",
    }  # fmt: skip
    columns |= {"merchants": "抽查户重抽"} if "merchants" in found.vary else {}
    show(rows if form == "json" else _percent(rows, "beats_next"), columns, form)
    if found.said and form == "table":
        typer.echo(f"最好、最差为{found.confidence:g}%的抽取所在；{found.said}。")
    if found.incomplete and form == "table":
        typer.echo(f"没有排名（评价不完整）：{'、'.join(found.incomplete)}")


def lines_command(
    rubric: Rubric, source: Source = None, period: Period = None, database: Database = None, form: Form = "table"
) -> None:
    """各条的得分率、区分度、名义权重和实际权重，去掉一条有多少变名次，以及可能重复计分的条目。"""
    from chengxin import lab

    given = _loaded(rubric, source, period, database)
    _complete(given)
    without = lab.leave_one_out(given.rubric, given.observations).set_index("line")[
        ["reranked", "most_places", "first"]
    ]
    left, alone = without.to_dict("index"), dict.fromkeys(without.columns)  # only base lines are left out
    rows = [row | left.get(row["line"], alone)
            for row in lab.line_statistics(given.rubric, given.observations).to_dict("records")]  # fmt: skip
    twice = lab.double_counting(given.rubric, given.observations).to_dict("records")
    columns = {
        "line": "条目", "label": "内容", "section": "类别", "points": "分值", "n": "评价（个）", "rate": "得分率",
        "full": "满分占", "none": "零分占", "weight": "名义权重", "effective": "实际权重",
        "reranked": "去掉后变名次（个）", "findings": "提示",
    }  # fmt: skip
    if form == "json":
        show([row | {"double_counting": [pair for pair in twice if row["line"] in (pair["first"], pair["second"])]}
              for row in rows], {}, form)  # fmt: skip
        return
    shown = _percent(rows, "rate", "full", "none", "weight", "effective")
    show([row | {"section": SECTIONS[row["section"]]} for row in shown], columns, form)
    for pair in twice:
        counts = f"{pair['n']}个评价中{pair['both']}个两条都失分"
        typer.echo(f"  {pair['first']}和{pair['second']}（{pair['labels']}）：{pair['why']}（{counts}）")


def enough_command(
    population: Annotated[
        int | None, typer.Option("--population", metavar="户数", help="经营户总数；缺省作很多看")
    ] = None,
    margin: Annotated[float, typer.Option("--margin", metavar="误差", help="允许误差，0.05即正负5个百分点")] = 0.05,
    standard: Annotated[float, typer.Option("--standard", metavar="标准", help="满意度标准，如0.95")] = 0.95,
    expected: Annotated[float, typer.Option("--expected", metavar="预计", help="预计的满意度，高于标准")] = 0.97,
    confidence: Annotated[float, typer.Option("--confidence", metavar="百分数", help="置信水平（%）")] = 95,
    n: Annotated[int | None, typer.Option("--n", metavar="户数", help="另算抽查这么多户的误差")] = None,
    form: Form = "table",
) -> None:
    """抽查多少户、调查多少份才够；抽查若干户误差多大。"""
    from chengxin import lab

    answers = lab.survey_size(standard, expected, confidence=confidence)
    row = {
        "merchants": lab.sample_size(population, margin=margin, confidence=confidence), "answers": answers,
        "margin": f"±{margin:.1%}", "confidence": f"{confidence:g}%",
    }  # fmt: skip
    columns = {
        "merchants": "至少抽查（户）",
        "answers": "至少问卷（份）",
        "margin": "允许误差",
        "confidence": "置信水平",
    }
    if n is not None:
        row["margin_of_n"] = f"±{lab.margin_of_error(n, population, confidence=confidence):.1%}"
        columns["margin_of_n"] = f"抽查{n}户的误差"
    show([row], columns, form)
    if form == "table":
        typer.echo(
            f"问卷{answers}份，要调查所得满意度达到{expected:.1%}才能确认不低于{standard:.1%}；所得越接近标准，要的份数越多。"
        )


def start_command(
    folder: Annotated[
        Path, typer.Argument(metavar="文件夹", help="放笔记本和数据库的文件夹，缺省新建chengxin-lab")
    ] = Path("chengxin-lab"),
    demo: Annotated[bool, typer.Option("--demo", help="用一份新的示例数据试用，标明演示数据")] = False,
    opened: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="放好后打开JupyterLab；默认在终端里运行时打开", show_default=False),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="打开JupyterLab时不打开浏览器")] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="端口", help="JupyterLab的端口；被占用时取下一个空闲的")
    ] = 8888,
    database: Database = None,
) -> None:
    """把录入、看板、试验的笔记本和数据库放进一个文件夹，用JupyterLab打开；已有的文件不动。"""
    from chengxin.web.lab.folder import DATABASE, arrange, jupyterlab

    elsewhere = _elsewhere(folder, demo, database)
    folder_there(folder.resolve().parent)
    fresh = not elsewhere and not (folder / DATABASE).exists()
    kept = arrange(folder, None if elsewhere else _maker(demo))
    typer.echo(f"笔记本在{folder.resolve()}")
    if kept:
        typer.echo(f"已有的笔记本与工具包的不同，没有改动：{'、'.join(str(path.relative_to(folder)) for path in kept)}")
    if demo:
        typer.echo("演示数据：各项内容均为虚构，不反映任何单位的实际情况。")
    elif fresh:
        load = f"chengxin load 文件夹 --database {folder / DATABASE}"
        typer.echo(f"新建了空的数据库；请用 {load} 导入数据，或换一个文件夹用--demo试用。")
    if opened if opened is not None else sys.stdin.isatty() and sys.stdout.isatty():
        typer.echo("正在打开JupyterLab；按Ctrl+C停止。")
        raise typer.Exit(
            jupyterlab(folder, elsewhere or str((folder / DATABASE).resolve()), port, browser=not no_browser)
        )
    typer.echo("在这个文件夹里运行 jupyter lab 即可打开。")


def _elsewhere(folder: Path, demo: bool, database: str | None) -> str:
    """Address of a database outside the lab's folder; empty where the lab has its own."""
    from chengxin.store import read
    from chengxin.store.engine import address_of, open_store
    from chengxin.web.lab.folder import DATABASE

    if demo and database:
        raise UsageError("--demo用新的示例数据，--database用已有的数据库；二者写一个。")
    own = folder / DATABASE
    named = None if demo else database or os.environ.get("CHENGXIN_DB")
    if named or own.exists():
        engine = open_store(named or str(own), read_only=True)
        sample = bool(read.assessments(engine)["demo"].any())
        engine.dispose()
        if demo and not sample:
            raise UsageError(f"“{own}”不是演示数据，没有改动；试用请换一个文件夹。")
    return address_of(named).render_as_string(hide_password=False) if named else ""


def _maker(demo: bool) -> Callable[[Path], object]:
    """What makes the lab's database in a folder: with the sample data, or empty."""
    from chengxin.cli.site import _demo_database
    from chengxin.store.engine import migrate
    from chengxin.web.lab.folder import DATABASE

    return _demo_database if demo else lambda folder: migrate(str(folder / DATABASE))


lab_app = typer.Typer(
    cls=Group, help="细则试验台：打开试验台、读法影响、名次区间、条目分析、一致性、样本量。", no_args_is_help=True
)
for _name, _work in (
    ("start", start_command), ("effect", effect_command), ("memo", memo_command),
    ("intervals", intervals_command), ("lines", lines_command), ("agreement", agreement_command),
    ("exercise", exercise_command), ("enough", enough_command),
):  # fmt: skip
    lab_app.command(_name, cls=Command)(_work)
