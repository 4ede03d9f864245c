# vizclient: `make demo` shows it, `make test` proves it. The environment is made in .venv at the first use.

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit e2e simulate mutants bench clean
.NOTPARALLEL:

PYTHON_IN := .venv/bin/python -P
PYTEST := QT_QPA_PLATFORM=offscreen $(PYTHON_IN) -m pytest --quiet
DECISIONS := tests/unit/redundancy tests/scenarios
QUICK := tests/unit tests/property tests/simulation tests/gui --ignore=tests/unit/redundancy
SLOW := tests/contract tests/e2e

help: ## Say what can be made
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(if $(DISPLAY)$(WAYLAND_DISPLAY),.venv/.screen) .venv/.ready ## Show a building on a main/backup pair of servers
	@.venv/bin/vizclient demo $(ARGS) || { code=$$?; [ $$code -ne 9 ] || printf '%s\n' \
	    'For a picture of this demo, in one terminal:' \
	    '    .venv/bin/vizclient sim --write-profile site.toml' \
	    'and, while that runs, in another:' \
	    '    .venv/bin/vizclient shot --profile site.toml --page overview --out page.png' >&2; exit $$code; }

test: lint unit e2e ## Prove everything: style, types, architecture, then every test
	@echo "== all is well"

lint: .venv/.ready ## Style, types and architecture only
	@echo "== style"
	@$(PYTHON_IN) -m ruff format --check --quiet . || { echo "not formatted: run .venv/bin/ruff format" >&2; exit 1; }
	@$(PYTHON_IN) -m ruff check --quiet .
	@echo "== types"
	@$(PYTHON_IN) -m mypy --no-error-summary
	@$(PYTHON_IN) -m mypy --no-error-summary --platform win32 --cache-dir .mypy_cache/win32 vizclient
	@echo "== architecture"
	@said=$$(.venv/bin/lint-imports --no-cache --no-logo 2>&1) || { echo "$$said" >&2; exit 1; }

unit: .venv/.ready ## The tests that need no servers, two at a time; the decisions first, and covered to the last branch
	@echo "== decisions"
	@$(PYTEST) --cov=vizclient.redundancy --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered \
	    $(ARGS) $(DECISIONS)
	@echo "== units, properties, simulation, window"
	@$(PYTEST) --numprocesses=2 $(ARGS) $(QUICK)

e2e: .venv/.ready ## The tests that drive real servers and programs, two files at a time
	@packaging/bootstrap --programs
	@echo "== contracts and end to end"
	@$(PYTEST) --numprocesses=2 --dist=loadfile --durations=5 $(ARGS) $(SLOW)

simulate: .venv/.ready ## Random histories on all cores: N=20000 seeds of a site, WALKS=1000000 of decide; SEED=123 alone
	@$(PYTHON_IN) tests/simulation/simulate.py $(if $(SEED),--seed $(SEED)) $(if $(WALK),--walk $(WALK)) \
	    $(if $(WALKS),--walks $(WALKS)) $(if $(N),--seeds $(N),$(if $(SEED)$(WALK)$(WALKS),,--seeds 1000)) $(ARGS)

mutants: .venv/.ready ## Plant bugs, one at a time, and name what finds each
	@$(PYTHON_IN) tests/mutants/run.py $(ARGS)

bench: .venv/.ready ## Measure; a table, and build/bench.json
	@QT_QPA_PLATFORM=offscreen $(PYTHON_IN) tests/bench/run.py $(ARGS)

clean: ## Remove what tests, builds and benches left (not .venv)
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	@find vizclient ui tests resources -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready: pyproject.toml packaging/lock.txt packaging/bootstrap
	@packaging/bootstrap

.venv/.screen: packaging/bootstrap
	@packaging/bootstrap --screen
