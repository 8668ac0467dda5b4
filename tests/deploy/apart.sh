# shellcheck shell=sh
# Runs a test in mount and process namespaces of its own.

# run_apart SCRIPT: runs `SCRIPT inside DIRECTORY` there as root, with a new directory that is removed afterwards, and ends
# with its exit code. No process and no mount outlives it.
run_apart() {
    scratch=$(mktemp -d) inner=''
    trap '[ -z "$inner" ] || { kill -KILL "$inner" && wait "$inner"; } 2>/dev/null || :; rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    chmod 755 "$scratch"
    # If this process dies, unshare is killed too, and with it all processes and mounts in the namespaces.
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc sh "$1" inside "$scratch" &
    inner=$!
    code=0
    wait "$inner" || code=$?
    inner=
    exit $code
}
