#!/usr/bin/env python3
"""Compares the cost of an update by several clients, against the fake Gandi in a network namespace (internet.sh).

Each client keeps one A record. Measured are runs that find another address and write it, and runs that find the same one:
processor time (user and system, the mean), peak memory (the largest), and, by the kernel's counters and the fake's log,
TCP connections (one TLS handshake each), requests and UDP packets that are sent. The first run of a client is not
counted: it creates files.

- gandi-ddns, with its default sources: at least two services must agree before a write.
- The same dependencies without it: examples/plain_client.rs, one GET and one PUT.
- ddclient, if it is installed.
- $CLIENT, a command line for the shell, such as CLIENT='my-client --config {dir}/x.toml --ca {ca}'. These words are
  replaced: {dir} (an empty directory), {ca} (PEM), {token} and {apikey} (files), {api} (the URL of LiveDNS). The domain
  is example.org, the record home, the address https://api4.ipify.org. $CLIENT_NAME is its name in the table, and
  $CLIENT_SETUP a command line that is run before, to write its config.

Usage: scripts/internet.sh scripts/bench.py
Environment: RUNS (of each kind, default 20), ONLY (some of gandi_ddns, plain_client, ddclient, own)
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

API = "https://api.gandi.net/v5/livedns"
RECORD = f"{API}/domains/example.org/records/home/A"
SERVICE = "https://api4.ipify.org"
TIMEOUT = 60


class Client:
    """A command that updates the record."""

    def __init__(self, name, command, dir, prepare=lambda: None):
        self.name, self.command, self.dir = name, command, dir
        # Called before each run.
        self.prepare = prepare

    def run(self):
        """Runs it once. Returns processor time in milliseconds."""
        # posix_spawn starts it without a copy of this process, so that only its own work is counted.
        with open(self.dir / "out", "w") as out:
            actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)]
            pid = os.posix_spawnp(self.command[0], self.command, os.environ, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            raise Failure(f"exit code {code}: {(self.dir / 'out').read_text().strip()[-300:]}")
        return (usage.ru_utime + usage.ru_stime) * 1000

    def memory(self):
        """Runs it once. Returns its peak memory in MiB."""
        # The kernel counts the memory of the parent before exec, too; GNU time is small.
        file = self.dir / "time"
        done = subprocess.run(
            ["/usr/bin/time", "-o", file, "-f", "%M", *self.command],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )
        if done.returncode != 0:
            raise Failure(f"exit code {done.returncode}")
        return int(file.read_text()) / 1024


class Failure(Exception):
    """A client that did not do its work."""


class Internet:
    """The fake, and the counters of the kernel in this namespace."""

    def __init__(self, dir):
        self.dir, self.number = dir, 0

    def move(self):
        """Gives the machine another address, and waits until all services report it."""
        self.number = self.number % 200 + 1
        address = f"81.2.69.{self.number}"
        (self.dir / "ipv4").write_text(address)
        deadline = time.monotonic() + TIMEOUT
        while not (self.dir / "applied").read_text().startswith(f"{address} "):
            if time.monotonic() > deadline:
                sys.exit("bench.py: the fake Gandi does not take the new address")
            time.sleep(0.005)

    def check(self):
        """Fails unless the record has the address of the machine."""
        found = re.findall(r"^home\S*\s.*\sA\s+(\S+)$", (self.dir / "zone").read_text(), re.MULTILINE)
        if found != [(self.dir / "ipv4").read_text().strip()]:
            raise Failure(f"the record has {found or 'no address'}")

    def counters(self):
        """Returns TCP connections, requests, and UDP packets of clients so far."""
        lines = Path("/proc/net/snmp").read_text().splitlines()
        tables = {}
        for names, values in zip(lines[::2], lines[1::2]):
            tables[names.split(":")[0]] = dict(zip(names.split()[1:], map(int, values.split()[1:])))
        # Each packet of a client has an answer, which the fake sends.
        udp = tables["Udp"]["OutDatagrams"] // 2
        return tables["Tcp"]["ActiveOpens"], len((self.dir / "log").read_text().splitlines()), udp


def measure(client, internet, is_change, runs):
    """Returns one line of the table."""
    def before():
        client.prepare()
        if is_change:
            internet.move()

    processor, counted = 0.0, [0, 0, 0]
    for _ in range(runs):
        before()
        start = internet.counters()
        processor += client.run()
        counted = [sum + new - old for sum, new, old in zip(counted, internet.counters(), start)]
        try:
            internet.check()
        except Failure as error:
            raise Failure(f"{error}: {(client.dir / 'out').read_text().strip()[-300:]}") from None
    memory = 0.0
    for _ in range(3):
        before()
        memory = max(memory, client.memory())
    mean = [f"{count / runs:.1f}".removesuffix(".0") for count in counted]
    kind = "change" if is_change else "no change"
    return f"| {client.name} | {kind} | {processor / runs:.1f} | {memory:.1f} | {mean[0]} | {mean[1]} | {mean[2]} |"


def version(command):
    """Returns the first version number that a program prints."""
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", text)
    return found.group() if found else "unknown"


def gandi_ddns(internet, dir):
    program = os.environ["PROGRAM"]
    config = dir / "gandi-ddns.conf"
    config.write_text(
        f"token_file = {internet / 'token'}\nca_file = {internet / 'ca.pem'}\nstate_dir = {dir / 'state'}\n"
        "[example.org]\nnames = home\nttl = 300\n"
    )
    config.chmod(0o600)
    return Client(f"gandi-ddns {version([program, '--version'])}", [program, "-c", str(config)], dir)


def plain_client(internet, dir):
    command = [os.environ["PLAIN_CLIENT"], internet / "ca.pem", SERVICE, RECORD, internet / "token", dir / "memory"]
    return Client("its dependencies alone", [str(word) for word in command], dir)


def ddclient(internet, dir):
    """Version 3.10 knows API keys only; the key works in later ones, too."""
    config = dir / "ddclient.conf"
    key = (internet / "apikey").read_text().strip()
    config.write_text(
        f"ssl=yes\nssl_ca_file={internet / 'ca.pem'}\ncache={dir / 'cache'}\nuse=web, web={SERVICE}\n"
        f"protocol=gandi, zone=example.org, ttl=300, min-interval=0, password={key}\nhome.example.org\n"
    )
    config.chmod(0o600)
    command = ["ddclient", "-daemon=0", "-file", str(config)]

    def age():
        """Makes the last update an hour older: it makes no two within five minutes."""
        cache = dir / "cache"
        cache.write_text(re.sub(r"\b([am]time)=\d+", rf"\1={int(time.time()) - 3600}", cache.read_text()))

    return Client(f"ddclient {version(['ddclient', '--version'])}", command, dir, age)


def own(internet, dir):
    def fill(text):
        words = {"dir": dir, "api": API, "ca": internet / "ca.pem"}
        words |= {name: internet / name for name in ["token", "apikey"]}
        # A long command line may be on several lines of a script.
        text = text.replace("\n", " ")
        return re.sub(r"\{(\w+)\}", lambda found: str(words.get(found.group(1), found.group())), text)

    subprocess.run(["sh", "-ec", fill(os.environ.get("CLIENT_SETUP", ":"))], check=True)
    command = fill(os.environ["CLIENT"])
    return Client(os.environ.get("CLIENT_NAME") or os.environ["CLIENT"].split()[0], ["sh", "-c", f"exec {command}"], dir)


def main():
    if len(sys.argv) > 1 or "INTERNET" not in os.environ:
        sys.exit(__doc__)
    if not os.access("/usr/bin/time", os.X_OK):
        sys.exit("GNU time is missing: apt-get install time")
    dir, runs = Path(os.environ["INTERNET"]), int(os.environ.get("RUNS") or 20)
    internet = Internet(dir)
    makers = [gandi_ddns, plain_client, ddclient]
    if os.environ.get("CLIENT"):
        makers.append(own)
    if os.environ.get("ONLY"):
        makers = [make for make in makers if make.__name__ in os.environ["ONLY"].split()]
    elif not shutil.which("ddclient"):
        print("ddclient is not installed, so it was not measured: apt-get install ddclient", file=sys.stderr)
        makers.remove(ddclient)
    print("| client | run | processor ms | peak MiB | TLS handshakes | requests | UDP queries |")
    print("|---|---|--:|--:|--:|--:|--:|")
    failed = False
    for make in makers:
        place = dir / make.__name__
        place.mkdir()
        client = make(dir, place)
        try:
            internet.move()
            client.run()
            internet.check()
            for is_change in [True, False]:
                print(measure(client, internet, is_change, runs), flush=True)
        except (Failure, OSError) as error:
            failed = True
            print(f"{client.name} was not measured: {error}", file=sys.stderr)
    sys.exit(failed)


main()
