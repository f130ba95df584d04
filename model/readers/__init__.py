"""Readers of article files, one module a family of formats; `model/articles` is the door."""
