# A fresh machine needs Python 3.11 or later, make and a package index. Everything else is installed here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup refresh test pages nights lint audit bench ui generate lock screens clean

help: ## Show these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## Make the virtual environment from the hash-pinned lock

$(READY): requirements.lock requirements-bootstrap.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

refresh: $(READY) ## Run the whole nightly job on the demo Statbank and print a summary
	$(BIN)/k2025 refresh --source demo

test: $(READY) lint ## Lint, type check and the whole suite
	$(BIN)/pytest

lint: $(READY) ## Format, lint and type check, Python and SQL
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --nocolor dbt/models

audit: $(READY) ## Look every locked dependency up among known vulnerabilities (needs the internet; docs/security.md)
	$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict --progress-spinner off

bench: $(READY) ## Measure speed, memory and requests, side by side with pyjstat and pxwebpy (minutes)
	$(BIN)/python benchmarks/run_all.py

ui: $(READY) ## Open Dagster on 127.0.0.1:3000
	$(BIN)/k2025 ui

generate: $(READY) ## Write the files that follow from schemas/ and dbt/ anew
	$(BIN)/python -m k2025_pipeline.catalog.generate
	$(BIN)/python -m k2025_pipeline.quality.checks_page

pages: $(READY) ## Write docs/indicators anew, with charts of what is published in K2025_HOME (the demo)
	$(BIN)/k2025 pages docs/indicators

nights: $(READY) ## Run a thousand seeded nights with faults and kills, see docs/simulation.md
	$(BIN)/pytest -m slow tests/simulation

screens: $(READY) ## Take the pictures in docs/images (installs Chromium with apt where it is missing)
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium)
	$(BIN)/pytest -m ui tests/ui

lock: ## Resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-strip-extras --no-header --upgrade --quiet -o requirements.lock
	grep -E '^uv==' requirements.lock | sed -E 's/ *\\$$//' | \
		$(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--quiet -o requirements-bootstrap.lock

clean: ## Remove the environment; var/ is left alone
	rm -rf $(VENV)
