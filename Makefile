# Targets for people and for continuous integration. `make` alone lists them.
#
# Everything runs in a virtual environment in this folder, made at first use and again when the
# requirements change. After that nothing is fetched.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/installed
ENGINES := .engines
TRL := .trl
SAMPLE := beam_pipeline/sample/documents.jsonl
TRAINERS := torch trl transformers datasets
ARGS  ?= --help
LLM_ARGS ?= --help
# Accepted pairs after which `make llm` ends: a small model on a laptop takes minutes for so many.
LLM_PAIRS ?= 6
# Many tests wait more than they work: a few at a time.
TEST_WORKERS ?= 4

# The interpreter that makes the environment: PYTHON=... decides, else the first on the PATH that
# Beam supports, can make environments, and starts (a version manager's shim may not).
PYTHON ?=
VERSIONS   := 3.11 3.12 3.13 3.10
CANDIDATES  = $(foreach version,$(VERSIONS),$(wildcard $(addsuffix /python$(version),$(subst :, ,$(PATH))))) python3 python
SUPPORTED  := import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))

.DEFAULT_GOAL := help
.PHONY: help setup check lint format types test test-system test-all engines trl demo llm run launch options bench quality llm-quality clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## make the virtual environment with everything in it

$(STAMP): requirements.txt requirements-crawl.txt requirements-report.txt requirements-dev.txt pyproject.toml
	@set -e; found=; \
	for python in $(or $(PYTHON),$(CANDIDATES)); do \
	  if "$$python" -c '$(SUPPORTED)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Apache Beam 2.77 needs Python 3.10, 3.11, 3.12 or 3.13 with its venv module, and none is on the PATH." >&2; \
	  echo "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv; macOS: brew install python@3.11)," >&2; \
	  echo "or say where it is: make setup PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$found; the first time takes a few minutes."; \
	rm -rf $(VENV); "$$found" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

check: lint types test-all ## lint, types, generated files and all tests

lint: $(STAMP) ## look for mistakes, unformatted code and stale generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m beam_pipeline.options.describe --check

format: $(STAMP) ## format the code and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP) ## check the types
	$(BIN)/mypy

test: $(STAMP) ## run the tests of rules and of single stages: some two minutes
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist worksteal tests/unit tests/stages

test-system: $(STAMP) ## run the tests of the whole graph, of processes, streams, exports, packaging
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist worksteal tests/system

test-all: $(STAMP) ## run every test
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist worksteal

engines: $(STAMP) ## fetch Prism and Flink (go, java and mvn do it), and run the pipeline on them
	@PYTHON=$(abspath $(BIN))/python templates/engines/install.sh $(ENGINES)
	ENGINES=$(ENGINES) $(BIN)/python -m pytest tests/system/engines

trl: $(STAMP) $(TRL)/installed ## make an environment with TRL, and load exports there; TRAINERS="..." adds other packages
	TRAINERS_PYTHON=$(abspath $(TRL))/bin/python $(BIN)/python -m pytest -rs tests/system/trainers

$(TRL)/installed: | $(STAMP)
	@echo "Setting up $(TRL) with $(TRAINERS): some gigabytes where torch comes with its GPU libraries."
	rm -rf $(TRL); $(BIN)/python -m venv $(TRL)
	$(TRL)/bin/python -m pip install --quiet --disable-pip-version-check $(TRAINERS)
	@touch $@

demo: $(STAMP) ## turn the sample documents into questions, offline, by rules in place of a model
	$(BIN)/python -m beam_pipeline --demo --input $(SAMPLE) --output demo_output --overwrite --delete_journal

llm: $(if $(MODEL),$(STAMP)) ## the same with a model on this machine, on llama.cpp: make llm MODEL=FILE.gguf
	@$(if $(MODEL),,$(error which model? Give a file of llama.cpp's format: make llm MODEL=FILE.gguf))
	@$(BIN)/python -c 'import xllamacpp' 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-llm.txt
	$(BIN)/python templates/serving/llama_cpp.py $(MODEL) $(BIN)/python -m beam_pipeline --input $(SAMPLE) --output llm_output --overwrite --target_accepted $(LLM_PAIRS)

run: $(STAMP) ## run the pipeline: make run ARGS="--input FILES --output FOLDER"
	$(BIN)/python -m beam_pipeline $(ARGS)

launch: $(STAMP) ## start it on Dataflow: make launch PROJECT=P REGION=R BUCKET=B [IMAGE=I] ARGS="--input gs://... --output gs://..."
	$(BIN)/python -m beam_pipeline --runner=DataflowRunner --project=$(PROJECT) --region=$(REGION) \
	    --temp_location=gs://$(BUCKET)/temp $(if $(IMAGE),--sdk_container_image=$(IMAGE)) $(ARGS)

options: $(STAMP) ## rewrite the option table and templates/metadata.json
	$(BIN)/python -m beam_pipeline.options.describe

bench: $(STAMP) ## measure how busy the pipeline keeps an endpoint
	$(BIN)/python -m tests.benchmarks $(BENCH_ARGS)

quality: $(STAMP) ## measure how often each rule is right, on labelled data
	$(BIN)/python -m tests.quality $(QUALITY_ARGS)

llm-quality: $(STAMP) ## measure prompts on a real endpoint: make llm-quality LLM_ARGS="--endpoint http://localhost:8080/v1"
	$(BIN)/python -m tests.llm_quality $(LLM_ARGS)

clean: ## remove what the targets above have made
	rm -rf $(VENV) $(ENGINES) $(TRL) build dist demo_output llm_output *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
