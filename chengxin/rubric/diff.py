"""What changed between two rubrics, in words."""

from collections import Counter
from typing import Any

import pandas as pd

from chengxin.rubric.model import Line, Rubric
from chengxin.rubric.rules import plain

FIELDS = {
    "label": "简称", "text": "考评标准", "points": "分值", "number": "序号", "section": "类别", "subject": "对象",
    "group": "检查内容", "group_points": "组分值", "unit": "计数单位", "fact": "事实用语", "measure": "数据来源",
    "evidence": "佐证材料", "remedy": "整改办法", "owner": "责任方", "note": "说明", "readings": "所用读法",
}  # fmt: skip
SHORT = 60  # characters of old and new together that stand on one line
IN_POINTS, ADDED = ("分值", "组分值"), ("新增", "删去")
READING = "读法"
COLUMNS = ("item", "line", "label", "what", "before", "after")
Row = tuple[str, str, str, str, str]


def diff(before: Rubric, after: Rubric) -> pd.DataFrame:
    """What changed between two rubrics, in words.

    Returns
    -------
    frame of text columns item (place in the guidance, 第15项; 读法 for a reading), line, label, what, before, after;
    one row per changed field, rubric order, then added lines, then readings; empty when nothing changed
    """
    rows: list[Row] = []
    old, new = ({line.id: line for line in rubric.lines} for rubric in (before, after))
    for line_id in dict.fromkeys((*old, *new)):
        rows += _line_changes(old.get(line_id), new.get(line_id))
    for key in dict.fromkeys((*before.chosen, *after.chosen)):
        was, now = (rubric.choice_in_words(key) if key in rubric.chosen else "" for rubric in (before, after))
        if was != now:
            question = (after if key in after.readings else before).readings[key].question
            rows.append((key, question, READING, was, now))
    places = items(before) | items(after)
    return pd.DataFrame([(places.get(row[0], READING), *row) for row in rows], columns=[*COLUMNS], dtype=object)


def items(rubric: Rubric) -> dict[str, str]:
    """Line id → its place in the guidance: 第15项, 第1项第2条 where the item has several lines; the id itself where
    the guidance prints no number."""
    several = Counter(line.number for line in rubric.lines)
    return {
        line.id: f"{line.id}条" if line.number is None
        else f"第{line.number}项" + (f"第{line.id.split('.')[-1]}条" if several[line.number] > 1 else "")
        for line in rubric.lines
    }  # fmt: skip


def diff_in_words(changes: pd.DataFrame) -> str:
    """A difference as text, one change a line (``第15项 满意度：达到95%得4分 → 按比例得分``), long ones old over new.

    Parameters
    ----------
    changes : from `diff`
    """
    if changes.empty:
        return "两个细则没有差别。"
    return "\n".join([f"共{len(changes)}处改动：", *(_in_words(row) for row in changes.itertuples())])


def _in_words(row: Any) -> str:
    head, was, now = f"{row.item} {row.label}：", row.before, row.after
    if row.what in ADDED:
        return f"{head}{row.what}“{was or now}”"
    if row.what == "规则":
        was, now = _apart(was, now)
    elif row.what in IN_POINTS:
        was, now = (f"{points}分" if points else "" for points in (was, now))
    if row.what not in ("规则", READING):
        head += row.what
    was, now = was or "（无）", now or "（无）"
    if len(was) + len(now) > SHORT:
        return f"{head}\n　　旧：{was}\n　　新：{now}"
    return f"{head}{'' if head.endswith('：') else ' '}{was} → {now}"


def _apart(was: str, now: str) -> tuple[str, str]:
    """Two rules in words without the parts at the end that both have."""
    old, new = was.split("；"), now.split("；")
    while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "；".join(old), "；".join(new)


def _line_changes(was: Line | None, now: Line | None) -> list[Row]:
    line = now or was
    assert line is not None
    if was is None or now is None:
        here = f"{line.text}（{plain(line.points)}分）"
        return [(line.id, line.label, "新增" if now else "删去", here if was else "", here if now else "")]
    changes = [(words, _said(getattr(was, name)), _said(getattr(now, name))) for name, words in FIELDS.items()]
    if was.rule != now.rule:
        changes.append(("规则", was.rule_in_words(), now.rule_in_words()))
    changes.append(("红线", _said(was.red_line), _said(now.red_line)))
    return [(line.id, line.label, what, a, b) for what, a, b in changes if a != b]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float | int):
        return plain(value)
    return "、".join(value) if isinstance(value, tuple) else str(value or "")
