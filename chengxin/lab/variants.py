"""Variants as files: what was tried, written so that it can be reviewed, loaded again and compared with others."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import ValidationError

from chengxin.errors import RubricError, UsageError
from chengxin.lab.what_if import breaches
from chengxin.paths import place
from chengxin.rubric.load import load_rubric
from chengxin.rubric.model import Line, Rubric, VariantFile
from chengxin.rubric.rules import KINDS
from chengxin.scoring.ranking import rank
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.validation import said_wrong
from chengxin.yamlfile import Document

LARGEST = 200_000  # bytes of a variant file that is read
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}  # by Windows


def variant_changes(before: Rubric, after: Rubric) -> dict[str, Any]:
    """What a variant file must say to turn one rubric into another of the same lines.

    Returns
    -------
    ``write`` (line id → fields) and ``readings`` (reading → option); a part without changes is left out

    Raises
    ------
    UsageError : lines were added, dropped or moved
    """
    old, new = ({line.id: _fields(line) for line in r.as_written} for r in (before, after))
    if list(old) != list(new):
        raise UsageError("两个细则的条目不同（有增删或次序改变），不能写成变体；变体只改已有的条目。")
    lines = {}
    for line in after.as_written:
        was, now = old[line.id], new[line.id]
        names = [name for name in {**now, **was} if was.get(name) != now.get(name)]
        if names:
            lines[line.id] = {name: _as_data(now.get(name, getattr(line, name))) for name in names}
    options = {key: value for key, value in after.chosen.items() if before.chosen.get(key) != value}
    return {name: part for name, part in (("changes", lines), ("readings", options)) if part}


def diff_in_yaml(before: Rubric, after: Rubric) -> str:
    """What differs as a variant file would say it: ``write`` and ``readings``, without who decided and why.

    Returns
    -------
    YAML text; empty when nothing differs

    Raises
    ------
    UsageError : lines were added, dropped or moved
    """
    changed = variant_changes(before, after)
    return yaml.safe_dump(changed, allow_unicode=True, sort_keys=False, width=1000) if changed else ""


def read_variant_text(text: bytes, name: str, of: Rubric) -> Rubric:
    """A variant that somebody hands over as a file, checked as wholly as one of the kit's.

    Parameters
    ----------
    text : the file's bytes, at most 200 kB
    name : how it is called in messages; it is no path and nothing is written under it
    of : the rubric whose variant it must be

    Raises
    ------
    RubricError : every fault with its line
    UsageError : too large, or not a variant of that rubric (another file of this machine is never read for it)
    """
    if len(text) > LARGEST:
        raise UsageError(f"“{name}”有{len(text) // 1000}千字节；变体文件应不超过{LARGEST // 1000}千字节。")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "variant.yaml"
        path.write_bytes(text)
        data = Document(path).data
        if isinstance(data, dict) and data.get("extends") != of.id:
            raise UsageError(f"“{name}”扩展的是“{data.get('extends')}”；应为“{of.id}”的变体，写有extends: {of.id}。")
        try:
            return load_rubric(path)
        except RubricError as error:
            faults = [replace(fault, file=name) for fault in error.faults]
            raise RubricError(error.title.replace(str(path), name), faults) from None


def _fields(line: Line) -> dict[str, Any]:
    """A line as a file would say it; what is left at its default is left out, but never the kind of the rule."""
    fields = line.model_dump(exclude_defaults=True)
    return fields | {"rule": {"kind": line.rule.kind, **fields["rule"]}}


def _as_data(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_as_data(each) for each in value]
    if isinstance(value, dict):
        return {name: _as_data(each) for name, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def variant_yaml(
    after: Rubric, *, id: str, title: str, approved_by: str, effective_from: str, why: str, before: Rubric | None = None
) -> str:
    """A changed rubric as the text of a variant file: only what differs from the rubric it extends.

    Parameters
    ----------
    after : the changed rubric
    id : of the variant, lower-case letters, digits and _; title: Chinese
    approved_by : who decided it; effective_from: day, 2026-01-01; why: the reason
    before : the rubric it extends; default: the kit's rubric of that id

    Raises
    ------
    UsageError : nothing differs, a part about the variant is missing or wrong, or the id is a rubric's
    """
    base = before or load_rubric(after.id)
    changed = variant_changes(base, after)
    if not changed:
        raise UsageError("与原细则没有差别，没有可保存的改动。")
    about = {"id": id, "title": title, "extends": after.id, "approved_by": approved_by}
    data = about | {"effective_from": effective_from, "why": why} | changed
    try:
        VariantFile.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"变体没有写全：{'；'.join(said_wrong(error, [*KINDS]))}。") from None
    if (place("rubrics") / f"{id}.yaml").exists() or id in RESERVED:
        whose = "Windows保留的名称" if id in RESERVED else "细则的编号"
        raise UsageError(f"“{id}”是{whose}，变体请换一个编号。")
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1000)


def save_variant(after: Rubric, folder: Path | None = None, **about: Any) -> Path:
    """Save a changed rubric as a variant file that loads, whole or not at all.

    Parameters
    ----------
    after : the changed rubric, its base lines summing to full marks
    folder : where; default the kit's ``rubrics/variants``
    about : id, title, approved_by, effective_from, why, as for `variant_yaml`

    Returns
    -------
    the new file, named by the id

    Raises
    ------
    UsageError : points do not sum as printed, something is missing, the file exists, the folder is missing or cannot
        be written
    RubricError : the file would not load, with every fault
    """
    if wrong := breaches(after):
        raise UsageError(f"{'；'.join(wrong)}。请先调回再保存。")
    text = variant_yaml(after, **about)
    folder = place("rubrics") / "variants" if folder is None else Path(folder)
    path = folder / f"{about['id']}.yaml"
    if not folder.is_dir():
        raise UsageError(f"没有文件夹“{folder}”，请先建好。")
    beside = folder / f".{path.name}.{secrets.token_hex(4)}.tmp"
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        load_rubric(beside)
        os.link(beside, path)  # fails where the file exists; nobody's variant is written over
    except FileExistsError:
        raise UsageError(f"已有变体“{path.name}”，请换一个编号。") from None
    except OSError:
        raise UsageError(f"变体没有存入“{folder}”；请核对能不能写入、磁盘有没有空间。") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return path


def compare_variants(rubrics: Mapping[str, Rubric], observations: pd.DataFrame) -> pd.DataFrame:
    """Totals and ranks under any number of rubrics with the same lines.

    Parameters
    ----------
    rubrics : name shown → rubric or variant; the first is what the others are compared with
    observations : long frame, as `score.score` takes it

    Returns
    -------
    one row per rubric and assessment: variant, assessment, total (points, NaN while incomplete), rank (Int64), change
    (of the total, points) and moved (places won) against the first

    Raises
    ------
    DataError : faulty observations
    """
    parts = []
    first = None
    for name, rubric in rubrics.items():
        found = totals(score(rubric, observations))
        part = found[["assessment", "total"]].assign(variant=name, rank=rank(found))
        first = part if first is None else first
        part["change"] = part["total"] - first["total"]
        part["moved"] = first["rank"] - part["rank"]
        parts.append(part[["variant", "assessment", "total", "rank", "change", "moved"]])
    if not parts:
        raise UsageError("没有给出要比较的细则。")
    return pd.concat(parts, ignore_index=True)
