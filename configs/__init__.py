"""Training recipes (`*.yaml`) and speaker schemes (`schemes/*.yaml`), shipped as data."""
