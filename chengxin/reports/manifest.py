"""What the batch has made in a folder: each file, what it was made from and what it holds, as hashes."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chengxin.reports.kinds import Kind
from chengxin.reports.pages import write
from chengxin.reports.run import FORMATS, Job, Made

ENTRY = {"kind", "period", "code", "name", "from", "sha256"}


class Manifest:
    """The manifest of a folder: written after every report.

    Parameters
    ----------
    path : of the file; what is no manifest counts as empty
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            known = json.loads(path.read_text("utf-8")).items()
        except (OSError, ValueError, AttributeError):
            known = ()
        self.known: dict[str, dict[str, str]] = {
            file: entry for file, entry in known
            if Path(file).name == file and isinstance(entry, dict) and entry.keys() >= ENTRY
        }  # fmt: skip

    def current(self, job: Job) -> bool:
        """Whether every file of a job is there as it was made from the same content."""
        return all((job.out / file).is_file() and self.known.get(file) == self._entry(job, file) for file in job.files)

    def note(self, job: Job, row: Made) -> None:
        for file in job.files:
            self.known.pop(file, None)
            if row.state != "failed":
                self.known[file] = self._entry(job, file)
        write(self.path, json.dumps(self.known, ensure_ascii=False, indent=1, sort_keys=True))

    def _entry(self, job: Job, file: str) -> dict[str, str]:
        of = {"kind": job.kind.name, "period": job.period, "code": job.code, "name": job.name}
        return of | {"from": job.mark, "sha256": hashlib.sha256((job.out / file).read_bytes()).hexdigest()}

    def listed(
        self, sort: Kind, plan: dict[str, Job], made: dict[str, Made], mark: Callable[[str], str]
    ) -> list[tuple[str, Made]]:
        """Period and outcome of all reports of a kind in the folder, those of earlier batches too; newest period first.

        Parameters
        ----------
        sort, plan, made : the kind, this batch's jobs and what became of them, by code
        mark : code → the hash of what a report would be made from now
        """
        found: dict[tuple[str, str], list[str]] = {}
        for file, entry in self.known.items():
            if entry.get("kind") == sort.name and (self.path.parent / file).is_file():
                found.setdefault((entry["period"], entry["code"]), []).append(file)
        rows = {}
        for (period, code), files in found.items():
            fresh = [file for file in files if self.known[file]["from"] == mark(code)]
            state = "current" if fresh else "stale"
            rows[period, code] = Made(code, self.known[files[0]]["name"], state, _in_order(fresh or files))
        for code, row in made.items():
            key = (plan[code].period, code)
            rows[key] = row if row.state == "failed" else replace(row, files=rows.get(key, row).files)
        order = {code: number for number, code in enumerate(plan)}
        places = {key: ([-ord(sign) for sign in key[0]], order.get(key[1], len(order)), key[1]) for key in rows}
        return [(key[0], rows[key]) for key in sorted(rows, key=lambda key: places[key])]


def _in_order(files: list[str]) -> tuple[str, ...]:
    endings = list(FORMATS)
    return tuple(sorted(files, key=lambda file: endings.index(file.rpartition(".")[2])))
