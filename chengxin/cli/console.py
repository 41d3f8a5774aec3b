"""How the command line speaks: help pages, usage errors, progress and results, all in Chinese."""

import errno
import math
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from chengxin.errors import FAULTS_FILE, FaultsError, UsageError

TABLES = {
    "reporting_unit": "填报单位",
    "area": "景区和街区",
    "merchant": "经营者",
    "assessment": "评价",
    "monitoring_point": "监测点",
    "person": "计量工作责任人",
    "supervisor": "群众计量监督员",
    "instrument": "计量器具",
    "verification": "检定和校准",
    "complaint": "投诉举报",
    "survey": "满意度调查",
    "training": "计量培训",
    "patrol": "日常巡查",
    "commitment": "诚信计量承诺",
    "supervisor_activity": "监督员活动",
    "event": "宣传和荣誉",
    "violation": "违法违规",
    "weighing": "复称",
    "filing": "监测点季报",
    "filing_answer": "季报各项",
    "point_decision": "对监测点的决定",
    "improvement": "整改事项",
    "recheck": "复核",
    "draft": "表单改动",
    "presence": "正在填写的人",
    "merchant_sample": "抽取的经营户",
    "merchant_check": "经营户逐户检查",
    "attachment": "佐证文件",
    "unit_setting": "单位自己的设定",
    "observation": "观测",
    "observation_history": "观测的历次值",
    "audit": "操作记录",
    "account": "账号",
    "assignment": "评价指派",
    "sign_in": "登录记录",
}

Database = Annotated[
    str | None,
    typer.Option("--database", metavar="地址", help="数据库地址或文件；缺省用CHENGXIN_DB，再缺省用chengxin.db"),
]


class Command(TyperCommand):
    """A command whose help page and refusals are Chinese."""

    allow_extra_args = True  # refused in _parsed, in Chinese

    def get_help(self, ctx: Any) -> str:
        return help_page(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return _parsed(super().parse_args, ctx, args)


class Group(TyperGroup):
    """Commands under one name; as `Command`."""

    def get_help(self, ctx: Any) -> str:
        return help_page(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return _parsed(super().parse_args, ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands:
            _refuse(ctx, f"没有命令“{args[0]}”，可用：{'、'.join(self.commands)}")
        return super().resolve_command(ctx, args)


def _parsed(parse: Callable[[Any, list[str]], list[str]], ctx: Any, args: list[str]) -> list[str]:
    """What `parse` leaves over, with its complaints said in Chinese."""
    try:
        rest = parse(ctx, args)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise UsageError(help_page(ctx)) from None
        _refuse(ctx, _complaint(ctx, error))
    if rest and isinstance(ctx.command, Command):
        _refuse(ctx, f"多出参数“{'、'.join(rest)}”，请去掉；名称中有空格的，请用引号括起来")
    return rest


def _refuse(ctx: Any, said: str) -> Any:
    raise UsageError(f"{said}。\n{_usage(ctx)}\n详见：{ctx.command_path} --help")


def _complaint(ctx: Any, error: Any) -> str:
    """A complaint of the parser in Chinese, with how to mend it."""
    kind = type(error).__name__
    if kind == "MissingParameter":
        what = "参数" if error.param.param_type_name == "argument" else "选项"
        return f"缺少{what}“{_written(error.param)}”（{error.param.help}）"
    if kind == "NoSuchOption":
        near = "、".join(error.possibilities or ())
        return f"没有选项“{error.option_name}”" + (f"，是不是要写“{near}”" if near else "")
    if kind == "BadOptionUsage":
        flag = {name: param.is_flag for param in _options(ctx) for name in param.opts}.get(error.option_name, False)
        return f"选项“{error.option_name}”" + ("不带值，请去掉等号和后面的值" if flag else "后面要写值")
    if kind == "BadParameter" and (number := _number_of(error.param)):
        return f"{'参数' if error.param.param_type_name == 'argument' else '选项'}“{_written(error.param)}”应为{number}"
    return f"写法有误：{error.format_message()}"


def _number_of(param: Any) -> str:
    """What a number must be, in Chinese; nothing where none is asked for."""
    asked = str(getattr(getattr(param, "type_descriptor", None), "annotation", ""))
    word = "整数" if "int" in asked else "数" if "float" in asked else ""
    least = getattr(param, "min", None)
    return word if not word or least is None else f"{word}，不小于{least}"


def help_page(ctx: Any) -> str:
    """The help page of a command or of a group of commands."""
    command = ctx.command
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    sections = {
        "参数": [(_written(param), param.help or "") for param in arguments],
        "选项": [*((_written(param), _meaning(param)) for param in _options(ctx)), ("--help", "显示本页")],
        "命令": [(name, sub.help or "") for name, sub in getattr(command, "commands", {}).items()],
    }
    width = max(_cells(left) for rows in sections.values() for left, _ in rows)
    parts = [_usage(ctx), f"  {command.help}"]
    for title, rows in sections.items():
        if rows:
            parts.append("\n".join([f"{title}：", *(f"  {padded(left, width)}  {right}" for left, right in rows)]))
    return "\n\n".join(parts)


def _options(ctx: Any) -> list[Any]:
    return [param for param in ctx.command.params if param.param_type_name == "option"]


def _usage(ctx: Any) -> str:
    """How the command is written; what must be given stands there by name."""
    needed = [_written(param) for param in _options(ctx) if param.required]
    arguments = [
        _written(param) if param.required else f"[{_written(param)}]"
        for param in ctx.command.params
        if param.param_type_name == "argument"
    ]
    after = ["命令 …"] if hasattr(ctx.command, "commands") else arguments
    return " ".join([f"用法：{ctx.command_path}", *needed, "[选项]", *after])


def _written(param: Any) -> str:
    """A parameter as it is typed: ``观测.csv``, ``--rubric 细则``, ``--force``."""
    if param.param_type_name == "argument":
        return f"{param.metavar}{'…' if param.nargs == -1 else ''}"
    return "、".join(param.opts) + ("" if param.is_flag else f" {param.metavar}")


def _meaning(param: Any) -> str:
    default = "必填" if param.required else f"缺省{param.default}" if param.default else ""
    return f"{param.help}（{default}）" if default else str(param.help)


def padded(text: str, width: int) -> str:
    """Text with blanks up to a width in terminal cells; a Chinese character takes two."""
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def file_there(path: Path) -> Path:
    """Let a path of an existing file pass.

    Raises
    ------
    UsageError : there is no such file
    """
    if not path.is_file():
        raise UsageError(f"没有文件“{path}”（当前文件夹：{Path.cwd()}），请核对文件名和位置。")
    return path


def folder_there(path: Path) -> Path:
    """Let a path of an existing folder pass.

    Raises
    ------
    UsageError : there is no such folder
    """
    if not path.is_dir():
        raise UsageError(f"没有文件夹“{path}”（当前文件夹：{Path.cwd()}），请核对名称和位置。")
    return path


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, str], None]]:
    """Tell on stderr how far a piece of work is: a bar on a terminal, else a line for each unit.

    Parameters
    ----------
    total : how many units there are

    Yields
    ------
    to be called after each unit with its name and what became of it
    """
    from tqdm import tqdm

    layout = "{n_fmt}/{total_fmt} {bar} 已用{elapsed}，约剩{remaining}　{desc}"
    width = min(80, shutil.get_terminal_size().columns - 1)  # also where the terminal does not tell its size
    pipe = not sys.stderr.isatty()
    bar = tqdm(total=total, bar_format=layout, ncols=width, nrows=20, disable=pipe, leave=False, mininterval=0)

    def show(name: str, outcome: str) -> None:
        if pipe:
            print(f"  {name}：{outcome}", file=sys.stderr, flush=True)
        bar.set_description_str(name, refresh=False)
        bar.update()

    with bar:
        yield show


