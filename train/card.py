"""The model card: what the model is, what it learned from, how it scores, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.checkpoint import ModelConfig


def model_card(config: ModelConfig) -> str:
    """Markdown for the model folder's README, with the header that model hubs read."""
    scheme = config.scheme
    recipe = config.training["recipe"]
    scores = config.scores
    licence = recipe.get("licence")
    lines = [
        "---",
        *([f"license: {licence}"] if licence else []),
        "language: en",
        "library_name: sayso",
        "pipeline_tag: text-classification",
        "---",
        "",
        f"# {scheme.title if scheme.title else scheme.name}",
        "",
        "Labels every sentence of a news article by speaker (on whose word it rests) and stance (does the outlet",
        "assert it, or report it). Made by `sayso train`; used by `sayso label --model <this folder>`.",
        "",
        "## Labels",
        "",
        *(f"- `{s.id}` ({s.letter}): {s.name}. {s.description}" for s in scheme.speakers),
        *(f"- `{s.id}`: {s.description}" for s in scheme.stances),
        "",
        "## What it learned from",
        "",
        f"- Started from: {config.encoder.name}",
        *(f"- {line}" for line in config.training["data"]["summary"]),
        "",
        f"Weights are kept as {config.weights}. Training took {config.training['minutes']} minutes.",
        "",
        "## Scores on held-out articles",
        "",
    ]
    if scores:
        lines += [
            f"{scores['n_articles']} articles, {scores['n_sentences']} sentences, none of them learned from; they chose"
            " the best epoch and the temperatures.",
            "",
            "| | macro-F1 | accuracy | calibration error |",
            "| --- | --- | --- | --- |",
            *(_head_line(head, scores[head]) for head in ("speaker", "stance")),
            "",
            f"Both labels right: {scores['both_right']:.3f}.",
            "",
            "| label | F1 | sentences |",
            "| --- | --- | --- |",
            *(
                f"| {label} | {figures['f1']:.3f} | {figures['n']} |"
                for head in ("speaker", "stance")
                for label, figures in scores[head]["by_label"].items()
            ),
        ]
    else:
        lines.append("No article was held out.")
    lines += [
        "",
        f"The exported graph against the same weights in full-precision arithmetic: {config.parity}.",
        "",
        "## Limits",
        "",
        "It reads English news. Its labels are guesses with a probability: figures drawn from them need a",
        "hand-labelled sample to correct them (`sayso sample`, `sayso frame --gold`). It says on whose word",
        "a sentence rests, not whether it is true.",
        "",
        f"Recipe: seed {recipe['run_seed']}, split seed {recipe['split_seed']}, "
        f"{len(config.training['history'])} epochs; the whole of it stands in config.json.",
        "",
        "## Licence",
        "",
        f"{licence}." if licence else "None was chosen (`licence` in the recipe).",
        "",
    ]
    return "\n".join(lines)


def _head_line(head: str, figures: Mapping[str, float]) -> str:
    return f"| {head} | {figures['macro_f1']:.3f} | {figures['accuracy']:.3f} | {figures['calibration_error']:.3f} |"
