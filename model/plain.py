"""JSON as other programs write it, as text that every file can hold."""

from __future__ import annotations

import json
import re
from typing import Any

#: Half a surrogate pair may stand in JSON, as \\ud83d; no file in UTF-8 can hold one.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def mended_json(line: str) -> Any:
    """The value of a line of JSON, each half of a broken surrogate pair replaced by U+FFFD.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    value = json.loads(line)
    return _mended(value) if _SURROGATE.search(line) else value


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(inner) for key, inner in value.items()}
    return [_mended(inner) for inner in value] if isinstance(value, list) else value
