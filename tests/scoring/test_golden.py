"""Cases worked out by hand for every kind of rule and every option of every reading; none may be left out."""

import re
from fractions import Fraction

import pytest
import yaml
from assessed import HERE, RUBRICS, frame
from exact import assess, half_up

from chengxin.rubric.load import load_rubric
from chengxin.rubric.readings import NUMBER
from chengxin.rubric.rules import KINDS
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

GUIDANCE = "".join((HERE.parent / "rubrics" / "source" / "guidance.txt").read_text("utf-8").split())
FILES = [HERE / "cases" / f"{name}.yaml" for name in ("scenic_area", "street")]
GOLDEN = [case for path in FILES for case in yaml.safe_load(path.read_text("utf-8"))]
SUMS = ("base", "bonus", "deduction")


def rest_of(line: dict, how: str) -> dict:
    """An observation that gives a base line full points, or none."""
    kind, full = line["rule"]["kind"], how == "full"
    if kind in ("share", "threshold"):
        return {"value": 40 if full else 0, "of": 40}
    if kind == "marks":
        return {"value": line["points"] if full else 0, "note": "样例"}
    most = {"per_unit": 1000, "met": 0, "at_least": 0}[kind]
    return {"value": {"per_unit": 0, "met": 1, "at_least": line["rule"].get("count")}[kind] if full else most}


def observations(case: dict) -> dict:
    base = [line for line in RUBRICS[case["rubric"]]["lines"] if line["section"] == "base"]
    return {line["id"]: rest_of(line, case["rest"]) for line in base} | case["observations"]


def ways(case: dict) -> list[dict]:
    """The default readings first, then the alternatives, each with what is expected."""
    return [{"readings": {}, "why": case["why"], **case["expected"]}, *case.get("alternatives", [])]


EVERY = [
    pytest.param(case, way, id=f"{case['id']}-{'、'.join(map(str, way['readings'].values())) or '缺省'}")
    for case in GOLDEN
    for way in ways(case)
]


@pytest.mark.parametrize(("case", "way"), EVERY)
def test_the_kit_gives_what_was_worked_out(case, way):
    sheet = score(load_rubric(case["rubric"], way["readings"]), frame({"样例": observations(case)}))
    got, result = sheet.set_index("line")["score"], totals(sheet).iloc[0]
    for line, points in way.get("lines", {}).items():
        want = float("nan") if points is None else float(Fraction(points))
        assert got[line] == pytest.approx(want, abs=1e-12, nan_ok=True), line
    for name in SUMS:
        if name in way:
            assert result[name] == pytest.approx(float(Fraction(way[name])), abs=1e-9), name
    assert f"{result['total']:.2f}" == way["total"]
    assert result["red_lines"] == way.get("red_lines", case["expected"].get("red_lines", ""))


@pytest.mark.parametrize(("case", "way"), EVERY)
def test_exact_fractions_give_what_was_worked_out(case, way):
    readings = {key: float(option) if isinstance(option, int) else option for key, option in way["readings"].items()}
    want = assess(RUBRICS[case["rubric"]], readings, observations(case))
    for line, points in way.get("lines", {}).items():
        assert want["scores"][line] == (None if points is None else Fraction(points)), line
    assert {name: want[name] for name in SUMS if name in way} == {n: Fraction(way[n]) for n in SUMS if n in way}
    assert want["complete"]
    assert str(want["low"]) == str(half_up(Fraction(way["total"])))


@pytest.mark.parametrize(("case", "way"), EVERY)
def test_a_case_says_why_in_words_of_the_guidance(case, way):
    cited = re.findall(r"原文“(.+?)”", way["why"])
    assert all("".join(words.split()) in GUIDANCE for words in cited), cited
    assert cited if not way["readings"] else "读法" in way["why"] or "不适用" in way["why"]


def options_of(name: str) -> set[tuple[str, str]]:
    return {(key, option) for key, reading in RUBRICS[name]["readings"].items() for option in reading["options"]}


def shown(case: dict) -> set[tuple[str, str]]:
    """Options of its reading that a case shows: the default, and those whose alternative comes out differently."""
    key = case.get("reading")
    if key is None:
        return set()
    default = case["expected"]
    found = {(key, RUBRICS[case["rubric"]]["readings"][key]["default"])}
    for way in case["alternatives"]:
        option = way["readings"].get(key)
        if any(name in way and default.get(name) != way[name] for name in ("lines", "total")):
            found.add((key, option if isinstance(option, str) else NUMBER))
    return found


@pytest.mark.parametrize("name", RUBRICS)
def test_every_option_of_every_reading_has_a_case(name):
    found = set().union(*(shown(case) for case in GOLDEN if case["rubric"] == name))
    assert found == options_of(name)


def test_every_kind_of_rule_has_a_case():
    scored = {(case["rubric"], case["kind"]) for case in GOLDEN if "kind" in case}
    used = {(name, line["rule"]["kind"]) for name, data in RUBRICS.items() for line in data["lines"]}
    assert scored == used
    assert {kind for _, kind in scored} == set(KINDS)


@pytest.mark.parametrize("case", [case for case in GOLDEN if "kind" in case], ids=lambda case: case["id"])
def test_a_case_scores_a_line_of_its_kind_and_reading(case):
    lines = {line["id"]: line for line in RUBRICS[case["rubric"]]["lines"]}
    scored = [lines[line] for line in case["expected"]["lines"]]
    assert case["kind"] in {line["rule"]["kind"] for line in scored}
    listing = {key for line in lines.values() for key in line["readings"]}
    if case.get("reading") in listing:
        assert any(case["reading"] in line["readings"] for line in scored)


def test_cases_have_names_of_their_own():
    assert len({case["id"] for case in GOLDEN}) == len(GOLDEN)
    assert {case["rest"] for case in GOLDEN} == {"full", "none"}
