"""Rows of the registry files: units, areas, merchants, points, persons, assessments, filings, improvement items."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chengxin.exchange.cells import (
    AdminCode,
    Amount,
    Code,
    Count,
    Day,
    MaybeAmount,
    MaybeCode,
    MaybeCount,
    MaybeDay,
    MaybeTruth,
    MaybeWords,
    Name,
    Quarter,
    Uscc,
    Wave,
    Words,
    one_of,
)  # fmt: skip
from chengxin.exchange.csv import normal
from chengxin.settings import sectors
from chengxin.store import schema

Pairs = tuple[tuple[str, str], ...]
Sector = Annotated[
    str,
    BeforeValidator(lambda cell: sectors().get(normal(cell), "")),
    Field(min_length=1, description="15个监测点行业之一，见rubrics/tables/sectors.yaml"),
]


class Row(BaseModel):
    """A row; the class lists say which dates must be in order and which counts cannot be above another."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    in_order: ClassVar[Pairs] = ()
    at_most: ClassVar[Pairs] = ()
    file: ClassVar[str]  # that `chengxin load` takes
    table: ClassVar[sa.Table]  # that the rows go into
    about: ClassVar[str] = ""  # what the file holds, in Chinese
    owned: ClassVar[bool] = False  # area, merchant or point must be named
    dropped: ClassVar[frozenset[str]] = frozenset()  # columns a file may have that are never read

    def wrong(self) -> Iterator[tuple[str, str, str]]:
        """Column, what was found and what is expected, where columns do not fit together."""
        for first, then in self.in_order:
            before, after = getattr(self, first), getattr(self, then)
            if before and after and after < before:
                yield then, f"{after}早于{first}列的{before}", f"不早于{before}的日期"
        for part, whole in self.at_most:
            some, most = getattr(self, part), getattr(self, whole)
            if some is not None and most is not None and some > most:
                yield part, f"{some}大于{whole}列的{most}", f"不大于{most}的数"
        if self.owned and not any(getattr(self, name) for name in ("area", "merchant", "point")):
            yield "area", "area、merchant、point三列都空白", "至少一列写明归属"


class UnitRow(Row):
    """A row of reporting_units.csv."""

    file: ClassVar = "reporting_units.csv"
    table: ClassVar = schema.UNIT
    about: ClassVar = "报送单位"
    code: Code
    name: Name
    short_name: Name
    admin_code: AdminCode
    kind: one_of(schema.UNIT_KINDS)  # type: ignore[valid-type]


class AreaRow(Row):
    """A row of areas.csv."""

    file: ClassVar = "areas.csv"
    table: ClassVar = schema.AREA
    about: ClassVar = "景区、街区"
    code: Code
    name: Name
    kind: one_of(schema.AREA_KINDS)  # type: ignore[valid-type]
    unit: Code
    level: Words
    level_as_of: MaybeDay
    pilot_wave: Wave
    status: one_of(schema.AREA_STATES)  # type: ignore[valid-type]


class MerchantRow(Row):
    """A row of merchants.csv."""

    file: ClassVar = "merchants.csv"
    table: ClassVar = schema.MERCHANT
    about: ClassVar = "经营户"
    code: Code
    area: Code
    name: Name
    uscc: Uscc
    sector: Name
    premises: Words
    status: one_of(schema.MERCHANT_STATES)  # type: ignore[valid-type]


class AssessmentRow(Row):
    """A row of assessments.csv."""

    file: ClassVar = "assessments.csv"
    table: ClassVar = schema.ASSESSMENT
    about: ClassVar = "评价"
    id: Code
    area: Code
    period: Code
    rubric: Code
    as_of: Day
    status: one_of(schema.ASSESSMENT_STATES)  # type: ignore[valid-type]


class PointRow(Row):
    """A row of monitoring_points.csv."""

    file: ClassVar = "monitoring_points.csv"
    table: ClassVar = schema.POINT
    about: ClassVar = "诚信计量监测点：自主申报和县级推荐都有，才能设立"
    in_order: ClassVar = (("applied_on", "recommended_on"), ("recommended_on", "accepted_on"),
                          ("accepted_on", "cancelled_on"))  # fmt: skip
    code: Code
    unit: Code
    area: MaybeCode
    merchant: MaybeCode
    name: Name
    uscc: Uscc
    sector: Sector
    applied_on: MaybeDay
    recommended_on: MaybeDay
    accepted_on: MaybeDay
    cancelled_on: MaybeDay
    status: one_of(schema.POINT_STATES)  # type: ignore[valid-type]

    def wrong(self) -> Iterator[tuple[str, str, str]]:
        yield from super().wrong()
        needed = {
            "applied": ("applied_on",), "recommended": ("applied_on", "recommended_on"),
            "accepted": ("applied_on", "recommended_on", "accepted_on"), "cancelled": ("cancelled_on",),
        }[str(self.status)]  # fmt: skip
        for column in needed:
            if getattr(self, column) is None:
                yield column, "空白", f"status列为{schema.POINT_STATES[str(self.status)]}的，要有此日期"


