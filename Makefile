# `make demo` shows the program at work, `make test` proves it. Both need cargo and nothing else.

PREFIX ?= /usr/local
CARGO ?= cargo

.PHONY: all build demo test fmt clippy deny measure

all: build

build:
	$(CARGO) build --locked --release

## demo: the real program against the embedded fake Gandi
demo:
	@scripts/demo.sh

## test: format, lints, unit and integration tests; licences and duplicates where cargo-deny is installed
test: fmt clippy
	$(CARGO) test --locked --quiet
	@$(MAKE) --no-print-directory deny

fmt:
	$(CARGO) fmt --check

clippy:
	$(CARGO) clippy --locked --quiet --all-targets -- -D warnings

deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --locked check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and duplicates were not checked"; fi

## measure: bytes, memory and time, for the README's figures
measure:
	@scripts/measure.sh
