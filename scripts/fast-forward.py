#!/usr/bin/env python3
"""Runs `gandi-ddns watch` with a clock that jumps over its waits, and measures it.

The program is the shipped one. As `strace --seccomp-bpf` does, this script stops it at some system calls: poll(2) and
clock_gettime(2). A poll for which nothing is ready ends at once, and the program's clocks are advanced by the time that it
would have lasted. The program reads its clocks by system calls, since the kernel's fast way (vdso(7)) is hidden from it.
So a year of waits takes minutes, and what is between them happens as always. An emulator (qemu-arm-static) can be the
program as well: its guest's calls are its own.

Usage: fast-forward.py [--guest BASE] PASSES INTERVAL PROGRAM [ARGUMENT...]

PASSES is such as 10,1000: memory is printed after each of these numbers of passes. INTERVAL is the time between two
passes in seconds: with each wait that lasts nearly that long, a pass has ended. With `--guest`, the memory is that of the
guest, whose addresses begin at BASE: run the emulator with `-B BASE`. Only for x86-64.
"""

import ctypes
import os
import signal
import struct
import sys

TRACEME, PEEKUSER, POKEUSER, CONT, SYSCALL, SETOPTIONS, SYSCALL_INFO = 0, 3, 6, 7, 24, 0x4200, 0x420E
# PTRACE_O_: TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACESECCOMP, EXITKILL
OPTIONS = 1 | 2 | 4 | 8 | 0x80 | 0x100000
# The stop at the begin of a call that the filter names: PTRACE_EVENT_SECCOMP.
EVENT = signal.SIGTRAP | 7 << 8
EXIT, SECCOMP = 2, 3
POLL, PPOLL, CLOCK_GETTIME = 7, 271, 228
NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
RDX, RSP = 12 * 8, 19 * 8
AT_IGNORE, AT_SYSINFO_EHDR = 1, 33
ALL_THREADS = 0x40000000
# Shorter waits, in nanoseconds, happen as they are.
SHORTEST = 100_000_000
SECOND = 1_000_000_000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, pid, address=0, data=0):
    ctypes.set_errno(0)
    result = libc.ptrace(request, pid, address, data)
    error = ctypes.get_errno()
    if result == -1 and error:
        raise OSError(error, os.strerror(error))
    return result


def trace_some_calls():
    """Lets the kernel stop this process at the calls that matter, and run all others as always (seccomp(2))."""
    load, jump_if_equal, result = 0x20, 0x15, 0x06
    calls = [POLL, PPOLL, CLOCK_GETTIME]
    program = struct.pack("HBBI", load, 0, 0, 0)
    for index, number in enumerate(calls):
        program += struct.pack("HBBI", jump_if_equal, len(calls) - index, 0, number)
    program += struct.pack("HBBI", result, 0, 0, 0x7FFF0000) + struct.pack("HBBI", result, 0, 0, 0x7FF00000)
    buffer = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))
    for words in (NO_NEW_PRIVS, 1, 0, 0, 0), (SET_SECCOMP, FILTER, ctypes.addressof(header), 0, 0):
        if libc.prctl(*(ctypes.c_ulong(word) for word in words)) != 0:
            os._exit(126)


class Memory:
    """The memory of the program."""

    def __init__(self, pid):
        self.fd = os.open(f"/proc/{pid}/mem", os.O_RDWR)

    def read(self, address, form):
        return struct.unpack(form, os.pread(self.fd, struct.calcsize(form), address))

    def write(self, address, form, *values):
        os.pwrite(self.fd, struct.pack(form, *values), address)


def hide_vdso(pid, memory):
    """Removes the address of the vdso from the auxiliary vector of a program that has just been started."""
    at = ptrace(PEEKUSER, pid, RSP)
    at += 8 * (memory.read(at, "Q")[0] + 2)
    while memory.read(at, "Q")[0]:
        at += 8
    at += 8
    while kind := memory.read(at, "Q")[0]:
        if kind == AT_SYSINFO_EHDR:
            memory.write(at, "Q", AT_IGNORE)
        at += 16


def pss(pid, guest):
    """Returns the proportional set size in KiB: of all mappings, or of those of the guest."""
    total, counted = 0, False
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as smaps:
        for line in smaps:
            word = line.split()[0]
            if "-" in word:
                start = int(word.split("-")[0], 16)
                counted = guest is None or guest <= start < guest + (1 << 32)
            elif word == "Pss:" and counted:
                total += int(line.split()[1])
    return total


