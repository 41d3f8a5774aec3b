"""Writes the reference pages of docs/reference/ from the code: commands, columns, keys of rubrics, API.

Run ``python docs/make.py``; with ``--check`` nothing is written, and pages that differ from the code are named.
Words that the code does not hold stand in `words.yaml`.
"""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import chengxin
from chengxin.cli.main import app
from chengxin.exchange import books
from chengxin.exchange.load import OBSERVATIONS
from chengxin.exchange.registers import Row
from chengxin.exchange.rows import FILES
from chengxin.rubric import model, readings, rules
from chengxin.scoring.observations import CHINESE, NEEDED, OPTIONAL
from chengxin.store.schema import OUTCOMES, REGISTRIES
from chengxin.store.states import MOVES

HERE = Path(__file__).parent
OUT = HERE / "reference"
WORDS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "words.yaml").read_text("utf-8"))
BY = "> 本页由`python docs/make.py`依程序生成，请勿手改。\n"
TYPES = {
    "str": "文字", "int": "整数", "float": "数", "bool": "是／否", "date": "日期", "Decimal": "小数", "None": "",
    "dict": "映射", "tuple": "列表", "Any": "",
}  # fmt: skip
MODELS = (model.RubricFile, model.Source, model.Line, readings.Reading, readings.Choice, model.VariantFile)
# where the names of the face come from as long as the package itself does not offer them
FACE = {
    "load_rubric": "chengxin.rubric.load", "read_observations": "", "score": "chengxin.scoring.score",
    "totals": "chengxin.scoring.score", "rank": "chengxin.scoring.score", "explain": "chengxin.scoring.explain",
    "improvements": "chengxin.scoring.explain", "what_if": "chengxin.lab", "readings_effect": "chengxin.lab",
    "rank_intervals": "chengxin.lab", "agreement": "chengxin.lab", "observe": "chengxin.ledgers.observe",
    "open_store": "chengxin.store.engine",
}  # fmt: skip


# ---- commands ----------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its help page."""
    root = typer.main.get_command(app)
    pages = "\n".join(f"## {' '.join(path)}\n\n```text\n{text}\n```\n" for path, text in _helps(root, "chengxin"))
    return f"# 命令\n\n{BY}\n退出码：0完成，1有发现或部分失败，2用法有误。\n\n{pages}"


def _helps(command: Any, *path: str, parent: Any = None) -> Iterator[tuple[tuple[str, ...], str]]:
    context = command.context_class(command, info_name=path[-1], parent=parent)
    yield path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    for name, sub in getattr(command, "commands", {}).items():
        yield from _helps(sub, *path, name, parent=context)


# ---- columns -----------------------------------------------------------------------------------------------


def columns() -> str:
    """Every file that ``chengxin load`` takes, with its columns."""
    intro = (
        "`chengxin load 文件夹`接受下列CSV文件，可以只放其中几个；表头用列名，列的次序不限。\n"
        "有几种取值的，中文名称和括号内的代码都可以填。有一处错误就一行也不导入，并列出全部错误。\n"
    )
    files = "\n".join(_file(file, table, row) for file, (table, row) in FILES.items())
    return f"# 数据文件和列\n\n{BY}\n{intro}\n{_observations()}\n{files}"


def _observations() -> str:
    holds = {
        "assessment": "评价编号，`assessments.csv`的`id`", "line": "条目编号，如2.1",
        "value": "件数、户数、得分，或者0、1；不适用的留空", "of": "总数；不按比例的条目留空",
        "outcome": "、".join(f"{name}（`{code}`）" for code, name in OUTCOMES.items()) + "，留空为已评",
        "note": "说明；未得满分的评定、不适用的，要写明理由",
    }  # fmt: skip
    lines = [
        f"## {OBSERVATIONS}",
        "",
        "评价各条的记录；列名可用英文，也可用中文。",
        "",
        "| 列 | 中文名 | 必有 | 填写 |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {'、'.join(CHINESE[name])} | {'是' if name in NEEDED else '否'} | {holds[name]} |"
        for name in (*NEEDED, *OPTIONAL)
    ]
    return "\n".join(lines) + "\n"


