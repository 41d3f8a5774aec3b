"""Merchants inspected one by one, in some assessments of this year: the draw and what was found at each.

They sum to the counts entered. A merchant that is careless in one thing is more often so in others, so lines move
together. Lines that the ledgers fill in are not looked at one by one.
"""

from typing import Any

from areas import TAGS, trade_of
from common import AS_OF, TODAY, Row, draw, happens
from index import COUNTED, Visit, by_ledgers, found, observe, status_of

from chengxin.ledgers.sampling import draw as drawn_by

LIKELY = 60  # chance in % that an assessment was made with the grid


def checks(
    held: list[Visit], merchants: dict[str, list[Row]], lines: dict[str, list[dict[str, Any]]]
) -> dict[str, list[Row]]:
    """Rows of merchant_samples.csv and merchant_checks.csv."""
    samples: list[Row] = []
    results: list[Row] = []
    for visit in held:
        if visit.year < TODAY.year or status_of(visit) == "draft" or not happens(draw(visit.id, "grid"), LIKELY):
            continue
        tags = {row["code"]: TAGS[trade_of(row)] for row in merchants[visit.area.code] if row["status"] == "open"}
        seed, chosen = _drawn(visit, tags)
        samples.append({"assessment": visit.id, "seed": seed, "population": len(tags), "drawn": len(chosen)})
        care = dict(zip(chosen, draw(visit.id, "care").random(len(chosen)).tolist(), strict=True))
        for line in lines[visit.area.kind]:
            if "merchants" in line.get("readings", ()) and not (line["measure"] and by_ledgers(visit)):
                results += _results(visit, line, tags, care)
    return {"merchant_samples": samples, "merchant_checks": results}


def _drawn(visit: Visit, tags: dict[str, str]) -> tuple[int, list[str]]:
    """The first seed from the day of the assessment on that draws as many of each kind as were inspected."""
    seed = int(f"{AS_OF[visit.year]:%Y%m%d}")
    while True:
        chosen = drawn_by(tags, seed)
        if all(sum(kind in tags[code] for code in chosen) == visit.counts[kind] for kind in "wfr"):
            return seed, chosen
        seed += 1


def _results(visit: Visit, line: dict[str, Any], tags: dict[str, str], care: dict[str, float]) -> list[Row]:
    """As many of those that the line is about pass as were counted: the careful ones, with luck."""
    counted = next(iter(found(COUNTED, line)), "all")
    asked = [code for code in care if counted == "all" or counted in tags[code]]
    luck = draw(visit.id, line["id"], "grid").random(len(asked)).tolist()
    order = sorted(zip(asked, luck, strict=True), key=lambda pair: care[pair[0]] + pair[1])
    answer = observe(visit, line)
    bad = {code for code, _ in order[: len(asked) - int(answer[0])]} if answer and asked else set()
    known = {code: "bad" if code in bad else "ok" for code in asked}
    return [{"assessment": visit.id, "merchant": code, "line": line["id"], "result": known.get(code, "na")}
            for code in care]  # fmt: skip
