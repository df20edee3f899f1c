PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := build/demo
CURVES := bench/results/0.1.0-xeon-2cores-curves
PRIVACY := bench/results/0.1.0-xeon-2cores-privacy.json
PUZZLES := bench/results/0.1.0-xeon-2cores-puzzles.json
PERSONS := bench/results/0.1.0-xeon-2cores-persons.json
SCALE := bench/results/0.1.0-xeon-2cores-scale/scale.json
PLAN ?= reduced
UTILITY := $(wildcard bench/results/*-utility-*/utility.json)
# The summary shows the times; pytest-benchmark's own table would hide them among forty rows.
BENCH := $(BIN)/python -m pytest --benchmark-only --benchmark-quiet

.PHONY: help demo test test-cluster test-cudasim test-ptx gpu-check lint docs pages bench bench-full curves privacy puzzles persons scale utility utility-smoke single-blocks clean

help:  ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 12

demo: $(VENV)/.demo  ## Set up, mix 200 real images, draw a before/after sheet in build/demo
	rm -rf $(DEMO)
	$(BIN)/blockmix demo $(DEMO)

test: $(VENV)/.test  ## Set up and run the tests
	@echo "Running the tests: about seven minutes on two cores ..."
	$(BIN)/python -m pytest

test-cudasim: $(VENV)/.test $(VENV)/.cuda13  ## Run the CUDA kernels in numba's simulator, without a GPU
	NUMBA_ENABLE_CUDASIM=1 $(BIN)/python -m pytest tests/cudasim

test-ptx: $(VENV)/.test $(VENV)/.cuda13  ## Compile the CUDA kernels for five generations of GPUs and run the result, without a GPU
	$(BIN)/python -m pytest tests/ptx

test-cluster: $(VENV)/.test-cluster  ## Run shards on Dask, Ray, an S3 server and stores that fail, all on this machine
	BLOCKMIX_TEST_REQUIRE=datasets,distributed,fsspec,moto,pyarrow,ray,s3fs,webdataset \
		$(BIN)/python -m pytest tests/cluster tests/datasets/shards tests/datasets/engines

gpu-check:  ## On a machine with a GPU: test and measure the CUDA backend, write build/gpu.json
	$(PYTHON) -m blockmix.bench.gpu.check

lint: $(VENV)/.lint  ## Check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/.docs  ## Build the site of the documentation into build/docs, without a network
	rm -rf build/docs
	$(BIN)/sphinx-build -q -W --keep-going -n docs build/docs
	@echo "look at build/docs/index.html"

pages: $(VENV)/.plot $(VENV)/.report  ## Write what pages take from records and from the code: tables, figures, options
	$(BIN)/blockmix bench plot $(CURVES)/curves.json
	$(BIN)/python -m blockmix.bench.curves.pages $(CURVES)/curves.json README.md docs/speed.md
	$(BIN)/python -m blockmix.bench.privacy show $(PRIVACY) README.md docs/privacy.md
	$(BIN)/python -m blockmix.bench.privacy show $(PUZZLES) docs/privacy.md
	$(BIN)/python -m blockmix.bench.privacy draw $(PUZZLES) docs/puzzles.png
	$(BIN)/python -m blockmix.bench.privacy show $(PERSONS) docs/privacy.md
	$(BIN)/python -m blockmix.bench.scale draw $(SCALE)
	$(BIN)/python -m blockmix.bench.scale show $(SCALE) docs/scaling.md
	$(foreach record,$(UTILITY),$(BIN)/blockmix bench plot $(record) &&) true
	$(if $(UTILITY),$(BIN)/python -m blockmix.bench.utility.pages docs/utility.md $(UTILITY) --example "FairFace gender")
	$(BIN)/python docs/command_line.py docs/command-line.md
	$(BIN)/python docs/before_after.py docs/before-after.png

