"""Commands with many options: one frozen dataclass instead of a function of a dozen parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


def command(name: str, kind: type[T], run: Callable[[T], None]) -> Callable[..., None]:
    """A function that typer can take as a command, with a dataclass's fields as its options.

    Args:
        name: of the command.
        kind: a dataclass, its fields annotated as typer wants parameters.
        run: does the work; its docstring becomes the command's help.
    """

    def called(**options: Any) -> None:
        run(kind(**options))

    hints = get_type_hints(kind, include_extras=True)
    parameters = [p.replace(annotation=hints[name]) for name, p in inspect.signature(kind).parameters.items()]
    called.__name__, called.__doc__ = name, run.__doc__
    called.__signature__ = inspect.Signature(parameters, return_annotation=None)  # type: ignore[attr-defined]
    called.__annotations__ = hints
    return called
