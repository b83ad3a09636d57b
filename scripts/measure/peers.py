"""A name becomes a mail server that is there: installed from Debian or npm where it is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

KEPT = Path(sys.prefix) / "peers"
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
LIBRARIES = {"libevent-2.1.so.7": "libevent-2.1-7", "libdb-5.3.so": "libdb5.3", "libasr.so.0": "libasr0"}
NPM = {"Haraka": "3.3.4", "smtp-server": "3.21.6"}
LONGEST = 600


class Missing(Exception):  # noqa: N818 - says what it is
    """A peer cannot be had; its text says why, and what would help."""


def program(name: str) -> str:
    """Return where a program is. Raises Missing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM}")
    if not found:
        raise Missing(f"no program {name}")
    return found


def root(what: str) -> None:
    """Insist on root. Raises Missing."""
    if os.geteuid():
        raise Missing(f"{what} wants root: run the bench as root, or with sudo -E")


def postfix() -> str:
    """Return where Postfix's programs are, installed without a configuration where they are missing."""
    if not shutil.which("smtp-source", path=SYSTEM):
        root("installing Postfix")
        # Without a main.cf the package starts no server, and later packages change no mail settings.
        answer = "postfix postfix/main_mailer_type select No configuration\n"
        _run(["debconf-set-selections"], typed=answer)
        _apt(["postfix"])
    return str(Path(program("smtp-source")).parent)


def opensmtpd() -> Path:
    """Return OpenSMTPD's files, unpacked and not installed: Debian lets it not stand beside Postfix."""
    root("OpenSMTPD")
    program("unshare")
    folder = KEPT / "opensmtpd"
    if not (folder / "usr/sbin/smtpd").exists():
        _unpack("opensmtpd", folder)
    told = _run(["ldd", str(folder / "usr/sbin/smtpd")])
    for line in told.splitlines():
        library = line.split()[0]
        if "not found" in line and library in LIBRARIES:
            _unpack(LIBRARIES[library], folder)
    return folder


def node() -> str:
    """Return where Node is, installed with npm where it is missing."""
    if not (shutil.which("node") and shutil.which("npm")):
        root("installing Node")
        _apt(["nodejs", "npm"])
    return program("node")


def npm(package: str) -> Path:
    """Return the folder whose node_modules holds a package, of the version that we name."""
    node()
    folder = KEPT / package.lower()
    version = NPM[package]
    if not (folder / "node_modules" / package / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _say(f"npm: {package} {version}")
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
        _run([program("npm"), "install", *quiet, "--prefix", str(folder), f"{package}@{version}"])
    return folder


def version_of(args: Sequence[str]) -> str:
    """Return what a program says of its version, in one line; "" if it says nothing."""
    try:
        done = subprocess.run(args, capture_output=True, check=False, timeout=20, text=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout.strip() or done.stderr.strip()).partition("\n")[0]


def _apt(packages: Iterable[str]) -> None:
    _say(f"apt: {' '.join(packages)}")
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages])


def _unpack(package: str, folder: Path) -> None:
    """Put a Debian package's files into a folder, and run nothing of it."""
    _say(f"apt: {package}, to be unpacked beside the environment")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run(["apt-get", "download", "-q", package], folder)
    except Missing:
        _run(["apt-get", "update", "-q"])
        _run(["apt-get", "download", "-q", package], folder)
    for file in folder.glob(f"{package}_*.deb"):
        _run(["dpkg", "-x", str(file), str(folder)])
        file.unlink()


def _run(args: Sequence[str], folder: Path | None = None, typed: str = "") -> str:
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": f"{os.environ['PATH']}:{SYSTEM}"}
    try:
        done = subprocess.run(
            args,
            input=typed,
            env=environ,
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=LONGEST,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"{' '.join(args)}: {error}") from error
    if done.returncode:
        raise Missing(f"{' '.join(args)}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def _say(text: str) -> None:
    print(f"  installing from {text} …", file=sys.stderr, flush=True)
