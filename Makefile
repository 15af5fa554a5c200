# `make help` lists the targets. Short scripts in images/ do the work.

# Python 3.11 to 3.14; without PYTHON= that of .venv, else the first that is here, in this order.
PYTHON ?= $(shell images/find-python.sh)
# cpu: PyTorch's CPU-only wheels, from its own index.
TORCH ?=
LOCK ?= images/requirements$(if $(TORCH),-$(TORCH)).lock
ARGS ?= --suite quick --profile auto
BASE ?=
ARCH ?= $(shell dpkg --print-architecture)

DEVELOPMENT_LOCK := images/requirements-dev.lock
SLOWEST := --durations 20 --durations-min 10
export BASE

.DEFAULT_GOAL := help
.PHONY: engine help run test test-numa test-slurm test-pythons test-container test-emulated fuzz check format fixtures lock image images image-context verify-image clean prerequisites environment tools

help: ## List the targets
	@sed --quiet 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand --tabs 16

run: environment ## Measure this machine without Docker, and verify the bundle; ARGS='--suite smoke' passes options to bench run
	@chmod 1777 results
	@images/run-and-verify.sh $(ARGS)

test: tools ## Run all tests that need no container
	.venv/bin/pytest -m "not docker and not slurm" --numprocesses 2 --dist worksteal $(SLOWEST)
	@echo "Tests in containers: make test-container"

test-numa: environment ## Run tests on an emulated machine with two NUMA nodes, SMT and an offline CPU; needs QEMU
	@tests/numa/boot.sh

test-slurm: tools ## Run fleet tests on a Slurm of two nodes on this host; needs slurm-wlm and munge
	@images/check-prerequisites.sh $(PYTHON) slurm
	.venv/bin/pytest -m slurm tests/slurm

test-pythons: environment ## Do what make run does, with the suite smoke, on each other Python that is here; some gigabytes each, for minutes
	@tests/pythons/run.sh

test-container: tools image ## Build the image and run the container tests
	.venv/bin/pytest -m docker tests/container --numprocesses 2 --dist worksteal $(SLOWEST)

fuzz: tools ## Fuzz each reader of outside input for FUZZ_S seconds, guided by coverage
	@tests/fuzz/run.sh

test-emulated: tools ## Smoke-test the Arm image under emulation, and compare weights and inputs; needs qemu-user-static
	@$(MAKE) image ARCH=arm64
	@tests/container/emulated.sh

check: tools ## Check format, lint, types and import layers
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: tools ## Format the code and apply automatic fixes
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

fixtures: tools ## Rewrite the golden files of the tests
	.venv/bin/pytest tests/unit --rewrite-fixtures

lock: prerequisites ## Resolve the hash locks again; TORCH=cpu for PyTorch's CPU-only wheels
	@images/lock.sh $(PYTHON) $(TORCH)
	@images/lock-base.sh amd64 arm64

image: engine image-context ## Build bench:latest; TORCH=cpu makes it smaller; ARCH=arm64 builds bench:arm64; BASE=NAME@sha256:DIGEST chooses the base
	@chmod 1777 results
	@images/build.sh $(ARCH)

images: environment ## Build both architectures into build/bench.oci.tar, with SBOM and provenance
	@images/check-prerequisites.sh $(PYTHON) images
	@images/build-archive.sh $(PYTHON) $(LOCK) amd64 arm64

verify-image: $(LOCK) ## Build the image twice from clean clones of HEAD, without a network, and compare; ARCH=arm64 for Arm
	@images/check-prerequisites.sh $(PYTHON) images
	@images/verify.sh $(PYTHON) $(LOCK) $(ARCH)

image-context: $(LOCK) ## Assemble in build/image the files that images/Dockerfile copies
	@images/check-prerequisites.sh $(PYTHON) image
	@images/make-context.sh $(PYTHON) $(LOCK) $(ARCH)

clean: ## Remove .venv, build/ and tool caches; keep results
	rm -rf .venv build .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -r {} +

prerequisites:
	@images/check-prerequisites.sh $(PYTHON) run

engine:
	@images/check-prerequisites.sh $(PYTHON) engine

images/requirements-%.lock:
	@images/check-prerequisites.sh $(PYTHON) lock
	@images/lock.sh $(PYTHON) $*

environment: prerequisites $(LOCK)
	@images/make-environment.sh $(PYTHON) $(LOCK)

tools: $(LOCK)
	@images/check-prerequisites.sh $(PYTHON) test
	@images/make-environment.sh $(PYTHON) $(LOCK) $(DEVELOPMENT_LOCK)