def processor(pid):
    """Returns the processor time of all threads so far, in seconds."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / SECOND


class Run:
    """The traced program."""

    def __init__(self, passes, interval, guest, words):
        self.passes, self.interval, self.guest = passes, interval, guest
        self.ahead, self.made, self.skipped = 0, 0, 0
        self.calls, self.start = {}, None
        self.pid = os.fork()
        if self.pid == 0:
            ptrace(TRACEME, 0)
            trace_some_calls()
            os.execvp(words[0], words)
        os.waitpid(self.pid, 0)
        ptrace(SETOPTIONS, self.pid, 0, OPTIONS)
        self.memory = Memory(self.pid)
        hide_vdso(self.pid, self.memory)

    def to_the_end(self):
        """Lets the program run until the last number of passes."""
        ptrace(CONT, self.pid)
        while self.made < self.passes[-1]:
            tid, status = os.waitpid(-1, ALL_THREADS)
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                if tid == self.pid:
                    sys.exit(f"the program ended: {status}")
                continue
            number, forwarded, until = os.WSTOPSIG(status), 0, CONT
            if status >> 8 == EVENT:
                self.call(tid)
                until = SYSCALL
            elif number == signal.SIGTRAP | 0x80:
                self.call(tid)
            elif number not in (signal.SIGTRAP, signal.SIGSTOP):
                forwarded = number
            ptrace(until, tid, 0, forwarded)
        os.kill(self.pid, signal.SIGKILL)
        # Its first thread ends after the others.
        while True:
            tid, status = os.waitpid(-1, ALL_THREADS)
            if tid == self.pid and not os.WIFSTOPPED(status):
                return

    def call(self, tid):
        """Handles the begin or the end of a system call."""
        info = (ctypes.c_uint8 * 88)()
        ptrace(SYSCALL_INFO, tid, 88, ctypes.addressof(info))
        if info[0] == SECCOMP:
            number, *arguments = struct.unpack_from("7Q", info, 24)
            self.calls[tid] = (number, arguments, self.shorten(tid, number, arguments))
        elif info[0] == EXIT and tid in self.calls:
            number, arguments, wait = self.calls.pop(tid)
            result = struct.unpack_from("q", info, 24)[0]
            if number == CLOCK_GETTIME and result == 0 and arguments[0] in (0, 1, 4, 5, 6, 7):
                seconds, nanoseconds = self.memory.read(arguments[1], "2q")
                time = seconds * SECOND + nanoseconds + self.ahead
                self.memory.write(arguments[1], "2q", time // SECOND, time % SECOND)
            elif wait:
                self.skipped += 1
                if result == 0:
                    self.ahead += wait

    def shorten(self, tid, number, arguments):
        """Makes a long wait return at once. Returns its time in nanoseconds; 0 if it happens as it is."""
        if tid != self.pid or number not in (POLL, PPOLL):
            return 0
        if number == POLL:
            wait = ctypes.c_int32(arguments[2] & 0xFFFFFFFF).value * 1_000_000
        elif arguments[2]:
            seconds, nanoseconds = self.memory.read(arguments[2], "2q")
            wait = seconds * SECOND + nanoseconds
        else:
            wait = 0
        if wait < SHORTEST:
            return 0
        if wait > self.interval * SECOND * 9 // 10:
            self.passed()
        if number == POLL:
            ptrace(POKEUSER, tid, RDX, 0)
        else:
            self.memory.write(arguments[2], "2q", 0, 0)
        return wait

    def passed(self):
        """Counts a pass, and prints what is measured after it."""
        self.made += 1
        if self.made == self.passes[0]:
            self.start = (self.ahead, processor(self.pid), self.skipped)
        if self.made in self.passes:
            print(f"PSS after {self.made} passes: {pss(self.pid, self.guest)} KiB", flush=True)
        if self.made == self.passes[-1] and self.made > self.passes[0]:
            ahead, seconds, skipped = self.start
            hours = (self.ahead - ahead) / SECOND / 3600
            print(f"simulated time: {hours:.1f} hours")
            print(f"wake-ups an hour: {(self.skipped - skipped) / hours:.1f}")
            used = (processor(self.pid) - seconds) * 24 / hours
            print(f"processor time a day: {used:.2f} s (with the cost of tracing)")


def main():
    words, guest = sys.argv[1:], None
    if words[:1] == ["--guest"]:
        guest, words = int(words[1], 0), words[2:]
    if len(words) < 3:
        sys.exit(__doc__)
    Run([int(number) for number in words[0].split(",")], int(words[1]), guest, words[2:]).to_the_end()


main()