def _file(file: str, table: str, row: type[Row]) -> str:
    lines = [
        f"## {file}",
        "",
        f"{row.about}。",
        "",
        "| 列 | 中文名 | 类型 | 可空 | 填写 | 对应 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_column(table, name, field) for name, field in row.model_fields.items()]
    return "\n".join(lines) + "\n\n" + _notes(table, row) + "\n"


def _column(table: str, name: str, field: FieldInfo) -> str:
    keys = REGISTRIES[table].columns[name].foreign_keys
    file_of = {stored: file for file, (stored, _) in FILES.items()}
    refers = "、".join(f"`{file_of[key.column.table.name]}`的`{key.column.name}`" for key in keys)
    blank = "可" if _may_be_blank(field) else ""
    return (
        f"| `{name}` | {chinese(table, name)} | {_type(field.annotation)} | {blank} | {field.description} | {refers} |"
    )


def chinese(table: str, name: str) -> str:
    """The Chinese name of a column: of the ledger's page, or else of `words.yaml`."""
    known = books.COLUMNS.get(table)
    if known is not None and name in books.COMMON | known:
        return (books.COMMON | known)[name]
    return str(WORDS["columns"].get(f"{table}.{name}") or WORDS["columns"][name])


def _may_be_blank(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation) or "留空" in str(field.description)


def _notes(table: str, row: type[Row]) -> str:
    key = "、".join(f"`{column.name}`" for column in REGISTRIES[table].primary_key)
    notes = [f"每行以{key}区别，不得重复。"]
    notes += ["`area`、`merchant`、`point`至少填一列。"] if row.owned else []
    notes += [f"`{part}`不大于`{whole}`。" for part, whole in row.at_most]
    notes += [f"`{then}`不早于`{first}`。" for first, then in row.in_order]
    notes += [_moves(table)] if table in MOVES else []
    if row.dropped:
        notes.append(f"可以有但不读入的列：{'、'.join(f'`{name}`' for name in sorted(row.dropped))}。")
    return "".join(notes) + "\n"


def _moves(table: str) -> str:
    _, column, names, moves = MOVES[table]
    steps = [f"{names[now]}→{'或'.join(names[then] for then in after)}" for now, after in moves.items() if after]
    return f"`{column}`只能逐步改变：{'，'.join(steps)}。"


# ---- keys of rubrics ---------------------------------------------------------------------------------------


def rubric() -> str:
    """Every key of a rubric file, a variant file and the kinds of rules."""
    intro = "细则文件放在`rubrics/`，变体放在`rubrics/variants/`，用`chengxin rubric check 文件`核对。\n"
    models = "\n".join(_model(each, WORDS["keys"][each.__name__]) for each in MODELS)
    return f"# 细则文件的键\n\n{BY}\n{intro}\n{models}\n{_kinds()}"


def _model(each: type[BaseModel], meanings: dict[str, str]) -> str:
    lines = [f"## {each.__name__}", "", "| 键 | 类型 | 必填 | 含义 |", "|---|---|---|---|"]
    lines += [_key(name, field, meanings[name]) for name, field in each.model_fields.items()]
    return "\n".join(lines) + "\n"


def _key(name: str, field: FieldInfo, meaning: str) -> str:
    needed = "必填" if field.is_required() else f"缺省{_written(field.get_default(call_default_factory=True))}"
    return f"| `{name}` | {_type(field.annotation)} | {needed} | {meaning} |"


def _written(value: Any) -> str:
    names = {None: "空", True: "`true`", False: "`false`"}
    if value is None or isinstance(value, bool):
        return names[value]
    return f"`{value}`" if value not in ("", (), {}) else "空"


def _kinds() -> str:
    lines = [
        "## 规则种类", "", "`rule`的`kind`为下列之一；`value`、`of`是观测。", "",
        "| kind | 观测的value | 要有of | 参数 | 举例（满分5分） |", "|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [_kind(kind, rule) for kind, rule in rules.KINDS.items()]
    return "\n".join(lines) + "\n"


EXAMPLES: dict[str, Any] = {"when_none": "full", "at_least": 0.95, "each": 2.0, "count": 1}


def _kind(kind: str, rule: type[rules.Rule]) -> str:
    fields = {name: field for name, field in rule.model_fields.items() if name != "kind"}
    given = {name: EXAMPLES[name] for name, field in fields.items() if field.is_required()}
    about = "<br>".join(
        f"`{name}`（{_type(field.annotation)}）{WORDS['keys']['rules'][name]}" for name, field in fields.items()
    )
    needs_of = "是" if rule.needs_of else "否"
    return f"| `{kind}` | {rule.accepts} | {needs_of} | {about} | {rule(**given).words(5.0, '次')} |"


def _type(annotation: Any) -> str:
    """A type in Chinese; choices are listed."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return ""
    if origin is Annotated:
        return _type(parts[0])
    if origin in (Union, UnionType):
        words = dict.fromkeys(word for part in parts if (word := _type(part)))
        return "、".join(words)
    if origin is Literal:
        return "、".join(f"`{part}`" for part in parts)
    if origin in (dict, tuple):
        return TYPES[origin.__name__]
    name = getattr(annotation, "__name__", "")
    return TYPES.get(name, "规则" if issubclass(annotation, rules.Rule) else name)


# ---- API ---------------------------------------------------------------------------------------------------


def api() -> str:
    """The public names with their signatures and docstrings."""
    names = getattr(chengxin, "__all__", None) or [name for name in FACE if FACE[name]]
    return f"# API\n\n{BY}\n`import chengxin`提供的名称；说明照程序原文（英文）。\n\n" + "\n".join(map(_entry, names))


def _entry(name: str) -> str:
    thing = getattr(chengxin, name, None) or getattr(importlib.import_module(FACE[name]), name)
    return f"## {name}\n\n```text\n{name}{_signature(thing)}\n\n{inspect.getdoc(thing) or ''}\n```\n"


def _signature(thing: Any) -> str:
    """Parameters and result as the source writes them, the same on every version of Python."""
    if not inspect.isfunction(thing):
        return ""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    assert isinstance(node, ast.FunctionDef)
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"({ast.unparse(node.args)}){result}"


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands, "columns.md": columns, "rubric.md": rubric, "api.md": api,
}  # fmt: skip


def stale() -> list[str]:
    """Names of the pages that differ from what the code gives."""
    return [name for name, page in PAGES.items() if not _same(OUT / name, page())]


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


def main() -> None:
    """Write the pages, or with --check name those that are not as the code gives them."""
    if sys.argv[1:] == ["--check"]:
        names = stale()
        sys.exit(f"Not as the code gives them: {', '.join(names)}. Run: python docs/make.py" if names else 0)
    OUT.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (OUT / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
