"""Thin commands over the kit. Exit codes: 0 done, 1 findings or a part failed, 2 wrong use."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli import bench, decide, lab, ledgers, report, reweigh, score
from chengxin.cli import site as site_commands
from chengxin.cli.console import (
    TABLES,
    Command,
    Database,
    Group,
    all_faults,
    folder_there,
    padded,
    told,
)
from chengxin.clock import now
from chengxin.errors import ChengxinError, FaultsError, UsageError
from chengxin.render.demo import COMMAND

app = typer.Typer(
    cls=Group, help="诚信计量评价工具包：评分细则、评分、说明和报告。", no_args_is_help=True, add_completion=False
)
rubric_app = typer.Typer(cls=Group, help="查看、核对和比较评分细则。", no_args_is_help=True)
app.add_typer(rubric_app, name="rubric")
command = partial(app.command, cls=Command)
rubric_command = partial(rubric_app.command, cls=Command)
command("observe")(ledgers.observe_command)
command("decide")(decide.decide_command)
command("plan")(ledgers.plan_command)
command("report")(report.report)
command("reweigh")(reweigh.reweigh_command)
command("uscc")(ledgers.uscc_command)
command("serve")(site_commands.serve_command)
for name, about, sub, work in (
    ("filings", "监测点季报。", "status", ledgers.status_command),
    ("ledger", "计量器具台账。", "due", ledgers.due_command),
):
    group = typer.Typer(cls=Group, help=about, no_args_is_help=True)
    group.command(sub, cls=Command)(work)
    app.add_typer(group, name=name)

app.add_typer(site_commands.user_app, name="user")
app.add_typer(decide.setting_app, name="setting")
app.add_typer(lab.lab_app, name="lab")
app.add_typer(bench.bench_app, name="bench")

RubricName = Annotated[str, typer.Argument(metavar="细则", help="细则编号（如scenic_area）或YAML文件")]


@rubric_command("list")
def rubric_list() -> None:
    """列出工具包里的评分细则和变体。"""
    from chengxin.rubric.load import load_rubric, rubric_paths

    for name in rubric_paths():
        rubric = load_rubric(name)
        variant = f"，变体{rubric.variant}" if rubric.variant else ""
        typer.echo(f"{name}\t{rubric.title}（{rubric.version}{variant}）\t{len(rubric.lines)}条\t{rubric.sha256[:12]}")


@rubric_command("check")
def rubric_check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="细则", help="细则编号或YAML文件，可写几个；缺省核对全部")
    ] = None,
) -> None:
    """核对细则文件，指出每一处错误的文件、行和改法。"""
    from chengxin.rubric.load import load_rubric, rubric_paths

    faulty = False
    for name in names or rubric_paths():
        try:
            rubric = load_rubric(name)
            typer.echo(f"{name}：无误，{len(rubric.lines)}条，sha256 {rubric.sha256}")
        except FaultsError as error:
            faulty = True
            typer.echo(str(error), err=True)
    if faulty:
        raise typer.Exit(1)


@rubric_command("show")
def rubric_show(name: RubricName) -> None:
    """以Markdown表格显示细则：原文、规则、读法和分值并列。"""
    from chengxin.rubric.load import load_rubric
    from chengxin.scoring.explain import page

    typer.echo(page(load_rubric(name)), nl=False)


@rubric_command("diff")
def rubric_diff(
    before: Annotated[str, typer.Argument(metavar="旧细则", help="细则编号或文件")],
    after: Annotated[str, typer.Argument(metavar="新细则", help="细则编号或文件")],
) -> None:
    """用文字列出两个细则哪些条目变了、怎样变。"""
    from chengxin.rubric.diff import diff, diff_in_words
    from chengxin.rubric.load import load_rubric

    typer.echo(diff_in_words(diff(load_rubric(before), load_rubric(after))))


command("score")(score.score_command)
Out = Annotated[Path, typer.Option("--out", metavar="文件夹", help="报告放在哪里")]


@command("init")
def init(database: Database = None) -> None:
    """建立数据库，或把旧版数据库升级到本版。"""
    from chengxin.store.engine import migrate

    before, after = migrate(database)
    typer.echo(f"数据库已就绪：版本{after}" + (f"（原为{before}）" if before not in (None, after) else ""))


@command("load")
def load_command(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="文件夹",
            callback=folder_there,
            help="放CSV文件的文件夹，文件和列见sample_data/README.md；可以只有其中几个",
        ),
    ],
    database: Database = None,
    who: Annotated[str, typer.Option("--who", metavar="姓名", help="由谁导入，记入操作记录")] = "命令行",
    why: Annotated[str, typer.Option("--why", metavar="事由", help="为何导入，记入操作记录")] = "批量导入",
    demo: Annotated[bool, typer.Option("--demo", help="标为演示数据")] = False,
) -> None:
    """导入登记和评价数据：有一处错误就一行也不写，并列出全部错误。"""
    _report_load(folder, database, who, why, demo)


def _report_load(folder: Path, database: str | None, who: str, why: str, demo: bool) -> None:
    from chengxin.exchange.load import load
    from chengxin.store.engine import open_store

    engine = open_store(database)
    at = now()
    demo = demo or _is_sample(folder)
    counts = load(engine, folder, who=who, why=why, at=at, demo=demo)
    engine.dispose()
    typer.echo("已导入：" + "，".join(f"{TABLES[name]}{count}行" for name, count in counts.items()))


def _is_sample(folder: Path) -> bool:
    from chengxin.paths import place

    return folder.resolve() == place("sample_data").resolve()


@command("status")
def status(database: Database = None) -> None:
    """数据库里有什么：各表行数、各评价期的评价个数。"""
    from chengxin.store import read
    from chengxin.store.engine import open_store

    engine = open_store(database, read_only=True)
    for row in read.counts(engine).itertuples():
        typer.echo(f"{padded(TABLES[row.table], 14)}{row.rows:>9}行")
    for row in read.periods(engine).itertuples():
        typer.echo(f"评价期{row.period}　{row.rubric}　{row.assessments}个")
    engine.dispose()


@command("demo")
def demo(
    out: Out = Path("chengxin-demo"),
    site: Annotated[
        bool | None, typer.Option("--serve/--no-serve", help="最后打开网站；默认在终端里运行时打开", show_default=False)
    ] = None,
) -> None:
    """从零演示：新数据库、示例数据、评分、全部县级报告，最后打开网站。"""
    from chengxin.paths import place
    from chengxin.store import read
    from chengxin.store.engine import migrate, open_store

    out.mkdir(parents=True, exist_ok=True)
    database = out / "chengxin.db"
    for old in (database, out / "chengxin.db-wal", out / "chengxin.db-shm"):
        old.unlink(missing_ok=True)
    migrate(str(database))
    _report_load(place("sample_data"), str(database), "演示", "示例数据", True)
    engine = open_store(str(database), read_only=True)
    period = max(read.periods(engine)["period"])
    engine.dispose()
    typer.echo(COMMAND)
    fine = report.run(str(database), period, None, out, False)
    typer.echo(f"请用浏览器打开：{(out / 'index.html').resolve()}")
    if site if site is not None else sys.stdin.isatty() and sys.stdout.isatty():
        site_commands.show(str(database), out)
    else:
        typer.echo(f"打开网站：chengxin serve --demo --database {database} --reports {out}")
    if not fine:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; a user's mistake is a Chinese message on stderr, never a traceback."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = 2
    try:
        code = app(prog_name="chengxin", standalone_mode=False)
    except UsageError as error:
        print(error, file=sys.stderr)
    except FaultsError as error:
        print(error, all_faults(error), sep="", file=sys.stderr)
        code = 1
    except ChengxinError as error:
        print(error, file=sys.stderr)
        code = 1
    except OSError as error:
        print(told(error), file=sys.stderr)
    except typer.TyperException:
        print("没有写命令。\n详见：chengxin --help", file=sys.stderr)
    sys.exit(code)
