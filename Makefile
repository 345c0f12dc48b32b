# What this project can do, as one-word commands. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# `make start` works on a machine that reaches no hub: the embedded model answers until the real one is there. What .env
# says about it counts.
MODEL_FALLBACK ?= $(or $(shell sed -n 's/^MODEL_FALLBACK=//p' .env 2> /dev/null),compact)

.PHONY: help setup start dev build test lint format typecheck fuzz fixtures bench bench-quick bench-report accuracy

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the locked dependencies and build, where that is missing
	@command -v node > /dev/null || { echo 'Node is missing: install Node 20.19 or later (https://nodejs.org)'; exit 1; }
	@node scripts/setup.js

start: setup ## Serve on port 8000, with what this machine has
	@MODEL_FALLBACK=$(MODEL_FALLBACK) exec node --enable-source-maps dist/server.js

dev: setup ## Serve, and reload on change
	@MODEL_FALLBACK=$(MODEL_FALLBACK) exec node scripts/dev.js

build: setup ## Compile to dist/

test: setup ## Run every test; Redis, Prometheus and Chromium are found or installed
	@node_modules/.bin/vitest run

lint: setup ## Check style and common mistakes
	@node_modules/.bin/eslint .

format: setup ## Correct what the linter can
	@node_modules/.bin/eslint . --fix

fuzz: setup ## Test the API with cases made from its OpenAPI document (needs Python)
	@npm run --silent fuzz

typecheck: setup ## Check the types of everything, tests included
	@node_modules/.bin/tsc -p tsconfig.json

fixtures: setup ## Make the tests' fixture model again
	@npm run --silent fixtures

bench: setup ## Measure the service against its limits and what people use instead (about 10 minutes)
	@npm run --silent bench
	@npm run --silent bench:model-speed

bench-quick: setup ## The same in under a minute: checks answers and errors, not speed
	@npm run --silent bench -- --quick

bench-report: setup ## Write the newest results into docs/benchmarks.md
	@npm run --silent bench:report

accuracy: setup ## Measure a running service: make accuracy DATA=file.tsv [URL=http://127.0.0.1:8000]
	@test -n "$(DATA)" || { echo 'Name the labelled texts: make accuracy DATA=file.tsv (a line is LABEL<TAB>TEXT)'; exit 2; }
	@node_modules/.bin/tsx bench/accuracy/main.ts --data '$(DATA)' --url $(or $(URL),http://127.0.0.1:8000)

-include docker/docker.mk
