"""`sayso agree`: how far coders agree, where they do not, and what is settled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..agreement import Coder, Coding
    from ..formats.base import ReadOptions
    from ..model.scheme import Scheme


def agree(
    coders: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B [C...]",
            help="Labels of each coder, in any format that `sayso convert` reads; a model's rows count as a coder. "
            "One file will do if its column `annotator` tells people apart.",
        ),
    ],
    scheme: Annotated[
        str | None, typer.Option("--scheme", "-s", help="Scheme name or YAML file: checks and orders the labels.")
    ] = None,
    disputes: Annotated[
        Path | None, typer.Option(help="Write the disputed sentences in their context to this HTML file.")
    ] = None,
    adjudicate: Annotated[
        Path | None,
        typer.Option(help="Write the disputed sentences as tasks without labels to this file (.xlsx, .json, ...)."),
    ] = None,
    resolve: Annotated[Path | None, typer.Option(help="The tasks with answers: fold them in. Needs --out.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write what is agreed or settled as gold rows to this file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling of articles.")] = 0,
) -> None:
    """Krippendorff's alpha and Cohen's kappa of coders, with 95 % intervals by resampling articles."""
    from ..agreement import code
    from ..formats.base import ReadOptions
    from ..model.scheme import Scheme

    if resolve is not None and out is None:
        raise typer.BadParameter("needs --out, the file for the settled rows", param_hint="--resolve")
    _check_targets([*coders, *filter(None, [resolve])], [*filter(None, [disputes, adjudicate, out])])
    chosen = None if scheme is None else Scheme.load(scheme)
    options = ReadOptions(scheme=chosen)
    coding = code(_coders(coders, options), chosen)
    _print_figures(coding, seed, json=json)
    _write_disputes(coding, chosen, disputes, adjudicate)
    if out is not None and _settle(coding, resolve, out, options) > 0:
        raise typer.Exit(3)


def _check_targets(inputs: list[Path], targets: list[Path]) -> None:
    """See that no result replaces a coder's work."""
    from ..model.errors import RowError

    read = {path.resolve() for path in inputs}
    for target in targets:
        if target.resolve() in read:
            raise RowError(f"{target} is read: it cannot be written as well", hint="take another name")


def _coders(paths: list[Path], options: ReadOptions) -> list[Coder]:
    from ..agreement import Coder
    from ..formats import read
    from ..formats.base import split_annotators

    found: list[Coder] = []
    for path in paths:
        reading = read(path, options)
        for note in reading.notes:
            typer.echo(f"{path}: {note}", err=True)
        for person, rows in split_annotators(reading.rows).items():
            name = person if person else path.stem
            taken = {coder.name for coder in found}
            found.append(Coder(name if name not in taken else f"{name} ({path})", tuple(rows)))
    return found


def _print_figures(coding: Coding, seed: int, *, json: bool) -> None:
    from ..agreement import measure
    from ..agreement.tables import as_data, as_text

    agreement = measure(coding, seed)
    if json:
        from json import dumps

        typer.echo(dumps(as_data(agreement), indent=1))
    else:
        typer.echo(as_text(agreement))


def _write_disputes(coding: Coding, scheme: Scheme | None, page: Path | None, adjudicate: Path | None) -> None:
    from ..agreement.disputes import disputes, tasks
    from ..agreement.page import as_page
    from ..formats import check_no_work_lost, write
    from ..model.rowfiles import whole_file

    if page is None and adjudicate is None:
        return
    found = disputes(coding)
    typer.echo(f"{len(found)} disputed sentences", err=True)
    to_do = tasks(found, coding.coders)
    if adjudicate is not None and found:
        check_no_work_lost(adjudicate, to_do)
    if page is not None:
        with whole_file(page) as file:
            file.write(as_page(found, coding.coders, scheme))
    if adjudicate is not None and found:
        for note in write(adjudicate, to_do, scheme):
            typer.echo(note, err=True)


def _settle(coding: Coding, answers: Path | None, out: Path, options: ReadOptions) -> int:
    """Write the settled rows; the number of disputes that stay open."""
    from ..agreement.disputes import resolve
    from ..formats import read, write

    given = () if answers is None else read(answers, options).rows
    settled = resolve(coding, given, options.scheme)
    for note in write(out, settled.rows, options.scheme):
        typer.echo(note, err=True)
    for dispute in settled.open:
        place = f"sentence {dispute.row.sentence} of article {dispute.row.article}"
        typer.echo(f"not settled, left out: {place}: {' or '.join(dispute.kinds)}", err=True)
    if settled.open and any("inclusion_p" in row.extra for row in settled.rows):
        # What people differ on is harder than the rest: a sample without it flatters the model that it corrects.
        typer.echo(
            f"a sample without {len(settled.open)} of its sentences corrects no figures: settle them first", err=True
        )
    return len(settled.open)
