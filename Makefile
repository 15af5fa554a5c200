# `make help` says what there is. The work is done by short scripts in images/.

PYTHON ?= python3.11
LOCK ?= images/requirements.lock
ARGS ?= --suite quick --profile auto
TORCH ?=
BASE ?=
BUILDER ?= docker
ARCH ?= $(shell dpkg --print-architecture)

DEVELOPMENT_LOCK := images/requirements-dev.lock
export BASE BUILDER

.DEFAULT_GOAL := help
.PHONY: help run test test-numa test-container test-emulated fuzz check format fixtures lock image images image-context verify-image clean prerequisites environment tools

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

test-emulated: tools ## Smoke-test the image for Arm under emulation, and compare what workloads generate; needs qemu-user-static
	@$(MAKE) image ARCH=arm64
	@tests/container/emulated.sh

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
	@images/lock-base.sh amd64 arm64

image: image-context ## Build bench:latest; ARCH=arm64 for bench:arm64, BASE=NAME@sha256:DIGEST for another base, LOCK=FILE for other packages
	@chmod 1777 results
	@images/build.sh $(ARCH)

images: environment ## Build both architectures into build/bench.oci.tar, with SBOM and provenance beside it
	@images/check-prerequisites.sh $(PYTHON) images
	@images/build-archive.sh $(PYTHON) $(LOCK) amd64 arm64

verify-image: ## Build twice from clean clones of HEAD, without a network, and compare; ARCH=arm64
	@images/check-prerequisites.sh $(PYTHON) images
	@images/verify.sh $(PYTHON) $(LOCK) $(ARCH)

image-context: ## Put together in build/image what images/Dockerfile copies
	@images/check-prerequisites.sh $(PYTHON) image
	@images/make-context.sh $(PYTHON) $(LOCK) $(ARCH)

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
