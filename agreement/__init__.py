"""How far people (or people and a model) agree on labels, where they do not, and what is settled."""

from .coding import Coder, Coding, code
from .figures import Agreement, Figure, measure

__all__ = ["Agreement", "Coder", "Coding", "Figure", "code", "measure"]