class PersonRow(Row):
    """A row of persons.csv."""

    file: ClassVar = "persons.csv"
    table: ClassVar = schema.PERSON
    about: ClassVar = "计量工作责任人"
    in_order: ClassVar = (("since", "until"),)
    owned: ClassVar = True
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    name: Name
    duty: Name
    since: Day
    until: MaybeDay


class SupervisorRow(Row):
    """A row of supervisors.csv."""

    file: ClassVar = "supervisors.csv"
    table: ClassVar = schema.SUPERVISOR
    about: ClassVar = "群众计量监督员"
    in_order: ClassVar = (("appointed_on", "term_ends_on"),)
    id: Code
    unit: Code
    name: Name
    appointed_on: Day
    term_ends_on: MaybeDay
    status: one_of(schema.SUPERVISOR_STATES)  # type: ignore[valid-type]


class FilingRow(Row):
    """A row of filings.csv."""

    file: ClassVar = "filings.csv"
    table: ClassVar = schema.FILING
    about: ClassVar = "监测点季报的填报情况和各项件数"
    in_order: ClassVar = (("submitted_on", "checked_on"), ("submitted_on", "returned_on"))
    at_most: ClassVar = (("mandatory", "instruments"), ("valid", "mandatory"), ("non_mandatory", "instruments"),
                         ("cycle_set", "non_mandatory"), ("calibrated", "non_mandatory"),
                         ("scanned_ok", "instruments"), ("settled", "disputes"))  # fmt: skip
    id: Code
    point: Code
    quarter: Quarter
    submitted_on: MaybeDay
    checked_on: MaybeDay
    returned_on: MaybeDay
    instruments: MaybeCount
    mandatory: MaybeCount
    valid: MaybeCount
    non_mandatory: MaybeCount
    cycle_set: MaybeCount
    calibrated: MaybeCount
    scanned_ok: MaybeCount
    disputes: MaybeCount
    settled: MaybeCount


class AnswerRow(Row):
    """A row of filing_answers.csv."""

    file: ClassVar = "filing_answers.csv"
    table: ClassVar = schema.ANSWER
    about: ClassVar = "监测点季报各项：自查和核查"
    filing: Code
    item: Code
    self_answer: one_of(schema.ANSWERS, maybe=True)  # type: ignore[valid-type]
    check_answer: one_of(schema.ANSWERS, maybe=True)  # type: ignore[valid-type]
    note: Words


class DecisionRow(Row):
    """A row of point_decisions.csv."""

    file: ClassVar = "point_decisions.csv"
    table: ClassVar = schema.DECISION
    about: ClassVar = "对监测点的决定；由有权决定的人填写，工具包只列候选"
    id: Code
    point: Code
    kind: one_of(schema.DECISIONS)  # type: ignore[valid-type]
    quarter: Quarter
    agreed: MaybeTruth
    decided_by: MaybeWords
    decided_on: MaybeDay
    reason: Words

    def wrong(self) -> Iterator[tuple[str, str, str]]:
        for column in ("decided_by", "decided_on"):
            if self.agreed is not None and not getattr(self, column):
                yield column, "空白", "作出决定的，要写明何人何时决定"


class ImprovementRow(Row):
    """A row of improvements.csv."""

    file: ClassVar = "improvements.csv"
    table: ClassVar = schema.IMPROVEMENT
    about: ClassVar = "整改事项：责任人、期限和状态"
    in_order: ClassVar = (("rectified_on", "rechecked_on"),)
    assessment: Code
    line: Code
    points: Amount
    remedy: Words
    owner: Words
    due_on: MaybeDay
    state: one_of(schema.IMPROVEMENT_STATES)  # type: ignore[valid-type]
    rectified_on: MaybeDay
    rechecked_on: MaybeDay


class RecheckRow(Row):
    """A row of rechecks.csv."""

    file: ClassVar = "rechecks.csv"
    table: ClassVar = schema.RECHECK
    about: ClassVar = "复核：上级复核评价时逐条认定的数值，一条一行，只列复核过的条目"
    assessment: Code
    line: Code
    value: MaybeAmount
    of: MaybeAmount
    outcome: one_of(schema.OUTCOMES)  # type: ignore[valid-type]
    note: Words
    done_on: Day
    done_by: Words


class SampleRow(Row):
    """A row of merchant_samples.csv."""

    file: ClassVar = "merchant_samples.csv"
    table: ClassVar = schema.SAMPLE
    about: ClassVar = "逐户检查的抽样：种子、在营户数和抽到的户数；种子和经营户相同，抽到的户也相同"
    at_most: ClassVar = (("drawn", "population"),)
    assessment: Code
    seed: Count
    population: Count
    drawn: Count


class CheckRow(Row):
    """A row of merchant_checks.csv."""

    file: ClassVar = "merchant_checks.csv"
    table: ClassVar = schema.CHECK
    about: ClassVar = "逐户检查：一户一条一行；只供看名次稳不稳，不改动评价的户数"
    assessment: Code
    merchant: Code
    line: Code
    result: one_of(schema.CHECKS)  # type: ignore[valid-type]
    note: Words
