//! The faults of each system call: errors that the kernel may return for it, as its manual page lists them.

/// The faults of some calls.
struct Row {
    calls: &'static [&'static str],
    /// Faults of one call.
    once: &'static [&'static str],
    /// Faults of this call and all later ones, as on a full disk.
    lasting: &'static [&'static str],
}

const TABLE: [Row; 32] = [
    row(
        &["open", "openat", "openat2"],
        &["EACCES", "EIO", "EMFILE", "ENOMEM", "EINTR"],
        &["EMFILE", "ENOSPC"],
    ),
    row(&["read", "pread64", "readv"], &["EIO", "EINTR", "EAGAIN"], &["EIO"]),
    row(
        &["write", "writev"],
        &["ENOSPC", "EIO", "EINTR", "EPIPE", "EFBIG", "retval=0"],
        &["ENOSPC", "EDQUOT"],
    ),
    row(&["fsync", "fdatasync"], &["EIO", "ENOSPC", "EROFS"], &["EIO"]),
    row(&["rename", "renameat", "renameat2"], &["EIO", "EACCES", "ENOSPC", "EROFS"], &["EROFS"]),
    row(&["unlink", "unlinkat"], &["EIO", "EACCES", "EROFS"], &[]),
    row(&["mkdir", "mkdirat"], &["EACCES", "ENOSPC", "EROFS", "EMLINK"], &["EROFS"]),
    row(&["ftruncate"], &["EIO", "EFBIG", "EINTR"], &[]),
    row(&["fchmod", "fchmodat", "fchown", "fchownat"], &["EPERM", "EIO", "EROFS"], &[]),
    row(&["utimensat"], &["EACCES", "EPERM", "EROFS"], &[]),
    row(&["flock"], &["ENOLCK", "EINTR", "EAGAIN"], &[]),
    row(&["stat", "fstat", "lstat", "statx", "newfstatat", "access"], &["EIO", "EACCES", "ENOMEM"], &["EIO"]),
    row(&["readlink", "readlinkat"], &["EIO", "EACCES"], &[]),
    row(&["lseek"], &["EINVAL", "EOVERFLOW"], &[]),
    row(&["close"], &["EIO", "EINTR", "ENOSPC"], &[]),
    row(&["getdents64"], &["EIO", "ENOENT"], &[]),
    row(&["fcntl"], &["ENOMEM", "EMFILE"], &[]),
    row(&["dup", "dup2", "dup3"], &["EMFILE", "EINTR", "EBUSY"], &[]),
    row(&["pipe", "pipe2"], &["EMFILE", "ENFILE"], &[]),
    row(&["socket", "socketpair"], &["EMFILE", "ENOBUFS", "EACCES", "EAFNOSUPPORT"], &["ENFILE", "EPERM"]),
    row(&["bind"], &["EADDRINUSE", "EACCES"], &[]),
    row(
        &["connect"],
        &["ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EPERM", "EADDRNOTAVAIL", "EINTR"],
        &["ENETUNREACH", "ECONNREFUSED"],
    ),
    row(
        &["sendto", "sendmsg", "sendmmsg"],
        &["ECONNRESET", "EPIPE", "EAGAIN", "EINTR", "ENOBUFS", "EPERM"],
        &["EPERM"],
    ),
    row(
        &["recvfrom"],
        &["ECONNRESET", "EAGAIN", "EINTR", "ENOMEM", "ETIMEDOUT", "retval=0"],
        &["ECONNRESET"],
    ),
    // Netlink. Here glibc aborts after an error that a blocking netlink socket never returns.
    row(&["recvmsg"], &["EINTR", "ENOMEM", "ENOBUFS"], &["ENOBUFS"]),
    row(&["poll", "ppoll"], &["EINTR", "ENOMEM"], &["ENOMEM"]),
    row(&["setsockopt", "getsockopt"], &["ENOMEM", "ENOPROTOOPT", "EDOM"], &["ENOPROTOOPT"]),
    row(&["getsockname", "getpeername"], &["ENOBUFS", "ENOTCONN"], &[]),
    row(&["clone", "clone3", "fork", "vfork"], &["EAGAIN", "ENOMEM"], &["EAGAIN"]),
    row(&["wait4", "waitid"], &["EINTR", "ECHILD"], &[]),
    row(&["setpgid", "kill"], &["EPERM", "ESRCH"], &[]),
    // Not of `brk`: where the kernel refuses, it returns the old end of the heap and no error, and libc relies on that.
    row(&["mmap", "mprotect", "munmap", "mremap"], &["ENOMEM"], &[]),
];

