# The commands of the README and of CI. Each sets up all that it needs.
#
#   PYTHON=python3.12      the Python that makes .venv
#   VENV=folder            another place for it
#   PIP_ARGS="..."         passed on to pip, such as an index with CPU builds of torch
#   FUZZ_SECONDS=600       how long make fuzz runs each of its fuzzers

PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
FUZZ_SECONDS ?= 60
BIN := $(VENV)/bin
SETUP = PYTHON="$(PYTHON)" VENV="$(VENV)" PIP_ARGS="$(PIP_ARGS)" tools/setup_venv.sh

.DEFAULT_GOAL := help
.PHONY: help demo test test-long fuzz check docs bench clean

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

$(BIN)/.facestream: pyproject.toml constraints.txt tools/setup_venv.sh
	@$(SETUP) .
	@touch $@

$(BIN)/.facestream-dev: pyproject.toml constraints.txt tools/setup_venv.sh
	@$(SETUP) '.[dev]'
	@touch $@ $(BIN)/.facestream

demo: $(BIN)/.facestream  ## set up .venv and find the meshes of the sample clip
	@mkdir -p demo-output
	@$(BIN)/python tools/demo.py

test: $(BIN)/.facestream-dev  ## set up all that the tests need and run the quick ones
	VENV="$(VENV)" tools/install_browser.sh
	# Two workers on two cores: threads of one that wait for those of the other cost more than they bring.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-long: $(BIN)/.facestream-dev  ## run the slow tests: accuracy, peers, kill loops, Ray
	# A peer that cannot be installed is skipped by name, and a failure where CI=true.
	PYTHON="$(PYTHON)" benchmarks/peers/install.sh mediapipe || test "$$CI" != true
	PYTHON="$(PYTHON)" benchmarks/peers/install.sh discover-utils || test "$$CI" != true
	PYTHON="$(PYTHON)" benchmarks/peers/install.sh discover || test "$$CI" != true
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m long
	# Two minutes in all.
	$(BIN)/python tools/fuzz.py --seconds 24

fuzz: $(BIN)/.facestream-dev  ## run the fuzzers, FUZZ_SECONDS each
	$(BIN)/python tools/fuzz.py --seconds $(FUZZ_SECONDS)

check: $(BIN)/.facestream-dev  ## run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(BIN)/.facestream-dev  ## build the documentation as a site, strictly
	# Not --quiet, which hides the warnings from --strict as well.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

bench: $(BIN)/.facestream-dev  ## measure accuracy and speed, with TRUTH=folder
	@test -n "$(TRUTH)" || { echo "make bench: name the folder of truth, TRUTH=folder (benchmarks/README.md)"; exit 1; }
	PYTHON="$(PYTHON)" benchmarks/peers/install.sh mediapipe
	PYTHON="$(PYTHON)" benchmarks/peers/install.sh litert
	$(BIN)/python benchmarks/accuracy.py "$(TRUTH)"
	$(BIN)/python benchmarks/speed.py "$(TRUTH)"
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/batching.py
	$(BIN)/python benchmarks/readme_table.py
	$(BIN)/python tools/make_chart.py

clean:  ## remove everything that make has made
	rm -rf $(VENV) .fuzz .peers demo-output dist site
