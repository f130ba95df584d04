"""Labelled rows to a model folder, with its scores. The only package that imports torch."""
