"""Words in a row that stand in a real article: what is authored must not copy.

The corpus's runs of words are kept, and the real texts go by one at a time: nothing of them is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..model.errors import RowError
from ..train.seeds import AuthoredArticle, Fault

#: So many words in a row are copied; fewer may be chance ("the governor of the Belgorod region said on Monday").
N_WORDS = 9
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words(text: str) -> list[str]:
    """The words of a text, by which two texts are compared: case, punctuation and kinds of apostrophe do not count."""
    return _WORD.findall(text.casefold().replace("’", "'"))


def copied(articles: Sequence[AuthoredArticle], folders: Sequence[Path]) -> list[Fault]:
    """Runs of N_WORDS words that stand in a text of these folders, the first one of each line.

    Runs go over the ends of sentences and paragraphs. Time is linear in all texts, memory in the articles.

    Args:
        articles: what must not copy.
        folders: real articles, `*.txt` at any depth.

    Raises:
        RowError: a folder holds no text.
    """
    homes: dict[tuple[str, ...], set[tuple[int, int]]] = {}
    for number, article in enumerate(articles):
        run = [(word, line) for row, line in zip(article.rows, article.lines, strict=True) for word in words(row.text)]
        for i in range(len(run) - N_WORDS + 1):
            gram = tuple(word for word, _ in run[i : i + N_WORDS])
            homes.setdefault(gram, set()).add((number, run[i][1]))
    faults: dict[tuple[int, int], Fault] = {}
    for path in _texts(folders):
        real = words(path.read_text(encoding="utf-8", errors="replace"))
        for i in range(len(real) - N_WORDS + 1):
            gram = tuple(real[i : i + N_WORDS])
            for number, line in homes.get(gram, ()):
                problem = f"{N_WORDS} words in a row that stand in {path.name}: {' '.join(gram)!r}"
                faults.setdefault((number, line), Fault(articles[number].path, line, problem))
    return list(faults.values())


def _texts(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        paths = sorted(folder.rglob("*.txt")) if folder.is_dir() else []
        if not paths:
            raise RowError(f"no real articles in {folder}", expected="a folder with .txt files, at any depth")
        yield from paths
