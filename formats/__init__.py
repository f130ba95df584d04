"""Labelled sentences in the formats of other annotation tools, read and written."""

from .registry import FORMATS, find_format, format_to_write, read, write

__all__ = ["FORMATS", "find_format", "format_to_write", "read", "write"]
