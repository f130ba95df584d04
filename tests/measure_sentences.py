"""Compare sentence splitters on gold offsets and on the hard cases: the tables of docs/sentences.md.

    python tests/measure_sentences.py ../shared

The other splitters are not needed to run sayso: `pip install syntok blingfire pysbd` (those missing are left out).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sayso.model.paragraphs import paragraph_spans
from sayso.model.sentences import segment

Spans = list[tuple[int, int]]
Splitter = Callable[[str], Spans]
Case = tuple[str, str, Spans]

HARD_CASES = Path(__file__).parent / "data" / "hard_sentences.tsv"
CUT = "¦"


def hard_cases(path: Path = HARD_CASES) -> Iterator[Case]:
    """Group, text and sentence spans of each case."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            group, marked = line.split("\t")
            spans, text = [], ""
            for piece in marked.split(CUT):
                spans.append((len(text), len(text) + len(piece.rstrip())))
                text += piece
            yield group, text, spans


def gold_articles(folder: Path) -> Iterator[Case]:
    """Name, text and gold spans of each article of `originals/` or `real/`."""
    for gold in sorted((folder / "gold").glob("*.jsonl")):
        text_path = folder / ("text" if (folder / "text").is_dir() else "") / f"{gold.stem}.txt"
        with text_path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        rows = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines()]
        yield gold.stem, text, [(row["start"], row["end"]) for row in rows]


def ours(text: str) -> Spans:
    return [(s.start, s.end) for s in segment(text).sentences]


def by_paragraph(split: Splitter) -> Splitter:
    """The splitter run on each paragraph, its spans without white space at their ends."""

    def run(text: str) -> Spans:
        spans = []
        for start, end in paragraph_spans(text):
            for left, right in split(text[start:end]):
                piece = text[start + left : start + right]
                at = start + left + len(piece) - len(piece.lstrip())
                if piece.strip():
                    spans.append((at, at + len(piece.strip())))
        return spans

    return run


def splitters() -> dict[str, Splitter]:
    """The splitters that are installed."""
    found: dict[str, Splitter] = {}
    import nupunkt

    found["nupunkt"] = by_paragraph(lambda text: [(s[0], s[1]) for s in nupunkt.sent_spans(text)])
    try:
        import blingfire

        found["blingfire"] = by_paragraph(lambda text: list(blingfire.text_to_sentences_and_offsets(text)[1]))
    except ImportError:
        pass
    try:
        import syntok.segmenter
        import syntok.tokenizer

        tokenizer = syntok.tokenizer.Tokenizer()
        found["syntok"] = by_paragraph(
            lambda text: [
                (tokens[0].offset, tokens[-1].offset + len(tokens[-1].value))
                for tokens in syntok.segmenter.split(tokenizer.tokenize(text))
            ]
        )
    except ImportError:
        pass
    try:
        import pysbd

        segmenter = pysbd.Segmenter(language="en", clean=False, char_span=True)
        found["pysbd"] = by_paragraph(lambda text: [(s.start, s.end) for s in segmenter.segment(text)])
    except ImportError:
        pass
    found["ours"] = ours
    return found


def compare(split: Splitter, cases: list[Case]) -> tuple[float, float, float, float]:
    """Share of gold sentences met exactly; precision, recall and F1 of the cuts inside paragraphs.

    Only cuts inside or beside gold sentences count: what gold leaves out was never cut by hand.
    """
    n_exact = n_gold = n_hit = n_cut = n_gold_cut = 0
    for _, text, gold in cases:
        found = split(text)
        n_exact += len(set(found) & set(gold))
        n_gold += len(gold)
        paragraph_starts = {start for start, _ in paragraph_spans(text)}
        gold_cuts = {start for start, _ in gold} - paragraph_starts
        covered = [range(start + 1, end) for start, end in gold]
        cuts = {
            start
            for start, _ in found
            if start not in paragraph_starts and (start in gold_cuts or any(start in span for span in covered))
        }
        n_hit += len(cuts & gold_cuts)
        n_cut += len(cuts)
        n_gold_cut += len(gold_cuts)
    precision = n_hit / max(1, n_cut)
    recall = n_hit / max(1, n_gold_cut)
    return n_exact / n_gold, precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def report_boilerplate(cases: list[Case]) -> str:
    """Precision and recall of boilerplate: what gold leaves out."""
    n_right = n_wrong = n_missed = 0
    for _, text, gold in cases:
        found = segment(text)
        for sentence in found.sentences:
            in_gold = any(sentence.start < end and sentence.end > start for start, end in gold)
            called = sentence.sentence in found.boilerplate
            n_right += called and not in_gold
            n_wrong += called and in_gold
            n_missed += not called and not in_gold
    return (
        f"precision {n_right / max(1, n_right + n_wrong):.3f} ({n_wrong} wrong), "
        f"recall {n_right / max(1, n_right + n_missed):.3f} ({n_missed} missed of {n_right + n_missed})"
    )


def main() -> None:
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
    sets = {name: list(gold_articles(shared / name)) for name in ("originals", "real") if (shared / name).is_dir()}
    sets["hard cases"] = list(hard_cases())
    for name, cases in sets.items():
        n_sentences = sum(len(gold) for _, _, gold in cases)
        print(
            f"\n{name}: {n_sentences} sentences\n| splitter | exact | precision | recall | F1 | all right | seconds |"
        )
        for splitter, split in splitters().items():
            split(cases[0][1])
            begin = time.perf_counter()
            exact, precision, recall, f1 = compare(split, cases)
            seconds = time.perf_counter() - begin
            whole = sum(set(gold) <= set(split(text)) for _, text, gold in cases)
            print(
                f"| {splitter} | {exact:.4f} | {precision:.3f} | {recall:.3f} | {f1:.3f} "
                f"| {whole} of {len(cases)} | {seconds:.2f} |"
            )
        if name != "hard cases":
            print(f"boilerplate: {report_boilerplate(cases)}")


if __name__ == "__main__":
    main()