def as_records(results: Any, explained: Any) -> list[dict[str, Any]]:
    """Results with their lines as plain data for JSON; numbers that are not decided are None."""
    lines: dict[str, dict[str, Any]] = {name: {} for name in results["assessment"]}
    cells = zip(*(explained[name] for name in ("assessment", "line", "score", "outcome", "reason")), strict=True)
    for who, line, points, outcome, reason in cells:
        lines[who][line] = {"score": _number(points), "outcome": outcome, "reason": reason}
    return [
        {
            "assessment": row.assessment,
            "rubric": row.rubric,
            **{
                name: _number(getattr(row, name))
                for name in ("base", "bonus", "deduction", "raw", "total", "low", "high")
            },
            "complete": bool(row.complete),
            "missing_points": _number(row.missing_points),
            "red_lines": row.red_lines.split("、") if row.red_lines else [],
            "lines": lines[row.assessment],
        }
        for row in results.itertuples()
    ]


def _number(points: float) -> float | None:
    return None if math.isnan(points) else round(float(points), 9) + 0.0


def in_words(rubric: Any, results: Any, sheet: Any) -> str:
    """Results as a table for a terminal: total, then each line with its points and its reason."""
    from chengxin.rubric.rules import plain
    from chengxin.scoring.explain import explain, total_in_words

    explained, width, said = explain(rubric, sheet), len(rubric.lines), []
    for n, row in results.iterrows():
        red = f"　红线：{row['red_lines']}" if row["red_lines"] else ""
        said.append(f"{row['assessment']}　{total_in_words(row, results.attrs)}{red}")
        for line in explained.iloc[n * width : (n + 1) * width].itertuples():
            points = "—" if math.isnan(line.score) else plain(line.score)
            said.append(f"  {line.line:<6}{points:>8}/{plain(line.points):<4} {line.reason}")
    chosen = "；".join(
        f"{key}={value if isinstance(value, str) else plain(value)}" for key, value in rubric.chosen.items()
    )
    said.append(f"细则：{rubric.title}（{rubric.version}），sha256 {rubric.sha256[:12]}；读法：{chosen}")
    return "\n".join(said)


FULL = {errno.ENOSPC: "磁盘已满", errno.EROFS: "磁盘只读", errno.ENAMETOOLONG: "名称太长"}


def told(error: OSError) -> str:
    """A file that cannot be read or written, in Chinese."""
    why = {
        PermissionError: "没有权限",
        FileExistsError: "已有同名文件",
        NotADirectoryError: "路径中有一段不是文件夹",
        IsADirectoryError: "是文件夹，不是文件",
        FileNotFoundError: "不存在",
    }.get(type(error), FULL.get(error.errno or 0, error.strerror))
    return f"不能读写“{error.filename}”：{why}。请换一个位置，或改正后再试。"


def all_faults(error: FaultsError) -> str:
    """Where all faults are, when the message leaves some out: they are written to a file in the working folder."""
    if not error.capped:
        return ""
    from chengxin.exchange.csv import write_csv

    path = Path.cwd() / FAULTS_FILE
    try:
        write_csv(error.frame(), path, bom=True)
    except OSError as refusal:
        return f"\n全部{len(error.faults)}处没有写入“{path}”（{refusal.strerror}）；请换一个可写的文件夹再运行。"
    return f"\n全部{len(error.faults)}处见“{path}”。"
