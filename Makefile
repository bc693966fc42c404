# make demo       install into .venv, then estimate the shipped network digits-mlp
# make test       install, then lint and run the tests (minutes)
# make test-all   the same and the slower checks: wheel in a fresh environment, long searches
#
# PYTHON=python3.12 chooses the interpreter, PIP_ARGS="--index-url ..." goes to every pip.

PYTHON ?= python3
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export PIP_ARGS
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-all fast-tests all-tests lint bench clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -5

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"qres needs Python 3.11 to 3.13, $(PYTHON) is {v[0]}.{v[1]}; use make PYTHON=python3.12")'
	@echo "== making $(VENV) with $$($(PYTHON) --version)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "== installing qres and what it needs (about two minutes, 2 GB)"
	@$(BIN)/python -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e ".[measure,dev]"
	@touch $(READY)

demo: $(READY)
	@echo "== qres estimate digits-mlp"
	@$(BIN)/qres estimate digits-mlp

lint: $(READY)
	@echo "== ruff, import-linter, pyright"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/pyright --pythonpath $(BIN)/python > $(VENV)/pyright.log || { cat $(VENV)/pyright.log; exit 1; }

# lint keeps one core busy for most of a minute: beside the tests, not before them
test: $(READY)
	@$(MAKE) --no-print-directory -j2 lint fast-tests

test-all: $(READY)
	@$(MAKE) --no-print-directory -j2 lint all-tests

fast-tests: $(READY)
	@echo "== tests, without the slow ones"
	@$(BIN)/python -m pytest -n auto -m "not slow"

all-tests: $(READY)
	@echo "== all tests"
	@$(BIN)/python -m pytest -n auto

bench: $(READY)
	@$(BIN)/python tests/benchmarks/bench_commands.py
	@$(BIN)/python tests/benchmarks/bench_price.py
	@$(BIN)/python tests/benchmarks/bench_job.py
	@$(BIN)/python tests/benchmarks/bench_bloq.py
	@$(BIN)/python tests/benchmarks/bench_formula.py
	@$(BIN)/python tests/benchmarks/bench_curvature.py
	@$(BIN)/python tests/benchmarks/bench_newton.py
	@$(BIN)/python tests/benchmarks/bench_schedule.py
	@$(BIN)/python tests/benchmarks/bench_physical.py 1e5

clean:
	rm -rf $(VENV) build dist
