# `make demo` shows the program at work, `make test` proves it. Both need cargo (with rustfmt and clippy), a C compiler
# for ring, and nothing else.

# `make setup-arm dist` is an order of steps; cargo brings its own jobs.
.NOTPARALLEL:

PREFIX ?= /usr/local
CARGO ?= cargo

# For the ARM builds: names such as "armv6 arm64", and cross or zigbuild.
TARGETS ?=
BUILDER ?=
BOARD ?=
RUNS ?=
# The footprint gate: bytes on disk, everything in.
BUDGETS = BUDGET_armv6=950000 BUDGET_armv7=750000

.PHONY: all build demo test fmt clippy deny shellcheck measure setup-arm dist size repro cross-check test-arm test-board \
	fuzz install uninstall deploy test-deploy

all: build

build:
	$(CARGO) build --locked --release

## demo: the real program against the embedded fake Gandi
demo:
	@scripts/demo.sh

## test: format, lints, unit and integration tests; licences and scripts where cargo-deny and shellcheck are installed
test: fmt clippy
	$(CARGO) test --locked --quiet
	@$(MAKE) --no-print-directory deny shellcheck

fmt:
	$(CARGO) fmt --check

clippy:
	$(CARGO) clippy --locked --quiet --all-targets -- -D warnings

deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --locked check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and duplicates were not checked"; fi

# -s dash: the board's scripts are for busybox, which shellcheck knows as dash.
shellcheck:
	@if command -v shellcheck >/dev/null; then \
		shellcheck -x scripts/*.sh scripts/toolchain/*.sh scripts/toolchain/rustup-shim/rustup scripts/toolchain/rustc-thumb scripts/build-image/cargo tests/deploy.sh .ci/run; \
		shellcheck -s dash tests/board/*; \
	else echo "shellcheck is not installed: the scripts were not checked"; fi

## fuzz: RUNS inputs, a million by default, for each parser that reads what strangers send; wants a C++ compiler
fuzz:
	@RUNS="$(RUNS)" scripts/fuzz.sh

## measure: bytes, memory and time, for the README's figures
measure:
	@scripts/measure.sh

## setup-arm: what the ARM builds and their tests need: std's source, zig, qemu
setup-arm:
	@BUILDER="$(BUILDER)" scripts/setup-arm.sh

## dist: static binaries into dist/; TARGETS="armv6 arm64" and BUILDER=cross or zigbuild choose
dist:
	@BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/dist.sh

## size: what is in dist/, its size, its largest parts; fails past the budget
size:
	@TARGETS="$(TARGETS)" scripts/size.sh $(BUDGETS)

## repro: one commit built twice, in two directories, gives the same bytes
repro:
	@BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/repro.sh

## cross-check: cross for the three main targets, compared with zigbuild
cross-check:
	@TARGETS="$(TARGETS)" scripts/cross-check.sh

## test-arm: the integration suite with the ARM binaries, under qemu-user
test-arm:
	@BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/test-arm.sh

## test-board: the life of the program on an emulated Pi Zero, or BOARD=pi2
test-board:
	@BOARD="$(BOARD)" scripts/test-board.sh

## install: the native build into PREFIX, the example config at 0600 if there is none (make build first)
install:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install.sh install

## uninstall: the program only; config and token stay
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install.sh uninstall

## deploy: over ssh to HOST=pi@raspberrypi; PORT, DEST, SSH_OPTS, ASK=no and VERSION as in scripts/deploy.sh
deploy:
	@PORT='$(PORT)' DEST='$(DEST)' SSH_OPTS='$(SSH_OPTS)' ASK='$(ASK)' VERSION='$(VERSION)' \
		scripts/deploy.sh '$(HOST)'

## test-deploy: install and deploy against real sshd and dropbear on loopback; as root, with apt
test-deploy:
	@tests/deploy.sh
