#!/bin/sh
# Builds the images of dist/ with packaging/docker/Dockerfile and runs them as packaging/docker/compose.yaml says, against
# the fake Gandi: another user, read-only root, no capabilities, secret, health, an address change, SIGTERM.
#
#   TARGETS  of them, default: "x86_64 arm64 armv7 armv6"
#   DOCKER   the client, default: docker. Without BuildKit, which some clients lack, all four must be in dist/
#   FAKE     the fake Gandi, default: target/debug/examples/fake_gandi, which is built
#
# It starts a Docker engine of its own (dockerd, as root) without a network bridge, and ends it. The ARM programs are run by
# qemu-user, which is mounted into their containers, so nothing is registered on this machine.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. scripts/toolchain/tools.sh

[ "$(id -u)" = 0 ] || { say "dockerd needs root: sudo make test-docker"; exit 64; }
PATH=$PATH:/usr/sbin:/sbin
packages=
for pair in dockerd:docker.io docker-compose:docker-compose qemu-arm-static:qemu-user-static; do
    have "${pair%:*}" || packages="$packages ${pair#*:}"
done
# shellcheck disable=SC2086 # a list
[ -z "$packages" ] || apt_install $packages
TARGETS=${TARGETS:-x86_64 arm64 armv7 armv6}
for target in $TARGETS; do
    [ -e "dist/$BIN-$version-$target" ] || { say "dist has no binary for $target; run: make dist"; exit 1; }
done
DOCKER=${DOCKER:-docker}
FAKE=${FAKE:-target/debug/examples/fake_gandi}
[ "$FAKE" != target/debug/examples/fake_gandi ] || cargo build --quiet --locked --example fake_gandi

