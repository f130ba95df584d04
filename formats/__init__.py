"""Labelled sentences in the formats of other annotation tools, read and written."""

from .registry import FORMATS, check_no_work_lost, find_format, format_to_write, read, write

__all__ = ["FORMATS", "check_no_work_lost", "find_format", "format_to_write", "read", "write"]
