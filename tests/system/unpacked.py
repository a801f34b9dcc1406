"""Programs from Debian packages that conflict with others or change a system: unpacked into build/servers, not installed."""
import functools
import os
import re
import shutil

import pytest

from places import BUILD, run


class Unpacked:
    """A tree of files below `folder`."""

    def __init__(self, folder):
        self.folder = folder

    def __truediv__(self, path):
        return self.folder / path

    def environment(self):
        """The process environment in which its programs find its libraries."""
        libraries = [*self.folder.glob("lib/*-linux-gnu"), *self.folder.glob("usr/lib/*-linux-gnu"), self / "usr/lib/postfix"]
        return dict(os.environ, LD_LIBRARY_PATH=":".join(map(str, libraries)))


def with_what_they_need(packages):
    """These packages, and all those that they depend on and that are not installed here."""
    plan = run("apt-get", "install", "--simulate", "--no-install-recommends", *packages, check=False).stdout.decode()
    return {*packages, *re.findall(r"^Inst (\S+)", plan, re.M)}


def download(tree, packages):
    """Fills `tree`; says why not where it cannot."""
    if not shutil.which("apt-get"):
        return "comes from Debian's packages, and there is no apt-get here"
    fresh = tree.with_suffix(f".{os.getpid()}")
    fresh.mkdir(parents=True)
    if run("apt-get", "download", *with_what_they_need(packages), cwd=fresh, check=False).returncode:
        shutil.rmtree(fresh)
        return "cannot be downloaded"
    for package in fresh.glob("*.deb"):
        run("dpkg", "-x", package, fresh)
        package.unlink()
    fresh.rename(tree)
    return None


@functools.cache
def find(packages):
    tree = BUILD / "servers" / "-".join(packages)
    return tree, None if tree.exists() else download(tree, packages)


def unpack(*packages):
    """The tree of these packages, downloaded the first time; skips the test where they cannot be had."""
    tree, trouble = find(packages)
    if trouble:
        pytest.skip(f"{packages[0]} {trouble}")
    return Unpacked(tree)
