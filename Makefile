# Everything here sets itself up: a virtual environment in .venv with the versions of constraints.txt.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check lint format bench clean

demo: $(READY)  ## synthetic people, the whole pipeline, small models, a report to look at
	$(BIN)/ptx demo

test: lint  ## lint, types, all tests
	$(BIN)/python -m pytest -n 2

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
bench: $(READY)  ## every figure of the README, each against a peer in the same run
	for script in benchmarks/*.py; do case $$script in */common.py|*/experiments.py|*/ablation.py|*/alignment.py|*/clips.py|*/pose_flow.py|*/views.py|*/published_faults.py|*/detector.py|*/turn.py|*/avatars.py|*/fit_tables.py|*/perceptual_loss.py) continue;; esac; echo "## $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) work

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@
