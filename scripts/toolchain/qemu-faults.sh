# shellcheck shell=sh
# The tests that qemu-user 7.2 cannot run, with the reason. scripts/test-cpu.sh leaves them out, for the targets whose
# TARGET_CANNOT names the fault. `make test-board-mips` runs them, with a real kernel.

# qemu_list FAULT: prints the reason, then the names of the tests, one per line.
qemu_list() {
    case $1 in
    mips)
        cat <<'END'
getsockopt(SO_ERROR) returns 111, the host's ECONNREFUSED; the one of MIPS is 146
END
        ;;
    big-endian)
        cat <<'END'
/proc/net/route of the process is that of the host, in the byte order of the host
END
        ;;
    esac
}

# qemu_faults FAULT...: prints the names of the tests.
qemu_faults() {
    for fault; do qemu_list "$fault" | sed 1d; done
}

# qemu_reasons FAULT...: prints each reason with the number of its tests.
qemu_reasons() {
    for fault; do
        echo "left out under this qemu: $(qemu_faults "$fault" | wc -l) tests: $(qemu_list "$fault" | head -n 1)"
    done
}
