"""YAML read strictly: every fault at its file and line, all faults in one go.

Only text, whole numbers, decimals, true/false and null are recognised; dates, ``yes``/``no`` and clock times
stay text. Repeated keys, keys that are not text, anchors and aliases are faults. A pydantic model then checks
the shape, and its errors are told in Chinese at the line where they stand.
"""

import difflib
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from chengxin.errors import Fault

Where = tuple[str | int, ...]
DEEPEST = 50  # levels of nesting; more is a typing error or an attack, and would overflow the stack
_TAG = "tag:yaml.org,2002:"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """SafeLoader (libyaml's where it is there) that reads fewer things as something other than text."""


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:~|null|)$", "~n\0"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(_pattern), ["" if c == "\0" else c for c in _first])


class Document:
    """One YAML file: its data, the line of every path in it, and the faults met so far.

    Parameters
    ----------
    path : the file; its name stands before every fault
    shown : how the file is named in messages (default: the path as given)
    """

    def __init__(self, path: Path, shown: str | None = None) -> None:
        self.shown = shown or str(path)
        self.lines: dict[Where, int] = {}
        self.faults: list[Fault] = []
        self.bytes = path.read_bytes()
        self.data: Any = self._read()

    def fault(self, where: Where, found: str, expected: str, remedy: str = "") -> None:
        """Add one fault at a path of the document."""
        self.faults.append(Fault(self.place(where), found, expected, remedy))

    def line(self, where: Where) -> int:
        """Line number of a path, or of its nearest parent."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def place(self, where: Where) -> str:
        """``file:line path`` of a path; a path that does not exist takes the line of its nearest parent."""
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")
        return f"{self.shown}:{self.line(where)} {path}".rstrip()

    def _read(self) -> Any:
        try:
            text = self.bytes.decode("utf-8-sig")
            if self._unwanted(text):
                return None
            loader = _Loader(text)
            node = loader.get_single_node()
            return None if node is None else self._walk(loader, node, ())
        except UnicodeDecodeError as error:
            line = self.bytes[: error.start].count(b"\n") + 1
            self.faults.append(Fault(f"{self.shown}:{line}", "不是UTF-8文字", "UTF-8编码的文本", "请另存为UTF-8"))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            remedy = "请检查缩进、冒号后的空格和引号是否成对"
            self.faults.append(Fault(f"{self.shown}:{line}", f"YAML写法有误（{problem}）", "合法的YAML", remedy))
        return None

    def _unwanted(self, text: str) -> bool:
        """Find anchors, aliases, tags and too deep nesting before anything is built; True when there are any."""
        depth, known = 0, len(self.faults)
        for event in yaml.parse(text, Loader=_Loader):
            found = ""
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                found = f"嵌套超过{DEEPEST}层" if depth > DEEPEST else ""
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
            if isinstance(event, yaml.AliasEvent):
                found = f"用了YAML别名（*{anchor}）"
            elif anchor:
                found = f"用了YAML锚点（&{anchor}）"
            elif tag:
                found = f"用了YAML标签（{tag}）"
            if found:
                line = event.start_mark.line + 1 if event.start_mark else 1
                self.faults.append(Fault(f"{self.shown}:{line}", found, "直接写出的内容"))
            if depth > DEEPEST:
                break
        return len(self.faults) > known

    def _walk(self, loader: _Loader, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._walk(loader, item, (*where, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, where)
        try:
            return loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            reason = str(error).splitlines()[0]
            self.fault(where, f"读不出“{str(node.value)[:40]}”（{reason}）", "文字、数字、true/false或null")
            return None

    def _mapping(self, loader: _Loader, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True) if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                plain = isinstance(key_node, yaml.ScalarNode)
                shown = str(key_node.value) if plain else "（非文字的键）"
                self.lines.setdefault((*where, shown), line)
                found_there = f"键{shown}没有加引号，不是文字" if plain else "键是列表或映射"
                self.fault((*where, shown), found_there, "文字", f'请写成"{shown}"' if plain else "")
                key = shown
            elif key in found:
                first = self.lines[(*where, key)]
                self.faults.append(
                    Fault(
                        f"{self.shown}:{line} {key}",
                        f"键“{key}”重复（第{first}行已有）",
                        "每个键只写一次",
                        "请删去一处",
                    )
                )
                continue
            self.lines.setdefault((*where, key), line)
            found[key] = self._walk(loader, value_node, (*where, key))
        return found


_EXPECTED = {
    "missing": "必填项",
    "string_type": "文字",
    "int_type": "整数",
    "int_from_float": "整数",
    "float_type": "数字",
    "bool_type": "true或false",
    "list_type": "列表",
    "tuple_type": "列表",
    "dict_type": "“键: 值”的映射",
    "model_type": "“键: 值”的映射",
    "model_attributes_type": "“键: 值”的映射",
    "finite_number": "有限的数",
    "too_short": "至少一项",
    "string_too_short": "非空的文字",
}

_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "小写字母开头，只含小写字母、数字和下划线的编号",
    r"^\d{4}-\d{2}-\d{2}$": "形如2025-01-31的日期",
}


def check(document: Document, model: type[BaseModel]) -> BaseModel | None:
    """Check the shape of a document.

    Parameters
    ----------
    document : the file; its ``faults`` grow by what is wrong
    model : the pydantic model it must fit

    Returns
    -------
    the model, or None when anything was wrong
    """
    if document.data is None:
        if not document.faults:
            document.fault((), "文件是空的", "有内容的YAML")
        return None
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            _tell(document, dict(entry))
        return None


def _tell(document: Document, entry: dict[str, Any]) -> None:
    where = _path_in(document.data, entry["loc"])
    kind, context, given = entry["type"], entry.get("ctx", {}), entry.get("input")
    shown = "空值" if given is None else f"“{given}”" if isinstance(given, str | int | float) else "一组内容"
    if kind == "missing":
        document.fault(where, f"缺少“{where[-1]}”", "必填项")
    elif kind == "extra_forbidden":
        document.fault(where, f"不认识的键“{where[-1]}”", "格式说明中的键", "请核对拼写，或删去此项")
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        _tell_kind(document, (*where, "kind"), given, context)
    elif kind == "literal_error":
        document.fault(where, shown, str(context.get("expected", "")).replace(" or ", "、").replace(", ", "、"))
    elif kind == "string_type":
        remedy = f'请加引号："{given}"' if isinstance(given, int | float) else ""
        document.fault(where, f"{shown}不是文字", "文字", remedy)
    elif kind in _EXPECTED:
        document.fault(where, f"{shown}", _EXPECTED[kind])
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        _tell_bound(document, where, kind, given, context)
    elif kind == "string_pattern_mismatch":
        document.fault(where, shown, _PATTERNS.get(context["pattern"], f"符合{context['pattern']}的文字"))
    elif kind == "value_error":
        document.fault(where, shown, str(context["error"]))
    else:
        document.fault(where, shown, entry["msg"])


def _tell_bound(document: Document, where: Where, kind: str, given: Any, context: dict[str, Any]) -> None:
    sign, name = {
        "greater_than": ("大于", "gt"),
        "greater_than_equal": ("不小于", "ge"),
        "less_than": ("小于", "lt"),
        "less_than_equal": ("不大于", "le"),
    }[kind]
    percent = name == "le" and context[name] == 1 and isinstance(given, int | float) and 1 < given <= 100
    remedy = f"若指{given}%，请写{given / 100:g}" if percent else ""
    document.fault(where, f"得到{given}", f"{sign}{context[name]:g}的数", remedy)


def _tell_kind(document: Document, where: Where, given: Any, context: dict[str, Any]) -> None:
    kind = given.get("kind") if isinstance(given, dict) else None
    known = [word.strip(" '") for word in str(context.get("expected_tags", "")).split(",") if word.strip()]
    close = difflib.get_close_matches(str(kind), known, 1)
    found = "没有写规则种类kind" if kind is None else f"不认识的规则种类“{kind}”"
    document.fault(where, found, "、".join(known) or "规则种类", f"是否想写“{close[0]}”" if close else "")


def _path_in(data: Any, loc: tuple[str | int, ...]) -> Where:
    """pydantic's location without the names of union branches, which are not in the document."""
    where: list[str | int] = []
    here = data
    for n, step in enumerate(loc):
        if (isinstance(here, dict) and step in here) or (isinstance(here, list) and isinstance(step, int)):
            where.append(step)
            here = here[step]  # type: ignore[index]
        elif n == len(loc) - 1:
            where.append(step)
    return tuple(where)