fake='' engine='' dir=$(mktemp -d)
# The engine unmounts its own directories when it ends.
finish() {
    [ -z "$fake" ] || kill "$fake" 2>/dev/null || true
    if [ -n "$engine" ] && kill "$engine" 2>/dev/null; then wait "$engine" || true; fi
    umount "$dir/exec/netns/default" 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

target=
ok() { echo "docker: ok $target: $*"; }
fail() {
    echo "docker: FAIL $target: $*" >&2
    docker logs "$name" 2>&1 | sed 's/^/| /' >&2 || true
    tail -n 5 "$dir/engine.log" | sed 's/^/| /' >&2
    exit 1
}
# within SECONDS COMMAND...: waits up to SECONDS for the command to succeed.
within() {
    seconds=$1
    shift
    until "$@" >/dev/null 2>&1; do
        seconds=$((seconds - 1))
        [ $seconds -gt 0 ] || return 1
        sleep 1
    done
}
inspect() { docker inspect -f "{{$1}}" "$name"; }
has() { [ "$(inspect "$1")" = "$2" ] || fail "$1 is '$(inspect "$1")', not '$2'"; }
is_healthy() { [ "$(inspect .State.Health.Status)" = "$1" ]; }
is_record() { grep -q "^home\\.example\\.org\\. .* A $1\$" "$dir/fake/zone"; }
# process NAME: prints a line of the status of the container's first process.
process() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(inspect .State.Pid)/status" | tr '\t' ' '; }

export DOCKER_HOST="unix://$dir/docker.sock" COMPOSE_PROJECT_NAME=gandi-ddns-test
dockerd --host "$DOCKER_HOST" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" --bridge none \
    --iptables=false --ip6tables=false >"$dir/engine.log" 2>&1 &
engine=$! name=none
within 60 docker version || fail "no Docker engine"

# build PLATFORM: builds the image, with BuildKit if there is one.
builder=BuildKit
DOCKER_BUILDKIT=1 "$DOCKER" build --help 2>&1 | grep -q -- --secret || builder="the old builder"
build() {
    if [ "$builder" = BuildKit ]; then
        set -- 1 --platform "linux/$1"
    else
        set -- 0 --build-arg "PLATFORM=$(echo "$1" | tr -d /)"
    fi
    export DOCKER_BUILDKIT="$1"
    shift
    "$DOCKER" build -f packaging/docker/Dockerfile -t "gandi-ddns:$target" "$@" . >"$dir/build.log" 2>&1
}
# start_fake: starts a fake Gandi that knows nothing of the one before, and writes config and token of its container.
start_fake() {
    [ -z "$fake" ] || kill "$fake"
    rm -rf "$dir/fake" "$dir/compose"
    "$FAKE" "$dir/fake" >"$dir/fake.log" 2>&1 &
    fake=$!
    within 60 test -e "$dir/fake/ready" || fail "the fake: $(cat "$dir/fake.log")"
    mkdir "$dir/compose"
    cp packaging/docker/compose.yaml "$dir/fake/token" "$dir/fake/ca.pem" "$dir/compose"
    sed 's|^ca_file = .*|ca_file = /ca.pem|; /^token_file/d; /^state_dir/d' "$dir/fake/gandi-ddns.conf" \
        >"$dir/compose/gandi-ddns.conf"
    # As the comment in compose.yaml says.
    chown 65532 "$dir/compose/gandi-ddns.conf" "$dir/compose/token"
    chmod 400 "$dir/compose/gandi-ddns.conf" "$dir/compose/token"
}
# override QEMU CPU: what differs from compose.yaml in this test: less patience, and qemu for ARM.
override() {
    cat <<END
services:
  gandi-ddns:
    image: gandi-ddns:$target
    command: [$2'watch', '--interval', '10s']
    volumes:
      - ./ca.pem:/ca.pem:ro
END
    if [ -n "$1" ]; then
        echo "      - $(command -v "$1"):/qemu:ro"
        echo '    entrypoint: ["/qemu"]'
        echo "    healthcheck: { test: ['CMD', '/qemu', $2'status', '--quiet'], interval: 2s, timeout: 30s, retries: 2 }"
    else
        echo "    healthcheck: { interval: 2s, retries: 2 }"
    fi
}

compose() {
    docker-compose --project-directory "$dir/compose" -f "$dir/compose/compose.yaml" \
        -f "$dir/compose/compose.override.yaml" "$@"
}

for target in $TARGETS; do
    start_fake
    qemu='' cpu='' words=''
    case $target in
    x86_64) platform=amd64 ;;
    arm64) platform=arm64 qemu=qemu-aarch64-static cpu=cortex-a53 ;;
    armv7) platform=arm/v7 qemu=qemu-arm-static cpu=cortex-a7 ;;
    armv6) platform=arm/v6 qemu=qemu-arm-static cpu=arm1176 ;;
    *) fail "unknown; use x86_64, arm64, armv7 and armv6" ;;
    esac
    [ -z "$qemu" ] || words="'-cpu', '$cpu', '/usr/bin/gandi-ddns', "
    build "$platform" || fail "build: $(cat "$dir/build.log")"
    size=$(docker image inspect -f '{{.Size}}' "gandi-ddns:$target")
    files=$(docker create --name content "gandi-ddns:$target" >/dev/null && docker export content | tar -t | tr '\n' ' ')
    docker export content | tar -x -C "$dir" usr/bin/gandi-ddns
    cmp -s "$dir/usr/bin/gandi-ddns" "dist/$BIN-$version-$target" || fail "the image has another program"
    docker rm content >/dev/null
    ok "image of $size bytes, built with $builder for $(docker image inspect -f '{{.Architecture}}{{.Variant}}' "gandi-ddns:$target"): $files"

    override "$qemu" "$words" >"$dir/compose/compose.override.yaml"
    compose config -q || fail "compose.yaml is not valid"
    compose up -d >"$dir/compose.log" 2>&1 || fail "up: $(cat "$dir/compose.log")"
    name=$(compose ps -q)
    within 60 is_record 81.2.69.142 || fail "no record"
    has .HostConfig.ReadonlyRootfs true
    has .HostConfig.CapDrop '[ALL]'
    [ "$(process Uid)/$(process Gid)" = '65532 65532 65532 65532/65532 65532 65532 65532' ] || fail "it runs as $(process Uid)"
    for set in CapPrm CapEff CapBnd; do
        [ "$(process $set)" = 0000000000000000 ] || fail "$set is $(process $set)"
    done
    [ "$(process NoNewPrivs)" = 1 ] || fail "it can get new privileges"
    docker diff "$name" | grep -v '/run\|/etc\|/ca.pem\|/qemu' >"$dir/diff" || true
    [ ! -s "$dir/diff" ] || fail "it changes $(cat "$dir/diff")"
    ! inspect . | grep -q pat_ || fail "docker inspect shows the token"
    ok "the record is written: user 65532, no capability, read-only root"
    within 60 is_healthy healthy || fail "health: $(inspect .State.Health)"
    echo 81.2.69.160 >"$dir/fake/ipv4"
    within 60 is_record 81.2.69.160 || fail "the record does not follow the address"
    # As README says. qemu is not registered for ARM.
    [ -n "$qemu" ] || docker exec "$name" gandi-ddns status >"$dir/status" || fail "status: $(cat "$dir/status")"
    ok "healthy, and the record follows the address"
    # In place: the container has this inode.
    chmod 600 "$dir/compose/token"
    echo pat_refused00000000000000000000000000000 >"$dir/compose/token"
    echo 81.2.69.161 >"$dir/fake/ipv4"
    within 60 is_healthy unhealthy || fail "with a token that Gandi refuses it is $(inspect .State.Health.Status)"
    ok "a token that Gandi refuses makes it unhealthy"
    docker stop -t 8 "$name" >/dev/null
    has .State.ExitCode 0
    ok "SIGTERM ends it with 0"
    compose down >/dev/null 2>&1
done
echo PASS
