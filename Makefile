# `make run` opens the console, `make test` runs everything that must be green; both set up .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
JOBS ?= auto

.PHONY: run test lint format soak bench model picture clean
.DEFAULT_GOAL := run

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

run: $(STAMP)
	$(BIN)/paxos-tui $(ARGS)

test: lint
	$(BIN)/pytest -n $(JOBS) -m 'not soak' $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: $(STAMP)
	$(BIN)/pytest -n $(JOBS) -m soak --timeout 3600 $(ARGS)

bench: $(STAMP)
	PIP_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/paxos-tui bench $(ARGS)

# It needs no .venv: the standard library, SPIN and a C compiler, and says so where they are missing.
model:
	@$(PYTHON) docs/model/run.py $(ARGS)

picture: $(STAMP)
	$(BIN)/python docs/take_picture.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
