# Everything here sets itself up: a virtual environment in .venv with the versions of constraints.txt.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NEED_DATA := ablation alignment avatars combined_flow common detector experiments fit_tables judge mender perceptual_loss pose_flow published_faults record surface_generator turn views
BENCHMARKS := $(filter-out $(NEED_DATA), $(basename $(notdir $(wildcard benchmarks/*.py))))

.PHONY: demo test long check lint format docs bench clean

demo: $(READY)  ## synthetic people, the whole pipeline, small models, a report to look at
	$(BIN)/ptx demo

test: lint  ## lint, types, all tests but the long ones
	$(BIN)/python -m pytest -n 2 -m "not long"

long: $(READY)  ## the notebooks and every command of the documentation
	$(BIN)/python -m pytest -n 2 -m long

check: lint  ## before a commit: lint, types, and the tests that are not marked as slow
	$(BIN)/python -m pytest -n 2 -q -m "not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: export OPENBLAS_NUM_THREADS = 1
bench: export OMP_NUM_THREADS = 1
bench: $(READY)  ## figures of docs/benchmarks.md that need nothing but the repository, each against a peer in the same run
	for name in $(BENCHMARKS); do echo "## $$name"; $(BIN)/python benchmarks/record.py $$name || exit 1; done
	$(BIN)/python tools/benchmark_page.py

docs: $(READY)  ## the documentation, into build/site: without a network, warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) work

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@
