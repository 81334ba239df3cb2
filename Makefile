# Commands for running, testing and changing Rounds. "make" alone lists them.
# Written for every make since GNU make 3.81 (macOS), with nothing but a shell and Python 3.11 or newer.

HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT

VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest
# What failed is run once more, and decides then: on a busy machine a browser or a killed process may come too late.
TWICE = $(PYTEST) $(1) || { echo "== What failed, once more"; $(PYTEST) $(1) --last-failed --last-failed-no-failures none; }
# As many test processes as cores; "make test WORKERS=1" for one.
WORKERS ?= auto
# The examples in docs/ are code too.
CODE := .

.DEFAULT_GOAL := help
.PHONY: help setup dev run test test-sqlite test-postgresql test-browser lint format bench vendor lock clean

help:  ## List these commands
	@echo "Rounds. Commands:"
	@sed -n 's/^\([a-z-]*\):.*##/  make \1 -/p' Makefile

# Both stamps are copies of what was installed last, so a repeat costs nothing and a change of pins is noticed.
setup:  ## Make .venv and install what the program needs
	@sh -c '$(FIND_PYTHON)'
	@cmp -s requirements.txt $(VENV)/requirements.installed || { \
	  echo "Installing the libraries of Rounds (about a minute the first time) ..." && \
	  $(PIP) -r requirements.txt && cp requirements.txt $(VENV)/requirements.installed; }

dev: setup  ## Install also what tests and checks need
	@cmp -s requirements-dev.txt $(VENV)/requirements-dev.installed || { \
	  echo "Installing the libraries of the tests and checks ..." && \
	  $(PIP) -r requirements.txt -r requirements-dev.txt && \
	  cp requirements-dev.txt $(VENV)/requirements-dev.installed; }

run: setup  ## Start Rounds on http://127.0.0.1:8000 (HOST=... PORT=... to change)
	@exec $(PY) -m flask --app wsgi serve

test: test-sqlite test-postgresql test-browser  ## Run all tests: on SQLite, on PostgreSQL, in a browser

test-sqlite: dev  ## Run the tests on SQLite
	@echo "== Tests on SQLite"
	@TEST_DATABASE=sqlite; export TEST_DATABASE; $(call TWICE,-n $(WORKERS) --dist worksteal --ignore=tests/e2e)

test-postgresql: dev  ## Run the tests that use the database on PostgreSQL
	@echo "== Tests on PostgreSQL"
	@TEST_DATABASE=postgresql; export TEST_DATABASE; $(call TWICE,-n $(WORKERS) --dist worksteal --ignore=tests/e2e)

test-browser: dev  ## Run the tests in a real browser
	@echo "== Tests in a browser"
	@$(PY) -m tests.browser
	@$(call TWICE,-n $(WORKERS) --dist loadfile tests/e2e)

lint: dev  ## Check style, types, the architecture, the templates and the vendored files
	@code=0; \
	run() { echo "== $$*"; "$$@" || code=1; }; \
	run $(PY) -m ruff check $(CODE); \
	run $(PY) -m ruff format --check $(CODE); \
	run $(PY) -m mypy; \
	run $(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"; \
	run $(PY) -m djlint templates --lint --quiet; \
	run $(PY) static/vendor/vendor.py check; \
	exit $$code

format: dev  ## Put the code into the agreed format
	$(PY) -m ruff check --fix $(CODE)
	$(PY) -m ruff format $(CODE)

bench: dev  ## Measure the program for docs/BENCHMARKS.md (a part: ARGS="--only imports"; all options: ARGS=--help)
	@$(PY) -m tests.bench $(ARGS)

vendor: setup  ## Fetch the JavaScript and CSS of others into static/vendor, checksums checked
	@$(PY) static/vendor/vendor.py fetch

lock: dev  ## Write requirements*.txt anew from requirements*.in (ARGS=--upgrade for newer versions)
	$(LOCK) requirements.in -o requirements.txt $(ARGS)
	$(LOCK) requirements-dev.in -o requirements-dev.txt $(ARGS)

clean:  ## Remove .venv and what the tools left (your data in instance/ stay)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

PIP = $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# For every platform and every Python from 3.11 on; no header, for it would name the machine that wrote it.
LOCK = $(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header

# Make .venv with the first Python that is new enough (PYTHON=... to choose); one that has died is made anew.
define FIND_PYTHON
$(PY) -c "import pip" 2>/dev/null && exit 0; \
for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
  "$$python" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || continue; \
  "$$python" -c "import ensurepip, venv" 2>/dev/null || { lacking=$$python; continue; }; \
  echo "Making .venv with $$("$$python" --version) ..."; \
  rm -rf $(VENV); exec "$$python" -m venv $(VENV); \
done; \
if [ -n "$$lacking" ]; then \
  echo "$$lacking lacks its venv module: install it (on Debian and Ubuntu: apt install python3-venv), then try again." >&2; \
else \
  echo "Rounds needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3." >&2; \
fi; exit 1
endef
