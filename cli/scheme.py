"""`sayso scheme init|check|show`: the labels of a study."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..model.scheme import Scheme

scheme_app = typer.Typer(
    name="scheme", help="The labels of a study: who can speak, and which speaker is the outlet.", no_args_is_help=True
)


@scheme_app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The new scheme file.")],
    speakers: Annotated[
        str, typer.Option(help="Names of the speakers, with commas between: 'government, opposition, police'.")
    ],
    title: Annotated[str, typer.Option(help="What the study is about.")] = "",
    outlet: Annotated[str, typer.Option(help="The speaker that is the outlet itself; added if it is not named.")] = (
        "outlet"
    ),
    rest: Annotated[
        str, typer.Option(help="The speaker for every source that no other covers; added likewise; '' for none.")
    ] = "other",
) -> None:
    """Write a scheme for a new study, for you to complete."""
    from ..model.errors import SchemeError
    from ..model.rowfiles import whole_file
    from ..model.scheme import Scheme
    from ..model.scheme_draft import draft

    if file.suffix not in {".yaml", ".yml"}:
        raise typer.BadParameter("needs a name that ends in .yaml", param_hint="FILE.yaml")
    if file.exists():
        raise SchemeError(f"{file} exists", hint="take another name, or delete it first")
    if ";" in speakers:
        raise typer.BadParameter("part the names with commas", param_hint="--speakers")
    names = [name.strip() for name in speakers.split(",") if name.strip()]
    text = draft(file.stem, title, names, outlet, rest.strip() or None)
    chosen = Scheme.from_yaml(text, f"the draft of {file}")
    with whole_file(file) as output:
        output.write(text)
    typer.echo(
        f"wrote {file}: {', '.join(chosen.speaker_ids)}; complete it, then `sayso scheme check {file}`", err=True
    )


@scheme_app.command()
def check(
    scheme: Annotated[str, typer.Argument(metavar="SCHEME", help="A scheme file, or the name of a shipped scheme.")],
    rows: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[ROWS...]", help="Labelled sentences to check against it, in any format."),
    ] = None,
) -> None:
    """Check a scheme, and labelled sentences against it: every fault at once."""
    from ..model.errors import SchemeError
    from ..model.scheme import Scheme

    chosen = Scheme.load(scheme)
    for remark in remarks(chosen):
        typer.echo(f"{scheme}: {remark}", err=True)
    wrong = [fault for path in ([] if rows is None else rows) for fault in _check_rows(path, chosen)]
    if wrong:
        raise SchemeError(
            f"{len(wrong)} labels are none of the scheme {chosen.name}",
            expected=f"{', '.join(chosen.speaker_ids)}; {', '.join(chosen.stance_ids)}",
            found="\n            ".join(wrong),
            hint="add them to the scheme, or mend the labels",
        )
    typer.echo(f"{scheme}: {len(chosen.speakers)} speakers, {len(chosen.stances)} stances, no fault")


@scheme_app.command()
def show(
    scheme: Annotated[
        str | None, typer.Argument(metavar="[SCHEME]", help="A scheme file or name; without it, the shipped schemes.")
    ] = None,
    yaml: Annotated[bool, typer.Option("--yaml", help="Print the file, to start one of your own from it.")] = False,
) -> None:
    """Show a scheme, or which schemes come with sayso."""
    from ..model.scheme import Scheme, shipped_schemes

    if scheme is None:
        for name in shipped_schemes():
            typer.echo(f"{name}: {Scheme.load(name).title} ({', '.join(Scheme.load(name).speaker_ids)})")
        return
    chosen = Scheme.load(scheme)
    if yaml:
        typer.echo(_text(scheme), nl=False)
        return
    typer.echo(f"{chosen.name}: {chosen.title}" if chosen.title else chosen.name)
    for speaker in chosen.speakers:
        role = {chosen.outlet: " [outlet]", chosen.rest: " [rest]"}.get(speaker.id, "")
        typer.echo(f"  {speaker.letter} {speaker.id}{role}: {speaker.description or speaker.name}")
        if speaker.aliases:
            typer.echo(f"      {', '.join(speaker.aliases)}")
    for stance in chosen.stances:
        role = " [vouched]" if stance.id == chosen.vouched else ""
        typer.echo(f"  {stance.id}{role}: {stance.description or stance.name}")


def remarks(scheme: Scheme) -> list[str]:
    """What is allowed but may be forgotten: missing descriptions, aliases, too many speakers, colours used twice ..."""
    from ..model.windows import MAX_SLOTS

    found = [f"speaker {s.id} has no description; the model reads it" for s in scheme.speakers if not s.description]
    found += [
        f"speaker {s.id} has no aliases; its mentions in a text will not be marked"
        for s in scheme.speakers
        if not s.aliases and s.id not in {scheme.outlet, scheme.rest}
    ]
    if scheme.rest is None:
        found.append("no speaker takes the sources that no other covers: set `rest`")
    colours = Counter(speaker.colour.lower() for speaker in scheme.speakers)
    if len(scheme.speakers) > MAX_SLOTS:
        found.append(f"{len(scheme.speakers)} speakers; a model can be trained for {MAX_SLOTS} at most")
    found += [f"{n} speakers have the colour {colour}" for colour, n in colours.items() if n > 1]
    initials = Counter(stance[0] for stance in scheme.stance_ids)
    found += [
        f"{n} stances begin with {c}: two-letter codes cannot tell them apart" for c, n in initials.items() if n > 1
    ]
    return found


def _check_rows(path: Path, scheme: Scheme) -> list[str]:
    """Labels of a file that the scheme lacks, each with how often and where first; says what the file holds."""
    from ..formats import read
    from ..formats.base import ReadOptions

    # The scheme explains codes and names; whether labels are of it is told below, all at once.
    reading = read(path, ReadOptions(scheme), check=False)
    for note in reading.notes:
        typer.echo(f"{path}: {note}", err=True)
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for where, row in reading.placed(path):
        for head, label in (("speaker", row.speaker), ("stance", row.stance)):
            if label:
                counts[head, label] += 1
                first.setdefault((head, label), where)
    known = {"speaker": scheme.speaker_ids, "stance": scheme.stance_ids}
    for head, labels in known.items():
        used = ", ".join(f"{label} {counts[head, label]}" for label in labels)
        typer.echo(f"{path}: {head}: {used}", err=True)
    n_labelled = sum(row.is_labelled for row in reading.rows)
    typer.echo(f"{path}: {len(reading.rows)} sentences, {n_labelled} of them with both labels", err=True)
    return [
        f"{head} {label!r}, {n} times, first in {first[head, label]}"
        for (head, label), n in counts.items()
        if label not in known[head]
    ]


def _text(scheme: str) -> str:
    """The scheme's file as it stands."""
    from importlib.resources import files

    if scheme.endswith((".yaml", ".yml")):
        return Path(scheme).read_text(encoding="utf-8")
    return (files("sayso.configs") / "schemes" / f"{scheme}.yaml").read_text(encoding="utf-8")
