"""The index part of the sample data: units, areas, merchants, assessments and their observations.

Line ids, kinds, points and measures come from ``rubrics/*.yaml``; how hard a line is and what an inspector notes is
found by a word of its official text.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from areas import AREAS, NO_FOOD, TAGS, UNITS, Area, trade_of
from common import AS_OF, Row, T, draw, hits

TYPICAL = 90  # chance in % that one check is passed: average county, area and line, in 2025
TREND = 3  # points gained a year

# Whom a share or threshold line counts, by a word of its text; all inspected merchants otherwise.
COUNTED = {
    "符合法定要求的比例": "instruments",
    "计量纠纷（": "disputes",
    "满意度测评": "answers",
    "接受计量培训": "staff",
    "接触直接入口食品": "r",
    "食品原料": "f",
    "去皮称重": "w",
    "计量封签": "w",
    "承诺书": "w",
}
EASIER = {"instruments": -5, "disputes": 1, "answers": -2, "staff": -4}
NOBODY = {"f": "抽查经营户中无食品经营户", "r": "抽查经营户中无直接入口食品从业人员",
          "w": "抽查经营户中无称重经营户"}  # fmt: skip

# How many points harder than usual a line is, by a word of its text.
HARD = {
    "计量封签": 12, "承诺书": 10, "复秤处": 12, "先行赔付": 10, "动态更新": 10,
    "强制检定平台": 6, "红黑榜": 5, "项目位置": 3, "信用评分细则": 4, "数据库": 3, "持续改进": 4,
    "营业执照": -3, "法定计量单位": -3, "标价之外": -4, "腐败变质": -5, "保质期": -4,
    "法律法规，": -3,
}  # fmt: skip

# What the inspector notes, by a word of the line's text; {n} is a small count.
NOTES = {
    "动态更新": "台账未动态更新，{n}台新购电子秤未登记",
    "处置台帐": "投诉处置台账缺{n}件办结记录",
    "计量工作责任人": "责任人岗位职责未成文",
    "信用评分细则": "缺信用评分细则，其余制度齐全",
    "服务台": "服务驿站未提供计量咨询",
    "复秤处": "复秤处无指引标识",
    "计量管理人员": "兼职计量管理员本年度未培训",
    "强制检定平台": "{n}户相关商户未参加平台使用培训，未组织补训",
    "定量包装": "未开展定量包装知识培训",
    "日常巡查": "巡查记录中缺{n}个月的计量检查内容",
    "红黑榜": "已发布示范商户，未公示红黑榜",
    "投诉举报电话": "{n}处公示牌仍为旧投诉电话",
    "先行赔付": "已有赔付制度，未设先行赔付资金通道",
    "街区公布": "制度已制定，未在街区公布",
    "数据库": "{n}条记录缺检定证书编号",
    "持续改进": "已收集数据并分析问题，{n}项改进措施未跟踪落实",
    "媒体宣传": "“公平秤体验周”活动被县级媒体报道",
    "荣誉": "获县级放心消费示范表彰",
    "全覆盖": "在营商户均已参加放心消费承诺",
    "监测点2家": "街区内诚信计量监测点见监测点名录",
    "整改": "1户使用超过检定周期的电子秤，到期复查仍未整改",
    "恶意调整": "1台电子秤检出作弊功能，已依法立案",
    "行政部门处罚": "1户因食品标签违法被行政处罚",
}
# Chance in % of an event that earns or costs points in an average area, and the most times a year.
EVENTS = {"媒体宣传": (35, 2), "荣誉": (25, 1), "全覆盖": (20, 1), "监测点2家": (50, 4),
          "整改": (5, 1), "恶意调整": (0, 1), "行政部门处罚": (4, 1)}  # fmt: skip

# Special cases, all in 2026. assessment -> line -> value, of, note
FIXED: dict[str, dict[str, tuple[str, str, str]]] = {
    "331022-S1-2026": {"20.1": ("1", "", NOTES["恶意调整"])},
    "331024-J1-2026": {"5.1": ("0", "0", "本期未发生计量纠纷")},
    "331004-J1-2026": {"4.1": ("190", "200", "")},
}
LEFT_OUT = {"331002-J2-2026": {"8.1", "9.6", "12.1"}, "331024-S2-2026": {"7.1", "15.1"}}
BARELY_BEGUN = {"331004-J2-2026": 5}  # so many lines entered
# Equal totals: all full but these misses; lines of equal points trade places.
TWINS = {
    "331081-S1-2026": {"2.1": 1, "3.2": 1, "9.1": 3, "10.1": 2, "10.3": 4, "13.1": 5, "14.1": 1},
    "331083-S1-2026": {"2.1": 1, "3.1": 1, "9.1": 3, "10.2": 1, "10.3": 5, "12.1": 5, "14.1": 1},
}


class Visit(NamedTuple):
    """One assessment as the inspector meets it."""

    id: str
    area: Area
    year: int
    counts: dict[str, int]

    def chance(self, line: dict[str, Any]) -> int:
        """Chance in % that one check of this line is passed."""
        county = next(effect for code, _, effect in UNITS if code == self.area.unit)
        habit = int(draw(self.area.code, line["id"], "habit").integers(-4, 5))
        skill = TYPICAL + county + self.area.effect + TREND * (self.year - 2025)
        harder: list[int] = found(HARD, line)
        return min(skill + habit - sum(harder), 100)


def found(table: dict[str, T], line: dict[str, Any]) -> list[T]:
    """The entries whose word stands in the line's official group or text."""
    wording = f"{line.get('group') or ''}：{line['text']}"
    return [entry for word, entry in table.items() if word in wording]


