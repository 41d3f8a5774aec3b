"""Variants: a rubric with some lines and readings changed, by whose approval and from when."""

import hashlib
from copy import deepcopy
from typing import Any

from chengxin.errors import RubricError, UsageError
from chengxin.rubric.model import Rubric, VariantFile
from chengxin.rubric.readings import OF_TOTALS, choose
from chengxin.rubric.rules import KINDS
from chengxin.validation import check
from chengxin.yamlfile import Document


def refuse(document: Document) -> RubricError:
    """The error that tells every fault of a file."""
    return RubricError(f"评分细则{document.shown}不能使用", document.faults)


def read_variant(document: Document) -> VariantFile:
    """The variant that a document holds; RubricError with all faults of its shape."""
    variant = check(document, VariantFile, [*KINDS])
    if not isinstance(variant, VariantFile) or document.faults:
        raise refuse(document)
    if not variant.changes and not variant.readings:
        document.fault((), "没有写changes，也没有写readings", "至少一处改变")
    return variant


def put_in(document: Document, variant: VariantFile, base: Document, rubric: Rubric) -> str:
    """Turn a variant's document into that of the whole changed rubric, so that it can be checked as one.

    A reading that no line lists any more falls away.

    Parameters
    ----------
    document : the variant; its data become the whole, its faults grow by changes that do not fit
    variant : what it holds
    base, rubric : the rubric it extends, as a document and as loaded

    Returns
    -------
    sha256 of both files together
    """
    data: dict[str, Any] = deepcopy(base.data)
    places = {line["id"]: n for n, line in enumerate(data["lines"])}
    moved: dict[tuple[str | int, ...], tuple[str | int, ...]] = {(): ("changes",)}
    for line_id, changes in variant.changes.items():
        if line_id not in places:
            document.fault(("changes", line_id), f"{variant.extends}没有“{line_id}”条", "已有的条目编号")
        elif "id" in changes:
            document.fault(("changes", line_id, "id"), "改了条目编号", "不改编号", "请删去id")
        else:
            data["lines"][places[line_id]].update(changes)
            moved["lines", places[line_id]] = ("changes", line_id)
    left = {key: reading for key, reading in rubric.readings.items() if key in OF_TOTALS or key in _listed(data)}
    data["readings"] = {key: data["readings"][key] for key in left}
    for key, option in variant.readings.items():
        try:
            choose(left, {key: option})
        except UsageError as error:
            document.fault(("readings", key), str(error).rstrip("。"), "已有的读法和选项")
    document.data, document.moved = data, moved
    return hashlib.sha256(base.bytes + document.bytes).hexdigest()


def _listed(data: dict[str, Any]) -> set[str]:
    """Every reading that some line lists; what is no list is told later."""
    lists = [line.get("readings") for line in data["lines"]]
    return {key for keys in lists if isinstance(keys, list) for key in keys if isinstance(key, str)}
