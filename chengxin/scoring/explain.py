"""A sheet's rows as Chinese sentences, and lost points as things to mend.

Each sentence gives the fact, the arithmetic and the points; the points of all sentences add up to the result.
The words come from the rubric file (label, fact, remedy) and from the rule kinds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chengxin.rubric.model import ADDS, Line, Rubric
from chengxin.rubric.rules import Threshold, plain

IDLE = {"full": "按满分计", "zero": "不得分", "rescale": "不计入，其余折算"}


def points_in_words(points: float) -> str:
    """``=2.925`` or, where the decimals do not end within six places, ``≈9.9701``."""
    ends = abs(points * 1e6 - round(points * 1e6)) < 1e-4
    return f"={plain(points)}" if ends else f"≈{points:.4f}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line has its points, in parts; `sentence` puts them together.

    Parameters
    ----------
    standard : the line's short name, 器具在检定周期内
    fact : what was found, with the assessor's note: 2台件脱离检定周期（货场）
    arithmetic : how the points follow from it: 6−2×2=2分（满分6分）
    """

    standard: str
    fact: str
    arithmetic: str

    @property
    def why(self) -> str:
        """Fact and arithmetic as a sentence, for a table that names the line beside it."""
        return f"{self.fact}，{self.arithmetic}。"

    @property
    def sentence(self) -> str:
        """The whole as one sentence."""
        return f"{self.standard}：{self.why}"


def explain(rubric: Rubric, sheet: pd.DataFrame) -> pd.DataFrame:
    """Add the reason to rows of a sheet.

    Parameters
    ----------
    rubric : the rubric the sheet was scored by
    sheet : rows of what `score.score` returned, any selection

    Returns
    -------
    the same rows with text columns label, group, text, rule; standard, fact, arithmetic (the parts of `Reason`),
    why (fact and arithmetic as a sentence) and reason (the whole sentence)

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> print(chengxin.explain(street, chengxin.score(street, seen)).loc[0, "reason"])
    器具检定合格率：在用应检器具45台件，检定合格44台件，10×44÷45≈9.7778分（满分10分）。
    """
    lines = {line.id: line for line in rubric.lines}
    parts = reasons(rubric, sheet)
    ids = sheet["line"].astype(object)
    words = {
        name: ids.map({key: getattr(line, name) or "" for key, line in lines.items()})
        for name in ("label", "group", "text")
    }
    rule = ids.map({key: line.rule_in_words() for key, line in lines.items()})
    made = {name: [getattr(part, name) for part in parts] for name in ("standard", "fact", "arithmetic", "why")}
    return sheet.assign(**words, rule=rule, **made, reason=[part.sentence for part in parts])


def reasons(rubric: Rubric, sheet: pd.DataFrame) -> list[Reason]:
    """The reasons of rows of a sheet, in their order; parameters as for `explain`."""
    lines = {line.id: line for line in rubric.lines}
    notes = sheet["note"] if "note" in sheet else pd.Series("", index=sheet.index)
    cells = zip(sheet["line"], sheet["score"], sheet["outcome"], sheet["value"], sheet["of"], notes, strict=True)
    return [reason(rubric, lines[line], *cell) for line, *cell in cells]


def reason(rubric: Rubric, line: Line, score: float, outcome: str, value: float, of: float, note: Any) -> Reason:
    """The reason of one row.

    Parameters
    ----------
    rubric, line : the rubric and its line
    score, value, of : points and observation, NaN where there are none
    outcome : assessed, not_applicable or not_assessed
    note : the assessor's words, or nothing
    """
    remark = note.strip() if isinstance(note, str) else ""
    if outcome == "not_assessed":
        return Reason(line.label, "尚未评价", f"暂不计分（满分{plain(line.points)}分）")
    if outcome == "not_applicable":
        fact = f"不适用（{remark.rstrip('。') or '没有此类对象'}）"
        return Reason(line.label, fact, _points_of_idle(rubric, line, score))
    if np.isnan(value):
        return Reason(line.label, "没有记录", f"按未发生计，{ADDS[line.section]}0分")
    because = f"（{remark.rstrip('。；')}）" if remark else ""
    return Reason(line.label, _fact(line, value, of) + because, _arithmetic(line, score, value, of))


def _points_of_idle(rubric: Rubric, line: Line, score: float) -> str:
    how = IDLE[str(rubric.choice("not_applicable") or "full")] if line.section == "base" else "不计分"
    return how if np.isnan(score) else f"{how}，{ADDS[line.section]}{plain(score)}分"


def _arithmetic(line: Line, score: float, value: float, of: float) -> str:
    adds, cell = ADDS[line.section], (line.points, value, of)
    work, limit = line.rule.sum_in_words(*cell), line.rule.limit_in_words(*cell)
    if work and not limit:
        end = f"{'' if adds == '得' else adds}{work}{points_in_words(score)}分"
    else:
        end = f"{work}{limit}{'，' if work else ''}{adds}{plain(score)}分"
    return end + (f"（满分{plain(line.points)}分）" if line.section == "base" and score < line.points else "")


def _fact(line: Line, value: float, of: float) -> str:
    if line.rule.kind == "met":
        return "符合要求" if value == 1 else "不符合要求"
    if line.rule.kind == "marks":
        return "评价人员评定"
    if line.rule.needs_of and of == 0:
        return "本期没有此类情形"
    words = line.fact or "{value}" + (line.unit or "")
    share = f"{plain(np.floor(value / of * 1e4 + 1e-6) / 100)}%" if line.rule.needs_of else ""
    fact = words.format(value=plain(value), of=plain(of), rest=plain(of - value), share=share)
    if isinstance(line.rule, Threshold):
        verdict = line.rule.verdict(value, of)
        fact += f"，{verdict}" if "{share" in words else f"，占{share}，{verdict}"
    return fact


