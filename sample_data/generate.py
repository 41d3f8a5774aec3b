"""Make the sample data: ``python sample_data/generate.py [OUT_DIR]`` writes the CSV files.

Real: the ten reporting units with their codes, and the names and level of the three 5A scenic areas
天台山景区, 神仙居景区 and 台州府城文化旅游区 (level as of 2022-07-31).
Invented: everything else: all other areas (``演示·…``), all merchants (``演示…``), every code of a
merchant (organisation part ``DEM…``, which no register issues), and **every finding, also those
for the three real areas**. Nothing here says anything about a real place; whatever is rendered from
it must carry 演示数据. There is no personal data.

Line ids, kinds and points come from ``rubrics/*.yaml``; how hard a line is and what an inspector
notes is found by a word of its official text. Each draw has a generator of its own, seeded by a key
such as ``331002-J1/2.1``, so a change in one place leaves the rest as it was. Only uniform numbers
and integers are drawn, and text is built from integers: the files are the same bytes everywhere.
"""

import csv
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import yaml

T = TypeVar("T")

SEED = 20261031
HERE = Path(__file__).resolve().parent
AS_OF = {2024: "2024-12-31", 2025: "2025-12-31", 2026: "2026-10-31"}
TYPICAL = 90  # chance in % that one check is passed: average county, area and line, in 2025
TREND = 3  # points gained a year

# Code, short name, county effect in points. 台州湾新区 has no GB/T 2260 code: a branch, key TZW.
UNITS = [
    ("331002", "椒江区", 2), ("331003", "黄岩区", 0), ("331004", "路桥区", -1),
    ("331022", "三门县", -4), ("331023", "天台县", 2), ("331024", "仙居县", 1),
    ("331081", "温岭市", -1), ("331082", "临海市", 2), ("331083", "玉环市", -2),
    ("TZW", "台州湾新区", -3),
]  # fmt: skip


class Area(NamedTuple):
    """One area: first year assessed (0 = never yet), effect in points, last year if withdrawn."""

    code: str
    name: str
    level: str
    since: int
    effect: int
    status: str = "accepted"

    @property
    def kind(self) -> str:
        return "scenic_area" if self.code.split("-")[1].startswith("S") else "street"

    @property
    def unit(self) -> str:
        return self.code.split("-")[0]

    @property
    def real(self) -> bool:
        return not self.name.startswith("演示")


AREAS = [
    Area("331002-S1", "演示·江心岛景区", "4A", 2024, 0),
    Area("331002-J1", "演示·滨海老街", "", 2024, 3),
    Area("331002-J2", "演示·码头夜市街", "", 2025, -5),
    Area("331003-S1", "演示·橘香园景区", "4A", 2024, 1),
    Area("331003-J1", "演示·橘灯步行街", "", 2024, -2),
    Area("331003-J2", "演示·古窑文创街", "", 0, 0, "recommended"),
    Area("331004-S1", "演示·廊桥水乡景区", "4A", 2025, -1),
    Area("331004-J1", "演示·灯会步行街", "", 2024, 2),
    Area("331004-J2", "演示·小商品街", "", 2026, -9),
    Area("331022-S1", "演示·蟹湾景区", "3A", 2024, -3),
    Area("331022-J1", "演示·海鲜风情街", "", 2025, -3),
    Area("331022-J2", "演示·渔灯街", "", 0, 0, "applied"),
    Area("331023-S1", "天台山景区", "5A", 2024, 3),
    Area("331023-S2", "演示·云雾茶谷景区", "4A", 2026, -5),
    Area("331023-J1", "演示·古驿老街", "", 2024, 1),
    Area("331024-S1", "神仙居景区", "5A", 2024, 3),
    Area("331024-S2", "演示·竹溪漂流景区", "3A", 2025, -8),
    Area("331024-J1", "演示·溪畔步行街", "", 2024, -2),
    Area("331081-S1", "演示·石城海岸景区", "4A", 2024, 1),
    Area("331081-J1", "演示·渔港美食街", "", 2024, -3),
    Area("331081-J2", "演示·虾市街", "", 2024, -12, "withdrawn"),
    Area("331082-S1", "台州府城文化旅游区", "5A", 2024, 3),
    Area("331082-S2", "演示·匠人谷景区", "3A", 2026, -4),
    Area("331082-J1", "演示·青石老街", "", 2024, -1),
    Area("331083-S1", "演示·海岛栈道景区", "4A", 2025, 2),
    Area("331083-J1", "演示·海港夜市街", "", 2024, -4),
    Area("TZW-J1", "演示·湾区商业街", "", 2026, 2),
]

