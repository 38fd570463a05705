# `make` alone lists the targets.
#
#   PYTHON=python3.12   the Python to build .venv from (3.11 or later)
#   VENV=/path          use this virtual environment as it is: nothing is installed into it
#   ARGS="…"            more arguments for `up`, `test`, `load`
#   SCENARIO=…          with `load`: steady_day (30 s), morning_rush (60 s), disaster_surge (40 s),
#                       withdrawal (2 min)
#   QUICK=1             with `compare`: the main row only

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

ifeq ($(origin VENV), undefined)
VENV := .venv
RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-develop
endif
BIN := $(VENV)/bin

##@ Using it

.PHONY: up
up: $(RUN_READY) ## start the whole platform with the sample city; Ctrl-C stops it
	@exec $(BIN)/python -m gateway.cli up $(ARGS)

##@ Working on it

.PHONY: test
test: $(DEV_READY) ## run every test, with real Kafka, PostgreSQL and Redis
	@echo "What the tests need:"
	@$(BIN)/python -m tests.servers setup
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder \
		-m "not alone"
	$(BIN)/python -m pytest -m alone
endif

.PHONY: check
check: $(DEV_READY) ## lint, format, types, import rules, Kubernetes manifests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/python -m tests.deploy

.PHONY: load
load: $(DEV_READY) ## a load run, as a table and an HTML report (SCENARIO=, see above)
	@exec $(BIN)/python -m loadtests.scenarios $(SCENARIO) $(ARGS)

.PHONY: compare
compare: $(DEV_READY) ## the routing core beside nginx, HAProxy and Envoy (QUICK=1: a minute)
	@$(BIN)/python -m loadtests.peers $(if $(QUICK),--quick)
ifndef QUICK
	@$(BIN)/python -m loadtests.peers.steady --keep
	@$(BIN)/python -m loadtests.peers.held --keep
	@$(BIN)/python -m loadtests.peers.large --keep
	@$(BIN)/python -m loadtests.micro.swap --keep
	@$(BIN)/python -m loadtests.micro --keep
	@$(BIN)/python -m loadtests.peers.targets --keep
endif

.PHONY: micro
micro: $(DEV_READY) ## what each stage of a request costs the routing core's own code
	@exec $(BIN)/python -m loadtests.micro $(ARGS)

.PHONY: lock
lock: $(DEV_READY) ## resolve the dependencies again and write both lock files
	$(LOCK) --extra build -o requirements.lock
	$(LOCK) --all-extras -c requirements.lock -o requirements-dev.lock

.PHONY: assets
assets: $(DEV_READY) ## take the pages' vendored scripts anew (needs npm; ARGS="NAME VERSION")
	$(BIN)/python -m tests.vendored $(ARGS)

LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	$(if $(UPGRADE),--upgrade) pyproject.toml

.PHONY: clean
clean: ## remove what was built, installed, cached and stored here
	rm -rf .venv .servers .supercity dist build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo

# ---------------------------------------------------------------- the virtual environment

define NEEDS_PYTHON
supercity needs Python 3.11 or later; $(PYTHON) is not.
Name another one: make $(MAKECMDGOALS) PYTHON=python3.12
endef
define NEEDS_VENV
$(PYTHON) cannot make virtual environments.
Install its venv module (Debian: sudo apt-get install python3-venv), then run make again.
endef
export NEEDS_PYTHON NEEDS_VENV

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "$$NEEDS_PYTHON" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } \
	  || { echo "$$NEEDS_VENV" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

.venv/.ready-to-run: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what supercity needs (once)"
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready-to-develop: requirements-dev.lock .venv/.ready-to-run
	@echo "Installing what its development needs (once)"
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
