"""The files a bureau fills in: which rows each takes, and what is wrong with a row."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pydantic import ValidationError

from chengxin.errors import Fault
from chengxin.exchange.csv import Placed
from chengxin.exchange.ledgers import (
    ActivityRow,
    CommitmentRow,
    ComplaintRow,
    EventRow,
    InstrumentRow,
    PatrolRow,
    SurveyRow,
    TrainingRow,
    VerificationRow,
    ViolationRow,
    WeighingRow,
)  # fmt: skip
from chengxin.exchange.registers import (
    AnswerRow,
    AreaRow,
    AssessmentRow,
    CheckRow,
    DecisionRow,
    FilingRow,
    ImprovementRow,
    MerchantRow,
    PersonRow,
    PointRow,
    RecheckRow,
    Row,
    SampleRow,
    SupervisorRow,
    UnitRow,
)  # fmt: skip

MODELS: tuple[type[Row], ...] = (
    UnitRow, AreaRow, MerchantRow, AssessmentRow, PointRow, PersonRow, SupervisorRow, InstrumentRow, VerificationRow,
    ComplaintRow, SurveyRow, TrainingRow, PatrolRow, CommitmentRow, ActivityRow, EventRow, ViolationRow, WeighingRow,
    FilingRow, AnswerRow, DecisionRow, ImprovementRow, RecheckRow, SampleRow, CheckRow,
)  # fmt: skip
# In the order of loading
FILES: dict[str, tuple[str, type[Row]]] = {model.file: (model.table.name, model) for model in MODELS}


def parse(file: str, cells: pd.DataFrame) -> tuple[list[tuple[int, dict[str, Any]]], list[Placed]]:
    """Check the text cells of a registry or ledger file row by row.

    Parameters
    ----------
    file : one of `FILES`
    cells : from `csv.read_cells`

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
            made = model.model_validate(row)
        except ValidationError as error:
            faults += [(line, _fault(file, line, row, model, wrong)) for wrong in error.errors()]
            continue
        wrong = [(line, Fault(file, *words, row=line, column=column)) for column, *words in made.wrong()]
        faults += wrong
        if not wrong:
            good.append((line, dict(made)))
    return good, faults


def _fault(file: str, line: int, row: Mapping[Any, str], model: type[Row], wrong: Any) -> Fault:
    column = str(wrong["loc"][0])
    found = f"“{row[column][:40]}”" if row[column].strip() else "空白"
    remedy = wrong["msg"] if wrong["type"] == "remedy" else ""
    expected = str(model.model_fields[column].description)
    return Fault(file, found, expected, remedy, row=line, column=column)
