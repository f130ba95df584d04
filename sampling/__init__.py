"""Which articles or sentences to label by hand next, drawn with known probabilities."""

from .design import draw, inclusion_probabilities
from .sample import Sample, SampleSettings, draw_sample

__all__ = ["Sample", "SampleSettings", "draw", "draw_sample", "inclusion_probabilities"]
