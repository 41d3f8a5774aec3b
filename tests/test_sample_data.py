"""Sample data: same bytes each time, real only what is said to be, every special case there."""

import csv
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml
from exact import assess
from stdnum.cn import uscc

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_data"
NAMES = ("reporting_units", "areas", "merchants", "assessments", "observations")
REAL = {"331023-S1": "天台山景区", "331024-S1": "神仙居景区", "331082-S1": "台州府城文化旅游区"}
COUNTIES = {
    "331002",
    "331003",
    "331004",
    "331022",
    "331023",
    "331024",
    "331081",
    "331082",
    "331083",
}
RED_LINES = {"scenic_area": {"19.1", "20.1"}, "street": {"17.1", "18.1"}}
LATEST = "2026"


def table(name):
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rubric(kind):
    return yaml.safe_load((ROOT / "rubrics" / f"{kind}.yaml").read_text("utf-8"))


UNITS, AREAS, MERCHANTS, ASSESSMENTS, OBSERVATIONS = map(table, NAMES)
RUBRICS = {kind: rubric(kind) for kind in ("scenic_area", "street")}
LINES = {kind: {line["id"]: line for line in data["lines"]} for kind, data in RUBRICS.items()}
AREA = {row["code"]: row for row in AREAS}
ASSESSMENT = {row["id"]: row for row in ASSESSMENTS}
SEEN = {row["id"]: {} for row in ASSESSMENTS}
for _row in OBSERVATIONS:
    SEEN[_row["assessment"]][_row["line"]] = _row


def line_of(row):
    return LINES[ASSESSMENT[row["assessment"]]["rubric"]][row["line"]]


def result(assessment):
    seen = {line: {k: v for k, v in row.items() if v} for line, row in SEEN[assessment].items()}
    return assess(RUBRICS[ASSESSMENT[assessment]["rubric"]], {}, seen)


