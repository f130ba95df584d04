"""YAML as people edit it: what a parser would pass over without a word is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml.nodes import Node

#: Most faults of a person's first file.
YAML_HINT = (
    "indent with spaces, never tabs; begin each entry of a list with a dash; put quotes around text with a colon or '#'"
)


def strict_yaml(text: str) -> Any:
    """The value of a YAML text in which no key stands twice: of two, YAML would take the last.

    An entry of a list whose dash was forgotten would so replace the one before it.

    Raises:
        ValueError: it is not YAML, or a key stands twice; in words, with the line.
    """
    import yaml

    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_keys(node, set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(re.sub(r'\s*in "<[a-z ]+>", ', ", ", str(error)).split())) from None


def _check_keys(node: Node, seen: set[int]) -> None:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    if id(node) in seen:  # an anchor may be used again, and inside itself
        return
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for inner in node.value:
            _check_keys(inner, seen)
    elif isinstance(node, MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise ValueError(
                        f"{key.value!r} stands twice in one entry, in lines {lines[key.value]} and {line}: "
                        "is the dash missing before a new entry?"
                    )
                lines[key.value] = line
            _check_keys(value, seen)