def total_in_words(result: pd.Series, about: dict[str, Any]) -> str:
    """How a total came about, as one sentence with the limits that took effect.

    Parameters
    ----------
    result : one row of `totals.totals`
    about : its attributes (``results.attrs``)
    """
    if np.isnan(result["raw"]):
        return "基本项没有一条适用，无从折算，没有总分。"
    parts = f"基本分{_short(result['base'])}分＋加分{_short(result['bonus'])}分－扣分{_short(result['deduction'])}分"
    if not result["complete"]:
        missing = plain(result["missing_points"])
        return f"尚有{missing}分没有评价：总分在{result['low']:.2f}分至{result['high']:.2f}分之间，暂不发布。"
    limits = _limits(result, about)
    return f"{parts}＝{_short(result['raw'])}分，{limits}四舍五入到两位小数为{result['total']:.2f}分。"


def _short(points: float) -> str:
    return plain(points) if abs(points * 1e4 - round(points * 1e4)) < 1e-6 else f"{points:.4f}"


def _limits(result: pd.Series, about: dict[str, Any]) -> str:
    readings, said = about["readings"], ""
    if isinstance(readings.get("bonus_cap"), float) and result["bonus"] == readings["bonus_cap"]:
        said += f"加分以{plain(readings['bonus_cap'])}分为限；"
    if readings.get("not_applicable") == "rescale":
        said += "不适用条目不计，其余折算；"
    if result["unrounded"] != result["raw"]:
        said += f"按所选读法的上下限计{_short(result['unrounded'])}分；"
    return said


def improvements(rubric: Rubric, sheet: pd.DataFrame) -> pd.DataFrame:
    """Lost points as things to mend, most to win back first.

    Parameters
    ----------
    rubric : the rubric the sheet was scored by
    sheet : what `score.score` returned, any selection of assessments

    Returns
    -------
    one row per assessment × line that lost points or was deducted: assessment, line, label, lost (points to
    win back), reason, remedy, red_line; sorted by lost, then rubric order

    >>> import chengxin
    >>> from chengxin.paths import place
    >>> street = chengxin.load_rubric("street")
    >>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
    >>> seen = seen[seen["assessment"].isin(["331002-J1-2026", "331003-J1-2026"])]
    >>> mend = chengxin.improvements(street, chengxin.score(street, seen))
    >>> mend.loc[:1, ["assessment", "line", "label", "lost"]].round(2).values.tolist()
    [['331003-J1-2026', '3.1', '制度制定与公布', 5.0], ['331003-J1-2026', '6.1', '持续改进能力', 1.5]]
    """
    base = sheet["section"] == "base"
    lost = np.where(
        base, sheet["points"] - sheet["score"], np.where(sheet["section"] == "deduction", sheet["score"], 0)
    )
    rows = explain(rubric, sheet[lost > 0])
    lines = {line.id: line for line in rubric.lines}
    return pd.DataFrame(
        {
            "assessment": rows["assessment"].astype("str"),
            "line": rows["line"].astype("str"),
            "label": rows["label"],
            "lost": lost[lost > 0],
            "reason": rows["reason"],
            "remedy": [lines[line].remedy or "" for line in rows["line"]],
            "red_line": [lines[line].red_line for line in rows["line"]],
        }
    ).sort_values("lost", ascending=False, kind="stable", ignore_index=True)


def page(rubric: Rubric) -> str:
    """The rubric as a readable Markdown page: wording, rule, readings and points side by side."""
    head = f"# {rubric.title}（{rubric.version}，{rubric.source.annex}）\n\n"
    head += "本页由细则文件自动生成，请勿手工修改。考评标准照录原文，错字不改，订正见说明。\n\n"
    head += _approval(rubric)
    columns = "| 条目 | 检查内容 | 考评标准（原文） | 分值 | 评分规则 | 读法与说明 |\n|---|---|---|---|---|---|\n"
    body = ""
    for section, title in rubric.sections.items():
        rows = "".join(_row(line) for line in rubric.lines if line.section == section)
        body += f"## {title}\n\n{columns}{rows}\n"
    return head + body + "## 原文没有说清的地方（读法）\n\n" + _readings(rubric)


def _approval(rubric: Rubric) -> str:
    """What a variant changes, by whose approval and why; nothing for a rubric as its file has it."""
    change = rubric.changed_by
    if change is None:
        return ""
    lines, readings = "、".join(change.changes) or "无", "、".join(change.readings) or "无"
    return (
        f"**变体`{change.id}`：{change.title}**。在`{change.extends}`上改动，改动的条目：{lines}；改用的读法：{readings}。"
        f"批准：{change.approved_by}；施行日期：{change.effective_from}；理由：{change.why.rstrip('。')}。\n\n"
    )


def _row(line: Line) -> str:
    group = "／".join(part for part in (line.subject, line.group) if part) or "—"
    keys = "".join(f"读法`{key}`。" for key in line.readings)
    red = "**红线**。" if line.red_line else ""
    cells = (
        f"{line.id} {line.label}",
        group,
        line.text,
        plain(line.points),
        line.rule_in_words(),
        f"{red}{keys}{line.note or ''}",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _readings(rubric: Rubric) -> str:
    said = "| 读法 | 问题 | 选项（缺省在先） | 缺省的理由 | 依据 |\n|---|---|---|---|---|\n"
    for key, reading in rubric.readings.items():
        options = "<br>".join(f"`{name}` {choice.text}" for name, choice in reading.options.items())
        if rubric.chosen[key] != reading.default:
            options += f"<br>**现用**：{rubric.choice_in_words(key)}"
        said += f"| `{key}` | {reading.question} | {options} | {reading.reason} | {reading.source} |\n"
    return said