# Trade, sector, tags: w weighs with mandatory instruments, f food, r ready-to-eat food.
TRADES = [
    ("海鲜摊", "商贸", "wf"), ("水果店", "商贸", "wf"), ("炒货店", "商贸", "wfr"),
    ("干货行", "商贸", "wf"), ("土特产店", "商贸", "wf"), ("糕饼铺", "商贸", "wfr"),
    ("茶叶铺", "商贸", "wf"), ("豆腐坊", "商贸", "wfr"), ("面馆", "餐饮", "fr"),
    ("小吃店", "餐饮", "fr"), ("海鲜楼", "餐饮", "wfr"), ("饭店", "餐饮", "wfr"),
    ("茶饮店", "餐饮", "fr"), ("杂货店", "商贸", "w"), ("金银饰品店", "商贸", "w"),
    ("中药材铺", "商贸", "w"), ("布艺店", "商贸", ""), ("工艺品店", "商贸", ""),
    ("竹木器店", "商贸", ""), ("文创店", "商贸", ""), ("眼镜店", "眼镜制配店", "w"),
    ("充电站", "充电站", "w"), ("通信营业厅", "通信", ""), ("快递驿站", "邮政", "w"),
]  # fmt: skip
TAGS = {trade: tags for trade, _, tags in TRADES}
BRANDS = [f"{surname}记" for surname in "陈林王李张黄徐周吴郑叶金杨朱胡蔡应罗潘卢"] + [
    "兴隆", "福源", "顺发", "永安", "聚丰", "和顺", "恒泰", "万利", "东升", "同乐",
]  # fmt: skip
NO_FOOD = {"331082-S2"}

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
LEFT_OUT = {"331002-J2-2026": {"9.6", "12.1", "13.1"}, "331024-S2-2026": {"7.1", "15.1"}}
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


def draw(*key: str) -> np.random.Generator:
    """A generator of its own for each key."""
    return np.random.default_rng([SEED, zlib.crc32("/".join(key).encode())])


def found(table: dict[str, T], line: dict[str, Any]) -> list[T]:
    """The entries whose word stands in the line's official group or text."""
    wording = f"{line.get('group') or ''}：{line['text']}"
    return [entry for word, entry in table.items() if word in wording]


def hits(rng: np.random.Generator, of: int, chance: int) -> int:
    """How many of ``of`` checks are passed."""
    return int(np.count_nonzero(rng.random(of) * 100 < chance))


def organisation_code(body: str) -> str:
    """Eight characters and their check character (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(w * int(c, 36) for w, c in zip(weights, body, strict=True)) % 11
    return body + "0123456789X0"[rest]


def credit_code(unit: str, rng: np.random.Generator) -> str:
    """A made-up 统一社会信用代码 with its check character (GB 32100); remainder 0 gives '0'."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    serial = "".join(alphabet[i] for i in rng.integers(0, 31, 5))
    body = "92" + ("331002" if unit == "TZW" else unit) + organisation_code(f"DEM{serial}")
    rest = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31
    return body + alphabet[(31 - rest) % 31]


def merchants_of(area: Area) -> list[list[str]]:
    """The merchants of one area."""
    rng = draw(area.code, "merchants")
    trades = [t for t in TRADES if not (area.code in NO_FOOD and "f" in t[2])]
    size = int(rng.integers(30, 49))
    names = rng.random(len(BRANDS) * len(trades)).argsort(kind="stable")[:size]
    rows = []
    for n, pick in enumerate(names.tolist(), 1):
        trade, sector, tags = trades[pick % len(trades)]
        uscc = credit_code(area.unit, rng) if rng.random() >= 0.08 else ""
        shop = "摊位" if sector == "商贸" and "w" in tags else "商铺"
        place = f"{(n - 1) // 16 + 1}区{(n - 1) % 16 + 1}号{shop}"
        status = "open" if rng.random() >= 0.06 else "closed"
        name = f"演示{BRANDS[pick // len(trades)]}{trade}"
        rows.append([f"{area.code}-M{n:02d}", area.code, name, uscc, sector, place, status])
    return rows


