#!/usr/bin/env python3
"""Reads a package of apk 2 as apk does, and fails if something does not fit: apk2_check.py FILE VERSION."""

import hashlib
import io
import sys
import tarfile
import zlib
from pathlib import Path


def main():
    data = Path(sys.argv[1]).read_bytes()
    stream = zlib.decompressobj(31)
    control = stream.decompress(data)
    rest = stream.unused_data
    files = zlib.decompress(rest, 31)
    # The end of a tar would hide the second one.
    assert control[-512:] != bytes(512), "the control tar has an end"
    control = tarfile.open(fileobj=io.BytesIO(control + bytes(1024)))
    names = control.getnames()
    assert names == [".PKGINFO", ".post-install", ".post-upgrade", ".pre-deinstall"], names
    info = dict(line.split(" = ", 1) for line in control.extractfile(".PKGINFO").read().decode().splitlines())
    assert info["pkgname"] == "gandi-ddns" and info["pkgver"] == sys.argv[2], info
    assert info["datahash"] == hashlib.sha256(rest).hexdigest(), "datahash"
    assert info["builddate"] == "1700000000" and info["license"] == "MIT OR Apache-2.0", info
    assert info["provides"] == "gandi-ddns-any" and info["origin"] == "gandi-ddns" and info["pkgdesc"], info
    size = 0
    for entry in tarfile.open(fileobj=io.BytesIO(files)):
        assert (entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "root", "root"), entry.name
        assert not entry.name.startswith((".", "/")), entry.name
        assert entry.mtime == 1700000000, entry.name
        if entry.isfile():
            content = tarfile.open(fileobj=io.BytesIO(files)).extractfile(entry.name).read()
            assert entry.pax_headers["APK-TOOLS.checksum.SHA1"] == hashlib.sha1(content).hexdigest(), entry.name
            size += len(content)
    assert int(info["size"]) == size, info["size"]


main()
