"""A reporting unit's own settings: which hold on a day, and who is judged by which values.

What is typed for one run goes before the unit's own, the unit's own before the kit's.
"""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from chengxin.ledgers.verification import Day
from chengxin.settings import Number, Setting, defaults

COLUMNS = ("unit", "setting", "since", "value")
Changes = dict[str, Number]


def in_force(stored: pd.DataFrame | None, as_of: Day) -> dict[str, Changes]:
    """The own settings of every unit on a day.

    Parameters
    ----------
    stored : the table unit_setting: unit, setting, since (ISO day), value (missing: the kit's again); None: nobody's
    as_of : the day

    Returns
    -------
    unit → setting → value; only units that have any
    """
    if stored is None or stored.empty:
        return {}
    known = [name for name, setting in defaults().items() if setting.by_unit]
    day = pd.Timestamp(as_of).date().isoformat()
    rows = stored[(stored["since"] <= day) & stored["setting"].isin(known)].sort_values(["unit", "setting", "since"])
    rows = (
        rows.drop_duplicates(["unit", "setting"], keep="last").dropna(subset="value").sort_values(["unit", "setting"])
    )
    found: dict[str, Changes] = {}
    for unit, setting, value in zip(rows["unit"], rows["setting"], rows["value"], strict=True):
        found.setdefault(unit, {})[setting] = int(value) if value.is_integer() else value
    return found


def groups(
    stored: pd.DataFrame | None, rows: pd.DataFrame, as_of: Day, typed: Mapping[str, Number] | None = None
) -> Iterator[tuple[Changes, pd.DataFrame]]:
    """Rows of several units in as few parts as there are distinct sets of values.

    Parameters
    ----------
    stored, as_of : as for `in_force`
    rows : have a column unit
    typed : values typed for this run, which go before any unit's own

    Yields
    ------
    the values that differ from the kit's, and the rows of the units they hold for; together all rows
    """
    typed, own = dict(typed or {}), in_force(stored, as_of)
    sets = {unit: tuple(sorted({**values, **typed}.items())) for unit, values in own.items()}
    kits = tuple(sorted(typed.items()))
    key = [sets.get(unit, kits) for unit in rows["unit"]]
    for each in dict.fromkeys([kits, *key]):
        part = rows[pd.Series([one == each for one in key], rows.index, dtype=bool)]
        if len(part) or (each == kits and not len(rows)):
            yield dict(each), part


def alike(stored: pd.DataFrame | None, work: pd.DataFrame) -> Iterator[tuple[str, pd.Timestamp, Changes, pd.DataFrame]]:
    """Assessments in as few parts as can be measured in one go each: one period, one day, one set of values.

    Parameters
    ----------
    stored : as for `in_force`
    work : assessments with period, as_of and unit

    Yields
    ------
    period, day, the values that differ from the kit's, and the rows; together all rows
    """
    for (period, as_of), rows in work.groupby(["period", "as_of"], sort=False):
        for values, part in groups(stored, rows, as_of):
            if len(part):
                yield str(period), as_of, values, part


def said(
    stored: pd.DataFrame | None, units: Mapping[str, str], as_of: Day, uses: Iterable[str], typed: Iterable[str] = ()
) -> list[str]:
    """Sentences that name the units' own values an output rests on.

    Parameters
    ----------
    stored, as_of : as for `in_force`
    units : code → name, those of the output
    uses : what the output is made of: measuring, filing, planning
    typed : settings typed for this run, which set aside the units' own
    """
    about, uses, typed = defaults(), set(uses), set(typed)
    sentences = []
    for unit, values in in_force(stored, as_of).items():
        own = [_one(about[name], value) for name, value in values.items()
               if about[name].by_unit in uses and name not in typed]  # fmt: skip
        if unit in units and own:
            sentences.append(f"{units[unit]}采用本单位的设定：{'；'.join(own)}。")
    return sentences


def _one(setting: Setting, value: Number) -> str:
    return f"{setting.question}：{value:g}{setting.unit}（工具包为{setting.value:g}{setting.unit}）"
