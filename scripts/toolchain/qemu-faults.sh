# shellcheck shell=sh
# The tests that qemu-user 7.2 cannot run, with the reason. scripts/test-cpu.sh leaves them out, for the targets whose
# TARGET_CANNOT names the fault.

# qemu_list FAULT: prints the reason, then the names of the tests or of their files, one per line.
qemu_list() {
    case $1 in
    auxv)
        cat <<'END'
qemu-i386 makes a file for /proc/self/auxv, which fails under a limit of the size of files
file_limit::output_that_does_not_fit_into_its_file_is_dropped
file_limit::record_is_updated_when_no_file_may_grow
file_limit::token_is_not_renewed_when_its_file_may_not_grow
END
        ;;
    big-endian)
        # It swaps some lengths in the answers of the kernel, and not others: getifaddrs finds a length of 0 and repeats
        # that entry for ever. /proc/net/route is that of the host.
        cat <<'END'
the answers of netlink are not converted for big-endian CPUs, so that getifaddrs never returns
check::
check_ids::
default_route::
default_sources::
interface_source::
END
        ;;
    esac
}

# qemu_faults FAULT...: prints the names of the tests.
qemu_faults() {
    for fault; do qemu_list "$fault" | sed 1d; done
}

# qemu_reasons FAULT...: prints each reason with the names.
qemu_reasons() {
    for fault; do
        echo "left out under this qemu, since $(qemu_list "$fault" | head -n 1): $(qemu_faults "$fault" | paste -sd' ' -)"
    done
}
