"""chengxin: score, explain and report the honest-measurement (诚信计量) indices of the guidance."""

__version__ = "0.1.0"
