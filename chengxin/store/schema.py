"""Tables of the database, as SQLAlchemy Core; how they came about is in ``chengxin/migrations``."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

# What a column may hold, each with its Chinese name; files may use either.
UNIT_KINDS = {"county": "县级局", "branch": "分局"}
AREA_KINDS = {"scenic_area": "景区", "street": "街区"}
AREA_STATES = {"applied": "已申报", "recommended": "已推荐", "accepted": "已纳入", "withdrawn": "已退出"}
MERCHANT_STATES = {"open": "在营", "closed": "歇业"}
ASSESSMENT_STATES = {
    "draft": "草稿", "submitted": "已提交", "approved": "已审定", "published": "已发布", "withdrawn": "已撤回",
}  # fmt: skip
OUTCOMES = {"assessed": "已评", "not_applicable": "不适用"}
ACTIONS = {"insert": "新增", "update": "修改"}
POINT_STATES = {"applied": "已申报", "recommended": "已推荐", "accepted": "已设立", "cancelled": "已取消"}
SUPERVISOR_STATES = {"active": "在聘", "ended": "已届满"}
MANAGEMENT = {"mandatory": "强制检定", "calibration": "校准", "none": "不需检定校准"}
INSTRUMENT_STATES = {"in_use": "在用", "idle": "停用", "retired": "报废"}
SEALS = {"intact": "完好", "broken": "损坏", "none": "无铅封"}
VERIFICATION_KINDS = {"verification": "检定", "calibration": "校准"}
RESULTS = {"qualified": "合格", "unqualified": "不合格"}
COMPLAINT_KINDS = {"complaint": "投诉", "report": "举报", "dispute": "商家间争议"}
CHANNELS = {"12315": "12315平台", "12345": "12345热线", "site": "现场", "other": "其他"}
TOPICS = {"measurement": "计量", "other": "其他"}
PLACES_SHOWN = {"premises": "经营场所", "website": "网站", "app": "APP"}
EVENT_KINDS = {"media": "媒体宣传", "honour": "荣誉表扬", "reassured": "放心消费全覆盖"}
LEVELS = {"national": "国家级", "provincial": "省级", "city": "市级", "county": "县级", "other": "县级以下"}
VIOLATION_KINDS = {
    "instrument": "未检定、超周期、不合格器具", "tampering": "恶意调整准确度", "accident": "重大生产安全事故",
    "other": "其他违法违规",
}  # fmt: skip
IMPROVEMENT_STATES = {"open": "待整改", "rectified": "已整改", "rechecked": "已复查"}
ANSWERS = {"yes": "是", "no": "否", "none": "无反馈"}
METHODS = {"finer": "原秤或更高准确度", "equal": "同等准确度"}
CHECKS = {"ok": "合格", "bad": "不合格", "na": "不适用"}
ATTACHMENT_STATES = {"kept": "保留", "withdrawn": "已撤下"}
DECISIONS = {"merchant": "诚信计量商户", "cancel": "取消监测点资格"}

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *more: Any, **options: Any) -> Column[str]:
    return Column(name, sa.Text, *more, **{"nullable": False, **options})


def _key(name: str, *more: Any) -> Column[str]:
    return _text(name, *more, primary_key=True)


def _one_of(column: str, known: Iterable[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(name) for name in known)})", name=column)


def _maybe(name: str, *more: Any) -> Column[str]:
    return _text(name, *more, nullable=True)


def _day(name: str, needed: bool = False) -> Column[Any]:
    return Column(name, sa.Date, nullable=not needed)


def _count(name: str, needed: bool = False) -> Column[int]:
    return Column(name, sa.Integer, nullable=not needed)


def _flag(name: str) -> Column[bool]:
    return Column(name, sa.Boolean)


def _ref(name: str, target: str, needed: bool = False) -> Column[str]:
    return _text(name, ForeignKey(target), nullable=not needed, index=True)


def _owner() -> list[Column[str]]:
    """Whose a row is: an area's (its manager's), a merchant's or a monitoring point's."""
    return [_ref("area", "area.code"), _ref("merchant", "merchant.code"), _ref("point", "monitoring_point.code")]


UNIT = Table(
    "reporting_unit", METADATA,
    _key("code"), _text("name"), _text("short_name"), _text("admin_code", nullable=True), _text("kind"),
    _one_of("kind", UNIT_KINDS),
)  # fmt: skip
AREA = Table(
    "area", METADATA,
    _key("code"), _text("name"), _text("kind"), _text("unit", ForeignKey("reporting_unit.code"), index=True),
    _text("level", nullable=True), Column("level_as_of", sa.Date), Column("pilot_wave", sa.Integer),
    _text("status"), _one_of("kind", AREA_KINDS), _one_of("status", AREA_STATES),
)  # fmt: skip
MERCHANT = Table(
    "merchant", METADATA,
    _key("code"), _text("area", ForeignKey("area.code"), index=True), _text("name"),
    _text("uscc", nullable=True), _text("sector"), _text("premises"), _text("status"),
    _one_of("status", MERCHANT_STATES),
)  # fmt: skip
ASSESSMENT = Table(
    "assessment", METADATA,
    _key("id"), _text("area", ForeignKey("area.code")), _text("period", index=True), _text("rubric"),
    Column("as_of", sa.Date, nullable=False), _text("status"),
    Column("demo", sa.Boolean, nullable=False, default=False),
    sa.UniqueConstraint("area", "period", "rubric"), _one_of("status", ASSESSMENT_STATES),
)  # fmt: skip
OBSERVATION = Table(
    "observation", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("line"),
    Column("value", sa.Double), Column("of", sa.Double), _text("outcome"), _text("note"),
    Column("version", sa.Integer, nullable=False),
    _one_of("outcome", OUTCOMES),
)  # fmt: skip
HISTORY = Table(
    "observation_history", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("line"),
    Column("version", sa.Integer, primary_key=True, autoincrement=False),
    Column("value", sa.Double), Column("of", sa.Double), _text("outcome"), _text("note"),
    _text("at"), _text("who"), _text("why"),
    _one_of("outcome", OUTCOMES),
)  # fmt: skip
AUDIT = Table(
    "audit", METADATA,
    Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("at"), _text("who"), _text("action"), _text("subject"), _text("key"),
    Column("old", sa.JSON(none_as_null=True)), Column("new", sa.JSON(none_as_null=True)), _text("why"),
    _one_of("action", ACTIONS),
    sqlite_autoincrement=True,
)  # fmt: skip

# ---- monitoring points, persons, ledgers -------------------------------------------------------------------

POINT = Table(
    "monitoring_point", METADATA,
    _key("code"), _ref("unit", "reporting_unit.code", True), _ref("area", "area.code"),
    _ref("merchant", "merchant.code"), _text("name"), _maybe("uscc"), _text("sector"),
    _day("applied_on"), _day("recommended_on"), _day("accepted_on"), _day("cancelled_on"),
    _text("status"), _one_of("status", POINT_STATES),
)  # fmt: skip
PERSON = Table(
    "person", METADATA,
    _key("id"), *_owner(), _text("name"), _text("duty"), _day("since", True), _day("until"),
)  # fmt: skip
SUPERVISOR = Table(
    "supervisor", METADATA,
    _key("id"), _ref("unit", "reporting_unit.code", True), _text("name"), _day("appointed_on", True),
    _day("term_ends_on"), _text("status"), _one_of("status", SUPERVISOR_STATES),
)  # fmt: skip
INSTRUMENT = Table(
    "instrument", METADATA,
    _key("id"), *_owner(), _text("kind"), _text("model"), _text("serial"), _text("maker"), _text("place"),
    _text("management"), _text("status"), _maybe("seal"), _flag("mark"), _flag("registered"),
    _maybe("code"), _flag("scanned"), _count("calibration_months"), _day("maintained_on"), _day("in_use_since"),
    _day("retired_on"),
    _one_of("management", MANAGEMENT), _one_of("status", INSTRUMENT_STATES), _one_of("seal", SEALS),
)  # fmt: skip
VERIFICATION = Table(
    "verification", METADATA,
    _key("id"), _ref("instrument", "instrument.id", True), _text("kind"), _day("done_on", True), _text("result"),
    _day("valid_until"), _text("certificate"), _text("body"),
    _one_of("kind", VERIFICATION_KINDS), _one_of("result", RESULTS),
)  # fmt: skip
COMPLAINT = Table(
    "complaint", METADATA,
    _key("id"), *_owner(), _text("kind"), _text("channel"), _text("topic"), _flag("cheating"),
    _day("received_on", True), _day("settled_on"), _day("answered_on"),
    _one_of("kind", COMPLAINT_KINDS), _one_of("channel", CHANNELS), _one_of("topic", TOPICS),
)  # fmt: skip
SURVEY = Table(
    "survey", METADATA,
    _key("id"), _ref("area", "area.code", True), _day("held_on", True), _text("method"), _count("answers", True),
    _count("satisfied", True),
)  # fmt: skip
TRAINING = Table(
    "training", METADATA,
    _key("id"), *_owner(), _day("held_on", True), _text("topic"), _count("staff", True), _count("trained", True),
)  # fmt: skip
PATROL = Table(
    "patrol", METADATA,
    _key("id"), _ref("area", "area.code", True), _day("done_on", True), _count("instruments"), _count("problems"),
    _text("note"),
)  # fmt: skip
COMMITMENT = Table(
    "commitment", METADATA,
    _key("id"), *_owner(), _day("signed_on", True), Column("voluntary", sa.Boolean, nullable=False),
    _maybe("shown"), _maybe("link"), _day("withdrawn_on"), _one_of("shown", PLACES_SHOWN),
)  # fmt: skip
ACTIVITY = Table(
    "supervisor_activity", METADATA,
    _key("id"), _ref("area", "area.code", True), _day("held_on", True), _count("supervisors", True),
    _text("topic"),
)  # fmt: skip
EVENT = Table(
    "event", METADATA,
    _key("id"), *_owner(), _text("kind"), _text("level"), _day("happened_on", True), _text("title"), _maybe("link"),
    _one_of("kind", EVENT_KINDS), _one_of("level", LEVELS),
)  # fmt: skip
VIOLATION = Table(
    "violation", METADATA,
    _key("id"), *_owner(), _ref("instrument", "instrument.id"), _text("kind"), _day("found_on", True),
    _day("prompted_on"), _day("due_on"), _day("rectified_on"), _day("decided_on"), _maybe("decision"),
    _one_of("kind", VIOLATION_KINDS),
)  # fmt: skip
WEIGHING = Table(
    "weighing", METADATA,
    _key("id"), _ref("merchant", "merchant.code", True), _day("done_on", True), _text("category"), _maybe("price"),
    _text("settled"), _text("actual"), _text("method"), _one_of("method", METHODS),
)  # fmt: skip
FILING = Table(
    "filing", METADATA,
    _key("id"), _ref("point", "monitoring_point.code", True), _text("quarter", index=True), _day("submitted_on"),
    _day("checked_on"), _day("returned_on"),
    *map(_count, ("instruments", "mandatory", "valid", "non_mandatory", "cycle_set", "calibrated", "scanned_ok",
                  "disputes", "settled")),
    sa.UniqueConstraint("point", "quarter"),
)  # fmt: skip
ANSWER = Table(
    "filing_answer", METADATA,
    _key("filing", ForeignKey("filing.id")), _key("item"), _maybe("self_answer"), _maybe("check_answer"),
    _text("note"), _one_of("self_answer", ANSWERS), _one_of("check_answer", ANSWERS),
)  # fmt: skip
DECISION = Table(
    "point_decision", METADATA,
    _key("id"), _ref("point", "monitoring_point.code", True), _text("kind"), _text("quarter"),
    _flag("agreed"), _maybe("decided_by"), _day("decided_on"), _text("reason"), _one_of("kind", DECISIONS),
)  # fmt: skip
IMPROVEMENT = Table(
    "improvement", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("line"), Column("points", sa.Double, nullable=False),
    _text("remedy"), _text("owner"), _day("due_on"), _text("state"), _day("rectified_on"), _day("rechecked_on"),
    _one_of("state", IMPROVEMENT_STATES),
)  # fmt: skip

# ---- work in progress: what is typed into forms, and what a form's grid and files leave behind ---------------

DRAFT = Table(
    "draft", METADATA,
    Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("form"), _text("subject"), _text("field"), Column("version", sa.Integer, nullable=False),
    Column("entry", sa.JSON, nullable=False), _text("who"), _text("at"),
    sa.UniqueConstraint("form", "subject", "field", "version"), sqlite_autoincrement=True,
)  # fmt: skip
PRESENCE = Table(
    "presence", METADATA,
    _key("form"), _key("subject"), _key("session"), _text("who"), _text("seen"),
)  # fmt: skip
SAMPLE = Table(
    "merchant_sample", METADATA,
    _key("assessment", ForeignKey("assessment.id")), Column("seed", sa.BigInteger, nullable=False),
    _count("population", True), _count("drawn", True),
)  # fmt: skip
CHECK = Table(
    "merchant_check", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("merchant", ForeignKey("merchant.code")), _key("line"),
    _text("result"), _text("note"), _one_of("result", CHECKS),
)  # fmt: skip
ATTACHMENT = Table(
    "attachment", METADATA,
    _key("id"), _ref("assessment", "assessment.id", True), _text("line"), _text("name"), _text("media"),
    _count("size", True), _text("sha256"), _text("status"), _one_of("status", ATTACHMENT_STATES),
)  # fmt: skip
SETTING = Table(
    "unit_setting", METADATA,
    _key("unit", ForeignKey("reporting_unit.code")), _key("setting"), _key("since"),
    Column("value", sa.Double),  # none: from this day on the kit's value again
)  # fmt: skip
RECHECK = Table(
    "recheck", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("line"),
    Column("value", sa.Double), Column("of", sa.Double), _text("outcome"), _text("note"),
    _day("done_on", True), _text("done_by"), _one_of("outcome", OUTCOMES),
)  # fmt: skip
LEDGERS = {
    table.name: table
    for table in (
        POINT, PERSON, SUPERVISOR, INSTRUMENT, VERIFICATION, COMPLAINT, SURVEY, TRAINING, PATROL, COMMITMENT,
        ACTIVITY, EVENT, VIOLATION, WEIGHING, FILING, ANSWER, DECISION, IMPROVEMENT, RECHECK,
    )
}  # fmt: skip
REGISTRIES = {t.name: t for t in (UNIT, AREA, MERCHANT, ASSESSMENT)} | LEDGERS | {t.name: t for t in (SAMPLE, CHECK)}
WORK = {table.name: table for table in (ATTACHMENT, SETTING)}
