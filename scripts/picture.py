#!/usr/bin/env python3
"""Makes the pictures of a terminal in the README from a real run: docs/setup.svg and docs/check.svg.

The program runs at a pseudo-terminal, as root of a namespace in which the fake Gandi is the internet (internet.sh). It
queries its default services at their real names. Only one option is not shown: `-o ca_file=FILE`, because the
fake's certificates are from an authority of its own. `systemctl` does nothing there. In the output, dates and times are
replaced by fixed ones, so that each run gives the same pictures.

Usage: scripts/internet.sh scripts/picture.py [--check]

With --check nothing is written: it fails if a picture in docs/ is not the one that this run gives.
"""

import difflib
import fcntl
import html
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree
from pathlib import Path

COLUMNS = 96
TIMEOUT = 30
ROOT = Path(__file__).resolve().parent.parent
# The dates of the pictures: today, and that of the end of the token, which the fake lets live for 200 days.
TODAY, EXPIRY = "2026-11-26", "2027-06-14"

SETUP = [
    ("Token (not shown): ", None),
    ("> ", "1"),
    ("[home]: ", ""),
    ("[A AAAA]: ", ""),
    ("Continue? [Y/n] ", "y"),
    ("gandi-ddns.timer? [Y/n] ", "y"),
]


def machine(internet):
    """Gives the namespace an /etc and a /usr/local of its own: those of a machine with the package for Debian."""
    etc, tools = internet / "etc", internet / "bin"
    units = etc / "systemd/system"
    units.mkdir(parents=True)
    for name in ["passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "resolv.conf"]:
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), etc)
    shutil.copy(ROOT / "packaging/systemd/gandi-ddns.timer", units)
    tools.mkdir()
    (tools / "systemctl").write_text("#!/bin/sh\n")
    (tools / "systemctl").chmod(0o755)
    subprocess.run(["mount", "--bind", etc, "/etc"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/usr/local"], check=True)
    Path("/usr/local/bin").mkdir()
    shutil.copy(os.environ["PROGRAM"], "/usr/local/bin/gandi-ddns")
    Path("/run/systemd/system").mkdir(parents=True)
    return {"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "TERM": "xterm", "USER": "root", "SUDO_USER": "pi"}


class Screen:
    """The text of a terminal, in pieces of a style: `prompt`, `typed` or the output of the program."""

    def __init__(self):
        self.pieces = []

    def add(self, style, text):
        self.pieces.append((style, text))

    def lines(self):
        """Returns the lines as lists of pieces, broken where a terminal of this width breaks them."""
        lines = [[]]
        for style, text in self.pieces:
            for part in re.split(r"(\n)", text):
                if part == "\n":
                    lines.append([])
                    continue
                while part:
                    free = COLUMNS - sum(len(piece) for _, piece in lines[-1])
                    if free == 0:
                        lines.append([])
                        continue
                    lines[-1].append((style, part[:free]))
                    part = part[free:]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class Terminal:
    """A program at a pseudo-terminal of `COLUMNS` columns."""

    def __init__(self, arguments, environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        self.child = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd="/", start_new_session=True
        )
        os.close(slave)
        self.buffer = ""

    def read(self):
        """Reads more. Returns false at the end."""
        ready, _, _ = select.select([self.master], [], [], TIMEOUT)
        if not ready:
            self.child.kill()
            sys.exit(f"picture.py: the program waits for something else:\n{self.buffer}")
        try:
            data = os.read(self.master, 65536)
        except OSError:
            # Linux says EIO when the last process has closed the other side.
            data = b""
        self.buffer += data.decode()
        return bool(data)

    def until(self, text):
        """Returns the output up to the end of this text."""
        while text not in self.buffer:
            if not self.read():
                sys.exit(f"picture.py: the program ended without {text!r}:\n{self.buffer}")
        before, self.buffer = self.buffer.split(text, 1)
        return clean(before + text)

    def type(self, text):
        os.write(self.master, f"{text}\r".encode())

    def rest(self):
        while self.read():
            pass
        if self.child.wait() != 0:
            sys.exit(f"picture.py: the program ended with {self.child.returncode}:\n{self.buffer}")
        return clean(self.buffer)


def clean(text):
    """Returns the output as text, with fixed dates."""
    text = text.replace("\r\n", "\n")
    strange = re.search(r"[^\n -~]", text)
    if strange:
        sys.exit(f"picture.py: a character that the picture cannot show: {strange.group()!r} in {text!r}")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", f"{TODAY} 18:04:00 UTC", text)
    text = re.sub(r"expires on \d{4}-\d\d-\d\d, in (199|200) days", f"expires on {EXPIRY}, in 200 days", text)
    return text


def run(screen, shown, hidden, environment, dialogue=(), token=""):
    """Runs one command, and adds it to the screen with its output. An answer of `None` is the token."""
    screen.add("prompt", "$ ")
    screen.add("typed", f"sudo {shown}\n")
    terminal = Terminal([*shown.split(), *hidden], environment)
    for question, answer in dialogue:
        screen.add("", terminal.until(question))
        terminal.type(token if answer is None else answer)
        if answer is not None:
            terminal.until(f"{answer}\r\n")
            screen.add("typed", answer)
        else:
            terminal.until("\r\n")
        screen.add("", "\n")
    screen.add("", terminal.rest())


def move(internet, v4, v6):
    """Gives the machine other addresses, and waits until all services report them."""
    (internet / "ipv4").write_text(v4)
    (internet / "ipv6").write_text(v6)
    deadline = time.monotonic() + TIMEOUT
    while (internet / "applied").read_text() != f"{v4} {v6}\n":
        if time.monotonic() > deadline:
            sys.exit("picture.py: the fake Gandi does not take the new address")
        time.sleep(0.01)


STYLE = """\
  .back { fill: #f6f8fa; stroke: #d1d9e0; }
  text { font: 14px ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono",
    monospace; fill: #1f2328; white-space: pre; }
  .prompt { fill: #59636e; }
  .typed { fill: #0550ae; font-weight: bold; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #151b23; stroke: #3d444d; }
    text { fill: #e6edf3; }
    .prompt { fill: #9198a1; }
    .typed { fill: #79c0ff; }
  }
"""
# In pixels. A character of DejaVu Sans Mono, the widest of these fonts, is 0.602 of the font size.
LINE, CHARACTER, MARGIN = 19, 14 * 0.602, 16


def svg(title, description, screen):
    """Returns the picture of a screen."""
    lines = screen.lines()
    width, height = round(COLUMNS * CHARACTER) + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN - 4
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">\n',
        f'<title id="title">{html.escape(title)}</title>\n<desc id="desc">{html.escape(description)}</desc>\n',
        f"<style>\n{STYLE}</style>\n",
        f'<rect class="back" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>\n',
    ]
    for number, line in enumerate(lines):
        if not line:
            continue
        y = MARGIN + 12 + number * LINE
        spans = "".join(
            f'<tspan class="{style}">{html.escape(text, quote=False)}</tspan>'
            if style
            else html.escape(text, quote=False)
            for style, text in line
        )
        parts.append(f'<text x="{MARGIN}" y="{y}" xml:space="preserve">{spans}</text>\n')
    parts.append("</svg>\n")
    return "".join(parts)


def pictures(internet):
    """Runs the program, and returns the pictures by their names."""
    environment = machine(internet)
    token = (internet / "token").read_text().strip()
    trust = ["-o", "ca_file=/etc/fake-gandi.pem"]
    shutil.copy(internet / "ca.pem", "/etc/fake-gandi.pem")
    setup, check = Screen(), Screen()
    run(setup, "gandi-ddns setup", trust, environment, SETUP, token)
    run(check, "gandi-ddns check", [], environment)
    check.add("", "\n")
    check.add("prompt", "# The provider assigns another address. The timer runs this every 5 minutes:\n")
    move(internet, "81.2.69.180", "2a01:e0a:1:7::3")
    run(check, "gandi-ddns", [], environment)
    found = {
        "setup.svg": svg(
            "gandi-ddns setup in a terminal",
            "The setup asks for a token, which it does not show, for a name and the types of its records. It finds the "
            "public addresses, writes the config, makes the first update and enables the timer.",
            setup,
        ),
        "check.svg": svg(
            "gandi-ddns check and an update in a terminal",
            "The check prints one line for each part of the setup; all are ok. Then the address changes, and an update "
            "prints one line for each record, with its old and new address.",
            check,
        ),
    }
    for text in found.values():
        xml.etree.ElementTree.fromstring(text)
    if any(token in text or str(internet) in text for text in found.values()):
        sys.exit("picture.py: a picture shows the token or a directory of this machine")
    return found


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]) or "INTERNET" not in os.environ:
        sys.exit(__doc__)
    differs = False
    for name, text in pictures(Path(os.environ["INTERNET"])).items():
        path = ROOT / "docs" / name
        if not arguments:
            path.write_text(text)
            print(f"docs/{name}: {len(text.encode())} bytes")
            continue
        committed = path.read_text() if path.exists() else ""
        if committed != text:
            differs = True
            lines = (committed.splitlines(keepends=True), text.splitlines(keepends=True))
            sys.stdout.writelines(difflib.unified_diff(*lines, f"docs/{name}", "this run", n=0))
    if differs:
        sys.exit("the pictures are not those of this program; run: make picture")


main()