/// Two calls that an old kernel or a sandbox may lack, and one that a signal may interrupt.
const FEW: [(&str, &[&str]); 3] = [
    ("getrandom", &["ENOSYS", "EPERM", "EINTR"]),
    ("clock_nanosleep", &["EINTR"]),
    ("nanosleep", &["EINTR"]),
];

/// Calls that cannot fail with valid arguments, and that nothing outside of the process notices.
const INERT: [&str; 23] = [
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "arch_prctl",
    "set_tid_address",
    "set_robust_list",
    "rseq",
    "gettid",
    "getpid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "sched_getaffinity",
    "prlimit64",
    "madvise",
    "uname",
    "restart_syscall",
    "futex",
    "exit",
    "execve",
];

const fn row(
    calls: &'static [&'static str],
    once: &'static [&'static str],
    lasting: &'static [&'static str],
) -> Row {
    Row { calls, once, lasting }
}

/// Calls after which a kill leaves something behind. SIGTERM arrives after the call, SIGKILL before it; so SIGTERM
/// elsewhere would be the same as SIGKILL at the next call.
const LEAVES: [&str; 12] = [
    "openat",
    "mkdirat",
    "write",
    "fsync",
    "renameat",
    "unlinkat",
    "ftruncate",
    "fchown",
    "fchmod",
    "sendto",
    "clone3",
    "utimensat",
];

/// Returns true if a kill after this call leaves something behind that a kill before it does not.
pub(crate) fn leaves_something(call: &str) -> bool {
    LEAVES.contains(&call)
}

/// Returns the injections into the `n`th call with this name, in strace's words without the name.
pub(crate) fn of(call: &str, n: u32) -> Vec<String> {
    if INERT.contains(&call) {
        return Vec::new();
    }
    let mut faults = vec![format!("signal=KILL:when={n}")];
    if leaves_something(call) {
        faults.push(format!("signal=TERM:when={n}"));
    }
    let action = |fault: &str| {
        if fault.contains('=') { fault.to_owned() } else { format!("error={fault}") }
    };
    if let Some(row) = TABLE.iter().find(|row| row.calls.contains(&call)) {
        faults.extend(row.once.iter().map(|fault| format!("{}:when={n}", action(fault))));
        faults.extend(row.lasting.iter().map(|fault| format!("{}:when={n}+", action(fault))));
    }
    if let Some((_, errors)) = FEW.iter().find(|(name, _)| *name == call) {
        faults.extend(errors.iter().map(|fault| format!("{}:when={n}", action(fault))));
    }
    faults
}

/// Errors after which the exit code must be that of a temporary error, as nothing is wrong with what the user wrote.
const TEMPORARY: [&str; 21] = [
    "EIO",
    "EMFILE",
    "ENFILE",
    "ENOMEM",
    "EINTR",
    "EAGAIN",
    "ENOBUFS",
    "EBUSY",
    "ECONNRESET",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "ENETUNREACH",
    "EPIPE",
    "EADDRNOTAVAIL",
    "EADDRINUSE",
    "ENOLCK",
    "ECHILD",
    "ESRCH",
    "ENOSYS",
    "ENOPROTOOPT",
    "ENOTCONN",
];

/// Returns true if an injection says nothing about the config.
pub(crate) fn is_temporary(injection: &str) -> bool {
    let error = injection.split(':').find_map(|part| part.strip_prefix("error="));
    error.is_none_or(|error| TEMPORARY.contains(&error))
}
