#!/usr/bin/env python3
"""Writes a package in the format of apk 2; the same bytes for the same input and SOURCE_DATE_EPOCH.

    apk2.py OUTPUT TREE SCRIPTS NAME:VALUE...

TREE holds what the package installs, SCRIPTS the scripts post-install, post-upgrade and pre-deinstall. The NAME:VALUE
pairs are those of `apk mkpkg --info`.

The file is two gzips, one after the other: a tar with .PKGINFO and the scripts, without the blocks that end a tar, so
that both are one tar when unpacked; and a tar of TREE, in which each file has its SHA-1.
"""

import gzip
import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path

SCRIPTS = ("post-install", "post-upgrade", "pre-deinstall")
# The names in .PKGINFO; the others are the same.
KEYS = {"name": "pkgname", "version": "pkgver", "description": "pkgdesc"}
BLOCK = 512


def entry(name, mode, epoch):
    """Returns the header of a file of root."""
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.uname, info.gname = mode, epoch, "root", "root"
    return info


def compressed(data):
    """Returns the gzip of `data`, without a name and a time."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as stream:
        stream.write(data)
    return buffer.getvalue()


def data_tar(tree, epoch):
    """Returns the tar of the tree, and the number of bytes in its files."""
    buffer, size = io.BytesIO(), 0
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(tree.rglob("*")):
            info = entry(str(path.relative_to(tree)), path.lstat().st_mode & 0o7777, epoch)
            if path.is_symlink():
                info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
                content = info.linkname.encode()
            elif path.is_dir():
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
                continue
            else:
                content = path.read_bytes()
                info.size = len(content)
                size += len(content)
            info.pax_headers = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(content).hexdigest()}
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return buffer.getvalue(), size


def control_tar(files, epoch):
    """Returns the tar of .PKGINFO and the scripts, without its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, mode, content in files:
            info = entry(name, mode, epoch)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        end = tar.offset
    assert end % BLOCK == 0
    return buffer.getvalue()[:end]


def main():
    output, tree, scripts, *pairs = sys.argv[1:]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    data, size = data_tar(Path(tree), epoch)
    data = compressed(data)
    lines = [(KEYS.get(name, name), value) for name, _, value in (pair.partition(":") for pair in pairs)]
    lines += [("size", size), ("builddate", epoch), ("datahash", hashlib.sha256(data).hexdigest())]
    info = "".join(f"{name} = {value}\n" for name, value in lines)
    files = [(".PKGINFO", 0o644, info.encode())]
    files += [(f".{name}", 0o755, Path(scripts, name).read_bytes()) for name in SCRIPTS]
    Path(output).write_bytes(compressed(control_tar(files, epoch)) + data)


main()
