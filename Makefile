# Two commands do everything: `make app` and `make test`. `make help` lists the others.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-ready
DEVELOP := $(VENV)/.develop-ready
# A process per core, each with its own copy of the libraries (2 GB): no more than four.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help app setup test lint audit browser precompute screenshots clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

app: $(RUNTIME) ## set up if needed, then open the app in the browser
	$(BIN)/streamlit run app.py $(APP_FLAGS)

setup: $(RUNTIME) ## make the environment in .venv, with the pinned dependencies

test: $(DEVELOP) browser lint ## set up if needed, then lint, types and the whole test suite
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term-missing:skip-covered $(TEST_FLAGS)

lint: $(DEVELOP) ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(RUNTIME) ## look the locked packages up among known flaws, where these can be reached
	$(BIN)/python -m scripts.audit

browser: ## Chromium, for figure files and the browser tests
	@sh scripts/ensure-chromium.sh

precompute: $(RUNTIME) ## make precomputed/results.duckdb again: DATA=folder REFERENCE=folder
	$(BIN)/python -m backend precompute --data $(DATA) --reference $(REFERENCE)

screenshots: $(DEVELOP) browser ## take the README's pictures of every page again
	$(BIN)/python -m scripts.screenshots

clean: ## remove the environment and caches; results in runs/ stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "CortexScale needs Python 3.11, and '$(PYTHON)' is not on the path."; \
	  echo "Install it, or name another: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt requirements.lock | $(BIN)/python
	@grep -v '^pycortex' requirements.txt > $(VENV)/without-pycortex.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/without-pycortex.txt -c requirements.lock
	@sh scripts/install-pycortex.sh $(BIN)/python
	@touch $@

$(DEVELOP): requirements-dev.txt requirements-s3.txt requirements-s3-test.txt $(RUNTIME)
	@sed 's/^-r requirements.txt/-r without-pycortex.txt/' requirements-dev.txt > $(VENV)/develop.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/develop.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-s3-test.txt
	@touch $@
