# `make help` lists the targets. `make demo` and `make test` require only cargo (with rustfmt and clippy) and a C
# compiler, which ring needs.

# The goals of one command, such as `make setup-arm dist`, run in order; cargo uses all cores by itself.
.NOTPARALLEL:

PREFIX ?= /usr/local
CARGO ?= cargo

# For the static builds: names from scripts/toolchain/targets.sh, such as "armv6 arm64"; and cross or zigbuild.
TARGETS ?=
BUILDER ?=
# Debian architectures of `make deb`.
ARCHES ?=
# Size limits that override those of scripts/toolchain/targets.sh, such as "BUDGET_armv6=800000".
BUDGETS ?=
BOARD ?=
FILTER ?=
RUNS ?=
SEED ?=
SAMPLE ?=
CASE ?=
# A missing linter: skip prints a message, fail fails. CI sets fail.
MISSING_LINTERS ?= skip

# The integration tests mostly wait for sockets and programs, so more of them run at a time than there are cores.
export RUST_TEST_THREADS ?= 8

# `make setup-lint` installs cargo-deny here.
LINT_PATH = $(CURDIR)/target/tools/lint/bin:$(PATH)

.PHONY: all help build demo faults test fmt clippy doc deny shellcheck lint-man check-lists package fuzz storm \
	measure bench-scale bench-watch measure-watch setup-lint setup-arm dist deb test-deb size repro cross-check test-cpu \
	test-board test-board-mips test-systemd install uninstall deploy test-deploy

## all: same as build (the default)
all: build

## help: print this list
help:
	@awk '/^## [a-z-]+: / { name = $$2; sub(/:$$/, "", name); sub(/^## [a-z-]+: /, ""); printf "  %-13s %s\n", name, $$0 }' Makefile

## build: build the native release binary
build:
	$(CARGO) build --locked --release

## demo: run the real binary against a built-in fake Gandi server
demo:
	@scripts/demo.sh

## faults: inject faults into each system call of the real binary; SAMPLE=600 runs a part; requires strace
faults:
	@SAMPLE='$(SAMPLE)' CASE='$(CASE)' scripts/faults.sh

## test: run all tests, and fmt, clippy, doc, check-lists, deny, shellcheck and lint-man
test: fmt clippy doc check-lists
	$(CARGO) test --locked --quiet --workspace
	@$(MAKE) --no-print-directory deny shellcheck lint-man

## fmt: check the formatting of the Rust code
fmt:
	$(CARGO) fmt --all --check

## clippy: lint the Rust code; a warning is an error
clippy:
	$(CARGO) clippy --locked --quiet --workspace --all-targets -- -D warnings

## doc: build the documentation, private items included; a warning is an error
doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --quiet --workspace --no-deps --document-private-items

## deny: check licences, duplicates and sources of the dependencies with cargo-deny
deny:
	@export PATH='$(LINT_PATH)'; \
	if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --locked check bans licenses sources; \
	else \
		echo "cargo-deny is not installed, so the dependencies were not checked; run: make setup-lint"; \
		[ '$(MISSING_LINTERS)' != fail ]; \
	fi