def inspected(visit: str, merchants: Sequence[Row]) -> dict[str, int]:
    """How many merchants are inspected (all if 30 or fewer, else 30), in all and per tag."""
    tags = [TAGS[trade_of(row)] for row in merchants if row["status"] == "open"]
    order = draw(visit, "sample").random(len(tags)).argsort(kind="stable")[:30]
    chosen = [tags[i] for i in order.tolist()]
    return {"all": len(chosen)} | {tag: sum(tag in t for t in chosen) for tag in "wfr"}


def counts_of(visit: str, area: Area, year: int, merchants: Sequence[Row]) -> dict[str, int]:
    """The denominators of one assessment."""
    rng, steady = draw(visit, "counts"), draw(area.code, "counts")
    return inspected(visit, merchants) | {
        "instruments": int(steady.integers(36, 61)) + 4 * (year - 2024),
        "staff": int(steady.integers(80, 321)) + 8 * (year - 2024),
        "disputes": int(rng.integers(1, 41)),
        "answers": int(rng.integers(280, 341)),
    }


Answer = tuple[str, str, str]  # value, of, note


def note_for(line: dict[str, Any], rng: np.random.Generator) -> str:
    """The inspector's remark on a line."""
    return next(iter(found(NOTES, line)), "现场检查未达到要求").format(n=int(rng.integers(2, 7)))


def met(visit: Visit, line: dict[str, Any]) -> Answer:
    """Yes or no; a steady threshold per area and line, so that what is mended stays mended."""
    steady = draw(visit.area.code, line["id"])
    if steady.random() * 100 < visit.chance(line):
        return "1", "", ""
    return "0", "", note_for(line, steady)


def share(visit: Visit, line: dict[str, Any]) -> Answer:
    """So many of so many; satisfaction is now and then reported as a percentage."""
    counted = next(iter(found(COUNTED, line)), "all")
    rng, of = draw(visit.id, line["id"]), visit.counts[counted]
    chance = visit.chance(line)
    if counted in EASIER:  # wide of merchants: nearer to the top, less spread
        chance = 100 - max(100 - chance + EASIER[counted], 2) * 2 // 3
    if counted == "answers" and draw(visit.id, "percent").random() < 0.2:
        tenths = hits(rng, 1000, chance)
        return f"{tenths // 10}.{tenths % 10}", "100", ""
    return str(hits(rng, of, chance)), str(of), "" if of else NOBODY[counted]


def per_unit(visit: Visit, line: dict[str, Any]) -> Answer:
    """Units out of order."""
    return str(4 - hits(draw(visit.id, line["id"]), 4, visit.chance(line) + 2)), "", ""


def marks(visit: Visit, line: dict[str, Any]) -> Answer:
    """The inspector's mark in half points, with a reason below full marks."""
    rng, halves = draw(visit.id, line["id"]), 2 * int(line["points"])
    got = hits(rng, halves, visit.chance(line))
    value = f"{got // 2}.{5 * (got % 2)}"
    return value, "", "" if got == halves else note_for(line, rng)


def activities(visit: Visit, line: dict[str, Any]) -> Answer:
    """Number of activities held in the year."""
    rng = draw(visit.id, line["id"])
    held = int(rng.integers(1, 4)) if rng.random() * 100 < visit.chance(line) else 0
    return str(held), "", "" if held else "本年度未邀请群众计量监督员开展活动"


