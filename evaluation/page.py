"""Wrong sentences as one HTML page that needs nothing but itself: no script, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from ..model.errors import SaysoError
from ..model.records import Evidence, LabelledSentence
from ..model.scheme import Scheme
from .mistakes import Mistake, Mistakes
from .phenomena import PHENOMENA

#: Class of mistakes whose gold label is suspect, and id of the button that shows only these.
SUSPECT = "k-suspect"


def page(found: Mistakes, scheme: Scheme, notes: Sequence[str] = ()) -> str:
    """The page.

    Args:
        found: what to show.
        scheme: gives the speakers' names and colours.
        notes: what must be known of the gold to read the figures.

    Raises:
        SaysoError: jinja2 is not installed.
    """
    check_jinja2()
    import jinja2
    from markupsafe import Markup

    kinds = [
        {"name": kind, "id": _id(kind), "meaning": meaning, "n": found.n_of_kind[kind], "n_wrong": found.n_wrong(kind)}
        for kind, meaning in PHENOMENA.items()
        if found.n_of_kind.get(kind, 0) > 0
    ]
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_page_file), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("mistakes.html.j2").render(
        found=found,
        notes=notes,
        kinds=kinds,
        groups={name: [_shown(m, scheme) for m in members] for name, members in found.by_confusion().items()},
        n_suspect=sum(bool(m.suspects) for m in found.wrong),
        style=Markup(_page_file("mistakes.css") + _filters([str(kind["id"]) for kind in kinds])),
    )


def check_jinja2() -> None:
    """See that the page can be made here.

    Raises:
        SaysoError: jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: F401
    except ModuleNotFoundError as error:
        raise SaysoError("the page needs jinja2", found=str(error), hint="pip install 'sayso[evaluate]'") from None


def _page_file(name: str) -> str:
    return (files("sayso.evaluation") / "page" / name).read_text(encoding="utf-8")


def _id(kind: str) -> str:
    return "k-" + kind.replace(" ", "-")


def _filters(ids: Sequence[str]) -> str:
    """Style rules that hide what the chosen radio button does not name."""
    rules = []
    for name in (*ids, SUSPECT):
        shown = f"body:has(#{name}:checked)"
        rules.append(f"{shown} article:not(.{name}) {{ display: none; }}")
        rules.append(f"{shown} section:not(:has(.{name})) {{ display: none; }}")
    return "\n".join(rules)


def _shown(mistake: Mistake, scheme: Scheme) -> dict[str, Any]:
    row = mistake.gold
    place = ", ".join(part for part in (mistake.collection, row.outlet, row.date) if part)
    inside = [e for e in mistake.evidence if row.start <= e.start and e.end <= row.end]
    return {
        "where": f"article {row.article}, sentence {row.sentence} ({place})",
        "before": mistake.before,
        "after": mistake.after,
        "pieces": _pieces(row, inside),
        "elsewhere": [e.text for e in mistake.evidence if e not in inside],
        "gold": _labels(row, scheme),
        "predicted": _labels(mistake.predicted, scheme),
        "confidence": "" if mistake.confidence is None else f"{mistake.confidence:.2f}",
        "suspects": mistake.suspects,
        "kinds": mistake.kinds,
        "classes": " ".join((*map(_id, mistake.kinds), *([SUSPECT] if mistake.suspects else []))),
    }


def _labels(row: LabelledSentence, scheme: Scheme) -> dict[str, str]:
    known = {speaker.id: speaker for speaker in scheme.speakers}
    speaker = known.get(row.speaker)
    colour = "#5f6368" if speaker is None else speaker.colour
    return {"speaker": row.speaker.replace("_", " "), "stance": row.stance, "colour": colour}


def _pieces(row: LabelledSentence, evidence: Sequence[Evidence]) -> list[tuple[str, str]]:
    """The sentence in pieces, each with the kind of evidence that it is, "" for none."""
    pieces = []
    at = row.start
    for e in sorted(evidence, key=lambda e: e.start):
        if e.start < at:
            continue
        pieces.append((row.text[at - row.start : e.start - row.start], ""))
        pieces.append((row.text[e.start - row.start : e.end - row.start], e.kind))
        at = e.end
    return [*pieces, (row.text[at - row.start :], "")]
