"""Who was introduced where: a person is named in full once, often with a role, and by surname from then on.

"Ilya Ponomarev, who speaks for the Legion, ..." and thirty sentences later "Ponomarev said": who reads only the later
sentence cannot tell whose side he is on. Windows therefore repeat the sentence of the full name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .records import Sentence

#: Names as they stand in running text: capitalised words in a row, initials among them.
_NAME = re.compile(r"[^\W\d_a-z][\w-]*\.?(?:[ \u00a0][^\W\d_a-z][\w-]*\.?)*")


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
            elif before and sentence.paragraph > 0:
                full[last] = (number, before[-1])
        found.append(tuple(sorted(needed)))
    return tuple(found)


def chosen(
    introduced: Sequence[tuple[int, ...]], lengths: Sequence[int], first: int, last: int, n_tokens: int
) -> tuple[int, ...]:
    """Which introductions a window repeats: as many as there is room for, of those who are most at home in it first.

    Whom the whole article talks about ("Putin") is named everywhere, and known; who speaks in this window only is not.

    Args:
        introduced: what each sentence of the article needs, from `introductions`.
        lengths: tokens of each sentence of the article.
        first: the window's first sentence; what stands from there on it reads anyway.
        last: the first sentence behind those that it labels.
        n_tokens: the room.

    Returns:
        Numbers of sentences before `first`, in order.
    """
    everywhere = Counter(number for numbers in introduced for number in numbers)
    here = Counter(number for numbers in introduced[first:last] for number in numbers if number < first)
    taken: list[int] = []
    for number in sorted(here, key=lambda n: (-here[n] / everywhere[n], -here[n], n)):
        if lengths[number] <= n_tokens:
            taken.append(number)
            n_tokens -= lengths[number]
    return tuple(sorted(taken))
