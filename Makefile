# The only front door: people, pre-commit and CI run the same recipes.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
python := .venv/bin/python
export PYTHONUNBUFFERED := 1

.PHONY: all help run stop status test check format env lock bench bench-gpu mutants reference loop

all: check test

help: ## these lines
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

run: env ## start the platform and bring the shipped model to a champion
	@$(python) -m deployments.platform up

stop: ## end every process of the platform
	@if [ -x $(python) ]; then $(python) -m deployments.platform down; else echo "nothing runs: no .venv here"; fi

status: ## what runs, since when, where
	@if [ -x $(python) ]; then $(python) -m deployments.platform status; else echo "nothing runs: no .venv here"; fi

env: ## the virtual environment, from the locks with hashes
	@deployments/venv.sh

test: env ## the whole test suite; only="..." passes pytest arguments
	@deployments/engines.sh
	@$(python) -m pytest $(only)

check: env ## lint, format, types, import contracts
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy
	@.venv/bin/lint-imports

format: env ## apply the formatter and the safe fixes
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

lock: env ## write locks/*.txt anew from pyproject.toml
	@PATH="$$PWD/.venv/bin:$$PATH" deployments/lock.sh

bench: env ## measure; writes the tables in docs/; only="flows.overhead" picks
	@$(python) -m benchmarks $(only)

mutants: env ## faults put into the gate's code; fails if its tests find less than 95 %
	@$(python) -m benchmarks promotion.mutants

bench-gpu: ## measure training on a CUDA device; runs with torch, numpy, scikit-learn
	@$(if $(wildcard $(python)),$(python),python3) -m benchmarks.gpu.training $(only)

reference: env ## published numbers, recomputed
	@if [ -d tests/reference ]; then $(python) -m pytest tests/reference; else echo "no reference tests yet"; fi

loop: env ## drift, alarm, retraining, signature, new champion, on live traffic; twice
	@$(python) -m benchmarks.monitoring.loop
