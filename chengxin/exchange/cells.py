"""What a cell of a registry or ledger file may hold: each type reads the text of a cell and says what it expects."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc

from chengxin.exchange.csv import normal, words

RETIRED = {"331021": "331083"}  # 玉环县 became 玉环市 in 2017
TRUTH = {"是": True, "否": False, "1": True, "0": False, "true": True, "false": False}


def _code(cell: str) -> str | None:
    text = normal(cell)
    if text in RETIRED:
        raise PydanticCustomError("remedy", "{old}已撤销，请改为{new}", {"old": text, "new": RETIRED[text]})
    return text or None


def uscc_fault(text: str) -> str:
    """What is wrong with a 统一社会信用代码 in capitals, in Chinese; empty when it is right (GB 32100-2015).

    >>> uscc_fault("913310001000000400"), uscc_fault("91110108551385082R")
    ('', '末位校验码不符，应为Q，请核对有没有抄错')
    """
    if not re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", text):
        return "应为18位数字和大写字母（不用I、O、S、V、Z），第3至8位为数字"
    check = uscc.calc_check_digit(text[:17])
    return "" if check == text[17] else f"末位校验码不符，应为{check}，请核对有没有抄错"


def _uscc(cell: str) -> str | None:
    text = normal(cell).upper()
    fault = uscc_fault(text) if text else ""
    if fault:
        raise PydanticCustomError("remedy", "{fault}", {"fault": fault})
    return text or None


def _day(cell: str) -> date | None:
    found = re.fullmatch(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日)", normal(cell))
    if found is None and normal(cell):
        raise ValueError
    return date(*(int(part) for part in found.groups() if part)) if found else None


def _whole(cell: str) -> int | None:
    text = normal(cell)
    if re.fullmatch("[0-9]{10,}", text):
        raise PydanticCustomError("remedy", "最大999999999，请核对有没有多写几位")
    if text and not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError
    return int(text) if text else None


def _decimal(cell: str) -> str | None:
    text = normal(cell)
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text) and not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", text):
        raise PydanticCustomError("remedy", "整数部分不超过9位，小数不超过6位")
    if text and not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", text):
        raise ValueError
    return str(Decimal(text)) if text else None


def _truth(cell: str) -> bool | None:
    text = normal(cell).lower()
    if text and text not in TRUTH:
        raise ValueError
    return TRUTH.get(text)


def one_of(known: Mapping[str, str], maybe: bool = False) -> Any:
    """A cell with one of a closed set, by its code or its Chinese name.

    Parameters
    ----------
    known : code → Chinese name
    maybe : the cell may be empty
    """
    codes = {**{name: code for code, name in known.items()}, **{code: code for code in known}}
    pattern = Field(pattern=f"^(?:{'|'.join(map(re.escape, known))})$")
    kind: Any = Annotated[str, pattern] | None if maybe else Annotated[str, pattern]
    said = "、".join(f"{name}（{code}）" for code, name in known.items())
    told = Field(description=f"{said}之一" + ("，没有的留空" if maybe else ""))
    read = BeforeValidator(lambda cell: codes.get(normal(cell), normal(cell)) or None)
    return Annotated[kind, read, told]


_CODE = Annotated[str, Field(pattern=r"^\w[\w.\-]{0,63}$")]
_SAID = "1至64位编号，只用字母、数字、汉字、点和横线"
Code = Annotated[_CODE, BeforeValidator(_code), Field(description=_SAID)]
MaybeCode = Annotated[_CODE | None, BeforeValidator(_code), Field(description=f"{_SAID}，没有的留空")]
AdminCode = Annotated[
    Annotated[str, Field(pattern="^[0-9]{6}$")] | None,
    BeforeValidator(_code), Field(description="6位行政区划代码，没有的留空"),
]  # fmt: skip
Quarter = Annotated[
    str,
    BeforeValidator(lambda cell: normal(cell).upper()),
    Field(pattern="^[0-9]{4}Q[1-4]$", description="季度，如2026Q3"),
]
Uscc = Annotated[str | None, BeforeValidator(_uscc), Field(description="18位统一社会信用代码，没有的留空")]
Name = Annotated[str, BeforeValidator(words), Field(min_length=1, max_length=200, description="1至200个字")]
Words = Annotated[str, BeforeValidator(words), Field(max_length=200, description="不超过200个字，可以留空")]
MaybeWords = Annotated[
    Annotated[str, Field(max_length=200)] | None,
    BeforeValidator(lambda cell: words(cell) or None), Field(description="不超过200个字，可以留空"),
]  # fmt: skip
Day = Annotated[date, BeforeValidator(_day), Field(description="日期，如2025-03-31")]
MaybeDay = Annotated[date | None, BeforeValidator(_day), Field(description="日期，如2025-03-31，没有的留空")]
Count = Annotated[int, BeforeValidator(_whole), Field(description="0或正整数")]
MaybeCount = Annotated[int | None, BeforeValidator(_whole), Field(description="0或正整数，没有的留空")]
Truth = Annotated[bool, BeforeValidator(_truth), Field(description="是或否")]
MaybeTruth = Annotated[bool | None, BeforeValidator(_truth), Field(description="是或否，不明的留空")]
Amount = Annotated[str, BeforeValidator(_decimal), Field(description="数，如0.785，不带单位")]
MaybeAmount = Annotated[str | None, BeforeValidator(_decimal), Field(description="数，如4.00，不带单位，没有的留空")]
Wave = Annotated[
    Annotated[int, Field(ge=1, le=9999)] | None,
    BeforeValidator(_whole), Field(description="试点批次1、2…，不是试点的留空"),
]  # fmt: skip
