# Short names for what the scripts do; every line here can be typed by hand as well.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help swift setup build dist demo test lint bench soak fuzz clean

# How often `make soak` repeats the tests.
ROUNDS ?= 20
# How long `make fuzz` stays with each parser.
SECONDS = 60

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 14

setup: ## install the missing system packages (apt-get), check Swift and MPI
	@scripts/setup

swift:
	@scripts/setup --swift

build: swift ## build aver-train, aver-launch and aver, optimised, into .build/release
	swift build --configuration release

dist: setup ## the programs and their libraries as a folder, dist/aver, for machines without Swift
	@scripts/dist

demo: ## make a corpus, train all stages on 2 ranks, compare them: some minutes
	@scripts/demo

test: setup ## all tests, those that need several ranks included
	scripts/run-tests

lint: swift ## swift-format, strict; shellcheck where it is installed
	swift format lint --strict --recursive Sources Tests Package.swift fuzz/Sources fuzz/Package.swift
	@scripts/lint-shell

bench: build ## time a training step beside PyTorch (PYTHON=… one that has torch and torchvision)
	benchmarks/step

soak: setup build ## the tests ROUNDS times over, with new random seeds and every interruption tried
	for round in $$(seq $(ROUNDS)); do \
	  echo "soak: round $$round of $(ROUNDS)"; \
	  AVER_SOAK=1 scripts/run-tests; \
	  AVER_SOAK=1 scripts/sweep-tests; \
	done

fuzz: swift ## feed mutated files to every parser, SECONDS=60 each; see fuzz/README.md
	fuzz/run all $(SECONDS)

clean: ## remove what was built (runs/ stays)
	swift package clean
