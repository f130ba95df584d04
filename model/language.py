"""Whether a text is in English: the shipped model reads nothing else, and says so with confidence."""

from __future__ import annotations

import re

#: The commonest words of English that no other language of Latin script shares with it. In running English a word in
#: five or six is one of them; in French, German, Spanish, Italian, Dutch, Polish or Turkish hardly any.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and to that with by from it he his has have were are been not but they their this which who said would "
        "its she",
    )
)
_WORD = re.compile(r"[^\W\d_]+")
#: Fewer words say too little.
MIN_WORDS = 20
#: Headlines and tables of English hold few common words; foreign text holds fewer.
MIN_SHARE = 0.06
#: Characters that are looked at.
_N_CHARS = 5000


def looks_english(text: str) -> bool:
    """Whether a text can be English; True also for texts that are too short to tell.

    It counts common words and looks at nothing else: what is in English in part passes.
    """
    words: list[str] = _WORD.findall(text[:_N_CHARS].casefold())
    if len(words) < MIN_WORDS:
        latin = sum(char.isascii() for word in words for char in word)
        return 2 * latin >= sum(map(len, words))
    return sum(word in _COMMON for word in words) >= MIN_SHARE * len(words)
