"""Labels as people write them, against a scheme: ids and names in any case, and those that it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..model.errors import SchemeError
from ..model.records import LabelledSentence
from ..model.scheme import Scheme, Speaker, Stance, nearest_label

#: Labels that an error names; it counts the others.
N_NAMED = 10


def by_id(rows: Sequence[LabelledSentence], scheme: Scheme) -> tuple[list[LabelledSentence], list[str]]:
    """The rows with ids of the scheme where they had an id or name in any case; what was taken so, in a note."""
    speakers, stances = _ids(scheme.speakers), _ids(scheme.stances)
    taken: Counter[tuple[str, str]] = Counter()
    found = []
    for row in rows:
        theirs = row.speaker, row.stance
        ours = _id(row.speaker, speakers), _id(row.stance, stances)
        taken.update((a, b) for a, b in zip(theirs, ours, strict=True) if a != b)
        found.append(row if ours == theirs else replace(row, speaker=ours[0], stance=ours[1]))
    said = ", ".join(f"{theirs!r} as {ours} ({n})" for (theirs, ours), n in taken.most_common(N_NAMED))
    return found, [f"labels read by the scheme: {said}"] if taken else []


def _ids(members: Sequence[Speaker | Stance]) -> dict[str, str]:
    """Id by name, and by itself, case and spaces aside; a name that several have means none of them."""
    n_named = Counter(_plain(member.name) for member in members)
    names = {_plain(m.name): m.id for m in members if n_named[_plain(m.name)] == 1}
    return names | {m.id: m.id for m in members}


def _plain(label: str) -> str:
    return " ".join(label.casefold().split())


def _id(label: str, ids: dict[str, str]) -> str:
    """The id that is meant, or the label as it stands."""
    return ids.get(_plain(label), label)


def check_known(rows: Iterable[tuple[LabelledSentence, str]], scheme: Scheme) -> None:
    """See that all labels are of the scheme.

    Args:
        rows: each with where it stands; a label may be "".
        scheme: whose labels they must have.

    Raises:
        SchemeError: some are not: all of them, with how often and where first.
    """
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    known = {"speaker": scheme.speaker_ids, "stance": scheme.stance_ids}
    for row, where in rows:
        for head, label in (("speaker", row.speaker), ("stance", row.stance)):
            if label and label not in known[head]:
                counts[head, label] += 1
                first.setdefault((head, label), where)
    if not counts:
        return
    faults = []
    for (head, label), n in counts.most_common(N_NAMED):
        near = nearest_label(label, known[head])
        meant = "" if near is None else f": did you mean {near!r}?"
        faults.append(f"{head} {label!r}, {n} x, first in {first[head, label]}{meant}")
    more = len(counts) - len(faults)
    raise SchemeError(
        f"labels that are none of the scheme {scheme.name}: {counts.total()}",
        expected="; ".join(f"{head} one of {', '.join(labels)}" for head, labels in known.items()),
        found="\n            ".join([*faults, *([f"and {more} more"] if more else [])]),
        hint="mend them, add them to the scheme (`sayso scheme show`), or name another with --scheme",
    )
