"""What a row of the four registry files must be, and what is wrong with one that is not."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc

from chengxin import schema
from chengxin.csvfiles import Placed, normal, words
from chengxin.errors import Fault

RETIRED = {"331021": "331083"}  # 玉环县 became 玉环市 in 2017


def _code(cell: str) -> str | None:
    text = normal(cell)
    if text in RETIRED:
        raise PydanticCustomError("remedy", "{old}已撤销，请改为{new}", {"old": text, "new": RETIRED[text]})
    return text or None


def _uscc(cell: str) -> str | None:
    text = normal(cell).upper()
    if text and not re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", text):
        raise ValueError
    if text and uscc.calc_check_digit(text[:17]) != text[17]:
        raise PydanticCustomError("remedy", "末位校验码不符，请核对有没有抄错")
    return text or None


def _day(cell: str) -> date | None:
    found = re.fullmatch(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日)", normal(cell))
    if found is None and normal(cell):
        raise ValueError
    return date(*(int(part) for part in found.groups() if part)) if found else None


def _whole(cell: str) -> int | None:
    text = normal(cell)
    if text and not re.fullmatch("[0-9]{1,4}", text):
        raise ValueError
    return int(text) if text else None


def _one_of(known: Iterable[str]) -> Any:
    return Field(pattern=f"^(?:{'|'.join(known)})$", description=f"{'、'.join(known)}之一")


_CODE_RULE = Field(pattern=r"^\w[\w.\-]{0,63}$")
Code = Annotated[
    str, BeforeValidator(_code), _CODE_RULE, Field(description="1至64位编号，只用字母、数字、汉字、点和横线")
]
AdminCode = Annotated[
    Annotated[str, Field(pattern="^[0-9]{6}$")] | None,
    BeforeValidator(_code), Field(description="6位行政区划代码，没有的留空"),
]  # fmt: skip
Uscc = Annotated[str | None, BeforeValidator(_uscc), Field(description="18位统一社会信用代码，没有的留空")]
Name = Annotated[str, BeforeValidator(words), Field(min_length=1, max_length=200, description="1至200个字")]
Words = Annotated[str, BeforeValidator(words), Field(max_length=200, description="不超过200个字，可以留空")]
Day = Annotated[date, BeforeValidator(_day), Field(description="日期，如2025-03-31")]
MaybeDay = Annotated[date | None, BeforeValidator(_day), Field(description="日期，如2025-03-31，没有的留空")]
Wave = Annotated[
    Annotated[int, Field(ge=1)] | None,
    BeforeValidator(_whole), Field(description="试点批次1、2…，不是试点的留空"),
]  # fmt: skip


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class UnitRow(_Row):
    """A row of reporting_units.csv."""

    code: Code
    name: Name
    short_name: Name
    admin_code: AdminCode
    kind: Annotated[str, BeforeValidator(normal), _one_of(schema.UNIT_KINDS)]


class AreaRow(_Row):
    """A row of areas.csv."""

    code: Code
    name: Name
    kind: Annotated[str, BeforeValidator(normal), _one_of(schema.AREA_KINDS)]
    unit: Code
    level: Words
    level_as_of: MaybeDay
    pilot_wave: Wave
    status: Annotated[str, BeforeValidator(normal), _one_of(schema.AREA_STATES)]


class MerchantRow(_Row):
    """A row of merchants.csv."""

    code: Code
    area: Code
    name: Name
    uscc: Uscc
    sector: Name
    premises: Words
    status: Annotated[str, BeforeValidator(normal), _one_of(schema.MERCHANT_STATES)]


class AssessmentRow(_Row):
    """A row of assessments.csv."""

    id: Code
    area: Code
    period: Code
    rubric: Code
    as_of: Day
    status: Annotated[str, BeforeValidator(normal), _one_of(schema.ASSESSMENT_STATES)]


FILES: dict[str, tuple[str, type[_Row]]] = {
    "reporting_units.csv": ("reporting_unit", UnitRow),
    "areas.csv": ("area", AreaRow),
    "merchants.csv": ("merchant", MerchantRow),
    "assessments.csv": ("assessment", AssessmentRow),
}


def parse(file: str, cells: pd.DataFrame) -> tuple[list[tuple[int, dict[str, Any]]], list[Placed]]:
    """Check the text cells of a registry file row by row.

    Parameters
    ----------
    file : one of `FILES`
    cells : from `csvfiles.read_cells`

    Returns
    -------
    line and values of every good row, and the faults of the others each with its line
    """
    model = FILES[file][1]
    good: list[tuple[int, dict[str, Any]]] = []
    faults: list[Placed] = []
    for row in cells.to_dict("records"):
        line = int(row.pop("row"))
        try:
            good.append((line, dict(model.model_validate(row))))
        except ValidationError as error:
            faults += [(line, _fault(f"{file} 第{line}行", row, model, wrong)) for wrong in error.errors()]
    return good, faults


def _fault(where: str, row: dict[Any, str], model: type[_Row], wrong: Any) -> Fault:
    column = str(wrong["loc"][0])
    found = f"“{row[column][:40]}”" if row[column].strip() else "空白"
    remedy = wrong["msg"] if wrong["type"] == "remedy" else ""
    return Fault(f"{where} {column}列", found, str(model.model_fields[column].description), remedy)
