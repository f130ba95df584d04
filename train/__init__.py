"""Labelled rows to a model folder, with its scores. Imports torch, as do `model.network` and `evaluation.finetuned`."""
