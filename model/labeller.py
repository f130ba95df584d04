"""The labeller: article in, labelled rows out. Users and the final scores both go through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .checkpoint import ModelConfig, check_digests, load_tokenizer, read_config, shipped_model
from .errors import ArticleError
from .evidence import article_evidence
from .records import Article, LabelledSentence, Sentence
from .scorer import ArticleScores, Runner, Scorer, probabilities
from .sentences import segment
from .windows import WindowBuilder

#: Decimal places of probabilities in rows: more would be noise, and would differ between machines.
P_DIGITS = 4


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """How articles are labelled.

    Attributes:
        keep_boilerplate: label adverts, menus and the like too.
        min_confidence: rows whose less certain label has a lower probability are marked `abstained`; 0 marks none.
        evidence: give the spans of source, cue and content.
    """

    keep_boilerplate: bool = False
    min_confidence: float = 0.0
    evidence: bool = True


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article's rows, and what was left out on the way.

    Attributes:
        article: what was labelled.
        rows: in order.
        boilerplate: sentences judged to be no text of the article, left out unless they were to be kept.
        n_truncated: tokens of over-long sentences that the model did not see.
    """

    article: Article
    rows: tuple[LabelledSentence, ...]
    boilerplate: tuple[Sentence, ...]
    n_truncated: int


class Labeller:
    """Labels articles with one model.

    Args:
        config: the model's configuration.
        scorer: computes raw scores.
        settings: how articles are labelled.
    """

    def __init__(self, config: ModelConfig, scorer: Scorer, settings: LabelSettings | None = None) -> None:
        self.config = config
        self.scheme = config.scheme
        self.settings = LabelSettings() if settings is None else settings
        self._scorer = scorer

    @classmethod
    def load(
        cls, folder: Path | str | None = None, settings: LabelSettings | None = None, *, n_threads: int | None = None
    ) -> Labeller:
        """Load a model folder, by default the shipped one.

        Args:
            folder: a model folder.
            settings: how articles are labelled.
            n_threads: threads of the runtime; None for all cores.

        Raises:
            ModelFolderError: the folder is not whole, was changed, or is of an unknown version.
        """
        from .runtime import OnnxRunner

        place = shipped_model() if folder is None else Path(folder)
        config = read_config(place)
        check_digests(place, config)
        builder = WindowBuilder(load_tokenizer(place), config.window, config.encoder.special)
        return cls(config, Scorer(builder, config.scheme, OnnxRunner(place, n_threads)), settings)

    @classmethod
    def with_runner(cls, config: ModelConfig, builder: WindowBuilder, runner: Runner) -> Labeller:
        """A labeller over any runner: for parity checks and tests."""
        return cls(config, Scorer(builder, config.scheme, runner))

    def label_text(self, text: str, *, article: str = "text") -> tuple[LabelledSentence, ...]:
        """Label one text."""
        return self.label_article(Article(article, text)).rows

    def label_article(self, article: Article) -> LabelledArticle:
        """Label one article.

        Raises:
            ArticleError: it has no sentence.
        """
        segmentation = segment(article.text)
        kept = segmentation.sentences if self.settings.keep_boilerplate else segmentation.kept
        boilerplate = tuple(s for s in segmentation.sentences if s.sentence in segmentation.boilerplate)
        if not kept:
            raise ArticleError(
                f"article {article.id} has no sentence",
                expected="text",
                found="nothing but boilerplate" if boilerplate else "an empty text",
                hint="use --keep-boilerplate to label it all the same" if boilerplate else "",
            )
        scores = self._scorer.score([self._scorer.encode(article.text, kept)])[0]
        return LabelledArticle(article, tuple(self._rows(article, scores)), boilerplate, scores.n_truncated)

    def label(self, articles: Iterable[Article]) -> Iterator[LabelledArticle | ArticleError]:
        """Label articles one after another; one that fails yields its error and stops nobody."""
        for article in articles:
            try:
                yield self.label_article(article)
            except ArticleError as error:
                yield error

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label given sentences of an article: to compare with gold rows, whose sentences are decided."""
        scores = self._scorer.score([self._scorer.encode(article.text, sentences)])[0]
        return tuple(self._rows(article, scores))

    def _rows(self, article: Article, scores: ArticleScores) -> Iterator[LabelledSentence]:
        speaker = probabilities(scores.speaker, self.config.temperatures["speaker"])
        stance = probabilities(scores.stance, self.config.temperatures["stance"])
        evidence = article_evidence(article.text, scores) if self.settings.evidence else None
        speakers, stances = self.scheme.speaker_ids, self.scheme.stance_ids
        for i, sentence in enumerate(scores.encoded.sentences):
            best_speaker, best_stance = int(np.argmax(speaker[i])), int(np.argmax(stance[i]))
            extra = dict(article.extra)
            if self.settings.min_confidence > 0:
                sure = min(float(speaker[i, best_speaker]), float(stance[i, best_stance]))
                extra["abstained"] = sure < self.settings.min_confidence
            yield LabelledSentence(
                article=article.id,
                paragraph=sentence.paragraph,
                sentence=sentence.sentence,
                start=sentence.start,
                end=sentence.end,
                text=sentence.text,
                speaker=speakers[best_speaker],
                stance=stances[best_stance],
                outlet=article.outlet,
                date=article.date,
                speaker_p=round(float(speaker[i, best_speaker]), P_DIGITS),
                stance_p=round(float(stance[i, best_stance]), P_DIGITS),
                probabilities={
                    "speaker": {s: round(float(p), P_DIGITS) for s, p in zip(speakers, speaker[i], strict=True)},
                    "stance": {s: round(float(p), P_DIGITS) for s, p in zip(stances, stance[i], strict=True)},
                },
                evidence=None if evidence is None else evidence[i],
                extra=extra,
            )
