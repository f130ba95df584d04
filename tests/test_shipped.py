"""The shipped model, held to its pinned floors (quality_floors.json). Lowering one needs a reason in the commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sayso.evaluation.gold import read_gold
from sayso.evaluation.scores import confusion, macro_f1
from sayso.evaluation.traps import read_traps, spring
from sayso.model.checkpoint import read_config
from sayso.model.errors import SchemeError
from sayso.model.labeller import Labeller, LabelSettings
from sayso.model.learned import learned_note
from sayso.model.records import Article
from sayso.model.scheme import Scheme
from sayso.train.examples import TrainingArticle, from_rows
from sayso.train.seeds import join_standoff

ROOT = Path(__file__).parent.parent
FLOORS = json.loads((ROOT / "tests" / "quality_floors.json").read_text(encoding="utf-8"))
POLNEAR = Path(os.environ.get("SAYSO_POLNEAR", ROOT.parent / "shared" / "polnear"))
ORIGINALS = Path(os.environ.get("SAYSO_ORIGINALS", ROOT.parent / "shared" / "originals"))


@pytest.fixture(scope="module")
def labeller(shipped: Path) -> Labeller:
    return Labeller.load(shipped)


def _figures(labeller: Labeller, articles: list[TrainingArticle]) -> dict[str, float]:
    """Macro-F1 of both heads and the share with both labels right, through the labeller that users have."""
    scheme = labeller.scheme
    numbers: dict[str, list[tuple[int, int]]] = {"speaker": [], "stance": []}
    for article in articles:
        rows = labeller.label_sentences(Article(article.id, article.text), article.sentences)
        for row, target in zip(rows, article.targets, strict=True):
            ids = scheme.speaker_ids
            numbers["speaker"].append((ids.index(target.speakers[0]), ids.index(row.speaker)))
            numbers["stance"].append((scheme.stance_ids.index(str(target.stance)), scheme.stance_ids.index(row.stance)))
    speaker, stance = np.array(numbers["speaker"]), np.array(numbers["stance"])
    return {
        "speaker_macro_f1": macro_f1(confusion(speaker[:, 0], speaker[:, 1], len(scheme.speakers))),
        "stance_macro_f1": macro_f1(confusion(stance[:, 0], stance[:, 1], len(scheme.stances))),
        "both_right": float(((speaker[:, 0] == speaker[:, 1]) & (stance[:, 0] == stance[:, 1])).mean()),
    }


def test_real_articles_reach_the_floors(labeller: Labeller) -> None:
    labels = ROOT / "seeds" / "originals" / "labels.csv"
    if not ORIGINALS.is_dir():
        pytest.skip(f"the three real articles are not in {ORIGINALS}: set SAYSO_ORIGINALS")
    figures = _figures(labeller, from_rows(join_standoff(labels, [ORIGINALS]), "originals"))
    for name, floor in FLOORS["originals"].items():
        assert figures[name] >= floor, f"{name}: {figures}"


def test_speakers_never_trained_on_reach_the_floors(shipped: Path) -> None:
    """American news of 2016, read by the codebook: who is meant by descriptions and names, and the stance."""
    texts = POLNEAR / "dev" / "text"
    if not texts.is_dir():
        pytest.skip(f"PolNeAR is not in {POLNEAR}: set SAYSO_POLNEAR")
    labeller = Labeller.load(shipped, LabelSettings(scheme=Scheme.load("us2016")))
    figures = _figures(labeller, from_rows(join_standoff(ROOT / "seeds" / "polnear" / "dev.csv", [texts]), "readings"))
    for name, floor in FLOORS["readings"].items():
        assert figures[name] >= floor, f"{name}: {figures}"


def test_traps_reach_the_floor(labeller: Labeller) -> None:
    families = spring(labeller, read_traps(ROOT / "seeds" / "traps", labeller.scheme))
    passed = sum(family.passed for family in families)
    assert passed >= FLOORS["traps"]["least_passed"], f"{passed} of {sum(family.n for family in families)}"


def test_the_sample_article_is_read_as_a_person_reads_it(labeller: Labeller) -> None:
    text = (ROOT / "docs" / "sample.txt").read_text(encoding="utf-8")
    found = {row.text: (row.speaker, row.stance) for row in labeller.label_text(text)}
    expected = {
        # Attributed to the Legion by name, neutral verb.
        "The Freedom of Russia Legion said its units had taken the customs post and were moving along the road to the"
        " district hospital.": ("legion", "reports"),
        # The second half of a quotation whose speaker stands in the sentence before.
        "“By the evening they will have to explain this on television.”": ("legion", "reports"),
        # What is asserted is the not knowing.
        "Neither claim could be checked independently.": ("outlet", "asserts"),
        # "Confirmed" only fits a truth: the outlet vouches for it, the governor stays the source.
        "The region's governor, Vyacheslav Gladkov, confirmed that eleven people had been taken to hospital, two of"
        " them children.": ("governor", "asserts"),
        # A pronoun for the governor, neutral verb.
        "Those who stayed were asked to keep away from windows, he added.": ("governor", "reports"),
        # A hedge that hides its source.
        "Several residents reportedly spent the night in a school cellar.": ("other", "reports"),
    }
    wrong = {sentence: (labels, found[sentence]) for sentence, labels in expected.items() if found[sentence] != labels}
    assert len(wrong) <= FLOORS["sample"]["most_wrong"], wrong


def test_an_article_alone_and_among_others_gets_the_same_rows(labeller: Labeller) -> None:
    texts = ["The governor said two houses burned.", (ROOT / "docs" / "sample.txt").read_text(encoding="utf-8")]
    alone = [labeller.label_text(text, article=str(i)) for i, text in enumerate(texts)]
    together = [done.rows for done in labeller.label(Article(str(i), text) for i, text in enumerate(texts))]  # type: ignore[union-attr]
    assert together == alone


def test_the_folder_is_small_and_whole(shipped: Path) -> None:
    names = {p.name for p in shipped.iterdir()}
    assert names == {"config.json", "model.safetensors", "model.onnx", "tokenizer.json", "README.md", "learned.npy"}
    assert sum(p.stat().st_size for p in shipped.iterdir()) <= FLOORS["size"]["most_bytes"]


def test_the_graph_gives_the_labels_of_its_weights_in_full_precision(shipped: Path) -> None:
    # Measured at export, on the held-out articles.
    parity = read_config(shipped).parity
    for name, floor in FLOORS["parity"].items():
        assert parity[name] >= floor, parity


def test_it_knows_what_it_learned_from(shipped: Path) -> None:
    articles = sorted((ROOT / "seeds" / "articles").glob("*.txt"))
    held_out = (ROOT / "seeds" / "held_out.txt").read_text(encoding="utf-8").split()
    scheme = Scheme.load("belgorod")
    texts = {
        path.stem in held_out: [row.text for article in read_gold(path, scheme) for row in article.rows]
        for path in (articles[0], next(path for path in articles if path.stem in held_out))
    }
    assert "WARNING" in learned_note(shipped, texts[False], "an article that it read")
    assert learned_note(shipped, texts[True], "one that was held out") == ""


def test_labelling_never_imports_torch() -> None:
    code = (
        "import sys\nfrom sayso import Labeller\n"
        "rows = Labeller.load().label_text('The governor said two houses burned.')\n"
        "print(rows[0].speaker, sorted({'torch', 'transformers', 'datasets', 'sklearn', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "governor []"


def test_another_studys_speakers_are_told_by_their_descriptions(labeller: Labeller, shipped: Path) -> None:
    """Any source or the outlet: the six speakers' own labels of the sample article, the outlet against the rest."""
    text = (ROOT / "docs" / "sample.txt").read_text(encoding="utf-8")
    other = Labeller.load(shipped, LabelSettings(scheme=Scheme.load("attribution")))
    rows = other.label_text(text)
    assert {row.speaker for row in rows} == {"source", "outlet"}
    agree = [
        (ours.speaker == "outlet") == (row.speaker == "outlet")
        for ours, row in zip(labeller.label_text(text), rows, strict=True)
    ]
    assert sum(agree) >= len(agree) - 2


def test_stances_that_the_model_never_met_are_refused(shipped: Path) -> None:
    with pytest.raises(SchemeError, match=r"does not know the stances(.|\n)*asserts, reports(.|\n)*distances"):
        Labeller.load(shipped, LabelSettings(scheme=Scheme.load("trial")))
