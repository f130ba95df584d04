"""Wire copy: articles that are nearly one text get one cluster, and identical ones are labelled once.

Nearness is the Jaccard similarity of two articles' sets of five-word runs, estimated by MinHash (Broder, 1997) and
looked up by locality-sensitive hashing. An article is compared with the first article of every cluster, so a cluster
does not creep from one story to the next, and memory grows with the number of stories, not of articles.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ..model.errors import SaysoError
from ..model.labeller import LabelledArticle, Labeller
from ..model.readers.settings import Failure
from ..model.records import Article, Sentence, from_row
from ..model.rowfiles import json_line

if TYPE_CHECKING:
    from rensa import RMinHash

#: Column with the id of the cluster's first article.
CLUSTER = "cluster"
#: Articles at least this similar are copies of one another: a reprint that drops every fourth paragraph still is.
MIN_SIMILARITY = 0.6
_RUN_WORDS = 5
_PERMUTATIONS, _BANDS, _SEED = 128, 32, 1
#: Bytes of compressed rows that are kept to be given to identical articles.
_KEPT_BYTES = 64_000_000
#: Identical articles that wait for the first of them to be labelled.
_MAX_WAITING = 1000
_WORD = re.compile(r"\w+")


class Clusters:
    """Gives each article the id of the first article that is nearly the same.

    Raises:
        SaysoError: the package that finds them is not installed.
    """

    def __init__(self) -> None:
        try:
            from rensa import RMinHash, RMinHashLSH
        except ImportError:
            raise SaysoError(
                "--dedup needs the package rensa", expected="the extra `dedup`", hint="pip install 'sayso[dedup]'"
            ) from None
        self._new_sketch = RMinHash
        self._near = RMinHashLSH(threshold=MIN_SIMILARITY, num_perm=_PERMUTATIONS, num_bands=_BANDS)
        self._firsts: list[tuple[str, RMinHash]] = []

    def mark(self, articles: Iterable[Article | Failure]) -> Iterator[Article | Failure]:
        """The articles with their cluster in the column CLUSTER; an input column of that name gets another one."""
        for article in articles:
            if isinstance(article, Failure):
                yield article
                continue
            extra = {f"input_{CLUSTER}" if column == CLUSTER else column: v for column, v in article.extra.items()}
            yield replace(article, extra={**extra, CLUSTER: self.cluster_of(article)})

    def cluster_of(self, article: Article) -> str:
        """The id of the first article that this one is a copy of: its own if it is none."""
        sketch = self._new_sketch(num_perm=_PERMUTATIONS, seed=_SEED)
        sketch.update(word_runs(article.text))
        for number in sorted(self._near.query(sketch)):
            first, its_sketch = self._firsts[number]
            if sketch.jaccard(its_sketch) >= MIN_SIMILARITY:
                return str(first)
        self._near.insert(len(self._firsts), sketch)
        self._firsts.append((article.id, sketch))
        return article.id


def word_runs(text: str) -> list[str]:
    """All runs of five words of a text, without case and punctuation; a shorter text is one run."""
    words = _WORD.findall(text.casefold())
    return [" ".join(words[i : i + _RUN_WORDS]) for i in range(max(1, len(words) - _RUN_WORDS + 1))]


def label_once(labeller: Labeller, articles: Iterable[Article | Failure]) -> Iterator[LabelledArticle | Failure]:
    """As `Labeller.label`, but the model sees identical texts once (as far as memory of 64 MB of rows reaches).

    Rows depend on the text alone, so the outcomes are the same.
    """
    kept = _KeptRows(labeller.settings.min_confidence > 0)
    waiting: deque[Article | None] = deque()  # None stands for what the labeller was given
    given: set[bytes] = set()

    def firsts() -> Iterator[Article | Failure]:
        for article in articles:
            if isinstance(article, Article):
                digest = _digest(article)
                if (digest in given or digest in kept) and len(waiting) < _MAX_WAITING:
                    waiting.append(article)
                    continue
                given.add(digest)
            waiting.append(None)
            yield article

    def copies() -> Iterator[LabelledArticle | Failure]:
        while waiting and (article := waiting[0]) is not None:
            waiting.popleft()
            rows = kept.rows_for(article)
            yield rows if rows is not None else next(labeller.label([article]))

    for outcome in labeller.label(firsts()):
        yield from copies()
        waiting.popleft()
        if isinstance(outcome, LabelledArticle):
            given.discard(_digest(outcome.article))
            kept.keep(outcome)
        yield outcome
    yield from copies()


class _KeptRows:
    """Rows of the articles labelled last, compressed, by text.

    Args:
        abstaining: whether the labeller adds a column `abstained`.
    """

    def __init__(self, abstaining: bool) -> None:
        self._own = ("abstained",) if abstaining else ()
        self._by_text: OrderedDict[bytes, bytes] = OrderedDict()
        self._n_bytes = 0

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._by_text

    def keep(self, labelled: LabelledArticle) -> None:
        rows = [
            json.loads(json_line(replace(row, extra={column: row.extra[column] for column in self._own})))
            for row in labelled.rows
        ]
        data = {"rows": rows, "boilerplate": [asdict(s) for s in labelled.boilerplate], "n": labelled.n_truncated}
        packed = zlib.compress(json.dumps(data).encode(), 1)
        digest = _digest(labelled.article)
        self._n_bytes += len(packed) - len(self._by_text.pop(digest, b""))
        self._by_text[digest] = packed
        while self._n_bytes > _KEPT_BYTES:
            self._n_bytes -= len(self._by_text.popitem(last=False)[1])

    def rows_for(self, article: Article) -> LabelledArticle | None:
        packed = self._by_text.get(_digest(article))
        if packed is None:
            return None
        data: dict[str, Any] = json.loads(zlib.decompress(packed))
        rows = (from_row(row, "kept rows", number) for number, row in enumerate(data["rows"]))
        return LabelledArticle(
            article,
            tuple(
                replace(
                    row,
                    article=article.id,
                    outlet=article.outlet,
                    date=article.date,
                    extra={**article.own_columns, **row.extra},
                )
                for row in rows
            ),
            tuple(Sentence(**sentence) for sentence in data["boilerplate"]),
            data["n"],
        )


def _digest(article: Article) -> bytes:
    return blake2b(article.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
