#!/usr/bin/env python3
"""Makes the examples in docs/json.md from real runs: each block that begins with `$ gandi-ddns` gets its output again.

The program runs as root of a namespace in which the fake Gandi is the internet (internet.sh), with its default
sources. Times, durations and the expiry of the token are replaced by fixed ones.

Usage: scripts/internet.sh scripts/json-examples.py [--check]

With --check nothing is written: it fails if the file is not the one that this run gives.
"""

import difflib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/json.md"
# 2026-11-26 18:04:00 UTC, and the end of the token 200 days later.
NOW, EXPIRY = 1795716240, 1795716240 + 200 * 86400


def machine(internet):
    """Writes the config of the examples. Returns the command that runs with it."""
    config = internet / "gandi-ddns.conf"
    config.write_text(
        f"token_file = {internet / 'token'}\nca_file = {internet / 'ca.pem'}\nstate_dir = {internet / 'state'}\n"
        f"history = {internet / 'history'}\n[example.org]\nnames = home\ntypes = A AAAA\n"
    )
    config.chmod(0o600)
    return lambda arguments: [os.environ["PROGRAM"], "-c", str(config), *arguments]


def move(internet, address):
    (internet / "ipv4").write_text(address)
    deadline = time.monotonic() + 30
    while not (internet / "applied").read_text().startswith(f"{address} "):
        if time.monotonic() > deadline:
            sys.exit("json-examples.py: the fake Gandi does not take the new address")
        time.sleep(0.01)


def fixed(value, key=""):
    """Returns a value with fixed times."""
    if isinstance(value, dict):
        return {key: fixed(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [fixed(member, key) for member in value]
    if isinstance(value, int) and not isinstance(value, bool):
        if key == "milliseconds":
            return 20
        if value > 1_700_000_000:
            return EXPIRY if abs(value - time.time()) > 86400 else NOW
    if isinstance(value, str):
        value = value.replace(os.environ["INTERNET"], "/etc/gandi-ddns").replace("/etc/gandi-ddns/state", "/run/gandi-ddns")
        return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "2026-11-26 18:04:00 UTC", value)
    return value


def pretty(value):
    """Returns an object with one member per line, and one line per object in a list."""
    lines = []
    for key, member in value.items():
        text = json.dumps(member, ensure_ascii=False)
        if isinstance(member, list) and member and isinstance(member[0], dict):
            text = "[\n    " + ",\n    ".join(json.dumps(item, ensure_ascii=False) for item in member) + "\n  ]"
        lines.append(f'  "{key}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def output(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stderr or done.stdout.count("\n") != 1:
        sys.exit(f"json-examples.py: {command}: {done.stdout}{done.stderr}")
    return pretty(fixed(json.loads(done.stdout)))


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]) or "INTERNET" not in os.environ:
        sys.exit(__doc__)
    internet = Path(os.environ["INTERNET"])
    command = machine(internet)
    subprocess.run(command(["--quiet"]), check=True)
    move(internet, "81.2.69.180")
    before = DOCUMENT.read_text()
    blocks = re.compile(r"(```\n\$ gandi-ddns ([^\n]*)\n)(.*?)(```)", re.DOTALL)
    after = blocks.sub(lambda found: found[1] + output(command(found[2].split())) + found[4], before)
    if len(blocks.findall(before)) < 5:
        sys.exit("json-examples.py: an example is missing")
    if not arguments:
        DOCUMENT.write_text(after)
    elif after != before:
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "docs/json.md", "this run"))
        sys.exit("the examples are not those of this program; run: make json-examples")


main()
