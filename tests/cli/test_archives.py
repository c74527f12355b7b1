#!/usr/bin/env python3
"""Which kernel the VM gets where: the archives of several distributions, made by hand, and what kernels.sh makes of them."""
import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from archive import Archive  # noqa: E402  pylint: disable=wrong-import-position
from guest import Checks, run  # noqa: E402  pylint: disable=wrong-import-position

SCRIPT = os.path.join(ROOT, "cli", "vm", "kernels.sh")


def debian(release, version, flavours, suffix=""):
    """The packages of one kernel as Debian names them."""
    packages = {}
    for flavour in flavours:
        name, rt = release + flavour, "-rt" if flavour.startswith("-rt") else ""
        packages["linux-image-%s%s" % (name, suffix)] = ["kmod"]
        packages["linux-image-%s-dbg" % name] = []
        packages["linux-headers-" + name] = ["linux-headers-%s-common%s" % (release, rt), "linux-image-%s|linux-image-%s-unsigned" % (name, name),
                                             "linux-kbuild-" + version, "gcc-12"]
        packages["linux-headers-%s-common%s" % (release, rt)] = []
    packages["linux-kbuild-" + version] = ["libc6"]
    return packages


def ubuntu(release, flavour="-generic"):
    name = release + flavour
    return {"linux-image-" + name: ["kmod", "linux-modules-" + name], "linux-image-unsigned-" + name: ["kmod", "linux-modules-" + name],
            "linux-modules-" + name: [], "linux-modules-extra-" + name: ["linux-image-%s|linux-image-unsigned-%s" % (name, name)],
            "linux-headers-" + name: ["linux-headers-" + release, "libc6"], "linux-headers-" + release: []}


ALL = ["-amd64", "-rt-amd64", "-cloud-amd64"]
DEBIAN_11 = {**debian("5.10.0-33", "5.10", ALL), **debian("6.1.0-0.deb11.21", "6.1", ALL), **debian("6.1.0-0.deb11.9", "6.1", ALL),
             "linux-image-amd64": ["linux-image-5.10.0-33-amd64"]}
DEBIAN_12 = {**debian("6.1.0-9", "6.1", ALL), **debian("6.1.0-56", "6.1", ALL), **debian("6.12.117+deb12", "6.12.117+deb12", ALL),
             "linux-image-amd64": ["linux-image-6.1.0-56-amd64"], "linux-image-6.12-amd64": ["linux-image-6.12.117+deb12-amd64"]}
DEBIAN_13 = {**debian("6.12.9", "6.12.9", ALL), **debian("6.12.57+deb13", "6.12.57+deb13", ALL), "linux-image-amd64": ["linux-image-6.12.57+deb13-amd64"]}
UBUNTU = {**ubuntu("6.8.0-45"), **ubuntu("6.8.0-48"), **ubuntu("6.8.0-48", "-lowlatency"), **ubuntu("6.11.0-9"),
          "linux-image-generic": ["linux-image-6.8.0-48-generic", "linux-modules-extra-6.8.0-48-generic", "linux-firmware"]}
UBUNTU_WITH = {**UBUNTU, **ubuntu("6.1.0-1028", "-oem"), **ubuntu("6.12.0-12")}


def packages_of(done):
    return done.stdout.decode().split()


class Place:
    def __init__(self, directory):
        self.directory, self.count = directory, 0

    def archive(self, packages, **more):
        self.count += 1
        return Archive(os.path.join(self.directory, "archive%d" % self.count), packages, **more)


def which(archive, series):
    return run([SCRIPT, "--which", series], env=archive.environment())


def default(archive, place):
    path = os.path.join(archive.directory, "made", "default.mk")
    done = run([SCRIPT, "--default", path], env=archive.environment(), cwd=place.directory)
    with open(path, encoding="ascii") as file:
        return file.read().strip(), done.stderr.decode()


