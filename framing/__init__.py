"""Labelled rows to findings: who gets to speak, what the outlet vouches for, and how sure we are.

>>> from sayso.framing import compare, corrected, read_table, shares
>>> rows = read_table([Path("rows.jsonl")])
>>> shares(rows, by="outlet")
"""

from .measures import MEASURES
from .table import read_table
from .tables import compare, corrected, shares

__all__ = ["MEASURES", "compare", "corrected", "read_table", "shares"]
