from .lab.agreement import agreement
from .lab.rank_intervals import rank_intervals
from .lab.what_if import readings_effect, what_if
from .ledgers.observe import observe
from .rubric.load import load_rubric
from .scoring.explain import explain, improvements
from .scoring.observations import read_observations
from .scoring.ranking import rank
from .scoring.score import score
from .scoring.totals import totals
from .store.engine import open_store

__version__: str
__all__ = [
    "agreement",
    "explain",
    "improvements",
    "load_rubric",
    "observe",
    "open_store",
    "rank",
    "rank_intervals",
    "read_observations",
    "readings_effect",
    "score",
    "totals",
    "what_if",
]
