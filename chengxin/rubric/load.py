"""Loading a rubric: find the file, read it strictly, refuse it with every fault at its line.

`load_rubric` gives a frozen `Rubric` with the readings applied; a variant is put into the rubric it extends and
checked as a whole.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from chengxin.errors import UsageError
from chengxin.paths import place
from chengxin.rubric.checks import check_lines, check_readings, check_sums
from chengxin.rubric.model import Rubric, RubricFile, VariantFile
from chengxin.rubric.readings import Option
from chengxin.rubric.rules import KINDS
from chengxin.rubric.variants import put_in, read_variant, refuse
from chengxin.validation import check
from chengxin.yamlfile import Document


def rubric_paths() -> dict[str, Path]:
    """All rubrics and variants of the kit by id, rubrics first. A file counts by its name, unread."""
    folder = place("rubrics")
    files = sorted(folder.glob("*.yaml")) + sorted(folder.glob("variants/*.yaml"))
    known: dict[str, Path] = {}
    for path in files:
        known.setdefault(path.stem, path)  # a variant never takes the place of a rubric
    return {name: path for name, path in known.items() if name != "monitoring_point"}


def load_rubric(name: str | Path, readings: Mapping[str, Option] | None = None) -> Rubric:
    """Read a rubric or a variant strictly.

    Parameters
    ----------
    name : id of a rubric of the kit (``scenic_area``) or path of a YAML file
    readings : reading → option; the others take the file's defaults

    Returns
    -------
    the rubric with its readings applied

    Raises
    ------
    RubricError : every fault of the file with file:line, path, what is wrong and how to mend it
    UsageError : no such rubric, reading or option

    >>> street = load_rubric("street", {"merchants": "all"})
    >>> len(street.lines), street.chosen["merchants"]
    (26, 'all')
    """
    document = _document(name)
    rubric = _variant(document) if _extends(document) else _whole(document, _sha256(document))
    return rubric.with_readings(readings or {})


def _document(name: str | Path) -> Document:
    known, folder = rubric_paths(), place("rubrics")
    path = known.get(str(name), Path(name))
    if not path.is_file():
        raise UsageError(f"没有评分细则“{name}”，可用：{'、'.join(known)}，或给出YAML文件的路径。")
    inside = path.is_relative_to(folder)
    return Document(path, f"rubrics/{path.relative_to(folder).as_posix()}" if inside else None)


def _extends(document: Document) -> bool:
    return isinstance(document.data, dict) and "extends" in document.data


def _sha256(document: Document) -> str:
    return hashlib.sha256(document.bytes).hexdigest()


def _whole(document: Document, sha256: str, variant: VariantFile | None = None) -> Rubric:
    """Check a document wholly and make the rubric of it, or raise with all its faults."""
    model = check(document, RubricFile, [*KINDS])
    if isinstance(document.data, dict):
        check_lines(document)
        check_sums(document)
    if isinstance(model, RubricFile):
        check_readings(document, model)
    if document.faults or not isinstance(model, RubricFile):
        raise refuse(document)
    chosen: dict[str, Option] = {key: reading.default for key, reading in model.readings.items()}
    fields = {name: getattr(model, name) for name in RubricFile.model_fields}
    rubric = Rubric(**fields, sha256=sha256, chosen=chosen, changed_by=variant, as_written=model.lines)
    return rubric.with_readings(variant.readings if variant else {})


def _variant(document: Document) -> Rubric:
    """A variant: the rubric it extends with the changed lines put in, checked as a whole."""
    variant = read_variant(document)
    base = _base_of(document, variant.extends)
    rubric = _whole(base, _sha256(base))  # refuses a faulty base at the base's own places
    return _whole(document, put_in(document, variant, base, rubric), variant)


def _base_of(document: Document, extends: str) -> Document:
    """The file a variant extends; a rubric, not another variant."""
    try:
        base = _document(extends)
    except UsageError as error:
        document.fault(("extends",), str(error).rstrip("。"), "已有的评分细则")
    else:
        if not _extends(base):
            return base
        document.fault(("extends",), f"“{extends}”本身是变体", "不是变体的评分细则", "请直接扩展原细则")
    raise refuse(document)
