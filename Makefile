# The two commands to know: `make demo` and `make test`. Everything lands in $(VENV) and $(DEMO), nothing else is touched.

SHELL := /bin/sh
VENV ?= .venv
DEMO ?= demo
ROWS ?=
PYTHON ?=
MARK ?= not slow and not proof
JOBS ?= 2
# The tests write journals with an fsync at each entry: in memory, where there is room, they take a fifth of the time.
TESTS_TMP = $(shell test -w /dev/shm && test "$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}')" -gt 4000000 && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNBOOK = $(BIN)/runbook

.DEFAULT_GOAL := help
.PHONY: help demo test proof lint docs clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@for p in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "making $(VENV) with $$("$$p" --version)" >&2; exec "$$p" -m venv $(VENV); fi; done; \
	echo "no Python 3.11 or newer with venv was found: install one (on Debian: python3 python3-venv), or say make PYTHON=/path/to/python" >&2; exit 1

$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing runbook into $(VENV)" >&2
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@echo "installing the tools for tests into $(VENV)" >&2
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --constraint constraints.txt --group dev
	@touch $@

demo: $(VENV)/.base ## make a demo chain with an incident in it, and run the runbook for it unattended
	@test -f $(DEMO)/inventory.yaml || $(RUNBOOK) demo $(DEMO) $(if $(ROWS),--rows $(ROWS))
	@$(RUNBOOK) --project $(DEMO) run approval-drop --auto \
	  --at "$$($(BIN)/python -c 'import json, sys; print(json.load(open(sys.argv[1]))["at"])' $(DEMO)/.demo.json)"
	@echo "to type runbook as above: . $(BIN)/activate" >&2

test: $(VENV)/.dev ## the tests that every change must pass
	@TMPDIR=$(TESTS_TMP) $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "$(MARK)"

proof: $(VENV)/.dev ## the slow tests (many seeds, whole processes), and what is measured, each beside its bar
	@TMPDIR=$(TESTS_TMP) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "slow or proof"
	@for each in benchmarks/*.py; do $(BIN)/python "$$each" || missed="$$missed $$each"; done; \
	  test -z "$$missed" || { echo "missed the bar:$$missed" >&2; exit 1; }

lint: $(VENV)/.dev ## style, types, and which room may import which
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

docs: $(VENV)/.dev ## write again what is made from the code: pages of docs/, and schema/
	@$(BIN)/python docs/generate.py

clean: ## remove what was made: the virtual environment, the demo, caches
	@rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
