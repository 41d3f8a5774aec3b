"""Tables of the site's accounts, beside those of `schema` in the same metadata."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Table

from chengxin.store.schema import METADATA, _key, _one_of, _ref, _text

ROLES = {
    "city": "市局", "county": "县级局", "assessor": "评价员", "point": "监测点", "leader": "领导", "public": "公众",
}  # fmt: skip
ACCOUNT_STATES = {"active": "启用", "disabled": "停用"}
SIGN_INS = {"ok": "登录", "wrong": "密码错误", "paused": "暂停登录", "disabled": "账号停用", "out": "退出"}

ACCOUNT = Table(
    "account", METADATA,
    _key("name"), _text("display"), _text("role"), _ref("unit", "reporting_unit.code"),
    _ref("point", "monitoring_point.code"), _text("password"), _text("status"),
    _one_of("role", ROLES), _one_of("status", ACCOUNT_STATES),
)  # fmt: skip
ASSIGNMENT = Table(
    "assignment", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("account", ForeignKey("account.name")),
)  # fmt: skip
SIGN_IN = Table(
    "sign_in", METADATA,
    Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("at"), _text("account"), _text("outcome"), _one_of("outcome", SIGN_INS), _text("address", nullable=True),
    sqlite_autoincrement=True,
)  # fmt: skip
