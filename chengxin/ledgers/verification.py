"""The instrument clock: which instruments are in date on a day; and China's working days."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chengxin.settings import PeriodsFile, verification_periods

Day = date | str
Days = NDArray[np.datetime64]


class State(NamedTuple):
    """One state of an instrument on a day: what it is called, and whether an instrument in it may not be used."""

    words: str
    barred: bool


INSTRUMENT_STATES = {
    "in_date": State("在有效期内", barred=False),
    "overdue": State("已超期", barred=True),
    "failed": State("检定不合格", barred=True),
    "never": State("没有检定记录", barred=True),
    "no_period": State("有效期不明", barred=True),
    "not_subject": State("不需检定校准", barred=False),
    "idle": State("停用", barred=False),
}
STATES = {name: state.words for name, state in INSTRUMENT_STATES.items()}
BARRED = tuple(name for name, state in INSTRUMENT_STATES.items() if state.barred)
ACCEPTED = {"mandatory": ("verification",), "calibration": ("calibration", "verification")}
YEAR = 200  # working days that a year surely has


def clock(
    instruments: pd.DataFrame, verifications: pd.DataFrame, as_of: Day, periods: PeriodsFile | None = None
) -> pd.DataFrame:
    """Say of every instrument in the ledger whether it is in date, as known on a day.

    The latest verification done by that day counts (of one day: the one with the last id); what was done later is
    not known yet. A mandatory instrument needs a verification (检定); one under calibration needs a calibration, or
    a verification instead. Validity is the certificate's, the last day included. Only where the certificate says
    none it is computed: done_on plus the months of the table (of the instrument's own cycle, when calibrated), cut
    to the end of a shorter month, minus one day (2025-03-20 and 12 months: until 2026-03-19; 2024-02-29: until
    2025-02-27). Without months it stays unknown: ``no_period``, which is not in date.

    Parameters
    ----------
    instruments, verifications : the ledgers ``instrument`` and ``verification``
    as_of : the day
    periods : verification periods by kind; default: the kit's table

    Returns
    -------
    one row per instrument (not those taken into use later or retired by then): its columns, done_on, result,
    valid_until (none where the result is unqualified), computed (validity is not the certificate's), state
    (`STATES`; instruments without duty are not_subject, those out of use idle), days_left (to the last valid day,
    negative when overdue; only where in date or overdue)
    """
    today = pd.Timestamp(as_of)
    out = _there(instruments, today)
    last = _last(out, verifications, today)
    done, passed = dates(last["done_on"]), (last["result"] == "qualified").to_numpy()
    printed = np.where(passed, dates(last["valid_until"]), np.datetime64("NaT"))
    months = _months(out, (periods or verification_periods()).instruments)
    reckoned = np.where(passed, until(done, months), np.datetime64("NaT"))
    valid = np.where(np.isnat(printed), reckoned, printed)
    day = np.datetime64(today, "D")
    state = np.select(
        [
            out["status"] == "idle", out["management"] == "none", np.isnat(done), ~passed, np.isnat(valid),
            valid >= day,
        ],
        ["idle", "not_subject", "never", "failed", "no_period", "in_date"],
        "overdue",
    )  # fmt: skip
    left = pd.Series((valid - day).astype("timedelta64[D]").astype(float), out.index)
    return out.assign(
        done_on=done.astype("M8[s]"), result=last["result"].to_numpy(), valid_until=valid.astype("M8[s]"),
        computed=np.isnat(printed) & ~np.isnat(valid), state=pd.Series(state, out.index, dtype="str"),
        days_left=left.where(np.isin(state, ["in_date", "overdue"])).astype("Int64"),
    )  # fmt: skip


def in_use(instruments: pd.DataFrame, management: str | None = None) -> pd.Series:
    """Which instruments are in use on the day of the clock.

    Parameters
    ----------
    instruments : from `clock`, with state and management
    management : mandatory, calibration or none; default: all

    Returns
    -------
    bool per row
    """
    used = instruments["state"] != "idle"
    return used if management is None else used & (instruments["management"] == management)


def barred(instruments: pd.DataFrame, management: str | None = None) -> pd.Series:
    """Which instruments are in use although they may not be used: `INSTRUMENT_STATES` says it, for lines and filings.

    Parameters
    ----------
    instruments, management : as for `in_use`

    Returns
    -------
    bool per row
    """
    return in_use(instruments, management) & instruments["state"].isin(BARRED)


def due(clocked: pd.DataFrame, days: int) -> pd.DataFrame:
    """Instruments whose validity ends within some days, and those where it has ended.

    Parameters
    ----------
    clocked : from `verification`
    days : from 0, which is the last valid day today

    Returns
    -------
    rows of `clocked`, the soonest (or longest overdue) first, with overdue (bool)
    """
    near = clocked[(clocked["days_left"] <= days).fillna(False).astype(bool)]
    near = near.assign(overdue=near["state"] == "overdue")
    return near.sort_values(["valid_until", "id"], kind="stable", ignore_index=True)


def rates(clocked: pd.DataFrame, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Count mandatory instruments in use, those verified and those qualified: two rates, never merged.

    Verified are those whose latest verification still holds or was failed; one that is overdue, has no verification
    or no known validity counts as not verified. Qualified are those in date.

    Parameters
    ----------
    clocked : from `verification`
    by : column or columns to group by (such as ``area``); default: all in one row

    Returns
    -------
    in_use, verified, qualified (whole numbers), inspected_rate (受检率, verified ÷ in use), qualified_rate (合格率,
    qualified ÷ verified), both 0 to 1 and missing for 0 ÷ 0; one row per group
    """
    used = clocked[(clocked["management"] == "mandatory") & (clocked["state"] != "idle")]
    counts = pd.DataFrame({
        "in_use": 1, "verified": used["state"].isin(["in_date", "failed"]).astype(int),
        "qualified": (used["state"] == "in_date").astype(int),
    }, index=used.index)  # fmt: skip
    if by is None:
        sums = counts.sum().to_frame().T.astype("int64")
    else:
        keys = [by] if isinstance(by, str) else list(by)
        sums = counts.groupby([used[key] for key in keys]).sum()
    return sums.assign(
        inspected_rate=_ratio(sums["verified"], sums["in_use"]),
        qualified_rate=_ratio(sums["qualified"], sums["verified"]),
    )


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part.astype("Float64") / whole.astype("Float64").where(whole > 0)


def _there(instruments: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Instruments taken into use by a day and not yet retired."""
    day = np.datetime64(today, "D")
    since, retired = dates(instruments["in_use_since"]), dates(instruments["retired_on"])
    gone = np.where(np.isnat(retired), instruments["status"] == "retired", retired <= day)
    return instruments[~(since > day) & ~gone].reset_index(drop=True)


def _last(instruments: pd.DataFrame, verifications: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """For every instrument the latest verification of a kind it needs, known by a day; missing where none is."""
    known = verifications[["id", "instrument", "kind", "done_on", "result", "valid_until"]]
    known = known[dates(known["done_on"]) <= np.datetime64(today, "D")]
    needs = known["instrument"].map(instruments.set_index("id")["management"])
    fits = np.zeros(len(known), bool)
    for management, kinds in ACCEPTED.items():
        fits |= ((needs == management) & known["kind"].isin(kinds)).to_numpy()
    last = known[fits].sort_values(["done_on", "id"]).drop_duplicates("instrument", keep="last")
    return last.set_index("instrument").reindex(instruments["id"])


def _months(instruments: pd.DataFrame, table: Any) -> NDArray[np.float64]:
    """Months a verification holds where no certificate says it: by kind, or the instrument's own cycle."""
    by_kind = {kind: float(period.months) for kind, period in table.items() if period.months is not None}
    kinds = instruments["kind"].map(by_kind).to_numpy(float, na_value=np.nan)
    own = instruments["calibration_months"].to_numpy(float, na_value=np.nan)
    calibrated = (instruments["management"] == "calibration").to_numpy()
    months = np.where(calibrated, own, kinds)
    return np.where(months > 0, months, np.nan)


def until(done: Days, months: NDArray[np.float64]) -> Days:
    """Last valid days: months later, cut to the end of a shorter month, minus one day.

    Parameters
    ----------
    done : days, NaT where there is none
    months : whole numbers, NaN where there is none
    """
    none = np.isnat(done) | np.isnan(months)
    month = done.astype("M8[M]")
    then = month + np.where(none, 0, months).astype("m8[M]")
    day = np.minimum(then.astype("M8[D]") + (done - month.astype("M8[D]")), (then + 1).astype("M8[D]") - 1)
    return np.where(none, np.datetime64("NaT"), day - 1)


def dates(column: pd.Series) -> Days:
    """A column of days as NumPy days, NaT where missing."""
    return np.asarray(pd.to_datetime(column).to_numpy("M8[D]"))


def workdays_after(start: Days, count: int) -> Days:
    """The last day of a limit in working days (工作日) of China, make-up days and holidays as announced.

    The day itself does not count; from a day off the limit runs from the next working day. For years without an
    announcement yet the holidays are the library's estimate, without make-up days.

    Parameters
    ----------
    start : days, none missing
    count : working days
    """
    if not len(start):
        return start
    first, last = (int(str(day)[:4]) for day in (start.min(), start.max()))
    off = np.concatenate([_days_off(year) for year in range(first - 1, last + 2 + count // YEAR)])
    return np.busday_offset(start, count, roll="backward", weekmask="1111111", holidays=off)


@cache
def _days_off(year: int) -> Days:
    import holidays  # brings many countries: only where working days are counted

    calendar = holidays.country_holidays("CN", years=year)
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="M8[D]")
    return days[[not calendar.is_working_day(day) for day in days.tolist()]]
