# Plain make and bash. `make` alone lists what there is. Every target does its own set-up: a stamp file
# in .venv makes a repeated run instant, and a changed requirements file installs again.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

LISTEN ?= 127.0.0.1:8025
DATA_DIR ?= var
DATA ?= ../shared/data
SUITES ?= $(DATA)/mailauth
BIN := .venv/bin
CODE := src tests tools
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
TRAINING := .venv/.installed-train
LOCKS := requirements/build.txt pyproject.toml tools/environment.sh

.PHONY: auth-suites bench-feed help run test soak lint format types contracts check docs lock clean bench-message bench-lookup bench-login bench-publish
.PHONY: train evaluate

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN) ## Install what is needed, then serve on LISTEN (127.0.0.1:8025) with data in DATA_DIR (./var), by CONFIG if given
	@exec $(BIN)/mailrisk serve --listen $(LISTEN) --data-dir $(DATA_DIR) $(if $(CONFIG),--config $(CONFIG))

test: ## Install what is needed, then run every test; prints what ran and how long each part took
	@tools/test.sh

soak: $(DEV) ## Run the tests that take many thousands of random cases
	$(BIN)/python -m pytest -m soak

lint: $(DEV) ## Check style and formatting with ruff
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: $(DEV) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(DEV) ## Check the types with mypy --strict
	$(BIN)/mypy

contracts: $(DEV) ## Check the direction of imports, purity, sizes, licences, reasons and documentation
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/contracts

check: lint types contracts test ## Everything that CI runs

train: $(TRAINING) ## Rebuild every shipped model weight from DATA, seeded; prints a report
	@$(BIN)/python -m tools.train $(DATA) $(TRAIN)

evaluate: $(TRAINING) ## Measure detection on DATA; writes docs/evaluation.md and build/evaluation.json, one JSON line last
	@tools/debian.sh rspamd spamassassin
	@$(BIN)/python -m tools.evaluate $(DATA) $(EVALUATE)

bench-message: $(DEV) ## Measure message checks beside rspamd: messages per second and p95, over DATA/mail or generated mails
	@tools/debian.sh rspamd
	@$(BIN)/python -m tools.bench_message $(DATA)

bench-lookup: $(DEV) ## Measure look-ups against a constant reply of the same server (about six minutes)
	@tools/debian.sh wrk
	@$(BIN)/python -m tools.bench_lookup $(BENCH)

bench-login: $(DEV) ## Replay a simulated month of logins through us and through fail2ban's and CrowdSec's default rules
	@tools/debian.sh wrk
	@$(BIN)/python -m tools.bench_login $(BENCH)

bench-publish: $(DEV) ## Measure DNS answers beside rbldnsd over a million entries, and how fast changes reach every surface
	@tools/debian.sh --file requirements/debian-test.txt
	@tools/debian.sh dnsperf
	@$(BIN)/python -m tools.bench_publish $(BENCH)

docs: $(DEV) ## Write docs/reference/ again from the commands, settings and reasons in the code
	$(BIN)/python -m tools.docs

auth-suites: $(DEV) ## Run public SPF, DKIM and ARC suites, fetched by you into SUITES (default ../shared/data/mailauth)
	@$(BIN)/python -m tools.auth_suites $(SUITES)

bench-feed: $(DEV) ## Load a feed of 500,000 entries, and again with 1 % changed; one JSON line last
	@$(BIN)/python -m tools.bench_feed

lock: $(DEV) ## Resolve requirements/*.in into hash-locked requirements/*.txt
	@tools/lock.sh

clean: ## Remove the environment and everything that was built; DATA_DIR stays
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements/run.txt $(LOCKS)
	@tools/environment.sh run

$(DEV): requirements/run.txt requirements/dev.txt $(LOCKS)
	@tools/environment.sh dev

$(TRAINING): requirements/train.txt $(DEV)
	@tools/environment.sh train
