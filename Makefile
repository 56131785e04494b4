# Everything a newcomer needs: `make setup`, `make demo`, `make test`, `make bench`. Only Python 3.11+, git and make are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PORT ?= 8000

.PHONY: setup vendor test lint packages bench-packages demo bench soak lock clean

setup: $(VENV)/.installed vendor

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What the pages take from npm, pinned by its lock; without npm, by one from Python's package registry.
vendor: $(VENV)/.installed
	@$(BIN)/python tools/vendor.py

# A throw-away registry with sample licences at http://localhost:$(PORT); Ctrl-C ends it and leaves nothing behind.
demo: setup
	@$(BIN)/elicence demo --port $(PORT)

# What the tests start beside Python: Debian's PostgreSQL 15, zbar, Chromium with fonts, npm and curl; for the benchmarks
# wrk and Chromium. Installed where that is allowed, named where not.
packages:
	@sh tests/packages.sh tests

bench-packages:
	@sh tests/packages.sh bench

lint: setup
	$(BIN)/ruff check src tests standards tools
	$(BIN)/ruff format --check src tests standards tools
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup packages lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not soak" --cov --cov-report=term:skip-covered --cov-fail-under=90 -q

# Ratios against limits measured in the same run; nothing here is a timed test. Without wrk the API is left out and named,
# without Chromium the counter.
bench: setup bench-packages
	@for bench in tests/benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

# Long runs, each telling what it did: CYCLES kills of the issuer (2000); a register of 12,897 rows issued over HTTP and
# 1,000 of its codes read, on each store; REQUESTS made-up requests to each store (10000), those of SEED again if it is set;
# TOKENS tokens made by dice (10000) judged by Python and by the browser's verifier.
soak: setup packages
	$(BIN)/python -m pytest -q -s -m soak

# Needs uv; writes the lock without naming any registry. With extras: pip checks `coverage[toml]` apart from `coverage`, and
# takes the newest where only the plain name is pinned, which ends in an error the day after a release.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --extra service --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist build src/elicence/web/static/vendor
