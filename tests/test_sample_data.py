"""Sample data: same bytes each time, real only what is said to be, every special case there."""

import csv
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from exact import assess
from stdnum import ean
from stdnum.cn import uscc

from chengxin.exchange.ledgers import ComplaintRow
from chengxin.exchange.load import load
from chengxin.exchange.rows import FILES
from chengxin.ledgers.sampling import draw
from chengxin.settings import sectors, verification_periods
from chengxin.store.engine import migrate, open_store
from chengxin.store.schema import REGISTRIES

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
TODAY = date(2026, 10, 31)
# Submitted in 2026 and no special case: what the ledgers can say is not typed
BY_LEDGERS = {
    "331003-S1-2026", "331022-J1-2026", "331081-J1-2026", "331082-S1-2026", "331082-J1-2026", "331083-J1-2026",
}  # fmt: skip
QUARTERS = {
    "2025Q2": date(2025, 6, 30), "2025Q3": date(2025, 9, 30), "2025Q4": date(2025, 12, 31),
    "2026Q1": date(2026, 3, 31), "2026Q2": date(2026, 6, 30), "2026Q3": date(2026, 9, 30),
}  # fmt: skip


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
    assert set(made) == {*FILES, "observations.csv", "README.md"}
    assert {name for name, data in made.items() if data != (SAMPLE / name).read_bytes()} == set()
    assert sum(map(len, made.values())) < 3_000_000
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
        if row["area"] in REAL and row["id"] not in BY_LEDGERS:
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
        if row["id"] not in BY_LEDGERS and base - SEEN[row["id"]].keys():
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
    complete = [row for row in ASSESSMENTS if row["status"] != "draft" and row["id"] not in BY_LEDGERS]
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


# ---- ledgers -------------------------------------------------------------------------------------------------

BOOKS = {file.removesuffix(".csv"): table(file.removesuffix(".csv")) for file in FILES}
INSTRUMENTS, POINTS, FILINGS = (BOOKS[name] for name in ("instruments", "monitoring_points", "filings"))
POINT = {row["code"]: row for row in POINTS}
SHOP = {row["code"]: row for row in MERCHANTS}
VERIFIED = defaultdict(list)
for _row in BOOKS["verifications"]:
    VERIFIED[_row["instrument"]].append(_row)


def day(cell):
    return date.fromisoformat(cell)


