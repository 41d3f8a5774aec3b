"""What can go wrong, said so that a person can mend it.

Every message a user meets is Chinese and names the place, what was found, what is expected and how to
mend it. All faults of one input are gathered into one error; nothing is half done.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong at one place.

    Parameters
    ----------
    where : place in the input, e.g. ``rubrics/a.yaml:12 lines[3].points`` or ``observations.csv 第5行 value列``
    found : what stands there
    expected : what should stand there
    remedy : how to mend it (may be empty when ``expected`` says it all)
    """

    where: str
    found: str
    expected: str
    remedy: str = ""

    def __str__(self) -> str:
        said = f"{self.where}：{self.found}；应为{self.expected}"
        return f"{said}。{self.remedy.rstrip('。')}。" if self.remedy else f"{said}。"


class ChengxinError(Exception):
    """A user's mistake or a state of the data that a person must mend; its text is the Chinese message."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: the message alone, without the frames of the kit."""
        return [str(self)]


class FaultsError(ChengxinError):
    """All faults of one input, gathered.

    Parameters
    ----------
    title : one Chinese line that says what was refused
    faults : the single faults, in the order of the input
    """

    def __init__(self, title: str, faults: Iterable[Fault]) -> None:
        self.title = title
        self.faults = tuple(faults)
        listed = "\n".join(f"  {n}. {fault}" for n, fault in enumerate(self.faults, 1))
        super().__init__(f"{title}（共{len(self.faults)}处）：\n{listed}")


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