def inspected(visit: str, merchants: Sequence[list[str]]) -> dict[str, int]:
    """How many merchants are inspected (all if 30 or fewer, else 30), in all and per tag."""
    tags = [next(t for trade, t in TAGS.items() if row[2].endswith(trade))
            for row in merchants if row[6] == "open"]  # fmt: skip
    order = draw(visit, "sample").random(len(tags)).argsort(kind="stable")[:30]
    chosen = [tags[i] for i in order.tolist()]
    return {"all": len(chosen)} | {tag: sum(tag in t for t in chosen) for tag in "wfr"}


def counts_of(visit: str, area: Area, year: int, merchants: Sequence[list[str]]) -> dict[str, int]:
    """The denominators of one assessment."""
    rng, steady = draw(visit, "counts"), draw(area.code, "counts")
    return inspected(visit, merchants) | {
        "instruments": int(steady.integers(40, 571)) + 12 * (year - 2024),
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
    """A bonus or deduction, or None if it did not happen (then nothing is written)."""
    rng = draw(visit.id, line["id"])
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


def observations_of(visit: Visit, lines: Sequence[dict[str, Any]]) -> Iterable[list[str]]:
    """The observation rows of one assessment."""
    for line in lines[: BARELY_BEGUN.get(visit.id)]:
        answer = observe(visit, line)
        if answer is None or line["id"] in LEFT_OUT.get(visit.id, ()):
            continue
        value, of, note = answer
        if note in NOBODY.values():
            yield [visit.id, line["id"], "", "", "not_applicable", note]
        else:
            yield [visit.id, line["id"], value, of, "assessed", note]


def status_of(visit: Visit) -> str:
    """Where the assessment stands."""
    if visit.year < 2026:
        return "published"
    if visit.id in LEFT_OUT or visit.id in BARELY_BEGUN:
        return "draft"
    return "approved" if draw(visit.id, "status").random() < 0.6 else "submitted"


def visits(merchants: dict[str, list[list[str]]]) -> list[Visit]:
    """All assessments, by area and period; a withdrawn area has its first year only."""
    return [
        Visit(name := f"{area.code}-{year}", area, year,
              counts_of(name, area, year, merchants[area.code]))
        for area in AREAS if area.since
        for year in AS_OF
        if year == area.since or (year > area.since and area.status == "accepted")
    ]  # fmt: skip


def unit_row(code: str, name: str) -> list[str]:
    """One reporting unit."""
    if code == "TZW":
        return [code, f"台州市市场监督管理局{name}分局", name, "", "branch"]
    return [code, f"{name}市场监督管理局", name, code, "county"]


def area_row(area: Area) -> list[str]:
    """One area; the pilot wave follows the first year assessed."""
    as_of = "" if not area.level else "2022-07-31" if area.real else "2023-12-31"
    wave = str(area.since - 2023) if area.since else ""
    return [area.code, area.name, area.kind, area.unit, area.level, as_of, wave, area.status]


def rubric_lines(kind: str) -> list[dict[str, Any]]:
    """The lines of a rubric, as they stand in its file."""
    text = (HERE.parent / "rubrics" / f"{kind}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["lines"]


def write(path: Path, header: str, rows: Iterable[Sequence[str]]) -> None:
    """Write one CSV file: UTF-8, LF, quotes only where needed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def main(out: Path = HERE) -> None:
    """Write all files into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    lines = {kind: rubric_lines(kind) for kind in ("scenic_area", "street")}
    merchants = {area.code: merchants_of(area) for area in AREAS}
    held = visits(merchants)
    write(out / "reporting_units.csv", "code,name,short_name,admin_code,kind",
          [unit_row(code, name) for code, name, _ in UNITS])  # fmt: skip
    write(out / "areas.csv", "code,name,kind,unit,level,level_as_of,pilot_wave,status",
          map(area_row, AREAS))  # fmt: skip
    write(out / "merchants.csv", "code,area,name,uscc,sector,premises,status",
          [row for rows in merchants.values() for row in rows])  # fmt: skip
    write(out / "assessments.csv", "id,area,period,rubric,as_of,status",
          [[v.id, v.area.code, str(v.year), v.area.kind, AS_OF[v.year], status_of(v)]
           for v in held])  # fmt: skip
    write(out / "observations.csv", "assessment,line,value,of,outcome,note",
          [row for v in held for row in observations_of(v, lines[v.area.kind])])  # fmt: skip


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