def months_after(start, months):
    """The same day months later, cut to the end of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    for last in (start.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError(start)


def months_of(row):
    return int(row["calibration_months"] or verification_periods().instruments[row["kind"]].months)


def until(row, last):
    """The last valid day of a verification: the certificate's, else the period's."""
    if last["valid_until"]:
        return day(last["valid_until"])
    return months_after(day(last["done_on"]), months_of(row)) - timedelta(1)


def in_date(row, when=TODAY):
    known = [each for each in VERIFIED[row["id"]] if day(each["done_on"]) <= when]
    if not known:
        return False
    last = max(known, key=lambda each: (each["done_on"], each["id"]))
    return last["result"] == "qualified" and until(row, last) >= when


def in_use(row, when=TODAY):
    there = day(row["in_use_since"]) <= when and not (row["retired_on"] and day(row["retired_on"]) <= when)
    return row["status"] == "in_use" and there


def area_of(row):
    merchant = row["merchant"] or (POINT[row["point"]]["merchant"] if row["point"] else "")
    return row["area"] or (SHOP[merchant]["area"] if merchant else POINT[row["point"]]["area"])


MANDATORY = [row for row in INSTRUMENTS if row["management"] == "mandatory" and in_use(row)]


def test_measured_lines_are_left_to_the_ledgers_in_submitted_assessments():
    assert {row["status"] for row in ASSESSMENTS if row["id"] in BY_LEDGERS} == {"submitted"}
    for row in ASSESSMENTS:
        base = [line for line in LINES[row["rubric"]].values() if line["section"] == "base"]
        missing = {line["id"] for line in base} - SEEN[row["id"]].keys()
        if row["id"] in BY_LEDGERS:
            assert missing == {line["id"] for line in base if line["measure"]}
            assert not [line for line in SEEN[row["id"]] if LINES[row["rubric"]][line]["measure"]]


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_ledger_rows_are_in_order_and_refer(name):
    rows, (table_name, _) = BOOKS[name], FILES[f"{name}.csv"]
    columns = REGISTRIES[table_name].columns
    keys = [tuple(row[column.name] for column in REGISTRIES[table_name].primary_key) for row in rows]
    assert rows
    assert len(set(keys)) == len(rows)
    if name not in NAMES:
        assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    for column in rows[0]:
        for key in columns[column].foreign_keys:
            (file,) = (file for file, (other, _) in FILES.items() if other == key.column.table.name)
            known = {row[key.column.name] for row in BOOKS[file.removesuffix(".csv")]} | {""}
            assert {row[column] for row in rows} <= known


def test_everything_loads_strictly(tmp_path):
    migrate(str(tmp_path / "演示.db"))
    engine = open_store(str(tmp_path / "演示.db"))
    about = {"who": "测试", "why": "演示数据", "at": datetime(2026, 11, 1, tzinfo=UTC)}
    counts = load(engine, SAMPLE, demo=True, **about)
    assert counts == {table_name: len(BOOKS[file.removesuffix(".csv")]) for file, (table_name, _) in FILES.items()} | {
        "observation": len(OBSERVATIONS)
    }
    assert set(load(engine, SAMPLE, demo=True, **about).values()) == {0}


def test_readme_lists_every_column():
    text = (SAMPLE / "README.md").read_text("utf-8")
    for file, (_, model) in FILES.items():
        part = text.split(f"### {file}　")[1].split("\n### ")[0]
        assert re.findall(r"^\| `(\w+)` \| .+ \|", part, re.MULTILINE) == list(model.model_fields)
    assert "`instrument` | 1至64位编号，只用字母、数字、汉字、点和横线 | `instruments.csv`的`id` |" in text


def test_points():
    assert len(POINTS) == 120
    assert {row["sector"] for row in POINTS} == set(sectors().values())
    states = Counter(row["status"] for row in POINTS)
    assert states == {"accepted": 112, "applied": 3, "recommended": 2, "cancelled": 3}
    owned = [row for row in POINTS if row["merchant"]]
    assert all(SHOP[row["merchant"]]["area"] == row["area"] for row in owned)
    streets = Counter(row["area"] for row in owned if AREA[row["area"]]["kind"] == "street")
    assert sum(count >= 2 for count in streets.values()) >= 3
    assert all(row["name"].startswith("演示") and (not row["uscc"] or uscc.is_valid(row["uscc"])) for row in POINTS)
    assert all(row["uscc"][8:11] == "DEM" for row in POINTS if row["uscc"])
    typed = {row["assessment"][:-5]: int(row["value"]) for row in OBSERVATIONS
             if row["line"] == "16.1" and row["assessment"].endswith("J1-2026")}  # fmt: skip
    assert typed
    assert all(streets[area] == value for area, value in typed.items())


def test_instruments_make_sense():
    assert 2400 <= len(INSTRUMENTS) <= 2600
    assert {row["management"] for row in INSTRUMENTS} == {"mandatory", "calibration", "none"}
    assert {row["status"] for row in INSTRUMENTS} == {"in_use", "idle", "retired"}
    assert {row["kind"] for row in INSTRUMENTS if row["management"] == "mandatory"} == set(
        verification_periods().instruments
    )
    assert len({row["serial"] for row in INSTRUMENTS}) == len(INSTRUMENTS)
    for row in INSTRUMENTS:
        days = [day(each["done_on"]) for each in VERIFIED[row["id"]]]
        assert days == sorted(days)
        assert all(each <= min(TODAY, day(row["retired_on"]) if row["retired_on"] else TODAY) for each in days)
        assert bool(days) or row["management"] == "none" or in_use(row)
        assert bool(row["retired_on"]) == (row["status"] == "retired")
    once = {kind for kind, period in verification_periods().instruments.items() if period.first_only}
    meters = [row for row in INSTRUMENTS if row["kind"] in once]
    assert {POINT[row["point"]]["sector"] for row in meters} <= {"供水", "供电", "供热", "供气", "通信"}
    qualified = [[each for each in VERIFIED[row["id"]] if each["result"] == "qualified"] for row in meters]
    assert max(map(len, qualified)) == 1


def test_certificates_say_the_period_of_the_table_or_nothing():
    by_id = {row["id"]: row for row in INSTRUMENTS}
    blank = 0
    for row in BOOKS["verifications"]:
        period = months_after(day(row["done_on"]), months_of(by_id[row["instrument"]])) - timedelta(1)
        assert row["valid_until"] in ("", str(period))
        assert row["result"] == "qualified" or not row["valid_until"]
        blank += row["result"] == "qualified" and not row["valid_until"]
    assert 0.01 < blank / len(BOOKS["verifications"]) < 0.06


def test_most_mandatory_instruments_are_in_date():
    good = sum(map(in_date, MANDATORY))
    assert 0.955 < good / len(MANDATORY) < 0.975
    never = [row for row in MANDATORY if not VERIFIED[row["id"]]]
    failed = [row for row in MANDATORY if VERIFIED[row["id"]] and VERIFIED[row["id"]][-1]["result"] == "unqualified"]
    assert min(len(never), len(failed)) >= 5
    assert len(MANDATORY) - good > len(never) + len(failed)


def test_the_two_areas_of_the_example():
    for area in ("331081-J1", "331003-S1"):
        used = [row for row in MANDATORY if area_of(row) == area]
        late = [row for row in used if not in_date(row)]
        assert (len(used), len(late)) == (40, 2)
        assert all(VERIFIED[row["id"]][-1]["result"] == "qualified" for row in late)
        assert all(until(row, VERIFIED[row["id"]][-1]) < TODAY for row in late)


def test_instruments_agree_with_what_is_typed_this_year():
    typed = [row for row in OBSERVATIONS if ASSESSMENT[row["assessment"]]["period"] == LATEST]
    states, seen = defaultdict(list), set()
    for row in MANDATORY:
        states[area_of(row)].append(in_date(row))
    for row in typed:
        measure, used = line_of(row)["measure"], states[row["assessment"][:-5]]
        late = used.count(False)
        if measure == "instruments_overdue":
            assert int(row["value"]) == late
        elif measure == "instruments_qualified":
            assert (int(row["value"]), int(row["of"])) == (len(used) - late, len(used))
        seen.add(measure)
    assert seen >= {"instruments_overdue", "instruments_qualified"}


def test_merchants_inspected_one_by_one_sum_to_what_was_entered_and_the_draw_can_be_repeated():
    results = defaultdict(list)
    for row in BOOKS["merchant_checks"]:
        results[row["assessment"], row["line"]].append(row)
    for (assessment, line), rows in results.items():
        typed = SEEN[assessment].get(line)
        good, bad = (sum(row["result"] == kind for row in rows) for kind in ("ok", "bad"))
        if typed and typed["outcome"] == "assessed":
            assert (good, good + bad) == (int(typed["value"]), int(typed["of"])), (assessment, line)
        else:
            assert good + bad == 0
    for row in BOOKS["merchant_samples"]:
        area = ASSESSMENT[row["assessment"]]["area"]
        there = [each["code"] for each in MERCHANTS if each["area"] == area and each["status"] == "open"]
        drawn = draw(there, int(row["seed"]))
        assert (len(there), len(drawn)) == (int(row["population"]), int(row["drawn"]))
        for (assessment, _), rows in results.items():
            assert assessment != row["assessment"] or [each["merchant"] for each in rows] == drawn
    assert {ASSESSMENT[row["assessment"]]["rubric"] for row in BOOKS["merchant_samples"]} == set(RUBRICS)
    assert {row["result"] for row in BOOKS["merchant_checks"]} == {"ok", "bad", "na"}


def test_codes_are_digital_links_that_lead_nowhere():
    coded = [row for row in INSTRUMENTS if row["code"]]
    assert len(coded) > 0.9 * len(INSTRUMENTS)
    for row in coded:
        gtin, serial = re.fullmatch(r"https://gm2d\.example\.com/01/(0952\d{10})/21/(\w+)", row["code"]).groups()
        assert ean.is_valid(gtin)
        assert row["scanned"] == "否" or serial == row["serial"]
    assert all(row["scanned"] == "否" for row in INSTRUMENTS if not row["code"])


def test_events_behind_typed_lines():
    tampering = [row for row in BOOKS["violations"] if row["kind"] == "tampering"]
    assert [(area_of(row), row["found_on"][:4]) for row in tampering] == [("331022-S1", LATEST)]
    complained = {(area_of(row), row["received_on"][:4]) for row in BOOKS["complaints"]}
    assert ("331024-J1", LATEST) not in complained
    assert ("331024-J1", "2025") in complained
    (last,) = (row for row in BOOKS["trainings"] if row["area"] == "331004-J1" and row["held_on"][:7] == "2026-08")
    assert (last["trained"], last["staff"]) == ("190", "200")
    assert {row["shown"] for row in BOOKS["commitments"]} >= {"premises", "website", ""}
    assert any(row["withdrawn_on"] for row in BOOKS["commitments"])


PLANNED = {"as_of", "due_on", "term_ends_on", "valid_until"}  # what may lie ahead


def test_nothing_lies_after_the_last_day():
    for name, rows in BOOKS.items():
        for row in rows:
            cells = [cell for column, cell in row.items() if column not in PLANNED]
            days = [cell for cell in cells if re.fullmatch(r"\d{4}-\d\d-\d\d", cell)]
            assert max(days, default="") <= str(TODAY), (name, row)


def test_filings_of_six_quarters():
    assert {row["quarter"] for row in FILINGS} == set(QUARTERS)
    expected = {
        (row["code"], quarter) for row in POINTS if row["accepted_on"] for quarter, end in QUARTERS.items()
        if row["accepted_on"] <= str(end) and not (row["cancelled_on"] and row["cancelled_on"] <= str(end))
    }  # fmt: skip
    filed = {(row["point"], row["quarter"]) for row in FILINGS}
    assert filed < expected
    assert 0.94 < len(filed) / len(expected) < 0.99
    late = [row for row in FILINGS if day(row["submitted_on"]) > QUARTERS[row["quarter"]] + timedelta(15)]
    assert 0.02 < len(late) / len(FILINGS) < 0.08
    assert all(day(row["submitted_on"]) > QUARTERS[row["quarter"]] for row in FILINGS)


def test_filings_answer_fifteen_items_and_some_do_not_hold():
    answers = defaultdict(dict)
    for row in BOOKS["filing_answers"]:
        answers[row["filing"]][row["item"]] = (row["self_answer"], row["check_answer"])
    good = {str(item): "no" if item in (10, 11, 12, 13) else "yes" for item in range(1, 16)}
    assert all(list(given) == list(good) for given in answers.values())
    assert answers.keys() == {row["id"] for row in FILINGS}
    blank = {name for name, given in answers.items() if any(not own for own, _ in given.values())}
    assert blank == {row["id"] for row in FILINGS if row["returned_on"]}
    checked = {name for name, given in answers.items() if all(found for _, found in given.values())}
    assert checked == {row["id"] for row in FILINGS if row["checked_on"]}
    hidden = [name for name in checked for item, (own, found) in answers[name].items()
              if own == good[item] and found not in (good[item], "none")]  # fmt: skip
    assert 10 < len(hidden) < 60
    short = [row["id"] for row in FILINGS if int(row["valid"]) < int(row["mandatory"])]
    assert any(answers[name]["1"][0] == "yes" for name in short)
    assert any(answers[name]["1"][0] == "no" for name in short)


def test_counts_in_filings_are_those_of_the_ledger_but_where_they_are_made_up():
    held = defaultdict(list)
    for row in INSTRUMENTS:
        held[row["point"]].append(row)
    made_up = 0
    for row in FILINGS:
        end = QUARTERS[row["quarter"]]
        used = [each for each in held[row["point"]] if in_use(each, end)]
        must = [each for each in used if each["management"] == "mandatory"]
        assert (int(row["instruments"]), int(row["mandatory"])) == (len(used), len(must))
        made_up += int(row["valid"]) != sum(in_date(each, end) for each in must)
    assert 1 <= made_up <= 20


def test_no_personal_data():
    text = "\n".join((SAMPLE / name).read_text("utf-8") for name in [*FILES, "observations.csv"])
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", text)
    assert not re.search(r"(?<!\d)0\d{2,3}-\d{7,8}(?!\d)", text)
    assert not re.search(r"(?<![\dA-Z])[1-9]\d{5}(19|20)\d{9}[\dX](?![\dA-Z])", text)
    columns = {column for rows in BOOKS.values() for column in rows[0]}
    assert not columns & ComplaintRow.dropped
    names = {row["name"] for row in BOOKS["persons"] + BOOKS["supervisors"]}
    names |= {row["decided_by"] for row in BOOKS["point_decisions"]} - {""}
    assert all(re.fullmatch("演示(局长)?[甲乙丙丁戊己庚辛壬癸]新?", name) for name in names)
