"""Rows of the ledger files: instruments, verifications, complaints, surveys, training, commitments, events."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

from chengxin.exchange.cells import (
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
    Truth,
    Words,
    one_of,
)  # fmt: skip
from chengxin.exchange.registers import Row
from chengxin.ledgers.reweighing import names, table
from chengxin.store import schema


class InstrumentRow(Row):
    """A row of instruments.csv."""

    file: ClassVar = "instruments.csv"
    table: ClassVar = schema.INSTRUMENT
    about: ClassVar = "计量器具；一台（件）一行"
    in_order: ClassVar = (("in_use_since", "retired_on"),)
    owned: ClassVar = True
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    kind: Name
    model: Words
    serial: Words
    maker: Words
    place: Words
    management: one_of(schema.MANAGEMENT)  # type: ignore[valid-type]
    status: one_of(schema.INSTRUMENT_STATES)  # type: ignore[valid-type]
    seal: one_of(schema.SEALS, maybe=True)  # type: ignore[valid-type]
    mark: MaybeTruth
    registered: MaybeTruth
    code: MaybeWords
    scanned: MaybeTruth
    calibration_months: MaybeCount
    maintained_on: MaybeDay
    in_use_since: MaybeDay
    retired_on: MaybeDay


class VerificationRow(Row):
    """A row of verifications.csv."""

    file: ClassVar = "verifications.csv"
    table: ClassVar = schema.VERIFICATION
    about: ClassVar = "检定、校准；一次一行，有效期照证书填写"
    in_order: ClassVar = (("done_on", "valid_until"),)
    id: Code
    instrument: Code
    kind: one_of(schema.VERIFICATION_KINDS)  # type: ignore[valid-type]
    done_on: Day
    result: one_of(schema.RESULTS)  # type: ignore[valid-type]
    valid_until: MaybeDay
    certificate: Words
    body: Words


class ComplaintRow(Row):
    """A row of complaints.csv."""

    file: ClassVar = "complaints.csv"
    table: ClassVar = schema.COMPLAINT
    about: ClassVar = "投诉举报；姓名、电话、证件号、住址各列一律不读入"
    in_order: ClassVar = (("received_on", "settled_on"), ("received_on", "answered_on"))
    owned: ClassVar = True
    dropped: ClassVar = frozenset(
        ("complainant", "phone", "id_number", "address", "姓名", "投诉人", "举报人", "电话", "手机号", "身份证号",
         "证件号", "住址", "地址")
    )  # fmt: skip
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    kind: one_of(schema.COMPLAINT_KINDS)  # type: ignore[valid-type]
    channel: one_of(schema.CHANNELS)  # type: ignore[valid-type]
    topic: one_of(schema.TOPICS)  # type: ignore[valid-type]
    cheating: MaybeTruth
    received_on: Day
    settled_on: MaybeDay
    answered_on: MaybeDay


class SurveyRow(Row):
    """A row of surveys.csv."""

    file: ClassVar = "surveys.csv"
    table: ClassVar = schema.SURVEY
    about: ClassVar = "满意度调查；只存份数，不存个人答卷"
    at_most: ClassVar = (("satisfied", "answers"),)
    id: Code
    area: Code
    held_on: Day
    method: Words
    answers: Count
    satisfied: Count


class TrainingRow(Row):
    """A row of trainings.csv."""

    file: ClassVar = "trainings.csv"
    table: ClassVar = schema.TRAINING
    about: ClassVar = "计量培训；trained 为截至当日已受训人数"
    at_most: ClassVar = (("trained", "staff"),)
    owned: ClassVar = True
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    held_on: Day
    topic: Words
    staff: Count
    trained: Count


class PatrolRow(Row):
    """A row of patrols.csv."""

    file: ClassVar = "patrols.csv"
    table: ClassVar = schema.PATROL
    about: ClassVar = "日常巡查"
    id: Code
    area: Code
    done_on: Day
    instruments: MaybeCount
    problems: MaybeCount
    note: Words


class CommitmentRow(Row):
    """A row of commitments.csv."""

    file: ClassVar = "commitments.csv"
    table: ClassVar = schema.COMMITMENT
    about: ClassVar = "诚信计量承诺；自愿签订，可以撤回"
    in_order: ClassVar = (("signed_on", "withdrawn_on"),)
    owned: ClassVar = True
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    signed_on: Day
    voluntary: Truth
    shown: one_of(schema.PLACES_SHOWN, maybe=True)  # type: ignore[valid-type]
    link: MaybeWords
    withdrawn_on: MaybeDay

    def wrong(self) -> Iterator[tuple[str, str, str]]:
        yield from super().wrong()
        if not self.voluntary:
            yield "voluntary", "“否”", "是（承诺以经营者自愿为前提，不自愿的不登记）"


class ActivityRow(Row):
    """A row of supervisor_activities.csv."""

    file: ClassVar = "supervisor_activities.csv"
    table: ClassVar = schema.ACTIVITY
    about: ClassVar = "群众计量监督员活动"
    id: Code
    area: Code
    held_on: Day
    supervisors: Count
    topic: Words


class EventRow(Row):
    """A row of events.csv."""

    file: ClassVar = "events.csv"
    table: ClassVar = schema.EVENT
    about: ClassVar = "宣传、荣誉和放心消费"
    owned: ClassVar = True
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    kind: one_of(schema.EVENT_KINDS)  # type: ignore[valid-type]
    level: one_of(schema.LEVELS)  # type: ignore[valid-type]
    happened_on: Day
    title: Name
    link: MaybeWords


class ViolationRow(Row):
    """A row of violations.csv."""

    file: ClassVar = "violations.csv"
    table: ClassVar = schema.VIOLATION
    about: ClassVar = "违法违规：提示、期限、整改和处罚决定"
    in_order: ClassVar = (("found_on", "prompted_on"), ("prompted_on", "due_on"), ("prompted_on", "rectified_on"),
                          ("found_on", "decided_on"))  # fmt: skip
    owned: ClassVar = True
    id: Code
    area: MaybeCode
    merchant: MaybeCode
    point: MaybeCode
    instrument: MaybeCode
    kind: one_of(schema.VIOLATION_KINDS)  # type: ignore[valid-type]
    found_on: Day
    prompted_on: MaybeDay
    due_on: MaybeDay
    rectified_on: MaybeDay
    decided_on: MaybeDay
    decision: MaybeWords


class WeighingRow(Row):
    """A row of weighings.csv."""

    file: ClassVar = "weighings.csv"
    table: ClassVar = schema.WEIGHING
    about: ClassVar = "零售商品复称；单价为元/kg，称重为kg"
    id: Code
    merchant: Code
    done_on: Day
    category: Name
    price: MaybeAmount
    settled: Amount
    actual: Amount
    method: one_of(schema.METHODS)  # type: ignore[valid-type]

    def wrong(self) -> Iterator[tuple[str, str, str]]:
        """A kind of goods that the table of permitted shortages does not know, a price or weight that it needs."""
        yield from super().wrong()
        known = names()
        if self.category not in known:
            yield "category", f"“{self.category}”不在允许短缺量表的商品类别中", "、".join(known)
        elif self.category in table().other_food and not self.price:
            yield "price", "空白", f"“{self.category}”按单价归类，要写单价（元/kg）"
        if Decimal(self.settled) == 0:
            yield "settled", "0", "大于0的重量（kg）"
