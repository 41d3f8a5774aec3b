"""What changed between two rubrics, in words."""

import pandas as pd

from chengxin.model import Line, Rubric
from chengxin.rules import plain

FIELDS = {
    "label": "简称", "text": "考评标准", "points": "分值", "number": "序号", "section": "类别", "subject": "对象",
    "group": "检查内容", "group_points": "组分值", "unit": "计数单位", "fact": "事实用语", "measure": "数据来源",
    "evidence": "佐证材料", "remedy": "整改办法", "owner": "责任方", "note": "说明", "readings": "所用读法",
}  # fmt: skip
SHORT = 40  # characters of old and new together that stand on one line
Row = tuple[str, str, str, str, str]


def diff(before: Rubric, after: Rubric) -> pd.DataFrame:
    """What changed between two rubrics, in words.

    Returns
    -------
    frame of text columns line, label, what, before, after; one row per changed field, rubric order, then
    added lines, then readings; empty when nothing changed
    """
    rows: list[Row] = []
    old, new = ({line.id: line for line in rubric.lines} for rubric in (before, after))
    for line_id in dict.fromkeys((*old, *new)):
        rows += _line_changes(old.get(line_id), new.get(line_id))
    for key in dict.fromkeys((*before.chosen, *after.chosen)):
        was, now = (rubric.choice_in_words(key) if key in rubric.chosen else "" for rubric in (before, after))
        if was != now:
            question = (after if key in after.readings else before).readings[key].question
            rows.append((key, question, "读法", was, now))
    return pd.DataFrame(rows, columns=["line", "label", "what", "before", "after"], dtype=object)


def diff_in_words(changes: pd.DataFrame) -> str:
    """A difference as text: each line or reading once, its changes below it, long ones as old over new.

    Parameters
    ----------
    changes : from `diff`
    """
    if changes.empty:
        return "两个细则没有差别。"
    said = f"共{len(changes)}处改动：\n"
    for (key, label), rows in changes.groupby(["line", "label"], sort=False):
        is_reading = rows["what"].iloc[0] == "读法"
        said += f"读法{key}：{label}\n" if is_reading else f"{key} {label}\n"
        for row in rows.itertuples():
            was, now = row.before or "（无）", row.after or "（无）"
            what = "选项：" if is_reading else f"{row.what}："
            short = len(was) + len(now) <= SHORT
            said += f"　　{what}{was} → {now}\n" if short else f"　　{what}\n　　　　旧：{was}\n　　　　新：{now}\n"
    return said.rstrip("\n")


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