OBSERVE: dict[str, Callable[[Visit, dict[str, Any]], Answer]] = {
    "met": met, "share": share, "threshold": share, "per_unit": per_unit, "marks": marks,
    "at_least": activities,
}  # fmt: skip


def event(visit: Visit, line: dict[str, Any]) -> Answer | None:
    """A bonus or deduction, or None if it did not happen (then nothing is written); monitoring points stay."""
    rng = draw(visit.area.code if "监测点" in line["text"] else visit.id, line["id"])
    chance, most = next(iter(found(EVENTS, line)))
    costs = line["section"] == "deduction"
    if costs and (visit.area.real or (visit.year == 2026 and line["red_line"])):
        return None
    chance = chance * (10 - visit.area.effect if costs else 10 + visit.area.effect) // 10
    if visit.id in TWINS or rng.random() * 100 >= chance:
        return None
    times = int(rng.integers(1, most + 1)) if line["rule"]["kind"] != "met" else 1
    return str(times), "", note_for(line, rng)


def twin(visit: Visit, line: dict[str, Any]) -> Answer:
    """Full marks but for the listed misses."""
    misses = TWINS[visit.id].get(line["id"], 0)
    kind = line["rule"]["kind"]
    if kind == "threshold":
        of = visit.counts["answers"]
        return str(of - of // 25), str(of), ""
    if kind == "share":
        of = visit.counts[next(iter(found(COUNTED, line)), "all")]
        return str(of - misses), str(of), ""
    value = misses if kind == "per_unit" else 1 - misses
    return str(value), "", "" if value else note_for(line, draw(visit.id))


def observe(visit: Visit, line: dict[str, Any]) -> Answer | None:
    """What is entered for one line, or None if nothing is."""
    if line["id"] in FIXED.get(visit.id, {}):
        return FIXED[visit.id][line["id"]]
    if line["section"] != "base":
        return event(visit, line)
    return (twin if visit.id in TWINS else OBSERVE[line["rule"]["kind"]])(visit, line)


def by_ledgers(visit: Visit) -> bool:
    """Whether the ledgers fill in the measured lines, so that nobody types them."""
    special = {*FIXED, *LEFT_OUT, *BARELY_BEGUN, *TWINS, *(f"{area}-2026" for area in NO_FOOD)}
    return status_of(visit) == "submitted" and visit.id not in special


def observations_of(visit: Visit, lines: Sequence[dict[str, Any]]) -> Iterable[Row]:
    """The observation rows of one assessment."""
    for line in lines[: BARELY_BEGUN.get(visit.id)]:
        answer = observe(visit, line)
        if answer is None or line["id"] in LEFT_OUT.get(visit.id, ()) or (line["measure"] and by_ledgers(visit)):
            continue
        value, of, note = answer
        about = {"assessment": visit.id, "line": line["id"], "note": note}
        if note in NOBODY.values():
            yield about | {"outcome": "not_applicable"}
        else:
            yield about | {"value": value, "of": of, "outcome": "assessed"}


def measured(visit: Visit, lines: Sequence[dict[str, Any]]) -> dict[str, Answer]:
    """Measure → what the ledgers should say, for the lines that happened and are not left out."""
    seen = {line["measure"]: observe(visit, line) for line in lines
            if line["measure"] and line["id"] not in LEFT_OUT.get(visit.id, ())}  # fmt: skip
    return {measure: answer for measure, answer in seen.items() if answer}


def assessment_row(visit: Visit) -> Row:
    """One assessment."""
    return {
        "id": visit.id, "area": visit.area.code, "period": visit.year, "rubric": visit.area.kind,
        "as_of": AS_OF[visit.year], "status": status_of(visit),
    }  # fmt: skip


def status_of(visit: Visit) -> str:
    """Where the assessment stands."""
    if visit.year < 2026:
        return "published"
    if visit.id in LEFT_OUT or visit.id in BARELY_BEGUN:
        return "draft"
    return "approved" if draw(visit.id, "status").random() < 0.6 else "submitted"


def visits(merchants: dict[str, list[Row]]) -> list[Visit]:
    """All assessments, by area and period; a withdrawn area has its first year only."""
    return [
        Visit(name := f"{area.code}-{year}", area, year,
              counts_of(name, area, year, merchants[area.code]))
        for area in AREAS if area.since
        for year in AS_OF
        if year == area.since or (year > area.since and area.status == "accepted")
    ]  # fmt: skip
