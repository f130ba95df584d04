# Targets are what the README says. Every one works in a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := sayso.model sayso.train sayso.framing sayso.cli
