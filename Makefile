# k8sboot: commands for operators and developers. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo fuzz fuzz-minute lab lab-vm lab-down check test test-faults test-plugins test-vm conformance slow integration faults e2e bench audit lock clean
SHELL := /bin/bash
unexport PYTHONDONTWRITEBYTECODE # else every worker of every run compiles all tests again
LAB := tests/lab/lab
SCRIPTS := k8sboot/scripts/*.sh
FAMILY ?= debian
NEWEST := 1.37
KUBERNETES ?= $(if $(filter debian el9,$(FAMILY)),$(NEWEST),1.20)
BIN := .venv/bin
# Where the cache is empty, starting a lab takes longer than any test may.
LAB_BUILDS := -o timeout_func_only=true

# One lab for each of two workers; the tests of a file share a lab. They mostly wait.
TWO_LABS := -n 2 --dist loadfile --no-loadscope-reorder $(LAB_BUILDS)

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# What is installed has the digests of the lock file; nothing is fetched to build k8sboot itself.
PIP_INSTALL := pip install --quiet --disable-pip-version-check
$(BIN)/k8sboot: pyproject.toml requirements/dev.txt
	@python3 -c 'import venv, ensurepip' 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3 python3-venv; }
	python3 -m venv .venv
	$(BIN)/$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# A real sshd with users and shells of all kinds. Without root on Debian, those tests are skipped with a message.
TEST_PACKAGES := openssh-server openssh-client sudo passwd busybox-static dash shellcheck tcsh fish zsh gnupg
.PHONY: packages
packages:
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ] && ! dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(TEST_PACKAGES); fi

demo: $(BIN)/k8sboot lab ## Start the lab and run `k8sboot up` on it
	$(BIN)/k8sboot up -i .lab/inventory.yaml --yes
	$(LAB) ssh k8s-master01 -- kubectl get nodes -o wide

lab: ## Start three bare hosts and their mirrors on this machine (root, Debian); FAMILY=el9, FAMILY=el7, KUBERNETES=1.36
	$(LAB) up --family $(FAMILY) --kubernetes $(KUBERNETES)

lab-vm: ## Start a master and a node as virtual machines in qemu (root, Debian)
	$(LAB)-vm up

lab-down: ## Remove all labs completely
	$(LAB) down --all

check: $(BIN)/k8sboot packages ## Lint, types, shells, import rules, unit, golden and contract tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	shellcheck --severity=warning --shell=sh --external-sources --source-path=SCRIPTDIR $(SCRIPTS)
	for script in $(SCRIPTS); do \
	  for shell in dash "bash --posix" "busybox sh"; do $$shell -n $$script || exit; done; done
	$(BIN)/pytest -q -n 3 tests/unit

integration: $(BIN)/k8sboot packages ## Tests with a real sshd, and of the built wheel
	$(BIN)/pytest -q -n 3 tests/integration

slow: $(BIN)/k8sboot packages ## Unit tests that try every single case of something, or many examples of it
	$(BIN)/pytest -q -n 2 --slow -m "slow or hypothesis" tests/unit

fuzz: $(BIN)/k8sboot packages ## Fuzz every reader of foreign bytes for an hour; prints cases, seconds and crashes
	$(BIN)/pytest -q -n 2 --timeout 0 --fuzz-seconds 3600 tests/fuzz

fuzz-minute: $(BIN)/k8sboot packages ## The same for a minute
	$(BIN)/pytest -q -n 2 --fuzz-seconds 60 tests/fuzz

e2e: $(BIN)/k8sboot ## Tests in the lab: a whole cluster, from `up` to `reset`: the newest on Debian and EL9, the runbook's on EL7
	$(BIN)/pytest -q $(LAB_BUILDS) tests/e2e --family debian --kubernetes $(NEWEST)
	$(BIN)/pytest -q $(LAB_BUILDS) tests/e2e --family el9 --kubernetes $(NEWEST)
	$(BIN)/pytest -q $(LAB_BUILDS) tests/e2e --family el7
	K8SBOOT_KUBEADM=$$(ls -t "$${XDG_CACHE_HOME:-$$HOME/.cache}"/k8sboot-lab/products/kubernetes-????????????????/kubeadm | head -n 1) \
	  $(BIN)/pytest -q tests/unit/kubernetes/test_kubeadm_binary.py
	$(BIN)/pytest -q --slow tests/api # by the API servers that the labs above have built

faults: $(BIN)/k8sboot packages ## The fault matrix in the lab, without the tests with long timeouts
	$(BIN)/pytest -q $(TWO_LABS) tests/faults

test-faults: $(BIN)/k8sboot packages ## The whole fault matrix (docs/faults.md) with its table of results
	$(BIN)/pytest -q --slow $(TWO_LABS) tests/faults

test-vm: $(BIN)/k8sboot packages ## Tests on virtual machines: ipvs, modules, reboots, kernels, kube-proxy's modes; slow, not part of `make test`
	$(BIN)/pytest -q --timeout 7200 tests/vm

test-plugins: $(BIN)/k8sboot ## A real pod network of others (kube-router) in the lab; builds it and a current Kubernetes, not part of `make test`
	$(BIN)/pytest -q --timeout 7200 tests/plugins

conformance: $(BIN)/k8sboot ## Kubernetes' own conformance tests on the lab's newest; writes docs/conformance.md; not part of `make test`
	$(BIN)/pytest -q --timeout 18000 tests/conformance

test: check slow fuzz-minute integration faults e2e ## Everything that CI runs

bench: $(BIN)/k8sboot packages ## Measure k8sboot beside Ansible, pyinfra, paramiko and the shell; writes bench/results.md; takes an hour and more, not part of `make test`
	$(BIN)/python -m bench

AUDIT := .venv-audit
$(AUDIT)/bin/pip-audit: requirements/audit.txt
	python3 -m venv $(AUDIT)
	$(AUDIT)/bin/$(PIP_INSTALL) --require-hashes -r requirements/audit.txt
	@touch $@

audit: $(AUDIT)/bin/pip-audit ## Look for known vulnerabilities in what the lock files name; asks the registry, and fails if that has no advisories
	for lock in requirements/*.txt; do \
	  $(AUDIT)/bin/pip-audit --progress-spinner off --strict --disable-pip --require-hashes -r $$lock || exit; done

LOCKING := .venv-lock
lock: ## Write the lock files again, with the newest versions that pyproject.toml allows
	python3 -m venv $(LOCKING)
	$(LOCKING)/bin/$(PIP_INSTALL) 'uv>=0.5'
	cd requirements && ../$(LOCKING)/bin/uv pip compile --quiet --upgrade $(UV_LOCK) --extra dev -o dev.txt ../pyproject.toml
	cd requirements && ../$(LOCKING)/bin/uv pip compile --quiet --upgrade $(UV_LOCK) -c dev.txt -o run.txt ../pyproject.toml
	cd requirements && ../$(LOCKING)/bin/uv pip compile --quiet --upgrade $(UV_LOCK) -c dev.txt --extra audit -o audit.txt \
	  ../pyproject.toml
UV_LOCK := --universal --python-version 3.10 --generate-hashes --no-header --no-annotate --no-emit-index-url

clean: lab-down ## Remove the labs and everything built in this directory (the lab's cache stays)
	rm -rf .venv .venv-audit .venv-lock .lab .bench dist build .mypy_cache .ruff_cache .pytest_cache
