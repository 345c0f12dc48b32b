# The project's commands. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# `make start` also works on a machine without access to a model hub: the embedded model answers until the configured one
# is available. The environment and .env take precedence over this default. The service reports a .env that is not a file, and
# reads one whose lines end in CR alone, which Node would join.
START = MODEL_FALLBACK_DEFAULT=compact exec node $(if $(shell test -f .env && ! grep -q $$'\r.' .env && echo yes),--env-file=.env)

.PHONY: help setup start dev build deps test test-unit lint licenses sbom format typecheck fuzz fixtures bench bench-quick bench-report accuracy \
  test-kubernetes lint-kubernetes

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the locked dependencies if they changed, and compile to dist/
	@command -v node > /dev/null || { echo 'Node is missing: install Node 20.19 or later (https://nodejs.org)'; exit 1; }
	@node scripts/setup.js

start: setup ## Serve on port 8000 without Docker
	@$(START) --enable-source-maps dist/server.js

dev: setup ## Serve on port 8000 and reload on change
	@$(START) scripts/dev.js

build: setup ## Compile to dist/

deps: setup ## List the programs that the tests start, and install missing ones (Debian and Ubuntu, as root)
	@node_modules/.bin/tsx scripts/deps.ts

test: setup ## Run all tests except those for containers and Kubernetes; installs what `make deps` would
	@node_modules/.bin/vitest run

test-unit: setup ## Run the unit tests: no Redis, no browser, under a minute
	@node_modules/.bin/vitest run --project unit

lint: setup ## Check style, common mistakes, workflows and licences
	@node_modules/.bin/eslint .
	@node_modules/.bin/tsx scripts/lint-workflows.ts
	@node scripts/check-licenses.js

licenses: setup ## Check the licences of all dependencies against a list
	@node scripts/check-licenses.js

sbom: ## Write the dependencies to sbom.cdx.json (CycloneDX)
	@npm sbom --package-lock-only --omit dev --sbom-format cyclonedx > sbom.cdx.json
	@echo 'Wrote sbom.cdx.json'

format: setup ## Fix what the linter can fix
	@node_modules/.bin/eslint . --fix

typecheck: setup ## Check all types, including those of tests and benchmarks
	@node_modules/.bin/tsc -p tsconfig.json

fuzz: setup ## Test the API with requests generated from its OpenAPI document (needs Python)
	@npm run --silent fuzz

fixtures: setup ## Regenerate the tests' fixture model
	@npm run --silent fixtures

bench: setup ## Run all benchmarks against the baselines (about 12 minutes)
	@npm run --silent bench:prepare
	@npm run --silent bench
	@npm run --silent bench:model-speed

bench-quick: setup ## Run all benchmarks in under a minute: checks answers and errors, not speed
	@npm run --silent bench -- --quick

bench-report: setup ## Write the newest results into docs/benchmarks.md and README.md
	@npm run --silent bench:report

accuracy: setup ## Measure the accuracy of a running service: make accuracy DATA=file.tsv [URL=http://127.0.0.1:8000]
	@test -n "$(DATA)" || { echo 'Name the labelled texts: make accuracy DATA=file.tsv (one LABEL<TAB>TEXT per line)'; exit 2; }
	@node_modules/.bin/tsx bench/accuracy/main.ts --data '$(DATA)' --url $(or $(URL),http://127.0.0.1:8000)

test-kubernetes: setup ## Test deploy/kubernetes on the cluster of KUBECONFIG, or on one that it starts (root on Linux, Go)
	@tests/kubernetes/test.sh $(ARGS)

lint-kubernetes: setup ## Check the manifests of deploy/kubernetes without a cluster
	@tests/kubernetes/lint.sh $(ARGS)

-include docker/docker.mk
