PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := build/demo

.PHONY: help demo test lint bench clean

help:  ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 8

demo: $(VENV)/.demo  ## Set up, mix 200 real images, draw a before/after sheet in build/demo
	rm -rf $(DEMO)
	$(BIN)/blockmix demo $(DEMO)

test: $(VENV)/.test  ## Set up and run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.lint  ## Check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.bench  ## Measure draw, gather and mix beside a memory copy and NumPy (one minute)
	$(BIN)/python -m pytest bench/bench_mix.py --benchmark-only --benchmark-group-by=param:blocks \
		--benchmark-columns=median,iqr,min,max --benchmark-sort=name --benchmark-json=build/bench.json

clean:  ## Remove everything that the other targets made
	rm -rf build dist *.egg-info .venv .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache

# One stamp for each extra of pyproject.toml. Bytecode comes with the first import of what is used,
# which takes a demo from 63 s to 36 s.
$(VENV)/.%: pyproject.toml | $(VENV)/.made
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --editable '.[$*]'
	@mkdir -p build
	@touch $@

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@
