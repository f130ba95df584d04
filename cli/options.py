"""Commands with many options, each one frozen dataclass instead of a function of a dozen parameters; shared options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

T = TypeVar("T")

#: The model that labels.
ModelFolder = Annotated[Path | None, typer.Option(help="Model folder. Default: the shipped model.")]
#: Whose speakers it tells, if not its own.
OtherScheme = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        "-s",
        help="Another study's scheme, by name or file: its speakers are told by their descriptions and aliases.",
    ),
]


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
