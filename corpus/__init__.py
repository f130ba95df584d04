"""The authored corpus as an object of study: is it sound (`check`), what is in it (`counts`), how near it is to real
news (`likeness`). Only `sayso corpus` and the tests import it; training reads the corpus through `train/seeds`.
"""
