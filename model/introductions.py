"""Who was introduced where: a person is named in full once, often with a role, and by surname from then on.

"Ilya Ponomarev, who speaks for the Legion, ..." and thirty sentences later "Ponomarev said": who reads only the later
sentence cannot tell whose side he is on. Windows therefore repeat the sentence of the full name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .records import Sentence

_WORD = r"[A-ZÀ-ÖØ-ÞĆČĐŁŚŠŞŹŻŽ][\w-]*\.?"
#: Names as they stand in running text: capitalised words in a row, initials among them.
_NAME = re.compile(rf"{_WORD}(?:[ \u00a0]{_WORD})*")
#: Words that begin sentences and are no given name: "The Russian" introduces nobody.
_NO_GIVEN_NAME = frozenset(
    re.findall(
        r"\w+",
        "the a an this that these those his her their its our my your in on at by for from of to with after before "
        "since until under over and or but nor so yet if as when while where what who whom whose why how did does do "
        "is are was were has have had will would can could should may might must not no yes then there here now some "
        "any all both each every many most more few another other such even only also still just one two three i we he "
        "she it they you",
    )
)


def introductions(sentences: Sequence[Sentence]) -> tuple[tuple[int, ...], ...]:
    """For each sentence the earlier ones that name in full whom it names by the last word alone.

    Args:
        sentences: of one article, in order.

    Returns:
        For each sentence numbers of earlier ones, in order; a headline (paragraph 0), where every word may be
        capitalised, introduces nobody.
    """
    full: dict[str, tuple[int, str]] = {}
    found: list[tuple[int, ...]] = []
    for number, sentence in enumerate(sentences):
        needed: set[int] = set()
        for match in _NAME.finditer(sentence.text):
            *before, last = (word.rstrip(".") for word in match[0].split())
            if last in full:
                place, given = full[last]
                if place < number and given not in before:
                    needed.add(place)
            elif before and sentence.paragraph > 0 and before[-1].casefold() not in _NO_GIVEN_NAME and last != "I":
                full[last] = (number, before[-1])
        found.append(tuple(sorted(needed)))
    return tuple(found)


class Introductions:
    """Which introductions windows of one article repeat.

    Whom the whole article talks about ("Putin") is named everywhere, and known; who speaks in one window only is not.

    Args:
        introduced: what each sentence of the article needs, from `introductions`.
        lengths: tokens of each sentence.
        n_tokens: the room in a window.
    """

    def __init__(self, introduced: Sequence[tuple[int, ...]], lengths: Sequence[int], n_tokens: int) -> None:
        self._introduced = introduced
        self._lengths = lengths
        self._n_tokens = n_tokens
        self._everywhere = Counter(number for numbers in introduced for number in numbers)

    def before(self, first: int, last: int) -> tuple[int, ...]:
        """For a window of sentences `first` to `last` (exclusive): earlier ones, in order.

        As many as there is room for, of those first who are most at home in the window.
        """
        here = Counter(n for numbers in self._introduced[first:last] for n in numbers if n < first)
        room = self._n_tokens
        taken: list[int] = []
        for number in sorted(here, key=lambda n: (-here[n] / self._everywhere[n], -here[n], n)):
            if self._lengths[number] <= room:
                taken.append(number)
                room -= self._lengths[number]
        return tuple(sorted(taken))
