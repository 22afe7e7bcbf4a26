# The commands of README. Everything works on a machine with python3 (3.11 to 3.13), venv and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_DATA ?= var

.PHONY: demo test run check server-test browser-test screens upgrade-test model faults faults-short stranger stranger-short apart apart-short hostile hostile-short bench bench-pages lock clean

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

demo: $(VENV)/installed ## three flows, played against a real server over HTTP
	$(BIN)/python -m config.demo

test: $(VENV)/installed-dev ## the suite, with nothing running
	env -u DATABASE_URL -u CELERY_BROKER_URL $(BIN)/python -m pytest -n 2 --dist loadfile

run: $(VENV)/installed ## serve, with the demonstration's data, until stopped
	$(BIN)/python manage.py up --seed

check: $(VENV)/installed-dev ## lint, format, types, import contracts, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

server-test: $(VENV)/installed-dev ## every test that uses a store, on PostgreSQL and Redis: DATABASE_URL, CELERY_BROKER_URL
	@test -n "$$DATABASE_URL" || { echo "set DATABASE_URL, such as postgres://user@127.0.0.1/postgres"; exit 2; }
	@test -n "$$CELERY_BROKER_URL" || { echo "set CELERY_BROKER_URL, such as redis://127.0.0.1:6379/9"; exit 2; }
	$(BIN)/python -m pytest -n 2 --dist loadfile --stores

browser-test: $(VENV)/installed-dev ## the wallet's and operators' pages in Chromium (Debian's package, or CHROMIUM=path)
	env -u DATABASE_URL -u CELERY_BROKER_URL $(BIN)/python -m pytest -m browser

screens: $(VENV)/installed-dev ## the pictures of docs/wallet.md, taken from the page in Chromium
	env -u DATABASE_URL -u CELERY_BROKER_URL $(BIN)/python -m tests.browser.gallery.screens

upgrade-test: $(VENV)/installed-dev ## what the commit before (or UPGRADE_FROM) parks, this one resumes
	$(BIN)/python -m tests.museum.previous

model: $(VENV)/installed-dev ## the engine against its reference: MODEL_EXAMPLES sequences (10000)
	env -u DATABASE_URL -u CELERY_BROKER_URL MODEL_EXAMPLES=$${MODEL_EXAMPLES:-10000} $(BIN)/python -m pytest -n 2 tests/scripts/model

faults: $(VENV)/installed-dev ## the whole fault plan, on stores of its own: about a quarter of an hour
	$(BIN)/python -m config.faults.full

faults-short: $(VENV)/installed-dev ## what every push runs of it: a sweep, interleavings, the model, a storm of 300 flows
	$(BIN)/python -m config.faults.full --flows 300 --most 1 --doubles 0 --no-mutants --json var/faults-short.json

stranger: $(VENV)/installed-dev ## a million odd answers of each format, and a stranger who types anything anywhere for ten minutes
	$(BIN)/python -m tests.fuzz.answers
	$(BIN)/python -m tests.fuzz.stranger --seconds 600

stranger-short: $(VENV)/installed-dev ## what every push runs of it: two minutes of both, side by side
	@$(BIN)/python -m tests.fuzz.answers --seconds 120 & answers=$$!; \
	$(BIN)/python -m tests.fuzz.stranger --seconds 120; typed=$$?; wait $$answers && exit $$typed

apart: $(VENV)/installed-dev ## two deployments that share nothing: DNSSEC, TLS, 500 flows, the link cut three times
	@tests/apart/tools.sh
	$(BIN)/python -m tests.apart --flows 500 --wallets 12 --cuts 3 --cut-seconds 8

apart-short: $(VENV)/installed-dev ## what every push runs of it
	@tests/apart/tools.sh
	$(BIN)/python -m tests.apart --flows 9 --wallets 3 --cuts 1

hostile: $(VENV)/installed ## 500 hostile connections or messages of each kind while honest wallets complete flows, both shapes
	$(BIN)/python -m config.hostile

hostile-short: $(VENV)/installed ## the embedded shape, attacked from the honest wallets' own address: about a minute
	$(BIN)/python -m config.hostile --shape embedded --sources same

bench: $(VENV)/installed ## flows per second and CPU per flow, and what the script language costs; add DATABASE_URL and CELERY_BROKER_URL for the server shape
	$(BIN)/python -m config.bench
	$(BIN)/python -m config.bench_language

bench-pages: $(VENV)/installed ## 300 pages on the live feed: how soon an offer reaches one, and memory
	$(BIN)/python -m config.bench_pages

lock: ## the hashed locks, from the .in files (needs uv)
	uv pip compile --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" requirements.in -o requirements.txt
	uv pip compile --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) var staticfiles
