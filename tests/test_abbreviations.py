"""Full stops that end a sentence, and full stops that do not. Every text here is made up."""

from __future__ import annotations

import pytest

from sayso.model.abbreviations import ABBREVIATIONS, STATES, TITLES
from sayso.model.sentences import segment


def pieces(text: str) -> list[str]:
    return [sentence.text for sentence in segment(text).sentences]


# nupunkt's learned list holds each of these words, and would not cut after them before a name or a quotation.
@pytest.mark.parametrize(
    "word",
    ["depot", "month", "week", "trench", "hall", "bank", "wall", "wheat", "reports", "call", "RT", "flag", "ten"],
)
@pytest.mark.parametrize("following", ["Tass gave another figure.", "“Nobody told us anything.”", "Mr Osin had left."])
def test_a_plain_word_before_a_full_stop_ends_the_sentence(word: str, following: str) -> None:
    text = f"They went back to the {word}. {following}"
    assert pieces(text) == [f"They went back to the {word}.", following]


@pytest.mark.parametrize(
    "text",
    [
        "Lt. Gen. Anton Belyak, of Reps. Hall and Moss, met Sec. Dorn and Del. Anne Fisk.",
        "Rep. Laura Finch (D-N.C.), who chairs the panel, and Sen. Tom Hale (R-Ky.); both agreed.",
        "OAKDALE, Va. — Two buses were late.",
        "MOSCOW, June 5. /ROSSVET/ Units of the grouping repelled two attacks.",
        "Parks closed in Dover, Del. and Salem, Ore. on Friday.",
        "She studied at the A.F.L. and left.",
        "The shelling began at 9 a.m. (0600 GMT) and stopped at 5 p.m. Moscow time.",
        "The debate starts at 7 p.m. Eastern and 4 p.m. Pacific.",
        "12:41 p.m. The ministry is showing photographs of a carrier.",
        "‘Where are our generals?’ – fury in the town as tanks roll in",
        "The lorry, No. 87 on the list, was found on Oct. 3.",
    ],
)
def test_an_abbreviation_does_not_cut(text: str) -> None:
    assert pieces(text) == [text]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The flames were out shortly after 9 a.m.", "Malkov did not give a cause."),
        ("The group had nothing to add, it wrote on X.", "Grain traders saw no effect."),
        ("The buses were marked with the letter Z.", "Putin had promised a corridor."),
        ("The town of Kiln is in Ohio, he said: no.", "Tass reported otherwise."),
        ("They moved to Roanoke, Va.", "The house was small."),
    ],
)
def test_what_looks_like_an_abbreviation_may_end_a_sentence(first: str, second: str) -> None:
    assert pieces(f"{first} {second}") == [first, second]


def test_the_lists_hold_bare_lower_case_words() -> None:
    assert TITLES < ABBREVIATIONS
    assert all(word.isalpha() and word.islower() for word in ABBREVIATIONS)
    assert all(word.isalpha() and word[0].isupper() for word in STATES)
    # Words that end sentences more often than they are abbreviated.
    assert not ABBREVIATIONS & {"no", "in", "so", "me", "ill", "sat", "sun", "will", "mass", "art", "may", "am"}
