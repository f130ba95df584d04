"""`sayso convert`: labelled sentences from one tool's format to another's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="File or folder of labelled sentences.")],
    target: Annotated[Path, typer.Argument(metavar="TO", help="New file or folder.")],
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Format of FROM, if it is not recognised: rows, label-studio, doccano, brat, webanno, xmi, excel, "
            "datasets, authored or codes.",
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Format of TO, if its name does not tell: as --from, less the last two.")
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme",
            "-s",
            help="Scheme name or YAML file: checks labels (ids in any case, or names); finds the speakers of "
            "attributions by alias.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="Name of a column in FROM, e.g. speaker=who; may be given again."),
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Take this person's labels, or each sentence's first.")] = None,
) -> None:
    """Labels in and out of other tools; says on stderr what the new file cannot hold.

    Tasks, in which nothing is labelled, do not replace a file in which labels were filled in.
    """
    from ..formats import check_no_work_lost, format_to_write, read, write
    from ..formats.base import FIRST, ReadOptions, of_annotator, split_annotators
    from ..model.scheme import Scheme

    chosen = None if scheme is None else Scheme.load(scheme)
    format_to_write(target, to)
    reading = read(source, ReadOptions(chosen, _columns(column)), from_)
    for note in reading.notes:
        typer.echo(f"{source}: {note}", err=True)
    rows = list(reading.rows) if annotator is None else of_annotator(reading.rows, annotator)
    n_twice = len(rows) - len({row.key for row in rows})
    if n_twice:
        people = ", ".join(filter(None, split_annotators(rows)))
        whose = f"labels of {people}; --annotator takes one" if people else f"--annotator {FIRST} takes one of each"
        typer.echo(f"{source}: {n_twice} sentences repeated, {whose}", err=True)
    if not any(row.speaker or row.stance for row in rows):
        check_no_work_lost(target, rows, to)
    for note in write(target, rows, chosen, to):
        typer.echo(note, err=True)
    n_labelled = sum(row.is_labelled for row in rows)
    typer.echo(f"{len(rows)} sentences, {n_labelled} labelled: {target}", err=True)


def _columns(pairs: list[str] | None) -> dict[str, str]:
    """`["speaker=who"]` as a mapping."""
    columns = {}
    for pair in [] if pairs is None else pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours and equals and theirs):
            raise typer.BadParameter(f"{pair!r} is not OURS=THEIRS", param_hint="--column")
        columns[ours.strip()] = theirs.strip()
    return columns
