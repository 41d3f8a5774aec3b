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
_KEEP = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null"}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """SafeLoader (libyaml's where it is there) that reads fewer things as something other than text."""


_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, pattern) for tag, pattern in pairs if tag in _KEEP])
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


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

    def place(self, where: Where) -> str:
        """``file:line path`` of a path; a path that does not exist takes the line of its nearest parent."""
        known = where
        while known and known not in self.lines:
            known = known[:-1]
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")
        return f"{self.shown}:{self.lines.get(known, 1)} {path}".rstrip()

    def _read(self) -> Any:
        try:
            text = self.bytes.decode("utf-8-sig")
            for event in yaml.parse(text, Loader=_Loader):
                if isinstance(event, yaml.AliasEvent):
                    line = event.start_mark.line + 1 if event.start_mark else 1
                    self.faults.append(Fault(f"{self.shown}:{line}", "用了YAML别名（*）", "直接写出的内容"))
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

    def _walk(self, loader: _Loader, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._walk(loader, item, (*where, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, where)
        try:
            return loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.fault(where, f"读不出“{node.value}”（{error}）", "文字、数字、true/false或null")
            return None

    def _mapping(self, loader: _Loader, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True) if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                shown = getattr(key_node, "value", "")
                self.lines.setdefault((*where, str(shown)), line)
                self.fault((*where, str(shown)), f"键{shown}没有加引号，被读成数字", "文字", f'请写成"{shown}"')
                key = str(shown)
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
    document.fault(where, found, "、".join(known) or "规则种类", f"是否想写“{close[0]}”？" if close else "")


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
