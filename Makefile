# The two commands are `make run` and `make test`. Everything else is a convenience.
PYTHON ?= $(shell command -v python3 || command -v python)
BIN := .venv/bin
# Tests that start several processes or measure seconds have the machine to themselves; all others run two at a time.
TIMED := tests/conversations tests/stack tests/browser tests/resilience

.PHONY: run test resilience load setup lint bench doctor lock clean

run: ## install what is missing, start everything, print the address
	@$(PYTHON) bot/bootstrap.py run

setup: ## install and build everything without starting it
	@$(PYTHON) bot/bootstrap.py setup

test: ## do all set-up, check the code, run every test
	@$(PYTHON) bot/bootstrap.py test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n 2 --dist loadfile $(TIMED:%=--ignore=%)
	@$(BIN)/pytest $(TIMED)

resilience: ## thousands of messages on every platform while processes are killed
	@$(PYTHON) bot/bootstrap.py test
	@$(BIN)/pytest -m resilience -s tests/resilience

load: ## 100 people chat for ten minutes; prints latency, errors and the growth of memory
	@$(PYTHON) bot/bootstrap.py test
	@$(BIN)/python -m benchmarks.load

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: ## print every figure of the README, beside its peers
	@$(PYTHON) bot/bootstrap.py test
	@$(BIN)/python -m benchmarks

doctor:
	@$(BIN)/wenyu doctor

lock: ## write requirements/*.txt again from requirements/*.in
	@$(BIN)/python requirements/lock.py

clean: ## remove what was built; keeps var/wenyu.db and uploads
	rm -rf .venv .venv-dialogue bot/web/dist bot/web/node_modules var/setup var/encoder var/speech var/index models/dialogue/*.tar.gz
