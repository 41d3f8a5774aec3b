"""The shape of a document checked by a pydantic model; its errors told in Chinese at the line where they stand."""

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from chengxin.yamlfile import Document, Where

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
    r"\S": "不只是空格的文字",
    r"^\d{4}-\d{2}-\d{2}$": "形如2025-01-31的日期",
}


_BOUNDS = {
    "greater_than": ("大于", "gt"),
    "greater_than_equal": ("不小于", "ge"),
    "less_than": ("小于", "lt"),
    "less_than_equal": ("不大于", "le"),
}


class Strict(BaseModel):
    """What all parts of a data file share: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def check(document: Document, model: type[BaseModel], kinds: Sequence[str] = ()) -> BaseModel | None:
    """Check the shape of a document.

    Parameters
    ----------
    document : the file; its ``faults`` grow by what is wrong
    model : the pydantic model it must fit
    kinds : what a key ``kind`` may be, for models that tell their parts apart by it

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
            _tell(document, model, dict(entry), kinds)
        return None


def _tell(document: Document, model: type[BaseModel], entry: dict[str, Any], kinds: Sequence[str]) -> None:
    where = _path_in(document.data, entry["loc"])
    kind, context, given = entry["type"], entry.get("ctx", {}), entry.get("input")
    if kind == "too_short" and isinstance(given, list) and len(given) >= context["min_length"]:
        return  # long enough as written: pydantic counts only the items without faults, which are told themselves
    shown = _shown(document, where, given)
    if kind == "missing":
        document.fault(where, f"缺少“{where[-1]}”", "必填项")
    elif kind == "extra_forbidden":
        document.fault(
            where, f"不认识的键“{where[-1]}”", "规定的键", _close(str(where[-1]), _names(model), "请删去此项")
        )
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        _tell_kind(document, where, given, kinds)
    elif kind == "literal_error":
        document.fault(where, shown, context["expected"].replace("'", "").replace(" or ", "、").replace(", ", "、"))
    elif kind == "string_type":
        document.fault(
            where, f"{shown}不是文字", "文字", f'请加引号："{text}"' if (text := document.written(where)) else ""
        )
    elif kind in _EXPECTED:
        document.fault(where, shown, _EXPECTED[kind])
    elif kind in _BOUNDS:
        _tell_bound(document, where, *_BOUNDS[kind], given, context)
    elif kind == "string_pattern_mismatch":
        document.fault(where, shown, _PATTERNS.get(context["pattern"], f"符合{context['pattern']}的文字"))
    elif kind == "value_error":
        document.fault(where, shown, str(context["error"]))
    else:
        document.fault(where, shown, entry["msg"])


def _shown(document: Document, where: Where, given: Any) -> str:
    """What stands in the file, as it is written there."""
    if given is None:
        return "空值"
    return f"“{document.written(where) or given}”" if isinstance(given, str | int | float) else "一组内容"


def _close(said: str, known: list[str], otherwise: str = "") -> str:
    """A guess at what was meant."""
    close = difflib.get_close_matches(said, known, 1)
    return f"是否想写“{close[0]}”" if close else otherwise


def _names(model: type[BaseModel]) -> list[str]:
    """Every field name of a model and the models within it."""
    schema = model.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return sorted({name for part in parts for name in part.get("properties", {})})


def _tell_bound(document: Document, where: Where, sign: str, name: str, given: Any, context: dict[str, Any]) -> None:
    percent = name == "le" and context[name] == 1 and 1 < given <= 100
    remedy = f"若指{given}%，请写{given / 100:g}" if percent else ""
    document.fault(where, f"得到{document.written(where) or given}", f"{sign}{context[name]:g}的数", remedy)


def _tell_kind(document: Document, where: Where, given: Any, kinds: Sequence[str]) -> None:
    kind = given.get("kind") if isinstance(given, dict) else None
    found = "没有写规则种类kind" if kind is None else f"不认识的规则种类“{kind}”"
    document.fault((*where, "kind"), found, f"{'、'.join(kinds)}之一", _close(str(kind), list(kinds)))


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


def said_wrong(error: ValidationError, kinds: Sequence[str] = ()) -> list[str]:
    """A model's errors in Chinese where there is no file to point into: ``points：得到“-1”，应为大于0的数``."""
    said = []
    for entry in error.errors(include_url=False):
        name = str(entry["loc"][-1])
        context, kind = entry.get("ctx", {}), entry["type"]
        if kind == "extra_forbidden":
            said.append(f"没有“{name}”这一项")
            continue
        expected = _EXPECTED.get(kind) or (str(context["error"]) if kind == "value_error" else entry["msg"])
        if kind in _BOUNDS:
            sign, bound = _BOUNDS[kind]
            expected = f"{sign}{context[bound]:g}的数"
        elif kind in ("union_tag_invalid", "union_tag_not_found"):
            name, expected = "kind", f"{'、'.join(kinds)}之一"
        elif kind == "literal_error":
            expected = context["expected"].replace("'", "").replace(" or ", "、").replace(", ", "、")
        elif kind == "string_pattern_mismatch":
            expected = _PATTERNS.get(context["pattern"], f"符合{context['pattern']}的文字")
        given = entry.get("input")
        shown = "空值" if given is None else f"“{given}”" if given != "" else "空白"
        said.append(f"{name}：缺少，应为{expected}" if kind == "missing" else f"{name}：得到{shown}，应为{expected}")
    return said
