#!/usr/bin/env python3
"""Tells what is linked into the program: `licences` prints the licences of all parts, `sbom` tidies a CycloneDX SBOM.

  bill.py licences BINARY [SYSROOT]
  bill.py sbom BINARY FILE [SYSROOT]    FILE: what cargo-cyclonedx has written

BINARY is a binary of `make dist`: it tells the version of its compiler. SYSROOT is that of the compiler; its std's
Cargo.lock has the versions of std's own crates. The environment has ZIG_VERSION, MUSL_VERSION and TARGET_TRIPLES.

The crates are those that cargo would link for a target of `make dist`: without build scripts, procedural macros and
what only the tests use. The other parts are in std and zig, which no Cargo.lock of ours lists: PARTS, with their
licences in packaging/licences/.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXTS = os.path.join(ROOT, "packaging", "licences")
PART_OF_STD = "part of Rust's standard library"
# Name, package URL without its version, licence expression, whose version it has, and what it is.
PARTS = [
    ("rust-std", "pkg:generic/rust-std", "(MIT OR Apache-2.0) AND Unicode-3.0", "rust", "Rust's standard library"),
    ("compiler_builtins", "pkg:generic/compiler_builtins",
     "MIT AND Apache-2.0 WITH LLVM-exception AND (MIT OR Apache-2.0)", "rust", PART_OF_STD),
    ("hashbrown", "pkg:cargo/hashbrown", "MIT OR Apache-2.0", "std", PART_OF_STD),
    ("libc", "pkg:cargo/libc", "MIT OR Apache-2.0", "std", PART_OF_STD),
    ("rustc-demangle", "pkg:cargo/rustc-demangle", "MIT OR Apache-2.0", "std", PART_OF_STD),
    ("musl", "pkg:generic/musl", "MIT", "musl", "the C library"),
    ("zig", "pkg:generic/zig", "MIT", "zig", "compiler-rt of zig, which links the program"),
]
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def fail(text):
    """Ends with a message."""
    sys.exit(f"bill.py: {text}")


def cargo(*arguments):
    """Returns the output of cargo. What it compiles for does not matter, but the lock file does."""
    command = [os.environ.get("CARGO", "cargo"), arguments[0], "--locked", *arguments[1:]]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked_crates():
    """Returns the packages, as `cargo metadata` describes them, that are linked into the program for any target."""
    names = set()
    for triple in os.environ["TARGET_TRIPLES"].split():
        tree = cargo("tree", "-e", "normal,no-proc-macro", "--target", triple, "--prefix", "none", "-f", "{p}")
        names |= {tuple(line.split()[:2]) for line in tree.splitlines()}
    packages = json.loads(cargo("metadata", "--format-version", "1"))["packages"]
    return sorted((p for p in packages if (p["name"], "v" + p["version"]) in names), key=lambda p: p["name"])


def versions(binary, sysroot):
    """Returns a function that tells the version of a part."""
    with open(binary, "rb") as file:
        found = re.search(rb"rustc version ([0-9][0-9.]*)", file.read())
    if not found:
        fail(f"{binary} does not tell the version of its compiler; is it from make dist?")
    known = {"rust": found[1].decode(), "zig": os.environ["ZIG_VERSION"], "musl": os.environ["MUSL_VERSION"]}
    lock = os.path.join(sysroot, "lib/rustlib/src/rust/library/Cargo.lock")
    locked = {}
    if sysroot and os.path.exists(lock):
        with open(lock, encoding="utf-8") as file:
            locked = dict(re.findall(r'^name = "(.*)"\nversion = "(.*)"$', file.read(), re.MULTILINE))
    return lambda name, whose: locked.get(name, "") if whose == "std" else known[whose]


def texts_of(package):
    """Returns the licence files of a crate: pairs of a name and a text."""
    directory = os.path.dirname(package["manifest_path"])
    names = sorted(name for name in os.listdir(directory) if LICENCE_FILE.search(name))
    # ring has files of once_cell, whose licences are beside them.
    for inner, _, files in sorted(os.walk(os.path.join(directory, "src"))):
        names += [os.path.relpath(os.path.join(inner, n), directory) for n in sorted(files) if n.startswith("LICENSE")]
    names = [name for name in names if os.path.isfile(os.path.join(directory, name))]
    if not names:
        fail(f"{package['name']} {package['version']} has no licence file; put one into packaging/licences")
    for name in names:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            yield name, file.read()


def print_licences(binary, sysroot):
    """Prints a table of all parts, and each text once."""
    version = versions(binary, sysroot)
    crates = linked_crates()
    own = next(p for p in crates if p["name"] == "gandi-ddns")
    rows, texts = [], {}

    def add(label, name, text):
        # Many crates have the same text with other spaces and line ends.
        texts.setdefault(" ".join(text.split()), (text.strip("\n"), []))[1].append(f"{label}: {name}")

    for package in [own] + [p for p in crates if p is not own]:
        label = f"{package['name']} {package['version']}"
        rows.append((package["name"], package["version"], package["license"].replace("/", " OR ")))
        for name, text in texts_of(package):
            add(label, name, text)
    for name, _, licence, whose, what in PARTS:
        rows.append((name, version(name, whose), f"{licence} ({what})"))
        with open(os.path.join(TEXTS, name), encoding="utf-8") as file:
            add(f"{name} {version(name, whose)}".strip(), "licence", file.read())
    width = [max(len(row[column]) for row in rows) for column in (0, 1)]
    print(f"Licences of gandi-ddns {own['version']} and of all that is linked into it\n")
    print("The program is one static executable. It has these parts, and their licences are below:\n")
    for row in rows:
        print(f"{row[0]:{width[0]}}  {row[1]:{width[1]}}  {row[2]}")
    for text, users in texts.values():
        print("\n" + "=" * 120)
        print("\n".join(users) + "\n" + "-" * 120 + "\n" + text)


def component(name, purl, version, licence, what):
    """Returns a part as a component of CycloneDX."""
    full = f"{purl}@{version}" if version else purl
    found = {"type": "library", "bom-ref": full, "name": name, "version": version, "description": what,
             "scope": "required", "licenses": [{"expression": licence}], "purl": full}
    return {key: value for key, value in found.items() if value}


def print_sbom(binary, path, sysroot):
    """Prints the SBOM without what differs between two builds, without what is not linked, and with the other parts."""
    version = versions(binary, sysroot)
    with open(path, encoding="utf-8") as file:
        bom = json.load(file)
    crates = linked_crates()
    purls = {(p["name"], p["version"]): f"pkg:cargo/{p['name']}@{p['version']}" for p in crates}
    own = bom["metadata"]["component"]
    linked = [own] + [c for c in bom["components"] if (c["name"], c["version"]) in purls]
    missing = set(purls) - {(c["name"], c["version"]) for c in linked}
    if missing:
        fail(f"cargo-cyclonedx did not list {sorted(missing)}")
    new_ref = {c["bom-ref"]: purls[c["name"], c["version"]] for c in linked}
    for entry in linked:
        entry["bom-ref"] = entry["purl"] = new_ref[entry["bom-ref"]]
    # The sub-components of cargo-cyclonedx are the library and the binary of our own package, with paths.
    own.pop("components", None)
    parts = [component(n, purl, version(n, whose), licence, what) for n, purl, licence, whose, what in PARTS]
    # std and the program may use the same version of a crate.
    parts = [p for p in parts if p["purl"] not in new_ref.values()]
    bom.pop("serialNumber", None)
    bom["metadata"]["properties"] = [
        {"name": "cdx:rustc:sbom:target:triple", "value": t} for t in os.environ["TARGET_TRIPLES"].split()
    ]
    bom["components"] = sorted(linked[1:] + parts, key=lambda c: c["bom-ref"])
    graph = {new_ref[d["ref"]]: sorted({new_ref[r] for r in d.get("dependsOn", []) if r in new_ref})
             for d in bom["dependencies"] if d["ref"] in new_ref}
    graph.update({p["bom-ref"]: [] for p in parts})
    std = next(p["bom-ref"] for p in parts if p["name"] == "rust-std")
    for part in parts:
        user = std if part["description"] == PART_OF_STD else own["bom-ref"]
        graph[user] = sorted({*graph[user], part["bom-ref"]})
    bom["dependencies"] = [{"ref": ref, "dependsOn": on} if on else {"ref": ref} for ref, on in sorted(graph.items())]
    print(json.dumps(bom, indent=2, sort_keys=True, ensure_ascii=False))


def main():
    """Runs the command."""
    command, count, arguments = sys.argv[1:2], len(sys.argv), sys.argv[2:]
    if command == ["licences"] and count in (3, 4):
        print_licences(arguments[0], *arguments[1:] or [""])
    elif command == ["sbom"] and count in (4, 5):
        print_sbom(*arguments[:2], *arguments[2:] or [""])
    else:
        sys.exit(__doc__)


main()
