# `make help` lists the targets. `make demo` and `make test` require only cargo (with rustfmt and clippy) and a C
# compiler, which ring needs.

# The goals of one command, such as `make setup-arm dist`, run in order; cargo uses all cores by itself.
.NOTPARALLEL:

PREFIX ?= /usr/local
CARGO ?= cargo

# For the static builds: names from scripts/toolchain/targets.sh, such as "armv6 arm64"; and cross or zigbuild.
TARGETS ?=
BUILDER ?=
# Architectures of the packages: Debian's names for `make deb`, OpenWrt's for `make ipk` and `make apk`.
ARCHES ?=
# Size limits that override those of scripts/toolchain/targets.sh, such as "BUDGET_armv6=800000".
BUDGETS ?=
# The URL of the release page, for install.sh; {version} in it stands for the version.
PAGE ?=
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

.PHONY: all help build demo picture json-examples faults test fmt clippy doc deny shellcheck lint-man lint-units lint-deb \
	check-lists package fuzz storm measure bench bench-scale bench-watch measure-watch setup-lint setup-arm dist deb \
	test-deb test-docker ipk apk test-openwrt docs-check release-check test-release-check size repro cross-check test-cpu \
	test-board test-board-mips test-systemd install uninstall deploy test-deploy release release-repro test-release test-install

## all: same as build (the default)
all: build

## help: print this list
help:
	@awk '/^## [a-z-]+: / { name = $$2; sub(/:$$/, "", name); sub(/^## [a-z-]+: /, ""); printf "  %-13s %s\n", name, $$0 }' Makefile

## build: build the native release binary
build:
	@scripts/need-rust.sh
	$(CARGO) build --locked --release

## demo: run the real binary against a built-in fake Gandi server
demo:
	@scripts/need-rust.sh
	@scripts/demo.sh

## picture: make the README's pictures of a terminal from a real run; requires Python 3 and network namespaces
picture:
	@scripts/internet.sh scripts/picture.py

## json-examples: make the examples in docs/json.md from real runs; requires the same
json-examples:
	@scripts/internet.sh scripts/json-examples.py

## faults: inject faults into each system call of the real binary; SAMPLE=600 runs a part; requires strace
faults:
	@SAMPLE='$(SAMPLE)' CASE='$(CASE)' scripts/faults.sh

## test: run all tests, and fmt, clippy, doc, check-lists, deny, shellcheck, lint-man and lint-units
test: fmt clippy doc check-lists
	$(CARGO) test --locked --quiet --workspace
	@$(MAKE) --no-print-directory deny shellcheck lint-man lint-units

## fmt: check the formatting of the Rust code
fmt:
	@scripts/need-rust.sh rustfmt clippy
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
		shellcheck -x scripts/*.sh tests/docker.sh scripts/toolchain/*.sh scripts/toolchain/rustup-shim/rustup \
			scripts/toolchain/rustc-thumb scripts/toolchain/zig-thumb scripts/toolchain/zig-powerpc scripts/build-image/cargo \
			packaging/completions/gandi-ddns.bash packaging/systemd/gandi-ddns-files packaging/hooks/* \
			packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm \
			scripts/release/*.sh tests/deploy.sh tests/deb.sh tests/install.sh tests/release.sh tests/release-check.sh \
			tests/openwrt.sh tests/systemd/play .ci/run && \
		shellcheck -s dash scripts/deploy/*.sh tests/board/* tests/board-mips/init tests/openwrt/router/* \
			packaging/openwrt/p[or]* packaging/openwrt/test.sh \
			$(addprefix packaging/openwrt/files/, etc/init.d/gandi-ddns usr/lib/ddns/update_gandi_ddns.sh \
			usr/libexec/rpcd/gandi-ddns) && shellcheck -xs dash packaging/install.sh; \
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

## lint-units: check the systemd units with systemd-analyze: verify, and an exposure level of 1.5 at most
lint-units:
	@MISSING_LINTERS='$(MISSING_LINTERS)' scripts/lint-units.sh

# spelling-error-in-binary finds words in the machine code. As root, lintian complains about root.
## lint-deb: lint the Debian packages in dist/ with lintian; after make deb
lint-deb:
	@if command -v lintian >/dev/null; then \
		lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic \
			--suppress-tags spelling-error-in-binary --tag-display-limit 0 dist/*.deb; \
	else \
		echo "lintian is not installed, so the packages were not checked; run: make setup-lint"; \
		[ '$(MISSING_LINTERS)' != fail ]; \
	fi

## check-lists: check that all files agree on the list of build targets
check-lists:
	@scripts/check-lists.sh

## package: check the files of the package for the Rust registry, and compile it; publishes nothing
package:
	@CARGO='$(CARGO)' scripts/package.sh

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

## bench: measure processor time, memory and requests beside ddclient and CLIENT=...; see scripts/bench.py for more
bench:
	@scripts/bench.sh

## bench-scale: measure processor time, memory and requests for 1 to 10,000 names; requires GNU time
bench-scale:
	@scripts/bench-scale.sh

## bench-watch: measure the time from a change of the address to the write by watch; requires network namespaces
bench-watch:
	@scripts/bench-watch.sh

## setup-lint: install shellcheck, mandoc, lintian, systemd-analyze, zsh, fish and cargo-deny
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

## test-docker: run the images of dist/ in a Docker engine, the ARM ones under qemu; TARGETS as above; requires root
test-docker:
	@TARGETS="$(TARGETS)" tests/docker.sh

## ipk: make OpenWrt packages for opkg (24.10) from dist/, for all names of a CPU or ARCHES="aarch64_cortex-a53"
ipk:
	@ARCHES="$(ARCHES)" scripts/openwrt.sh ipk

## apk: the same for apk (25.12); requires python3, or apk 3
apk:
	@ARCHES="$(ARCHES)" scripts/openwrt.sh apk

## test-openwrt: test the OpenWrt packages with busybox in a chroot; requires root, and installs busybox and strace
test-openwrt:
	@tests/openwrt.sh

## docs-check: fail if the pictures and examples in the documents are not those of this program
docs-check:
	@scripts/internet.sh scripts/picture.py --check
	@scripts/internet.sh scripts/json-examples.py --check

## release-check: check version, changelog, tag, sums and documents before an upload; after make release
release-check:
	@RELEASE='$(RELEASE)' scripts/release-check.sh

## test-release-check: test release-check with a release of stand-ins
test-release-check:
	@tests/release-check.sh

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

## install: install the native build to PREFIX; after make build
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

## release: make all files of a release page in target/release-page; PAGE is its URL, TARGETS and BUILDER as for dist
release:
	@PAGE='$(PAGE)' BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/release.sh

## release-repro: make a release twice, in two directories, and compare all files
release-repro:
	@PAGE='$(PAGE)' BUILDER="$(BUILDER)" TARGETS="$(TARGETS)" scripts/repro.sh release

## test-release: check target/release-page, and build from its source tarball without network
test-release:
	@tests/release.sh

## test-install: test install.sh of the release page with three shells against a local web server; requires root
test-install:
	@tests/install.sh
