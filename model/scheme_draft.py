"""A first scheme file for a new study, written out with its comments for a person to complete."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from string import ascii_uppercase

from .errors import SchemeError

#: Dark enough to read as text on white, and told apart by people who do not tell red from green.
_COLOURS = (
    "#b3261e",
    "#1f6fb2",
    "#8a6d00",
    "#2e7d32",
    "#6a4c93",
    "#00696f",
    "#a0438a",
    "#7a4a1e",
    "#3f51b5",
    "#4e6b1f",
)
_OUTLET_COLOUR = "#5f6368"
_HEAD = """\
# The speakers of a study. Complete the descriptions and aliases, then: sayso scheme check THIS_FILE
#   description: one line on who belongs to the speaker. The model reads it, and so do the people who label.
#   colour, letter: how the speaker is marked in tables and pages.
#   aliases: names, offices and groups that mean this speaker. They mark mentions; they never decide a label.
name: {name}
title: {title}
outlet: {outlet}  # the speaker that is the outlet itself, in its own voice
{rest}vouched: asserts  # the stance by which the outlet vouches for a sentence
stances:
  - id: asserts
    name: asserts
    description: The outlet vouches for it; had it turned out false, the outlet's own text would contain an error.
  - id: reports
    name: reports
    description: The outlet passes on what somebody said, thought or wanted, and would still have told that truthfully.
speakers:
"""


def draft(name: str, title: str, speakers: Sequence[str], outlet: str = "outlet", rest: str | None = "other") -> str:
    """A scheme file.

    Args:
        name: short identifier of the study.
        title: what it is about.
        speakers: names of the speakers, in label order; ids are made from them. The outlet and the rest are added at
            the end if they are not among them.
        outlet: name of the speaker that is the outlet itself.
        rest: name of the speaker that takes every source no other covers; None: there is none.

    Returns:
        YAML that `Scheme.from_dict` takes.

    Raises:
        SchemeError: two speakers would have one id, or a name gives none.
    """
    names, ids = [*speakers], [_id(speaker) for speaker in speakers]
    names += [added for added in (rest, outlet) if added is not None and _id(added) not in ids]
    ids = [_id(speaker) for speaker in names]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise SchemeError("two speakers with one id", expected="names that differ", found=", ".join(twice))
    letters = _letters(ids, _id(outlet))
    colours = iter(_COLOURS * (len(ids) // len(_COLOURS) + 1))
    text = _HEAD.format(
        name=_quoted(_id(name).replace("_", "-")),
        title=_quoted(title),
        outlet=_quoted(_id(outlet)),
        rest="" if rest is None else f"rest: {_quoted(_id(rest))}  # takes every source that no other speaker covers\n",
    )
    for speaker, key, letter in zip(names, ids, letters, strict=True):
        description = _description(key, outlet, rest)
        text += f"  - id: {_quoted(key)}\n    name: {_quoted(speaker)}\n    description: {_quoted(description)}\n"
        text += f'    colour: "{_OUTLET_COLOUR if key == _id(outlet) else next(colours)}"\n    letter: "{letter}"\n'
        text += "    aliases: []\n"
    return text


def _id(name: str) -> str:
    # Accents are parted from their letters: "Grüne" gives grune, not gr_ne.
    plain = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", name.strip().casefold()))
    found = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not found or not found[0].isalpha():
        raise SchemeError("a name that gives no id", expected="Latin letters first, e.g. government", found=repr(name))
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _description(key: str, outlet: str, rest: str | None) -> str:
    if key == _id(outlet):
        return "The outlet itself, nobody else"
    if rest is not None and key == _id(rest):
        return "Any other source: witnesses, analysts, foreign states, media, unnamed"
    return ""


def _letters(ids: Sequence[str], outlet: str) -> list[str]:
    """A capital for each id: N for the outlet, else one of the id's own letters, else any that is free."""
    taken = {"N"}
    found = []
    for key in ids:
        if key == outlet:
            found.append("N")
            continue
        letter = next(
            (c for c in key.upper() + ascii_uppercase if c.isalpha() and c.isascii() and c not in taken), None
        )
        if letter is None:
            raise SchemeError("too many speakers", expected="at most 26, one letter each", found=str(len(ids)))
        taken.add(letter)
        found.append(letter)
    return found
