# Thin: the checks themselves are tests. Two commands matter: `make demo` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := target/venv
# Written by tools/setup only where libclang comes from PyPI; empty otherwise.
-include target/setup.mk

CARGO := cargo
RELEASE := --release --locked

.PHONY: help setup demo test fmt lint bench fuzz audit

help: ## This list.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 16

setup: ## Install what a machine with a Rust toolchain lacks.
	@tools/setup

demo: setup ## Install what is missing, build, and run the main job from demand to verified bundle.
	@echo "building (the first time about 20 minutes on two cores: RocksDB is compiled from source)"
	@$(CARGO) build $(RELEASE)
	@rm -rf target/demo
	@target/release/probity demo --home target/demo

test: setup ## Run every test, oracles included.
	@echo "building (the first time about 20 minutes on two cores: RocksDB is compiled from source)"
	@$(CARGO) test $(RELEASE) 2>&1 | tee target/test.log
	@grep -E '^(test result:|     Running|   Doc-tests)' target/test.log > target/test-summary.txt

fmt: ## Format the code.
	@$(CARGO) fmt

lint: setup ## Clippy and rustdoc, warnings denied.
	@$(CARGO) clippy $(RELEASE) --all-targets -- -D warnings
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(RELEASE) --no-deps

bench: setup ## First figures, each beside its limit in the same run.
	@$(CARGO) bench --locked --bench figures --bench replay

fuzz: ## A minute for each fuzz target (needs cargo-fuzz and a nightly toolchain).
	@for target in $$(ls fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
	  (cd fuzz && $(CARGO) fuzz run $$target -- -max_total_time=60); done

audit: ## Advisories, licences, sources (needs cargo-deny and its advisory database).
	@$(CARGO) deny check
