# `make help` says what there is. The work is done by short scripts in images/.

PYTHON ?= python3.11
LOCK ?= images/requirements.lock
ARGS ?= --suite quick --profile auto
TORCH ?=
BASE ?=
BUILDER ?= docker

DEVELOPMENT_LOCK := images/requirements-dev.lock
export BASE BUILDER

.DEFAULT_GOAL := help
.PHONY: help run test test-numa test-container fuzz check format fixtures lock image image-context clean prerequisites environment tools

help: ## List the verbs
	@sed --quiet 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand --tabs 16

run: environment ## Measure here, without Docker, and verify the bundle; ARGS='--suite smoke' are options of bench run
	@chmod 1777 results
	@images/run-and-verify.sh $(ARGS)

test: tools ## Test all that needs no container
	.venv/bin/pytest -m "not docker"
	@echo "Tests in containers: make test-container"

test-numa: environment ## Test on an emulated machine with two NUMA nodes, SMT and an offline CPU; needs QEMU
	@tests/numa/boot.sh

test-container: tools image ## Build the image and test it in containers
	.venv/bin/pytest -m docker tests/container

fuzz: tools ## Fuzz every reader of outside input for FUZZ_S seconds each, guided by coverage
	@tests/fuzz/run.sh

check: tools ## Check format, lint, types and layers
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: tools ## Format the code and mend what can be mended
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

fixtures: tools ## Write the golden files of the tests anew
	.venv/bin/pytest -m "not docker" --rewrite-fixtures

lock: prerequisites ## Resolve the hash locks again; TORCH=cpu for PyTorch's slim CPU wheels
	@images/lock.sh $(PYTHON) $(TORCH)

image: image-context ## Build bench:latest; BASE=NAME@sha256:DIGEST for another base, LOCK=FILE for other packages
	@chmod 1777 results
	@images/build.sh

image-context: ## Put together in build/image what images/Dockerfile reads
	@images/check-prerequisites.sh $(PYTHON) image
	@images/make-context.sh $(PYTHON) $(LOCK)

clean: ## Remove .venv, build/ and the caches of the tools; results stay
	rm -rf .venv build .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -r {} +

prerequisites:
	@images/check-prerequisites.sh $(PYTHON) run

environment: prerequisites
	@images/make-environment.sh $(PYTHON) $(LOCK)

tools:
	@images/check-prerequisites.sh $(PYTHON) test
	@images/make-environment.sh $(PYTHON) $(LOCK) $(DEVELOPMENT_LOCK)