bench: $(VENV)/.bench  ## Measure draw, gather and mix beside a copy, NumPy and PyTorch, and resizing beside Pillow (two minutes)
	$(BENCH) bench/suites/bench_mix.py bench/suites/bench_resize.py --benchmark-json=build/bench.json
	$(BIN)/python -m blockmix.bench.speed.summary build/bench.json

bench-full: $(VENV)/.bench  ## The same, and sizes, labels, layouts, threads, memory, start-up (10 GiB of memory)
	$(BENCH) bench/suites/bench_mix.py bench/suites/bench_resize.py bench/suites/bench_full.py \
		--benchmark-json=build/bench-full.json
	$(BIN)/python -m blockmix.bench.speed.summary build/bench-full.json
	$(BIN)/python -m blockmix.bench.speed.memory
	$(BIN)/python -m blockmix.bench.speed.memory --rounds 3
	$(BIN)/python -m blockmix.bench.speed.startup

curves: $(VENV)/.plot  ## Measure the paper's running-time curves (half an hour) on IMAGES=folder, else generated
	rm -rf build/curves
	$(BIN)/blockmix bench curves --output build/curves $(if $(IMAGES),--images $(IMAGES))

privacy: $(VENV)/.report  ## Measure the privacy of a folder, mixed in many ways (half an hour): IMAGES=folder
	$(BIN)/python -m blockmix.bench.privacy measure $(IMAGES) build/privacy.json

puzzles: $(VENV)/.report  ## Put mixed images of a label together again (two minutes): IMAGES=folder
	$(BIN)/python -m blockmix.bench.privacy puzzles $(IMAGES) build/puzzles.json

persons: $(VENV)/.report  ## Measure persons with and without groups (five minutes): IMAGES=folder of one folder a person
	$(BIN)/python -m blockmix.bench.privacy persons $(IMAGES) build/persons.json

scale: $(VENV)/.plot $(VENV)/.cluster  ## Measure shards on one process and two, and simulate clusters (ten minutes): IMAGES=folder, else generated
	rm -rf build/scale
	$(BIN)/python -m blockmix.bench.scale measure build/scale $(if $(IMAGES),--images $(IMAGES))

utility: $(VENV)/.utility  ## Train on mixed sets (hours): IMAGES=folder with train, val and a CSV file of each, PLAN=reduced, BUDGET=60m
	$(BIN)/blockmix bench utility $(IMAGES)/train --labels $(IMAGES)/train.csv:gender --groups race \
		--test $(IMAGES)/val --test-labels $(IMAGES)/val.csv:gender \
		--plan $(PLAN) $(if $(BUDGET),--budget $(BUDGET)) --output build/utility-$(PLAN) --resume
	$(BIN)/blockmix bench plot build/utility-$(PLAN)/utility.json

utility-smoke: $(VENV)/.utility  ## Train on generated images: whether the above runs (half a minute)
	rm -rf build/utility-smoke
	$(BIN)/blockmix bench utility --plan smoke --output build/utility-smoke

single-blocks: $(VENV)/.report  ## Measure how often one block names its person (ten seconds): IMAGES=folder of one folder a person
	$(BIN)/python -m blockmix.bench.utility.single_blocks $(IMAGES)

clean:  ## Remove everything that the other targets create
	rm -rf build dist *.egg-info .venv .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache

# One stamp for each extra in pyproject.toml. pip compiles no bytecode, as imports compile what they
# use: a demo takes 36 s instead of 63 s. The editable mode "compat" puts this folder on Python's path.
# With other modes, Python that is started beside a clone called blockmix takes the clone for the
# package.
$(VENV)/.%: pyproject.toml | $(VENV)/.created
	@echo "Installing blockmix[$*] and what it needs into $(VENV): once, about a minute ..."
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check \
		--config-settings editable_mode=compat --editable '.[$*]'
	@mkdir -p build
	@touch $@

$(VENV)/.created:
	@echo "Creating a virtual environment in $(VENV) ..."
	$(PYTHON) -m venv $(VENV)
	@touch $@
