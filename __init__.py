"""sayso: on whose say-so does the news say this?

Labels every sentence of a news article with a speaker (on whose word it rests) and a stance
(does the outlet assert it, or merely report it).

>>> from sayso import Labeller
>>> labeller = Labeller.load()
>>> for row in labeller.label_text("The governor said two houses burned.\\n"):
...     print(row.speaker, row.stance)

Nothing heavy is imported until a name is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model.errors import SaysoError
    from .model.labeller import Labeller
    from .model.records import Article, LabelledSentence
    from .model.scheme import Scheme

__version__ = "0.1.0"
__all__ = ["Article", "LabelledSentence", "Labeller", "SaysoError", "Scheme", "__version__"]

_HOMES = {
    "Article": "records",
    "LabelledSentence": "records",
    "Labeller": "labeller",
    "SaysoError": "errors",
    "Scheme": "scheme",
}


def __getattr__(name: str) -> object:
    """Import a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".model.{_HOMES[name]}", __name__), name)
