"""A rubric with some of its lines and readings changed in memory, as the lab tries them.

The same changes as a variant file has, checked by the same models; unlike a file, base lines need not sum to full
marks here, so that a person can try one step after another: `breaches` says by how much they miss it.
"""

import hashlib
import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from chengxin.errors import UsageError
from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import KINDS, plain
from chengxin.validation import said_wrong

Changes = Mapping[str, Any]


def changed(rubric: Rubric, changes: Changes) -> Rubric:
    """A rubric with changes put in.

    Parameters
    ----------
    rubric : stays as it is
    changes : line id → fields to set, as under ``write`` of a variant file (``{"15.1": {"points": 5}}``), and
        reading → option or number (``{"red_line": "cap"}``)

    Returns
    -------
    the changed rubric; its sha256 is that of the rubric and the changes together

    Raises
    ------
    UsageError : unknown line, field or reading, a value that does not fit; all of them in one message
    """
    known = {line.id: line for line in rubric.as_written}
    wrong = [f"没有条目或读法“{key}”" for key in changes if key not in known and key not in rubric.readings]
    new, options = dict(known), {key: value for key, value in changes.items() if key in rubric.readings}
    for key in (key for key in changes if key in known):
        new[key], faults = _line(known[key], changes[key])
        wrong += faults
    if wrong:
        raise UsageError("；".join(wrong) + "。")
    lines = tuple(new.values())
    text = rubric.sha256 + json.dumps(changes, sort_keys=True, ensure_ascii=False, default=str)
    update = {"lines": lines, "as_written": lines, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    try:
        return rubric.model_copy(update=update).with_readings(options)
    except ValidationError as error:
        raise UsageError(f"改后的规则与所用读法不合：{'；'.join(said_wrong(error, [*KINDS]))}。") from None


def _line(line: Line, fields: Any) -> tuple[Line, list[str]]:
    if not isinstance(fields, Mapping):
        return line, [f"“{line.id}”条：得到“{fields}”，应为要改的项和值，如points: 5"]
    if "id" in fields or fields.get("section", line.section) != line.section:
        return line, [f"“{line.id}”条：不能改条目编号和类别"]
    try:
        return Line.model_validate({**line.model_dump(), **fields}), []
    except ValidationError as error:
        return line, [f"“{line.id}”条{said}" for said in said_wrong(error, [*KINDS])]


def breaches(rubric: Rubric) -> list[str]:
    """Where points do not sum as printed: the base total against full marks, groups against their points.

    Returns
    -------
    Chinese sentences with both sums and their difference; empty when all is kept
    """
    base = [line for line in rubric.lines if line.section == "base"]
    total = round(sum(line.points for line in base), 6)
    said = []
    if total != rubric.full_marks:
        said.append(_breach("基本项各条", total, rubric.full_marks))
    for (_, group, printed), members in groupby(base, key=lambda line: (line.subject, line.group, line.group_points)):
        points = round(sum(line.points for line in members), 6)
        if printed is not None and points != printed:
            said.append(_breach(f"“{group}”组各条", points, printed))
    return said


def _breach(what: str, found: float, expected: float) -> str:
    more = "多" if found > expected else "少"
    return f"{what}合计{plain(found)}分，应为{plain(expected)}分，{more}{plain(abs(round(found - expected, 6)))}分"
