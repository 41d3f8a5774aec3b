"""Which groups' points the order depends on: variance shares by Sobol's method, the sum kept by construction."""

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from chengxin.errors import MissingExtraError, UsageError
from chengxin.lab.draws import spread
from chengxin.lab.panel import panel
from chengxin.rubric.model import Rubric, groups
from chengxin.scoring.ranking import placed
from chengxin.settings import settings

BLOCK = 500_000
LARGEST = 2**14


def _salib(name: str) -> Any:
    try:
        return import_module(f"SALib.{name}")
    except ModuleNotFoundError:
        raise MissingExtraError("方差分解要用SALib；请运行 pip install 'chengxin[lab]'。") from None


def variance_shares(
    rubric: Rubric, observations: pd.DataFrame, size: int, seed: int, *, concentration: float | None = None
) -> pd.DataFrame:
    """Variance shares of the mean shift of ranks, per group of the base lines.

    Sobol's indices need inputs that are independent, and points that sum to full marks are not. So the inputs are one
    independent gamma variable per group, g ~ Gamma(concentration × group's points ÷ full marks), by the inverse of
    its distribution at a uniform number; the groups' shares are g ÷ Σg, which is exactly the Dirichlet distribution
    of `draws.points_drawn` (Devroye 1986, ch. XI.4), in whatever order the groups stand. Nothing is rescaled after
    the fact; Σg is independent of the shares and drops out. An index is therefore that of the group's own push on
    all points, its own up and the others' down. The output is the mean size of the change of rank against the
    official ranks (Saisana, Saltelli & Tarantola 2005, JRSS A 168, 307–323).

    Parameters
    ----------
    rubric, observations : as `score.score` takes them
    size : base sample, a power of two from 2 to 16384; totals are made size × (groups + 2) times
    seed : the same seed gives the same
    concentration : default the setting lab_concentration

    Returns
    -------
    one row per group, the largest total index first: group, points, first and total (shares of the variance; first
    alone, total with all interactions; estimates, which may leave 0 to 1 by their error), first_error, total_error
    (half widths of 95 % intervals, by bootstrap). Total indices sum to more than 1 where groups interact. Sobol 2001;
    estimators of Saltelli et al. 2010, Comput. Phys. Commun. 181, 259–270. Missing indices: ranks never changed.

    Raises
    ------
    MissingExtraError : SALib is not installed
    UsageError : size or concentration outside what is allowed
    DataError : faulty observations
    """
    near = float(settings()["lab_concentration"] if concentration is None else concentration)
    if size not in [2**k for k in range(1, 15)] or not 0 < near < float("inf"):
        raise UsageError(f"样本{size}、集中度{near:g}；应为2至{LARGEST}之间2的整数次幂，集中度为正数。")
    found, known = panel(rubric, observations), groups(rubric)
    if found.ids.empty:
        return _told({}, np.zeros(1), seed, known, np.array([found.points[places].sum() for _, places in known]))
    share = found.points / rubric.full_marks
    own = np.array([share[places].sum() for _, places in known])
    names = [f"{n}" for n in range(len(known))]
    problem = {"num_vars": len(known), "names": names, "bounds": [[0.0, 1.0]] * len(known)}
    inputs = _salib("sample.sobol").sample(problem, size, calc_second_order=False, seed=seed)
    gamma = gammaincinv(near * own, np.clip(inputs, 1e-12, 1 - 1e-12))
    weights = rubric.full_marks * spread([places for _, places in known], share, gamma / gamma.sum(1, keepdims=True))
    official = placed(found.totals(found.points[None]))
    step = max(1, BLOCK // max(1, len(found.ids)))
    blocks = (found.totals(weights[start : start + step]) for start in range(0, len(weights), step))
    shift = np.concatenate([np.abs(placed(totals) - official).mean(axis=1) for totals in blocks])
    return _told(problem, shift, seed, known, own * rubric.full_marks)


def _told(problem: dict[str, Any], shift: Any, seed: int, known: Any, points: Any) -> pd.DataFrame:
    empty = dict.fromkeys(("S1", "ST", "S1_conf", "ST_conf"), np.full(len(known), np.nan))
    found = empty if np.ptp(shift) == 0 else _salib("analyze.sobol").analyze(
        problem, shift, calc_second_order=False, seed=seed
    )  # fmt: skip
    frame = pd.DataFrame({"group": [name for name, _ in known], "points": points})
    for name, key in (("first", "S1"), ("total", "ST"), ("first_error", "S1_conf"), ("total_error", "ST_conf")):
        frame[name] = found[key]
    return frame.sort_values("total", ascending=False, kind="stable", ignore_index=True)