# -s dash: these scripts run under busybox ash on another machine. shellcheck 0.9 has no dialect for busybox.
## shellcheck: lint the shell scripts
shellcheck:
	@if command -v shellcheck >/dev/null; then \
		shellcheck -x scripts/*.sh scripts/toolchain/*.sh scripts/toolchain/rustup-shim/rustup \
			scripts/toolchain/rustc-thumb scripts/toolchain/zig-thumb scripts/toolchain/zig-powerpc scripts/build-image/cargo \
			packaging/completions/gandi-ddns.bash packaging/systemd/gandi-ddns-files packaging/hooks/* \
			packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm \
			tests/deploy.sh tests/deb.sh tests/systemd/play .ci/run && \
		shellcheck -s dash scripts/deploy/*.sh tests/board/* tests/board-mips/init; \
	else \
		echo "shellcheck is not installed, so the scripts were not checked; run: make setup-lint"; \
		[ '$(MISSING_LINTERS)' != fail ]; \
	fi

# mandoc looks for the other page where it is installed.
## lint-man: lint the man pages, and check the syntax of the completions with each shell that is installed
lint-man:
	@if command -v mandoc >/dev/null; then \
		! mandoc -T lint packaging/man/*.[0-9] | grep -v ': STYLE: referenced manual not found: Xr gandi-ddns'; \
	else \
		echo "mandoc is not installed, so the man pages were not checked; run: make setup-lint"; \
		[ '$(MISSING_LINTERS)' != fail ]; \
	fi
	@for completion in bash:gandi-ddns.bash zsh:_gandi-ddns fish:gandi-ddns.fish; do \
		if command -v "$${completion%%:*}" >/dev/null; then \
			"$${completion%%:*}" -n "packaging/completions/$${completion#*:}" || exit 1; \
		else \
			echo "$${completion%%:*} is not installed, so its completion was not checked; run: make setup-lint"; \
			[ '$(MISSING_LINTERS)' != fail ] || exit 1; \
		fi; \
	done

## check-lists: check that all files agree on the list of build targets
check-lists:
	@scripts/check-lists.sh

## package: build and compile the package for the Rust registry; publishes nothing
package:
	CARGO_TARGET_DIR=target/package-check $(CARGO) package --locked --quiet

## storm: test that 100,000 forged announcements make few passes; two minutes
storm:
	cargo test --locked --test it -- --ignored --exact \
	    watch_router::hostile::long_storm_of_announcements_makes_few_passes_and_no_request

## fuzz: fuzz each parser of untrusted input with RUNS=1000000 inputs; requires a C++ compiler
fuzz:
	@RUNS="$(RUNS)" SEED="$(SEED)" scripts/fuzz.sh

## measure: measure the size and peak memory of the native binary, for the README
measure:
	@scripts/measure.sh

## measure-watch: measure memory, wake-ups and processor time of an idle `watch`, with simulated time; requires Python 3
measure-watch:
	@scripts/measure-watch.sh

## bench-scale: measure processor time, memory and requests for 1 to 10,000 names; requires GNU time
bench-scale:
	@scripts/bench-scale.sh

## bench-watch: measure the time from a change of the address to the write by watch; requires network namespaces
bench-watch:
	@scripts/bench-watch.sh

## setup-lint: install shellcheck, mandoc, zsh, fish and cargo-deny
setup-lint:
	@scripts/setup-lint.sh

## setup-arm: install the tools for dist and test-cpu: std's source, zig, qemu (BUILDER=cross: also cross)
setup-arm:
	@BUILDER="$(BUILDER)" scripts/setup-arm.sh

## dist: build the static binaries into dist/; choose with TARGETS="armv6 arm64" and BUILDER=cross|zigbuild
dist:
	@BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/dist.sh

## deb: make Debian packages from dist/; choose with ARCHES="amd64 arm64 armhf"; requires dpkg-deb
deb:
	@ARCHES="$(ARCHES)" scripts/deb.sh

## test-deb: install, upgrade and purge the packages in Debians made by debootstrap; ARCHES as above; requires root
test-deb:
	@ARCHES="$(ARCHES)" tests/deb.sh

## size: print the sizes of the binaries in dist/; fails if one exceeds its budget
size:
	@TARGETS="$(TARGETS)" scripts/size.sh $(BUDGETS)

## repro: build one commit twice, in two directories, and compare the binaries
repro:
	@BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/repro.sh

## cross-check: build with cross and with zigbuild, and fail unless the binaries are identical; installs what it needs
cross-check:
	@TARGETS="$(TARGETS)" scripts/cross-check.sh

## test-cpu: run the integration tests with the static binaries under qemu-user; FILTER="tls:: check::" for some
test-cpu:
	@BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" FILTER="$(FILTER)" scripts/test-cpu.sh

## test-board: test cron and setup at a terminal on an emulated Pi Zero, or Pi 2 with BOARD=pi2
test-board:
	@BOARD="$(BOARD)" scripts/test-board.sh

## test-board-mips: run tests on an emulated big-endian MIPS machine; builds its kernel, 10 minutes
test-board-mips:
	@FILTER="$(FILTER)" scripts/test-board-mips.sh

## test-systemd: run the units under systemd in an emulated Debian; requires root, for debootstrap
test-systemd:
	@scripts/test-systemd.sh

## install: install the native build to PREFIX and, if none exists, the example config (0600); after make build
install:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install.sh install

## uninstall: remove the program from PREFIX; config and token are kept
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install.sh uninstall

## deploy: install on HOST=pi@raspberrypi over ssh; for PORT, DEST, SSH_OPTS, ASK, VERSION see scripts/deploy.sh
deploy:
	@PORT='$(PORT)' DEST='$(DEST)' SSH_OPTS='$(SSH_OPTS)' ASK='$(ASK)' VERSION='$(VERSION)' \
		scripts/deploy.sh '$(HOST)'

## test-deploy: test install and deploy with real sshd and dropbear on loopback; requires root and apt
test-deploy:
	@tests/deploy.sh