def test_regenerated_byte_for_byte(tmp_path):
    subprocess.run([sys.executable, SAMPLE / "generate.py", tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {f"{name}.csv": (SAMPLE / f"{name}.csv").read_bytes() for name in NAMES}
    assert sum(map(len, made.values())) < 600_000
    assert not any(b"\r" in data or data.startswith(b"\xef\xbb\xbf") for data in made.values())


def test_ten_reporting_units():
    assert {row["code"] for row in UNITS} == COUNTIES | {"TZW"}
    for row in UNITS:
        branch = row["code"] == "TZW"
        assert row["admin_code"] == ("" if branch else row["code"])
        assert row["kind"] == ("branch" if branch else "county")


def test_no_code_but_the_nine_counties():
    codes = " ".join(row["code"] for row in AREAS + MERCHANTS)
    used = set(re.findall(r"\b3310\d\d", codes))
    used |= {row["uscc"][2:8] for row in MERCHANTS if row["uscc"]}
    assert used == COUNTIES


def test_areas_real_and_invented():
    named = {row["code"]: row["name"] for row in AREAS}
    assert {code: name for code, name in named.items() if not name.startswith("演示·")} == REAL
    for code in REAL:
        shown = [AREA[code][name] for name in ("level", "level_as_of", "pilot_wave")]
        assert shown == ["5A", "2022-07-31", "1"]
    assert {row["unit"] for row in AREAS} == {row["code"] for row in UNITS}
    per_unit = Counter(row["unit"] for row in AREAS)
    assert all(per_unit[code] in (2, 3) for code in COUNTIES)
    assert {row["status"] for row in AREAS} == {"applied", "recommended", "accepted", "withdrawn"}
    assert all(row["kind"] == ("scenic_area" if "-S" in row["code"] else "street") for row in AREAS)


def test_real_areas_are_unremarkable():
    for row in ASSESSMENTS:
        if row["area"] in REAL:
            found = result(row["id"])
            assert found["deduction"] == 0
            assert found["unrounded"] > 90


def test_merchants():
    per_area = Counter(row["area"] for row in MERCHANTS)
    assert per_area.keys() == AREA.keys()
    assert all(30 <= size <= 48 for size in per_area.values())
    assert all(row["name"].startswith("演示") for row in MERCHANTS)
    for keys in (("code",), ("area", "name"), ("area", "premises")):
        assert len({tuple(row[key] for key in keys) for row in MERCHANTS}) == len(MERCHANTS)
    assert {row["status"] for row in MERCHANTS} == {"open", "closed"}


def test_credit_codes():
    codes = [row["uscc"] for row in MERCHANTS if row["uscc"]]
    assert 0.05 < 1 - len(codes) / len(MERCHANTS) < 0.11
    assert len(set(codes)) == len(codes)
    assert all(uscc.is_valid(code) for code in codes)
    assert all(code.startswith("92") and code[8:11] == "DEM" for code in codes)
    assert any(code.endswith("0") for code in codes)


def test_keys_refer():
    assert len(ASSESSMENT) == len(ASSESSMENTS)
    for row in ASSESSMENTS:
        assert row["id"] == f"{row['area']}-{row['period']}"
        assert row["rubric"] == AREA[row["area"]]["kind"]
        assert row["as_of"].startswith(row["period"])
    assert len({(row["assessment"], row["line"]) for row in OBSERVATIONS}) == len(OBSERVATIONS)
    assert all(line_of(row) for row in OBSERVATIONS)


def test_areas_join_over_time():
    assert Counter(row["period"] for row in ASSESSMENTS) == {"2024": 16, "2025": 20, LATEST: 24}
    for row in ASSESSMENTS:
        expected = {"draft", "submitted", "approved"} if row["period"] == LATEST else {"published"}
        assert row["status"] in expected


def fault(row):
    """What is wrong with one observation row, or nothing."""
    kind, points = line_of(row)["rule"]["kind"], line_of(row)["points"]
    value, of, note = row["value"], row["of"], row["note"]
    if row["outcome"] != "assessed":
        return row["outcome"] != "not_applicable" or value or of or not note
    if bool(of) != (kind in ("share", "threshold")):
        return "denominator"
    if kind == "marks":
        full = float(value) == points
        return not re.fullmatch(r"\d\.[05]", value) or float(value) > points or not (full or note)
    if "." in value:
        return of != "100" or not re.fullmatch(r"\d{2}\.\d", value)
    if kind == "met":
        return value not in ("0", "1") or (value == "0" and not note)
    return not 0 <= int(value) <= int(of or 9)


def test_observations_are_well_formed():
    assert not [row for row in OBSERVATIONS if fault(row)]


def test_incomplete_are_the_drafts():
    short = {}
    for row in ASSESSMENTS:
        base = {line for line, data in LINES[row["rubric"]].items() if data["section"] == "base"}
        if base - SEEN[row["id"]].keys():
            short[row["id"]] = len(base - SEEN[row["id"]].keys()) / len(base)
    assert short.keys() == {row["id"] for row in ASSESSMENTS if row["status"] == "draft"}
    assert sorted(share > 0.5 for share in short.values()) == [False, False, True]
    assert sorted(share < 0.2 for share in short.values()) == [False, True, True]


def test_one_red_line_this_year():
    crossed = [
        (row["assessment"], row["line"], row["value"])
        for row in OBSERVATIONS
        if ASSESSMENT[row["assessment"]]["period"] == LATEST
        and row["line"] in RED_LINES[ASSESSMENT[row["assessment"]]["rubric"]]
    ]
    assert crossed == [("331022-S1-2026", "20.1", "1")]


def test_no_dispute_no_food_and_exactly_95():
    none = [(row["assessment"], row["line"]) for row in OBSERVATIONS if row["of"] == "0"]
    assert none == [("331024-J1-2026", "5.1")]
    idle = [row for row in OBSERVATIONS if row["outcome"] == "not_applicable"]
    assert {row["assessment"] for row in idle} == {"331082-S2-2026"}
    assert [row["line"] for row in idle] == ["11.1", "11.2", "11.3"]
    assert SEEN["331004-J1-2026"]["4.1"]["value"] == "190"
    assert SEEN["331004-J1-2026"]["4.1"]["of"] == "200"


def test_equal_totals_in_two_counties():
    one, other = "331081-S1-2026", "331083-S1-2026"
    assert result(one)["unrounded"] == result(other)["unrounded"]
    assert any(SEEN[one][line]["value"] != SEEN[other][line]["value"] for line in SEEN[one])


def test_totals_spread_and_rise():
    complete = [row for row in ASSESSMENTS if row["status"] != "draft"]
    totals = {row["id"]: float(result(row["id"])["unrounded"]) for row in complete}
    ordered = sorted(totals.values())
    assert 65 < ordered[0] < 76
    assert 100 < ordered[-1] < 106
    assert 88 < ordered[len(ordered) // 2] < 93
    means = [
        sum(totals[row["id"]] for row in complete if row["period"] == period)
        / sum(row["period"] == period for row in complete)
        for period in ("2024", "2025", LATEST)
    ]
    assert means[0] + 1 < means[1] < means[2] - 1
