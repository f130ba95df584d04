"""Training with a tiny random encoder: rows in, a whole model folder out, the same folder for the same seed."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training tests need the train extra")

import torch

from sayso.model.checkpoint import check_replaceable
from sayso.model.errors import ConfigError, ModelFolderError, RowError, SaysoError
from sayso.model.labeller import Labeller
from sayso.model.records import LabelledSentence
from sayso.model.scheme import Scheme
from sayso.train.data import read_study
from sayso.train.encoders import load_encoder
from sayso.train.folder import load_teachers
from sayso.train.loop import freeze_embeddings, parameter_groups
from sayso.train.masters import MasterWeights
from sayso.train.run import _digest, start
from sayso.train.settings import TrainSettings

SENTENCES = (
    ("The governor said two houses burned.", "governor", "reports"),
    ("The raid was on Monday.", "outlet", "asserts"),
    ("Kyiv denied it had troops in the village.", "ukrainian_officials", "reports"),
    ("The legion claimed the village.", "legion", "reports"),
    ("The minister confirmed the raid.", "kremlin", "asserts"),
    ("Reporters were told of three fighters.", "other", "reports"),
)


def _rows(path: Path, n_articles: int = 10) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["article", "paragraph", "sentence", "text", "speaker", "stance"])
        for article in range(n_articles):
            for i in range(len(SENTENCES)):
                text, speaker, stance = SENTENCES[(i + article) % len(SENTENCES)]
                writer.writerow(
                    [f"a{article}", i // 2, i, text.replace("two", ["two", "three"][article % 2]), speaker, stance]
                )
    return path


def _recipe(rows: Path, encoder: Path, **changes: object) -> TrainSettings:
    values: dict[str, object] = {
        "scheme": "belgorod",
        "encoder": str(encoder),
        "data": {"rows": [str(rows)]},
        "validation_share": 0.2,
        "epochs": 2,
        "batch_tokens": 1024,
        "precision": "float32",
        "learning_rate": 1e-3,
        "window": {"n_tokens": 256, "context_before": 32, "context_after": 16},
    }
    return TrainSettings.from_dict({**values, **changes}, "test")


def _silent(line: str) -> None:
    assert isinstance(line, str)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    from sayso.train.run import run

    base = tmp_path_factory.mktemp("models")
    rows = _rows(base / "rows.csv")
    made = {}
    for weights in ("float32", "int8", "int4"):
        made[weights] = base / weights
        run(_recipe(rows, tiny_encoder, weights=weights, rounding_from=0.5), made[weights], command="test", say=_silent)
    return made


@pytest.mark.parametrize("weights", ["float32", "int8", "int4"])
def test_a_trained_folder_labels(folders: dict[str, Path], weights: str) -> None:
    folder = folders[weights]
    assert {p.name for p in folder.iterdir()} == {
        "config.json",
        "model.safetensors",
        "model.onnx",
        "tokenizer.json",
        "README.md",
        "learned.npy",
    }
    rows = Labeller.load(folder).label_text(
        "Raid on the village\n\nThe governor said two houses burned. He was not there."
    )
    assert [row.sentence for row in rows] == [0, 1, 2]
    for row in rows:
        assert row.probabilities is not None
        assert row.speaker_p == max(row.probabilities["speaker"].values())
        assert abs(sum(row.probabilities["speaker"].values()) - 1) < 1e-3
        assert abs(sum(row.probabilities["stance"].values()) - 1) < 1e-3


def test_figures_on_what_was_learned_from_come_with_a_warning(folders: dict[str, Path], tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sayso.cli import app

    def said(gold: Path) -> str:
        command = ["evaluate", str(gold), "--model", str(folders["int8"]), "--resamples", "0"]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        return result.stderr

    assert "WARNING: the model learned from" in said(folders["int8"].parent / "rows.csv")
    fresh = tmp_path / "fresh.csv"
    fresh.write_text(
        "article,paragraph,sentence,text,speaker,stance\nb,0,0,The bridge over the river was closed.,outlet,asserts\n",
        encoding="utf-8",
    )
    assert "WARNING: the model learned from" not in said(fresh)


def test_what_the_starting_model_had_read_is_known_too(folders: dict[str, Path], tmp_path: Path) -> None:
    from sayso.model.learned import digests, read_learned
    from sayso.train.examples import from_rows
    from sayso.train.run import learned_from

    before = read_learned(folders["int8"])
    assert before is not None
    texts = {text.replace("two", n) for text, _, _ in SENTENCES for n in ("two", "three")}
    assert len(before)
    assert np.isin(before, digests(texts)).all()
    new = "The bridge over the river was closed."
    row = LabelledSentence(
        article="b", paragraph=0, sentence=0, start=0, end=len(new), text=new, speaker="outlet", stance="asserts"
    )
    articles = from_rows([row], "rows:new.csv")
    both = learned_from(articles, folders["int8"])
    assert both is not None
    assert set(both) == {*before, *digests([new])}
    assert set(learned_from(articles, None) or ()) == set(digests([new]))
    # Whoever starts from a folder that does not say cannot say it either.
    assert learned_from(articles, tmp_path) is None


def test_same_seed_same_bytes(folders: dict[str, Path], tiny_encoder: Path, tmp_path: Path) -> None:
    from sayso.train.run import run

    rows = folders["int4"].parent / "rows.csv"
    again = tmp_path / "again"
    run(_recipe(rows, tiny_encoder, weights="int4", rounding_from=0.5), again, command="test", say=_silent)
    for name in ("model.safetensors", "model.onnx", "tokenizer.json"):
        assert (again / name).read_bytes() == (folders["int4"] / name).read_bytes(), name
    other = tmp_path / "other"
    run(_recipe(rows, tiny_encoder, weights="int4", run_seed=1), other, command="test", say=_silent)
    assert (other / "model.safetensors").read_bytes() != (again / "model.safetensors").read_bytes()


def test_a_broken_run_goes_on_to_the_same_weights(
    folders: dict[str, Path], tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sayso.train import loop
    from sayso.train.run import run

    recipe = _recipe(folders["int4"].parent / "rows.csv", tiny_encoder, weights="int4", rounding_from=0.5)
    saved = loop._save
    n_saved = 0

    def save_and_break(*arguments: object) -> None:
        nonlocal n_saved
        saved(*arguments)  # type: ignore[arg-type]
        n_saved += 1
        if n_saved == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_save", save_and_break)
    out = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        run(recipe, out, command="test", say=_silent)
    assert not out.exists()
    said: list[str] = []
    run(recipe, out, command="test", say=said.append)
    assert any("going on after epoch 1" in line for line in said)
    assert (out / "model.safetensors").read_bytes() == (folders["int4"] / "model.safetensors").read_bytes()
    assert not list(tmp_path.glob("*.state"))


def test_a_run_that_ends_before_rounding_began_is_kept(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sayso.train import loop
    from sayso.train.run import run

    # Epochs may turn out shorter than the first one was counted to be.
    monkeypatch.setattr(loop, "measured_pace", lambda *arguments: (100, 0.1))
    recipe = _recipe(_rows(tmp_path / "rows.csv"), tiny_encoder, weights="int8", rounding_from=1.0)
    made = run(recipe, tmp_path / "model", command="test", say=_silent)
    assert made.training["best_epoch"] == 2, "the last one, whose weights were taken"


def test_a_broken_run_of_another_scheme_or_start_begins_anew(tiny_encoder: Path, tmp_path: Path) -> None:
    from sayso.model.scheme import Scheme
    from sayso.train.encoders import load_encoder
    from sayso.train.run import _drop_stale_state, _start_digest

    network = load_encoder(str(tiny_encoder), 0.0).module
    scheme = Scheme.load("belgorod")
    known = _start_digest(scheme, network)
    assert known == _start_digest(scheme, load_encoder(str(tiny_encoder), 0.0).module)
    renamed = scheme.model_copy(update={"title": "Another"})
    assert known != _start_digest(renamed, network)
    next(network.parameters()).data += 1
    assert known != _start_digest(scheme, network)
    state, said = tmp_path / "model.state", list[str]()
    for digests, is_kept in ((f"data {known}", True), ("data other", False), ("other other", False)):
        state.write_bytes(b"weights")
        (tmp_path / "model.digest").write_text(f"data {known}")
        _drop_stale_state(state, digests, said.append)
        assert state.is_file() == is_kept
    assert len(said) == 2


def test_saved_and_reloaded_networks_agree(folders: dict[str, Path]) -> None:
    import torch

    from sayso.model.scheme import Scheme
    from sayso.train.folder import load_network

    scheme = Scheme.load("belgorod")
    first, _ = load_network(folders["int4"], scheme, 0.0)
    second, _ = load_network(folders["int4"], scheme, 0.0)
    for (name, a), (_, b) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    config = json.loads((folders["int4"] / "config.json").read_text())
    assert config["parity"]["speaker_equal"] >= 0.97


def test_learning_goes_on_from_a_model_folder(folders: dict[str, Path], tmp_path: Path) -> None:
    from sayso.train.run import run

    rows = folders["int4"].parent / "rows.csv"
    run(_recipe(rows, folders["int4"], weights="int8", epochs=1), tmp_path / "next", command="test", say=_silent)
    assert Labeller.load(tmp_path / "next").label_text("The raid was on Monday.")


def test_early_stopping_leaves_time_to_round(tiny_encoder: Path, tmp_path: Path) -> None:
    from sayso.train.run import run

    said: list[str] = []
    recipe = _recipe(
        _rows(tmp_path / "rows.csv"),
        tiny_encoder,
        weights="int8",
        rounding_from=0.9,
        epochs=12,
        patience=1,
        learning_rate=1e-6,
        head_learning_rate=1e-6,
    )
    made = run(recipe, tmp_path / "out", command="test", say=said.append)
    history = made.training["history"]
    # Next to nothing is learned at this rate: patience ends long before epoch 11, where the recipe would round.
    rounded = [h["rounded"] for h in history]
    assert rounded == sorted(rounded)
    assert len(rounded) < 11
    assert rounded[-1]
    assert any("going on with rounded weights" in line for line in said)
    assert any("12 epochs of" in line and "less if it stops early" in line for line in said)


def test_without_validation_all_epochs_run(tiny_encoder: Path, tmp_path: Path) -> None:
    from sayso.train.run import run

    recipe = _recipe(_rows(tmp_path / "rows.csv"), tiny_encoder, validation_share=0.0, patience=1, epochs=3)
    made = run(recipe, tmp_path / "out", command="test", say=_silent)
    assert len(made.training["history"]) == 3
    assert made.scores == {}


def test_a_full_disk_is_told_before_any_work(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sayso.train import space
    from sayso.train.run import run

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda place: usage._replace(free=100_000))
    with pytest.raises(SaysoError, match=r"not enough space(.|\n)*0.00 GB free"):
        run(_recipe(_rows(tmp_path / "rows.csv"), tiny_encoder), tmp_path / "out", command="test", say=_silent)
    assert not (tmp_path / "out").exists()


def test_a_disk_that_fills_up_costs_nothing(folders: dict[str, Path], tiny_encoder: Path, tmp_path: Path) -> None:
    import resource

    from sayso.train.run import run

    recipe = _recipe(folders["int4"].parent / "rows.csv", tiny_encoder, weights="float32", rounding_from=0.5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A state takes 2 MB: it cannot be written whole, and the system says so as it says that a disk is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(SaysoError, match=r"the disk is full(.|\n)*goes on after the last whole epoch"):
            run(recipe, tmp_path / "out", command="test", say=_silent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))
    run(recipe, tmp_path / "out", command="test", say=_silent)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (
        folders["float32"] / "model.safetensors"
    ).read_bytes()


def test_few_labels_are_read_several_times(folders: dict[str, Path], tiny_encoder: Path, tmp_path: Path) -> None:
    """Two epochs of one batch would be two steps; at least nine are asked for: each epoch reads the labels 5 times."""
    from sayso.train.run import run

    lines: list[str] = []
    recipe = _recipe(folders["int4"].parent / "rows.csv", tiny_encoder, batch_tokens=8192, min_steps=9)
    run(recipe, tmp_path / "out", command="test", say=lines.append)
    told = "\n".join(lines)
    assert "few labels: each epoch reads them 5 times" in told
    assert "2 epochs of 5 steps" in told


def test_polnear_cannot_teach_other_stances(tmp_path: Path) -> None:
    from sayso.model.scheme import Scheme
    from sayso.train.data import load
    from sayso.train.settings import Data

    trial = Scheme.load("trial").to_dict()
    trial["stances"] = [{"id": "claims", "name": "claims"}, {"id": "asserts", "name": "asserts"}]
    with pytest.raises(SaysoError, match=r"PolNeAR cannot teach the stances(.|\n)*asserts and reports"):
        load(Data(polnear=tmp_path), Scheme.from_dict(trial, "test"))


def test_a_recipe_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes("scheme: belgorod # für".encode("latin-1"))
    with pytest.raises(ConfigError, match="no text in UTF-8"):
        TrainSettings.load(path)


def test_a_study_of_its_own_starts_from_a_model_of_another(folders: dict[str, Path], tmp_path: Path) -> None:
    from sayso.train.run import run

    labels = {
        "governor": "prosecution",
        "ukrainian_officials": "defence",
        "legion": "judge",
        "kremlin": "witness",
    }
    path = tmp_path / "trial.csv"
    with (folders["int4"].parent / "rows.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            stance = "distances" if row["speaker"] == "legion" else row["stance"]
            writer.writerow({**row, "speaker": labels.get(row["speaker"], row["speaker"]), "stance": stance})
    recipe = _recipe(path, folders["int4"], scheme="trial", weights="int8", epochs=1)
    run(recipe, tmp_path / "out", command="test", say=_silent)
    (row,) = Labeller.load(tmp_path / "out").label_text("The judge denied it.")
    assert row.probabilities is not None
    assert set(row.probabilities["stance"]) == {"asserts", "reports", "distances"}
    assert set(row.probabilities["speaker"]) == {"prosecution", "defence", "judge", "witness", "other", "outlet"}


def test_a_downloaded_snapshot_labels_alike(folders: dict[str, Path], tmp_path: Path) -> None:
    """huggingface_hub keeps files under their digests, and a snapshot as links to them, beside files of its own."""
    import hashlib

    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "0f3a"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for file in folders["int8"].iterdir():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        shutil.copyfile(file, blobs / digest)
        (snapshot / file.name).symlink_to(Path("../../blobs") / digest)
    (snapshot / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    text = "The governor said two houses burned. The raid was on Monday."
    assert Labeller.load(snapshot).label_text(text) == Labeller.load(folders["int8"]).label_text(text)


@pytest.mark.parametrize(
    ("option", "n_runs", "answer"),
    [(["--folds", "2"], 2, "standard deviation"), (["--seeds", "2"], 2, "deviation"), (["--curve"], 4, "sentences")],
)
def test_the_trials_of_the_command_are_a_table(
    option: list[str], n_runs: int, answer: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    import typer
    from typer.testing import CliRunner

    from sayso.cli.train import train

    app = typer.Typer()
    app.command()(train)
    recipe = _recipe(_rows(tmp_path / "rows.csv"), tiny_encoder, epochs=1)
    config = tmp_path / "my.yaml"
    config.write_text(json.dumps(recipe.to_dict()))
    done = CliRunner().invoke(app, ["-c", str(config), *option])
    assert done.exit_code == 0, done.output
    assert sum(line.startswith("│") for line in done.stdout.splitlines()) == n_runs
    assert answer in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folders["int4"], tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(ModelFolderError, match=name):
        Labeller.load(copy)


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx", "tokenizer.json"])
def test_a_changed_file_is_refused(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folders["int4"], tmp_path / "copy"))
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(ModelFolderError, match="sha256"):
        Labeller.load(copy)


def test_another_format_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folders["int4"], tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "format": 99}))
    with pytest.raises(ModelFolderError, match="format 1"):
        Labeller.load(copy)


def test_a_folder_of_something_else_is_not_replaced(
    folders: dict[str, Path], tiny_encoder: Path, tmp_path: Path
) -> None:
    from sayso.train.run import run

    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    rows = folders["int4"].parent / "rows.csv"
    said: list[str] = []
    with pytest.raises(SaysoError, match="no model folder"):
        run(_recipe(rows, tiny_encoder, epochs=1), tmp_path / "thesis", command="test", say=said.append)
    assert said == []  # told before anything was read or learned
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"


@pytest.mark.parametrize(("content", "message"), [("{", "not JSON"), ("[1]", "no configuration")])
def test_an_encoder_with_a_broken_configuration_is_told(tmp_path: Path, content: str, message: str) -> None:
    from sayso.model.scheme import Scheme
    from sayso.train.run import start

    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "config.json").write_text(content)
    with pytest.raises(ConfigError, match=f"config.json is {message}"):
        start(_recipe(tmp_path / "rows.csv", tmp_path / "encoder"), Scheme.load("belgorod"))


def test_the_card_leaves_the_licence_to_the_trainer(tiny_model: Path) -> None:
    from sayso.model.checkpoint import read_config
    from sayso.train.card import model_card

    recipe = {"run_seed": 0, "split_seed": 0}
    facts = {"recipe": recipe, "data": {"summary": []}, "minutes": 1, "history": []}
    card = model_card(replace(read_config(tiny_model), training=facts))
    assert "license:" not in card
    assert "## Licence" in card


def test_a_kill_between_the_renames_costs_no_model(tmp_path: Path) -> None:
    from sayso.model.checkpoint import new_folder

    model, aside = tmp_path / "model", tmp_path / ".model.old"
    aside.mkdir()
    only, following = '{"format": 1, "note": "the only one"}', '{"format": 1, "note": "the next"}'
    (aside / "config.json").write_text(only)

    def broken_off() -> None:
        with new_folder(model):
            assert (model / "config.json").read_text() == only
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert (model / "config.json").read_text() == only
    with new_folder(model) as folder:
        (folder / "config.json").write_text(following)
    assert (model / "config.json").read_text() == following
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("temperature", [0, -1.5, float("nan"), float("inf"), "warm"])
def test_a_temperature_that_is_none_is_refused(tiny_model: Path, tmp_path: Path, temperature: object) -> None:
    copy = Path(shutil.copytree(tiny_model, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    config["temperatures"]["stance"] = temperature
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFolderError, match="malformed"):
        Labeller.load(copy)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("scheme: belgorod\nlerning_rate: 0.1\n", "did you mean 'learning_rate'"),
        ("scheme: belgorod\nepochs: many\n", "epochs"),
        ("scheme: belgorod\nwindow: {n_tokens: 128, context_before: 100}\n", "more than half"),
        ("epochs: [\n", "no clean YAML"),
        ("epochs: 3\nseed: 1\nepochs: 4\n", "'epochs' stands twice in one entry, in lines 1 and 3"),
    ],
)
def test_a_wrong_recipe_is_told(tmp_path: Path, recipe: str, message: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(recipe)
    with pytest.raises(ConfigError, match=message):
        TrainSettings.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,speaker,stance\nHe said so.,govenor,reports\n", "did you mean 'governor'"),
        ("text,speaker\nHe said so.,governor\n", "stance is missing"),
        ("text|speaker|stance\nHe said so.|governor|reports\n", "one column only"),
        ("text,speaker,stance\nHe said so.,governor,reports\n", "too few labelled sentences"),
        ("", "empty"),
    ],
)
def test_wrong_rows_are_told_before_any_work(tmp_path: Path, tiny_encoder: Path, content: str, message: str) -> None:
    from sayso.train.run import run

    path = tmp_path / "labels.csv"
    path.write_text(content)
    with pytest.raises(SaysoError, match=message):
        run(_recipe(path, tiny_encoder), tmp_path / "out", command="test", say=_silent)
    assert not (tmp_path / "out").exists()


def test_no_article_is_on_both_sides(tmp_path: Path, tiny_encoder: Path) -> None:
    from sayso.model.scheme import Scheme
    from sayso.train.data import load, split

    recipe = _recipe(_rows(tmp_path / "rows.csv", 20), tiny_encoder)
    parts = split(load(recipe.data, Scheme.load("belgorod")), recipe)
    assert not {a.id for a in parts.train} & {a.id for a in parts.validation}
    assert not {a.text for a in parts.train} & {a.text for a in parts.validation}
    # The articles repeat each other, so dropping twins must have been said.
    assert any("the same text is held out" in note for note in parts.notes)


def test_a_sentence_without_its_text_is_told(tmp_path: Path) -> None:
    from sayso.model.rowfiles import read_rows

    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"text": "A.", "speaker": "outlet", "stance": "asserts"}\n{"speaker": "outlet", "stance": "asserts"}\n'
    )
    with pytest.raises(RowError, match=r"rows.jsonl:2: no usable 'text'"):
        list(read_rows(path))


def test_temperature_recovers_a_known_one() -> None:
    from sayso.train.calibrate import temperature

    rng = np.random.default_rng(0)
    true = rng.normal(size=(4000, 3)).astype(np.float32) * 2
    p = np.exp(true) / np.exp(true).sum(-1, keepdims=True)
    gold = (rng.random((4000, 1)) > p.cumsum(-1)).sum(-1).clip(max=2)
    # Logits twice too large are twice too sure: the temperature that mends them is 2.
    assert temperature(true * 2, gold) == pytest.approx(2.0, rel=0.1)
    # Half as large they are less sure than they might be here; elsewhere they may not: nothing is sharpened.
    assert temperature(true / 2, gold) == 1.0


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['sayso', '--help']\n"
        "from sayso.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'datasets', 'evaluate', 'polars', 'pyarrow', 'onnxruntime', 'numpy'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert "HEAVY []" in done.stdout


def test_a_student_learns_from_a_teacher_of_its_own_labels_and_tokens(
    folders: dict[str, Path], tiny_encoder: Path, tmp_path: Path
) -> None:
    from sayso.train.run import run

    rows = folders["float32"].parent / "rows.csv"
    taught = {"teachers": [str(folders["float32"])], "precision": "bf16", "epochs": 1}
    made = run(_recipe(rows, tiny_encoder, **taught), tmp_path / "taught", command="test", say=_silent)
    alone = run(
        _recipe(rows, tiny_encoder, precision="bf16", epochs=1), tmp_path / "alone", command="test", say=_silent
    )
    assert made.training["history"][0]["loss"] != alone.training["history"][0]["loss"]

    scheme = Scheme.load("trial")
    other = tmp_path / "trial.csv"
    other.write_text(rows.read_text().replace("kremlin", "defence"))
    with pytest.raises(ConfigError, match="does not know the study's labels"):
        load_teachers(_recipe(rows, tiny_encoder, **taught), scheme, load_encoder(str(tiny_encoder), 0.0))
    with pytest.raises(ConfigError, match="reads other tokens"):
        load_teachers(_recipe(rows, tiny_encoder, **taught), Scheme.load("belgorod"), load_encoder("minilm", 0.0))


def test_masters_start_from_the_full_precision_that_the_encoder_has(tiny_encoder: Path, tmp_path: Path) -> None:
    # No step at all: what comes out is what went in, to the last bit, whatever the network computes in.
    settings = _recipe(tmp_path / "none.csv", tiny_encoder, precision="bf16")
    begin = start(settings, Scheme.load("belgorod"))
    before = {name: value.clone() for name, value in begin.network.state_dict().items()}
    freeze_embeddings(begin.network)
    begin.network.to(torch.bfloat16)
    masters = MasterWeights(begin.network, before, parameter_groups(begin.network, settings), 1, settings)
    after = masters.result()
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert torch.equal(after[name], value.float()), name


def test_other_held_out_articles_are_other_data(tiny_encoder: Path, tmp_path: Path) -> None:
    named, rows = tmp_path / "held_out.txt", _rows(tmp_path / "rows.csv")
    digests = set()
    for ids in ("a0\na1\n", "a2\na3\n"):
        named.write_text(ids)
        settings = _recipe(rows, tiny_encoder, validation_share=0.0, held_out=str(named))
        digests.add(_digest(settings, read_study(settings)))
    assert len(digests) == 2


def test_only_a_model_folder_is_replaced(tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "config.json").write_text('{"model_type": "bert"}')
    (encoder / "thesis.txt").write_text("three years of work")
    with pytest.raises(SaysoError, match="is no model folder"):
        check_replaceable(encoder)
    (encoder / "config.json").write_text('{"format": 3}')
    check_replaceable(encoder)


def _other_family(family: str, tokenizer: Path, folder: Path) -> Path:
    """A tiny random encoder whose dropouts, norms and biases are called or left out otherwise than BERT's."""
    from transformers import DistilBertConfig, DistilBertModel, ModernBertConfig, ModernBertModel

    shutil.copytree(tokenizer, folder)
    n_words = len((tokenizer / "vocab.txt").read_text(encoding="utf-8").splitlines())
    torch.manual_seed(0)
    if family == "ModernBERT":
        special = {"pad_token_id": 0, "cls_token_id": 2, "bos_token_id": 2, "sep_token_id": 3, "eos_token_id": 3}
        sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
        config = ModernBertConfig(vocab_size=n_words, max_position_embeddings=256, **special, **sizes)
        ModernBertModel(config).save_pretrained(folder)
    else:
        sizes = {"dim": 64, "n_layers": 2, "n_heads": 2, "hidden_dim": 128}
        DistilBertModel(DistilBertConfig(vocab_size=n_words, max_position_embeddings=256, **sizes)).save_pretrained(
            folder
        )
    return folder


