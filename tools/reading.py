"""How fast one process reads inputs: how many cores of labelling one reader can feed.

    python tools/reading.py INPUT...

Reads as `sayso label` does (unpacking, extracting text from pages, decoding) and cuts sentences.
"""

from __future__ import annotations

import sys
import time

from sayso.model.articles import read_articles
from sayso.model.readers.settings import Meter
from sayso.model.records import Article
from sayso.model.sentences import segment


def main() -> None:
    """Measure and print."""
    if len(sys.argv) < 2:
        sys.exit(str(__doc__))
    n_articles = n_failed = n_sentences = 0
    cutting = 0.0
    meter = Meter()
    began = time.perf_counter()
    for article in read_articles(sys.argv[1:], warn=lambda message: None, meter=meter):
        if isinstance(article, Article):
            clock = time.perf_counter()
            n_sentences += len(segment(article.text).kept)
            cutting += time.perf_counter() - clock
            n_articles += 1
        else:
            n_failed += 1
    seconds = time.perf_counter() - began
    print(f"{n_articles} articles, {n_failed} failed, {n_sentences} sentences, {meter.n_bytes / 1e6:.1f} MB of input")
    print(f"{n_articles / seconds:.1f} articles a second; {cutting / seconds:.0%} of the time cuts sentences")


if __name__ == "__main__":
    main()
