"""The articles for the reading view: every sentence with its labels, as small as it goes."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from ..model.scheme import Scheme

#: Articles in one page: more make a page that opens slowly (1,000 of 25 sentences are about 5 MB).
PER_PAGE = 1000


def pages(rows: pl.DataFrame, scheme: Scheme) -> list[str]:
    """Prepared rows as JSON texts of at most PER_PAGE articles, safe inside a script element.

    Each is a list of articles: id, title, outlet, date, cluster, and paragraphs of sentences `[text, speaker index,
    stance index, speaker_p, stance_p]`; probabilities are whole percents, or null.
    """
    extra = [name for name in ("title", "url", "speaker_p", "stance_p", "paragraph") if name in rows.columns]
    columns = ["article", "outlet", "date", "cluster", "sentence", "text", "speaker", "stance", *extra]
    order = (
        rows.select("article", "outlet", "date")
        .unique("article", keep="first", maintain_order=True)
        .sort("outlet", "date", "article", nulls_last=True)
    )
    articles = order["article"].to_list()
    table = rows.select(columns)
    texts = []
    for start in range(0, len(articles), PER_PAGE):
        wanted = articles[start : start + PER_PAGE]
        part = table.filter(pl.col("article").is_in(wanted))
        found: dict[str, dict[str, Any]] = {}
        for row in part.iter_rows(named=True):
            add_sentence(found, row, scheme)
        texts.append(script_safe([found[article] for article in wanted]))
    return texts


def add_sentence(found: dict[str, dict[str, Any]], row: dict[str, Any], scheme: Scheme) -> None:
    """Put one row in its article and paragraph."""
    article = found.get(row["article"])
    if article is None:
        article = found[row["article"]] = {
            "id": row["article"],
            "title": row.get("title") or _short(row["text"]),
            "outlet": row["outlet"],
            "date": row["date"],
            "copy": row["cluster"],
            "last": None,
            "paragraphs": [],
        }
    paragraph = row.get("paragraph")
    if not article["paragraphs"] or paragraph != article["last"]:
        article["paragraphs"].append([])
        article["last"] = paragraph
    labels = [scheme.speaker_ids.index(row["speaker"]), scheme.stance_ids.index(row["stance"])]
    sure = [None if row.get(p) is None else round(100 * row[p]) for p in ("speaker_p", "stance_p")]
    article["paragraphs"][-1].append([row["text"], *labels, *sure])


def _short(text: str, most: int = 90) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 1].rsplit(" ", 1)[0] + " …"


def script_safe(data: object) -> str:
    """JSON that no HTML parser can take for markup: whatever an article holds, it cannot leave the script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character, escape in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(character, escape)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
