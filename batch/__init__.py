"""Labelling that loses no work: parts that are complete or absent, a manifest, and one file in the end.

`store` keeps the folder OUT.parts, `manifest` says what its parts depend on, `parts` is the form of one part,
`assemble` makes the final file of them, and `run` fills them. `copies` finds wire copy.
"""

from .run import Engine, Local, Watch, label_into
from .store import PartStore, Task
from .totals import Totals

__all__ = ["Engine", "Local", "PartStore", "Task", "Totals", "Watch", "label_into"]
