"""chengxin: score, explain and report the honest-measurement (诚信计量) indices of the guidance.

The names offered here are loaded when they are first used; `import chengxin` alone loads no database, widget,
notebook or data frame. `__init__.pyi` says where each comes from, for this module and for editors alike.

>>> import chengxin
>>> from chengxin.paths import place
>>> street = chengxin.load_rubric("street")
>>> seen = chengxin.read_observations(place("sample_data") / "observations.csv")
>>> sheet = chengxin.score(street, seen[seen["assessment"].str.startswith("331002-J1")])
>>> chengxin.totals(sheet)["total"].round(2).tolist()
[99.92, 98.88, 100.83]
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
