# What this project can do; `make` alone prints it. Needs Python 3.11 or newer and nothing installed.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python
# Two makes that find no virtual environment must not fill it at the same time.
LOCKED := $(if $(shell command -v flock),flock Makefile,)
# A part of the tests cannot cover everything: the coverage is measured and demanded without ARGS.
COVERAGE = $(if $(ARGS),,--cov --cov-report=term)

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed  ## the shop and a sandbox Erply on http://127.0.0.1:8000/ (PORT=8001 for another port)
	@exec $(RUN) -m shop.demo --port '$(PORT)'

test: $(VENV)/installed  ## every test, with full branch coverage (ARGS="-k login" for a part, without coverage)
	$(RUN) -m pytest -n auto --maxprocesses=8 $(COVERAGE) $(ARGS)

lint: $(VENV)/installed-dev  ## ruff, nothing changed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

format: $(VENV)/installed-dev  ## ruff, mending what it can
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

types: $(VENV)/installed-dev  ## mypy, strict
	$(RUN) -m mypy

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/it" if sys.version_info < (3, 11) else 0)'
	$(LOCKED) $(PYTHON) -m venv $(VENV)
	$(LOCKED) $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(LOCKED) $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
