"""What can go wrong, said so that a person can mend it.

Every message a user meets is Chinese and names the place, what was found, what is expected and how to
mend it. All faults of one input are gathered into one error; nothing is half done. A fault is data: the
sentence is made last, when it is printed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import pandas as pd

LISTED = 50  # faults that a message lists one by one
FAULTS_FILE = "faults.csv"  # where commands write all of them, in the working folder
KINDS = 20  # kinds of the others that it counts
FIELDS = ("file", "row", "column", "found", "expected", "remedy")


@dataclass(frozen=True)
class Fault:
    """One thing wrong at one place.

    Parameters
    ----------
    file : the file, or the thing that is wrong where there is no file (``账号``); empty for a frame without a name
    found : what stands there
    expected : what should stand there
    remedy : how to mend it (may be empty when ``expected`` says it all)
    row : number of the row in the file or frame; None where it is about no single row
    column : name of the column; without a row, name of the field of a form

    >>> print(Fault("a.csv", "“x”不是数字", "有限的数", "只写数字", row=3, column="value"))
    a.csv 第3行 value列：“x”不是数字；应为有限的数。只写数字。
    """

    file: str
    found: str
    expected: str
    remedy: str = ""
    _: KW_ONLY
    row: int | None = None
    column: str = ""

    @property
    def where(self) -> str:
        """The place in words, such as ``observations.csv 第5行 value列``."""
        row = "" if self.row is None else f"第{self.row}行"
        column = f"{self.column}列" if row and self.column else self.column
        return " ".join(part for part in (self.file, row, column) if part)

    def __str__(self) -> str:
        sentence = f"{self.where}：{self.found}；应为{self.expected}"
        return f"{sentence}。{self.remedy.rstrip('。')}。" if self.remedy else f"{sentence}。"


class Faults(Sequence[Fault]):
    """Faults in the order of the input. A subclass may make each one only when it is asked for."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = tuple(faults)

    def __len__(self) -> int:
        return len(self._faults)

    @overload
    def __getitem__(self, n: int) -> Fault: ...
    @overload
    def __getitem__(self, n: slice) -> Sequence[Fault]: ...
    def __getitem__(self, n: int | slice) -> Fault | Sequence[Fault]:
        return self._faults[n]

    def __reduce__(self) -> tuple[Any, ...]:
        return Faults, (tuple(self),)

    def kinds(self) -> Counter[tuple[str, str]]:
        """How many faults of each kind: column and what is expected there."""
        return Counter((fault.column, fault.expected) for fault in self)

    def frame(self) -> "pd.DataFrame":
        """All faults as a table: file, row (Int64, NA where there is none), column, found, expected, remedy."""
        import pandas as pd

        cells = [[getattr(fault, name) for name in FIELDS] for fault in self]
        return pd.DataFrame(cells, columns=list(FIELDS)).astype({"row": "Int64"})


class ChengxinError(Exception):
    """A user's mistake or a state of the data that a person must mend; its text is the Chinese message."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: the message alone, without the frames of the kit."""
        return [str(self)]


class FaultsError(ChengxinError):
    """All faults of one input, gathered. Its text lists the first 50 and counts the others by kind.

    Parameters
    ----------
    title : one Chinese line that says what was refused
    faults : the single faults, in the order of the input; at least one

    Raises
    ------
    ValueError : no fault: whoever refuses something must say why (a mistake in the kit, not of its user)
    """

    def __init__(self, title: str, faults: Iterable[Fault]) -> None:
        self.title = title
        self.faults = faults if isinstance(faults, Faults) else Faults(faults)
        if not self.faults:
            raise ValueError(f"an error must name at least one fault: {title}")
        super().__init__(title, self.faults)

    def __str__(self) -> str:
        return "\n".join([f"{self.title}（共{len(self.faults)}处）：", *_listed(self.faults)])

    def frame(self) -> "pd.DataFrame":
        """All faults as a table, see `Faults.frame`."""
        return self.faults.frame()

    @property
    def capped(self) -> bool:
        """Whether the message leaves some faults out."""
        return len(self.faults) > LISTED


def _listed(faults: Faults) -> Iterator[str]:
    """Lines of a message; in a long list what is expected is said once for each kind."""
    first, told = faults[:LISTED], set[tuple[str, str, str]]()
    for n, fault in enumerate(first, 1):
        kind = (fault.column, fault.expected, fault.remedy)
        brief = len(faults) > LISTED and kind in told
        yield f"  {n}. {fault.where}：{fault.found}" if brief else f"  {n}. {fault}"
        told.add(kind)
    if len(faults) > LISTED:
        others = (faults.kinds() - Counter((fault.column, fault.expected) for fault in first)).most_common()
        yield f"  另有{len(faults) - LISTED}处："
        for (column, expected), count in others[:KINDS]:
            yield f"    {f'{column}，' if column else ''}应为{expected}：{count}处"
        if len(others) > KINDS:
            yield f"    其他{len(others) - KINDS}种：{sum(count for _, count in others[KINDS:])}处"


class RubricError(FaultsError):
    """A rubric or variant file was refused."""


class DataError(FaultsError):
    """Observations or a registry file were refused; nothing was scored or stored."""


class UsageError(ChengxinError):
    """A command, option, name or parameter that does not exist."""


class StoreError(ChengxinError):
    """The database is missing, too old, too new or not reachable."""


class MissingExtraError(ChengxinError):
    """An optional library is not installed; the message names the pip command."""
