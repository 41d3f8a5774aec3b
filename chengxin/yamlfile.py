"""YAML read strictly: every fault at its file and line, all faults in one go.

Only text, whole numbers, decimals, true/false and null are recognised; dates, ``yes``/``no`` and clock times
stay text. Repeated keys, keys that are not text, anchors, aliases, merge keys and tags are faults.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from chengxin.errors import Fault

Where = tuple[str | int, ...]
DEEPEST = 50  # levels of nesting; more is a typing error or an attack, and would overflow the stack
_TAG = "tag:yaml.org,2002:"


class FaultInYaml(Fault):
    """A fault whose place is a line of a file and, as ``column``, a path of its data."""

    @property
    def where(self) -> str:
        """The place as editors take it: ``rubrics/a.yaml:12 lines[3].points``."""
        return f"{self.file}:{self.row} {self.column}".rstrip()


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

# words of the YAML library → what to tell a person
_PROBLEMS = {
    "maximum nesting": f"嵌套超过{DEEPEST}层",
    "tab character": "缩进用了制表符",
    "mapping values are not allowed": "此处不能有冒号，文字里的冒号要加引号",
    "could not find expected ':'": "缺少冒号，或引号没有成对",
    "unexpected end of stream": "引号没有成对",
    "but found another document": "文件中间有“---”，一个文件只能写一份",
    "character": "有不能使用的字符",
    "did not find expected": "缩进、括号或引号不齐",
}


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
        self.moved: dict[Where, Where] = {}  # paths of `data` that stand elsewhere in the file; () for all others
        self._written: dict[Where, str] = {}
        self._found: list[tuple[int, Fault]] = []
        self.bytes = path.read_bytes()
        self.data: Any = self._read()

    @property
    def faults(self) -> list[Fault]:
        """The faults in the order of their lines."""
        return [fault for _, fault in sorted(self._found, key=lambda pair: pair[0])]

    def fault(self, where: Where, found: str, expected: str, remedy: str = "") -> None:
        """Add one fault at a path of the data."""
        home = self._home(where)
        self._add(
            self.line(where),
            "".join(f"[{n}]" if isinstance(n, int) else f".{n}" for n in home),
            found,
            expected,
            remedy,
        )

    def line(self, where: Where) -> int:
        """Line number of a path, or of its nearest parent."""
        home = self._home(where)
        while home and home not in self.lines:
            home = home[:-1]
        return self.lines.get(home, 1)

    def written(self, where: Where) -> str | None:
        """A number or truth value as it stands in the file; None for anything else."""
        return self._written.get(self._home(where))

    def _home(self, where: Where) -> Where:
        """Where a path of the data stands in the file."""
        for n in range(len(where), -1, -1):
            if where[:n] in self.moved:
                return (*self.moved[where[:n]], *(where[n:] if n else ()))
        return where

    def _add(self, line: int, path: str, found: str, expected: str, remedy: str = "") -> None:
        fault = FaultInYaml(self.shown, found, expected, remedy, row=line, column=path.lstrip("."))
        self._found.append((line, fault))

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
            self._add(line, "", "不是UTF-8文字", "UTF-8编码的文本", "请另存为UTF-8")
        except yaml.YAMLError as error:
            mark, said = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
            words = next((words for part, words in _PROBLEMS.items() if part in str(error)), said.splitlines()[0])
            remedy = "请检查缩进、冒号后的空格和引号是否成对"
            self._add(mark.line + 1 if mark else 1, "", f"YAML写法有误（{words}）", "合法的YAML", remedy)
        return None

    def _unwanted(self, text: str) -> bool:
        """Find anchors, aliases, tags and too deep nesting before anything is built; True when there are any."""
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            line = event.start_mark.line + 1 if event.start_mark else 1
            if depth > DEEPEST:
                self._add(line, "", f"嵌套超过{DEEPEST}层", f"不超过{DEEPEST}层")
                break
            if found := _shorthand(event):
                self._add(line, "", found, "直接写出的内容")
        return bool(self._found)

    def _walk(self, loader: _Loader, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._walk(loader, item, (*where, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, where)
        try:
            value = loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            self.fault(where, f"读不出“{str(node.value)[:40]}”", "文字、数字、true/false或null")
            return None
        if isinstance(value, bool | int | float):
            self._written[where] = node.value
        return value

    def _mapping(self, loader: _Loader, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line, key = key_node.start_mark.line + 1, self._key(key_node, where)
            if key in found:
                first = self.lines[(*where, key)]
                self._add(line, key, f"键“{key}”重复（第{first}行已有）", "每个键只写一次", "请删去一处")
            elif key is not None:
                self.lines.setdefault((*where, key), line)
                found[key] = self._walk(loader, value_node, (*where, key))
        return found

    def _key(self, node: yaml.Node, where: Where) -> str | None:
        """A key as text, also where it is faulty; None for a merge key."""
        if not isinstance(node, yaml.ScalarNode):
            self._add(node.start_mark.line + 1, "", "键是列表或映射", "文字")
            return None
        written = str(node.value)
        self.lines.setdefault((*where, written), node.start_mark.line + 1)
        if written == "<<":
            self.fault((*where, written), "用了YAML合并键（<<）", "直接写出的内容")
            return None
        if node.tag != _TAG + "str":
            self.fault((*where, written), f"键{written}没有加引号，不是文字", "文字", f'请写成"{written}"')
        return written


def _shorthand(event: yaml.Event) -> str:
    """An alias, anchor or tag in words, or nothing."""
    anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
    if isinstance(event, yaml.AliasEvent):
        return f"用了YAML别名（*{anchor}）"
    if anchor:
        return f"用了YAML锚点（&{anchor}）"
    return f"用了YAML标签（{tag}）" if tag else ""