@pytest.mark.parametrize(("family", "weights"), [("ModernBERT", "int8"), ("DistilBERT", "float32")])
def test_encoders_of_other_families_train_and_label(
    family: str, weights: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    from sayso.train.run import run

    encoder = _other_family(family, tiny_encoder, tmp_path / "encoder")
    recipe = _recipe(_rows(tmp_path / "rows.csv"), encoder, weights=weights, rounding_from=0.5, dropout=0.1, epochs=1)
    run(recipe, tmp_path / "model", command="test", say=_silent)
    rows = Labeller.load(tmp_path / "model").label_text("The governor said two houses burned. He was not there.")
    assert len(rows) == 2
    again = start(recipe.model_copy(update={"encoder": str(tmp_path / "model")}), Scheme.load("belgorod"))
    assert {m.p for m in again.network.modules() if isinstance(m, torch.nn.Dropout)} <= {0.0, 0.1}


@pytest.mark.parametrize("family", ["BERT", "DistilBERT"])
def test_a_student_starts_from_some_of_the_layers(family: str, tiny_encoder: Path, tmp_path: Path) -> None:
    from sayso.train.run import run

    folder = tiny_encoder if family == "BERT" else _other_family(family, tiny_encoder, tmp_path / "encoder")
    rows = _rows(tmp_path / "rows.csv")
    whole = {name: value.clone() for name, value in load_encoder(str(folder), 0.0).module.state_dict().items()}
    student = start(_recipe(rows, folder, layers=[1]), Scheme.load("belgorod")).encoder.module.state_dict()
    # What was layer 1 is layer 0 now, and nothing else has changed.
    assert len(student) < len(whole)
    for name, value in student.items():
        assert torch.equal(value, whole[name.replace("layer.0.", "layer.1.")]), name

    run(_recipe(rows, folder, layers=[1], epochs=1), tmp_path / "model", command="test", say=_silent)
    assert len(Labeller.load(tmp_path / "model").label_text("The governor said two houses burned.")) == 1
    again = start(_recipe(rows, tmp_path / "model"), Scheme.load("belgorod"))  # the folder says how many there are
    assert len(again.encoder.module.state_dict()) == len(student)


def test_layers_that_cannot_be_kept_are_told(tiny_encoder: Path, tmp_path: Path) -> None:
    for layers in ([2], [1, 0], [0, 0]):
        with pytest.raises(ConfigError, match="no such layers"):
            start(_recipe(tmp_path / "rows.csv", tiny_encoder, layers=layers), Scheme.load("belgorod"))
    mixed = _other_family("ModernBERT", tiny_encoder, tmp_path / "encoder")  # its layers look near and far in turn
    with pytest.raises(ConfigError, match="cannot be left out"):
        start(_recipe(tmp_path / "rows.csv", mixed, layers=[0]), Scheme.load("belgorod"))
