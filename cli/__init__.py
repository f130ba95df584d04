"""The command line: options become one settings object, one call, one exit code.

Exit codes: 0 all well; 1 nothing done, the error says what was expected, found, and what to try; 2 usage; 3 some
inputs failed, each named on stderr, the rest done. Commands import what they need when they run, so that `--help` is
quick.
"""

from __future__ import annotations

import os
import sys

import typer

from ..model.errors import SaysoError

#: Packages that are not called what they are imported as.
_PACKAGES = {"sklearn": "scikit-learn", "cassis": "dkpro-cassis"}

app = typer.Typer(
    name="sayso",
    help="On whose say-so does the news say this? Labels every sentence of an article by speaker and stance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from .. import __version__

        typer.echo(f"sayso {__version__}")
        raise typer.Exit


@app.callback()
def _sayso(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


def _register() -> None:
    from .agree import agree
    from .benchmark import benchmark
    from .convert import convert
    from .corpus import corpus_app
    from .evaluate import evaluate
    from .frame import frame, frame_check
    from .label import label
    from .sample import sample
    from .scheme import scheme_app
    from .train import train

    for run in (label, train, evaluate, frame, sample, agree, convert, benchmark):
        app.command()(run)
    app.command("frame-check", hidden=True)(frame_check)
    app.add_typer(scheme_app)
    app.add_typer(corpus_app)


_register()


def _not_installed(module: str) -> SaysoError:
    """What to install where a command needs a package that did not come with sayso."""
    package = _PACKAGES.get(module.split(".")[0], module.split(".")[0])
    extras = [extra for extra in _extras(package) if extra != "test"]
    return SaysoError(
        f"this needs a package that is not installed: {package}",
        hint=" or ".join(f"pip install 'sayso[{extra}]'" for extra in extras) or f"pip install {package}",
    )


def _extras(package: str) -> list[str]:
    """The extras of sayso that bring a package; none where sayso runs without having been installed."""
    import re
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires("sayso")
    except PackageNotFoundError:
        return []
    found = (re.match(r"([\w.-]+).*extra *== *[\"'](\w+)", line) for line in lines or [])
    return [match[2] for match in found if match is not None and match[1].lower() == package]


def main() -> None:
    """Run a command line; errors that a user can mend end in exit code 1, without a traceback."""
    if sys.stderr is None:  # as `2>&-` starts it: progress must not fail for want of a reader
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    try:
        app()
    except SaysoError as error:
        print(f"sayso: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "sayso":
            raise  # a fault of ours
        print(f"sayso: {_not_installed(error.name)}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as ending:
        # Both typer and rich make an exit code of a broken pipe, and typer of Ctrl-C, before we see them.
        if isinstance(ending.__context__, BrokenPipeError):
            sys.exit(0)  # the reader of our output has left (`sayso agree ... | head`): that is no fault
        if ending.code == 130:
            print("sayso: stopped", file=sys.stderr)
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"sayso: {where}{error.strerror if error.strerror else error}", file=sys.stderr)
        sys.exit(1)