def taken(checks, place):
    """Release and packages of each series, in each archive."""
    cases = [("Debian 12", DEBIAN_12, "6.1", "6.1.0-56-amd64", ["-6.1.0-56-common", "6.1"]),
             ("Debian 12", DEBIAN_12, "6.12-rt", "6.12.117+deb12-rt-amd64", ["-6.12.117+deb12-common-rt", "6.12.117+deb12"]),
             ("Debian 12", DEBIAN_12, "6.1-cloud", "6.1.0-56-cloud-amd64", ["-6.1.0-56-common", "6.1"]),
             ("Debian 12", DEBIAN_12, "distribution", "6.1.0-56-amd64", ["-6.1.0-56-common", "6.1"]),
             ("Debian 13", DEBIAN_13, "6.12", "6.12.57+deb13-amd64", ["-6.12.57+deb13-common", "6.12.57+deb13"]),
             ("Debian 13", DEBIAN_13, "distribution", "6.12.57+deb13-amd64", ["-6.12.57+deb13-common", "6.12.57+deb13"]),
             ("Debian 11", DEBIAN_11, "6.1", "6.1.0-0.deb11.21-amd64", ["-6.1.0-0.deb11.21-common", "6.1"]),
             ("Debian 11", DEBIAN_11, "distribution", "5.10.0-33-amd64", ["-5.10.0-33-common", "5.10"])]
    for name, packages, series, release, (common, kbuild) in cases:
        done = which(place.archive(packages), series)
        wanted = [release, "linux-image-" + release, "linux-headers-" + release, "linux-headers" + common, "linux-kbuild-" + kbuild]
        checks.equal((packages_of(done)[:1], sorted(packages_of(done)[1:])), (wanted[:1], sorted(wanted[1:])), "%s: %s" % (name, series))
    for name, packages, series, release in (("Ubuntu", UBUNTU, "distribution", "6.8.0-48"), ("Ubuntu with 6.12", UBUNTU_WITH, "6.12", "6.12.0-12")):
        generic = release + "-generic"
        wanted = [generic, "linux-image-" + generic, "linux-modules-" + generic, "linux-headers-" + generic, "linux-headers-" + release]
        got = packages_of(which(place.archive(packages), series))
        checks.equal((got[:1], sorted(got[1:])), (wanted[:1], sorted(wanted[1:])), "%s: %s" % (name, series))
    unsigned = {name: deps for name, deps in UBUNTU.items() if name != "linux-image-6.8.0-48-generic"}
    checks.ok("linux-image-unsigned-6.8.0-48-generic" in packages_of(which(place.archive(unsigned), "distribution")), "Ubuntu: an unsigned kernel will do")
    only_unsigned = debian("6.12.57+deb13", "6.12.57+deb13", ["-amd64"], suffix="-unsigned")
    checks.equal(packages_of(which(place.archive(only_unsigned), "6.12"))[1:2], ["linux-image-6.12.57+deb13-amd64-unsigned"], "Debian: an unsigned kernel will do")


def not_taken(checks, place):
    without = {name: deps for name, deps in DEBIAN_12.items() if name != "linux-headers-6.12.117+deb12-amd64"}
    without.update(debian("6.12.100", "6.12.100", ["-amd64"]))
    checks.equal(packages_of(which(place.archive(without), "6.12"))[:1], ["6.12.100-amd64"], "a kernel without its headers is passed over")
    archive = place.archive(DEBIAN_12, names=["linux-image-6.12.200-amd64", "linux-headers-6.12.200-amd64"])
    checks.equal(packages_of(which(archive, "6.12"))[:1], ["6.12.117+deb12-amd64"], "a name that other packages only speak of is no kernel")
    for name, packages, series in (("Ubuntu", UBUNTU, "6.12"), ("Debian 13", DEBIAN_13, "6.1-rt"), ("nobody", DEBIAN_12, "2.4")):
        done = which(place.archive(packages), series)
        lines = done.stderr.decode().splitlines()
        checks.ok(done.returncode == 1 and len(lines) == 1 and series in lines[0] and not done.stdout, "%s has no %s: one sentence" % (name, series), lines)
    done = run([SCRIPT, os.path.join(place.directory, "kernels"), "6.12"], env=place.archive(UBUNTU).environment())
    lines = done.stderr.decode().splitlines()
    checks.ok(done.returncode == 1 and len(lines) == 1 and "KERNELS=distribution" in lines[0], "Ubuntu has no 6.12: the sentence names what does it", lines)


def by_default(checks, place):
    for name, packages, wanted in (("Debian 12", DEBIAN_12, "6.1 6.12"), ("Debian 13", DEBIAN_13, "6.12"), ("Debian 11", DEBIAN_11, "6.1"),
                                   ("Ubuntu", UBUNTU, "distribution")):
        line, said = default(place.archive(packages), place)
        checks.equal((line, len(said.splitlines())), ("KERNELS := " + wanted, 1 if wanted == "distribution" else 0), "%s: the VM's kernels by default" % name)
    if os.getuid() == 0:
        archive = place.archive(DEBIAN_12, fresh=False)
        line, _ = default(archive, place)
        checks.ok(line == "KERNELS := 6.1 6.12" and "apt-get update" in archive.asked(), "lists that are empty are fetched first", archive.asked())


def without_apt(checks, place):
    tools = os.path.join(place.directory, "tools")
    os.makedirs(tools)
    for tool in ("sh", "sed", "grep", "sort", "dirname", "id", "mkdir", "cat", "head", "find", "touch", "cp", "ln", "rm", "python3"):
        os.symlink(shutil.which(tool), os.path.join(tools, tool))
    for tool, text in (("uname", "echo 9.9.9-none"), ("dnf", "exit 1")):
        with open(os.path.join(tools, tool), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n%s\n" % text)
        os.chmod(os.path.join(tools, tool), 0o755)
    path = os.path.join(place.directory, "no-apt.mk")
    run([SCRIPT, "--default", path], env={"PATH": tools})
    with open(path, encoding="ascii") as file:
        checks.equal(file.read().strip(), "KERNELS := distribution", "without apt: the running kernel by default")
    for series, words in (("6.12", ["KERNELS=distribution", "dnf install kernel-devel-9.9.9-none"]), ("distribution", ["9.9.9-none"])):
        done = run([SCRIPT, os.path.join(place.directory, "kernels"), series], env={"PATH": tools})
        lines = done.stderr.decode().splitlines()
        checks.ok(done.returncode == 1 and len(lines) == 1 and all(w in lines[0] for w in words), "without apt: %s: one sentence" % series, lines)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as directory:
        place = Place(directory)
        for part in (taken, not_taken, by_default, without_apt):
            checks.attempt(part.__name__, part, place)
    checks.end()


if __name__ == "__main__":
    main()
