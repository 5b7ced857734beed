# The commands of a developer and of a small installation; `make help` lists them.

PYTHON ?= python3
PORT ?= 8000
# Processes that run tests at the same time
JOBS ?= 2

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# Node of the machine where it is new enough, else the one from a Python package
HAS_NODE := $(shell node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20)' \
	2>/dev/null && command -v npm)
WITH_NODE := PATH="$(BIN):$$PATH"
FRONT_END := $(shell find static/src static/*.mjs static/*.json -type f 2>/dev/null)

.PHONY: help
help:
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: run
run: export HELPDESK_DEMO ?= $(if $(DATABASE_URL),0,1)
run: export HELPDESK_ALLOW_PRIVATE_HOSTS ?= 1
run: export PORT := $(PORT)
run: $(VENV)/.run static/dist/.built ## set up and start everything on this machine
	@$(BIN)/python -m helpdesk.run

# Browser tests run apart: their driver keeps an event loop, which asynchronous tests cannot share.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

.PHONY: test
test: $(VENV)/.dev static/dist/.built chromium ## run all tests, in browsers too (TESTS=... for some)
	@$(BIN)/python -m helpdesk.embedded sh -c \
		'$(BIN)/python -m helpdesk.catalogues compile && \
		$(if $(TESTS),$(PYTEST) $(TESTS),$(PYTEST) --ignore tests/browser && $(PYTEST) tests/browser)'

.PHONY: fuzz
fuzz: $(VENV)/.dev static/dist/.built ## hold the API against its description for longer (FUZZ=examples)
	@FUZZ_EXAMPLES=$(or $(FUZZ),1000) $(BIN)/python -m helpdesk.embedded \
		$(BIN)/python -m pytest -n $(JOBS) --timeout 7200 tests/api/test_schema.py

.PHONY: bench
bench: $(VENV)/.dev static/dist/.built ## measure speed at 10,000 and 100,000 tickets (BENCH=... for options)
	@$(BIN)/python -m helpdesk.embedded $(BIN)/python -m bench $(BENCH)

.PHONY: chaos
chaos: $(VENV)/.dev static/dist/.built ## kill processes under load and count (CHAOS=... for options)
	@$(BIN)/python -m tests.chaos $(CHAOS)

.PHONY: mutants
mutants: $(VENV)/.dev static/dist/.built ## take out each lock, constraint, check: a test must notice
	@$(BIN)/python -m helpdesk.embedded $(BIN)/python -m tests.mutants $(MUTANTS)

.PHONY: lint
lint: $(VENV)/.dev static/dist/.built gettext ## check style, types, layers, templates, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(WITH_NODE) npm run --silent check
	$(BIN)/python -m helpdesk.embedded sh deploy/check-production "$(BIN)/python"
	$(BIN)/python -m helpdesk.embedded $(BIN)/mypy .

.PHONY: format
format: $(VENV)/.dev ## rewrite the code in the agreed form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: messages
messages: $(VENV)/.dev gettext ## collect what is to be translated into locale/
	$(BIN)/python -m helpdesk.catalogues update

.PHONY: lock
lock: $(VENV)/.dev ## choose the newest allowed versions of all Python packages
	for name in base embedded node dev; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-emit-find-links \
			--custom-compile-command "make lock" \
			requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

.PHONY: audit
audit: $(VENV)/.dev node_modules/.installed ## look for known holes in what we use
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements/base.txt
	$(WITH_NODE) npm audit --omit=optional

.PHONY: clean
clean: ## remove what was built; data are kept
	rm -rf $(VENV) node_modules static/dist staticfiles

# What the targets above stand on

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Okienko needs Python 3.11 or newer: name it by PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -qqy python3-venv; \
		else echo "Python's venv is missing: install python3-venv." >&2; exit 1; fi; }
	@echo "Making the Python environment ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python requirements/base.txt requirements/embedded.txt
	@echo "Installing Python packages ..."
	@$(PIP) --requirement requirements/base.txt --requirement requirements/embedded.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Installing the packages of tests and checks ..."
	@$(PIP) --requirement requirements/dev.txt
	@touch $@

$(VENV)/.node: $(BIN)/python requirements/node.txt
	@$(if $(HAS_NODE),,$(PIP) --requirement requirements/node.txt)
	@touch $@

node_modules/.installed: $(VENV)/.node package-lock.json
	@echo "Fetching the front end's packages ..."
	@$(WITH_NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

static/dist/.built: node_modules/.installed $(FRONT_END)
	@echo "Building the front end ..."
	@$(WITH_NODE) npm run --silent build
	@touch $@

# $(call needs,PROGRAM,DEBIAN PACKAGE): installed by root, asked for by others
needs = command -v $(1) >/dev/null || { \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -qqy $(2); \
	else echo "$(1) is missing: install the package $(2)." >&2; exit 1; fi; }

.PHONY: chromium gettext
chromium:
	@$(call needs,chromium,chromium)

gettext:
	@$(call needs,xgettext,gettext)
