"""A plain scorer in exact fractions, written from the guidance and FIELD notes alone, to check the kit against."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


def exact(number) -> Fraction:
    return Fraction(str(number))


def line_score(line, rule, value, of):
    """Points of one observed line, or None where 0 of 0 makes it not applicable."""
    points, value = exact(line["points"]), exact(value)
    kind = rule["kind"]
    if kind in ("share", "threshold"):
        of = exact(of)
        if of == 0:
            return {"full": points, "zero": Fraction(0), "not_applicable": None}[rule["when_none"]]
        if kind == "share":
            return (points if value == of else Fraction(0)) if rule.get("all_or_nothing") else points * value / of
        least = exact(rule["at_least"])
        if value / of > least or (value / of == least and rule.get("inclusive", True)):
            return points
        return points * value / of if rule.get("below") == "ratio" else Fraction(0)
    if kind == "met":
        return points * value
    if kind == "per_unit":
        return max(Fraction(0), points - exact(rule["each"]) * value)
    if kind == "marks":
        return value
    if kind == "at_least":
        return points if value >= rule["count"] else Fraction(0)
    earned = points * value
    return min(earned, exact(rule["cap"])) if rule.get("cap") is not None else earned


def rule_under(line, data, chosen):
    rule = dict(line["rule"])
    for key in line["readings"]:
        option = data["readings"][key]["options"][chosen[key]]
        patch = option.get("rule", {}) if isinstance(option, dict) else {}
        if patch.get("kind", rule["kind"]) != rule["kind"]:
            rule = dict(patch)
        else:
            rule.update(patch)
    return rule


def assess(data, readings, observations) -> dict:
    """Exact result of one assessment. `data` is the rubric file as plain data, `observations` line → dict."""
    chosen = {key: reading["default"] for key, reading in data["readings"].items()} | readings
    sums = {"base": Fraction(0), "bonus": Fraction(0), "deduction": Fraction(0)}
    missing = idle = full = Fraction(0)
    red = False
    scores = {}
    for line in data["lines"]:
        base = line["section"] == "base"
        points = exact(line["points"])
        full += points if base else 0
        seen = observations.get(line["id"])
        if seen is None:
            missing += points if base else 0
            scores[line["id"]] = None if base else Fraction(0)
            continue
        score = None
        if seen.get("outcome", "assessed") == "assessed":
            score = line_score(line, rule_under(line, data, chosen), seen["value"], seen.get("of"))
        if line["red_line"] and score is not None:
            red |= score == 0 if base else score > 0
        if score is None:
            idle += points if base else 0
            how = chosen["not_applicable"]
            score = {"full": points, "zero": Fraction(0), "rescale": None}[how] if base else Fraction(0)
        scores[line["id"]] = score
        sums[line["section"]] += score or 0
    if chosen["bonus_cap"] != "none":
        sums["bonus"] = min(sums["bonus"], exact(chosen["bonus_cap"]))
    applicable = full - idle if chosen["not_applicable"] == "rescale" else full
    if applicable == 0:
        return {"scores": scores, "complete": False}
    factor = full / applicable

    def total(extra):
        raw = (sums["base"] + extra) * factor + sums["bonus"] - sums["deduction"]
        if red and chosen["red_line"] == "cap":
            raw = min(raw, exact(data["readings"]["red_line"]["options"]["cap"]["at"]))
        if chosen["ceiling"] != "none":
            raw = min(raw, exact(chosen["ceiling"]))
        return max(raw, Fraction(0)) if chosen["floor"] == "zero" else raw

    return {
        "scores": scores,
        "base": sums["base"] * factor,
        "bonus": sums["bonus"],
        "deduction": sums["deduction"],
        "low": half_up(total(0)),
        "high": half_up(total(missing)),
        "missing": missing,
        "complete": missing == 0,
        "unrounded": total(0),
        "red": red,
    }


def half_up(number: Fraction) -> Decimal:
    hundredths = (abs(number) * 100 + Fraction(1, 2)).__floor__()
    return Decimal(hundredths if number >= 0 else -hundredths) / 100


assert half_up(Fraction("99.565")) == Decimal("99.565").quantize(Decimal("0.01"), ROUND_HALF_UP)
