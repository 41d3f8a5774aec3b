"""The kit's own tables beside the rubrics: settings, sectors, verification periods; each value with its source."""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field

from chengxin.errors import Fault, RubricError, UsageError
from chengxin.paths import place
from chengxin.validation import Strict, check
from chengxin.yamlfile import Document

Number = int | float
Model = TypeVar("Model", bound="Table")


class Table(Strict):
    """What every table file has."""

    id: str
    title: str


class Setting(Strict):
    """One value that the guidance leaves open and the kit sets; by_unit: what a reporting unit's own serves."""

    question: str
    value: Number
    unit: str
    source: str
    least: Number = 0
    most: Number = math.inf
    by_unit: Literal["", "measuring", "filing", "planning"] = ""

    def range_in_words(self) -> str:
        """Which numbers it takes."""
        least = f"不小于{self.least}的数" if self.least else "0或正数"
        whole = f"{self.least}至{self.most}的数" if self.most < math.inf else least
        return f"{whole}（单位：{self.unit}）"


class SettingsFile(Table):
    """``tables/settings.yaml``."""

    settings: dict[str, Setting]


class Sector(Strict):
    """One sector of monitoring points, and what else it is called."""

    source: str
    aliases: list[str]


class SectorsFile(Table):
    """``tables/sectors.yaml``."""

    sectors: dict[str, Sector]


class Period(Strict):
    """How long a verification of one kind of instrument holds."""

    months: Annotated[int, Field(ge=1)] | None
    rule: str
    source: str
    first_only: bool = False


class PeriodsFile(Table):
    """``tables/verification_periods.yaml``."""

    as_of: Annotated[str, BeforeValidator(str)]
    instruments: dict[str, Period]


def read_table(name: str, model: type[Model], path: Path | None = None) -> Model:
    """Read one of the kit's tables strictly.

    Parameters
    ----------
    name : stem of a file in ``rubrics/tables``
    model : its shape
    path : another file instead

    Raises
    ------
    RubricError : every fault of the file by line
    """
    path = path or place("rubrics") / "tables" / f"{name}.yaml"
    document = Document(path, f"rubrics/tables/{path.name}")
    table = check(document, model) if not document.faults else None
    if document.faults or table is None:
        raise RubricError(f"{path.name}没有读入", document.faults)
    return table  # type: ignore[return-value]


@cache
def defaults() -> Mapping[str, Setting]:
    """All settings with question, value, unit and source."""
    return read_table("settings", SettingsFile).settings


def settings(changes: Mapping[str, Number | str] | None = None) -> dict[str, Number]:
    """Values of all settings.

    Parameters
    ----------
    changes : setting → value (a number or its text); the others keep the file's value

    Raises
    ------
    UsageError : unknown setting, or not a number in its range; all of them in one message
    """
    known = defaults()
    values: dict[str, Number] = {name: setting.value for name, setting in known.items()}
    faults = []
    for name, value in (changes or {}).items():
        number = _number(value)
        if name not in known:
            faults.append(str(Fault(f"设定“{name}”", "没有这项设定", "、".join(known))))
        elif number is None or not known[name].least <= number <= known[name].most:
            faults.append(str(Fault(f"设定“{name}”", f"“{value}”", known[name].range_in_words())))
        else:
            values[name] = number
    if faults:
        raise UsageError("\n".join(faults))
    return values


def _number(value: Any) -> Number | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not 0 <= number < float("inf"):
        return None
    return int(number) if number.is_integer() else number


@cache
def sectors() -> dict[str, str]:
    """Every name of a sector → the name the kit uses, the names themselves first."""
    known = read_table("sectors", SectorsFile).sectors
    aliases = {alias: name for name, sector in known.items() for alias in sector.aliases}
    return {name: name for name in known} | aliases


@cache
def verification_periods() -> PeriodsFile:
    """Verification periods by kind of instrument, with rule, source and date."""
    return read_table("verification_periods", PeriodsFile)
