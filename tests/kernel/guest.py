"""What the kernel tests share: recordings made in the throw-away VM, and what vmatlas says about them.

A test program is called with a kernel series ("6.12"), prints "ok …" or "not ok …" a check, and ends with status 1 when one failed.
One guest boots in seconds but not in none: put many checks behind one recording.
"""
import glob
import json
import lzma
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
VMATLAS = os.path.join(BUILD, "vmatlas")
WORKLOADS = os.path.join(BUILD, "tests", "workloads")
SIZE = os.environ.get("VMATLAS_TEST_SIZE", "normal")
SEED = int(os.environ.get("VMATLAS_TEST_SEED", "1"))

# A guest that hangs must not hang the tests.
BOOT_LIMIT = 240
# Kernels that check themselves take their time.
DEBUG_PATIENCE = 6


def kernel_argument():
    if len(sys.argv) != 2:
        sys.exit("usage: %s KERNEL   (6.1, 6.12)" % os.path.basename(sys.argv[0]))
    return sys.argv[1]


def scaled(fast, normal, long):
    """A count that fits the size of the test run."""
    return {"fast": fast, "normal": normal, "long": long}[SIZE]


class Checks:
    def __init__(self):
        self.failed = 0
        self.total = 0

    def ok(self, good, name, why=""):
        self.total += 1
        print("%s - %s" % ("ok" if good else "not ok", name), flush=True)
        if not good:
            self.failed += 1
            for line in str(why).splitlines()[:30]:
                print("    " + line, flush=True)
        return bool(good)

    def equal(self, got, wanted, name):
        return self.ok(got == wanted, name, "got    %r\nwanted %r" % (got, wanted))

    def lines(self, got, wanted, name):
        """Two texts, line for line; says the first difference."""
        if got == wanted:
            return self.ok(True, name)
        got, wanted = got.splitlines(), wanted.splitlines()
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
        show = ["%d lines, wanted %d; first difference in line %d" % (len(got), len(wanted), at + 1)]
        show += ["got    " + a for a in got[at:at + 3]] + ["wanted " + b for b in wanted[at:at + 3]]
        return self.ok(False, name, "\n".join(show))

    def attempt(self, what, function, *args):
        """A part of a test whose own failure (a missing file, a program that dies) is a failed check, not the end of the others."""
        try:
            return function(self, *args)
        except Exception as error:  # pylint: disable=broad-except
            self.ok(False, what, "%s: %s" % (type(error).__name__, error))
            return None

    def end(self):
        print("1..%d" % self.total)
        sys.exit(1 if self.failed else 0)


def bare(path):
    """The bytes of a recording without any packing: header and bare chunks."""
    plain = path + ".plain"
    subprocess.run([os.path.join(BUILD, "bench", "recut"), path, plain, "plain"], stdout=subprocess.DEVNULL, check=True)
    with open(plain, "rb") as file:
        data = file.read()
    os.unlink(plain)
    return data


def run(argv, limit=120, **more):
    """The finished process with stdout and stderr as bytes; a timeout counts as status -1."""
    try:
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, check=False, **more)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(argv, -1, late.stdout or b"", (late.stderr or b"") + b"\n[took too long]\n")


def number(value):
    """JSON carries addresses and entries as text where they may exceed 2^53."""
    return int(value, 0) if isinstance(value, str) else value


class Recording:
    """A recording file, and what the programs say about it. Results are kept: a recording does not change."""

    def __init__(self, path):
        self.path = path
        self._events = {}

    def _vmatlas(self, *argv, limit=300):
        done = run([VMATLAS, *argv], limit)
        if done.returncode != 0:
            raise RuntimeError("vmatlas %s: status %d: %s" % (" ".join(argv), done.returncode,
                                                             done.stderr.decode(errors="replace").strip()))
        return done.stdout

    def dump(self, at="end", pid=None, form="maps"):
        argv = ["dump", self.path, "--at", at, "--format", form]
        if pid is not None:
            argv += ["--pid", str(pid)]
        return self._vmatlas(*argv).decode(errors="surrogateescape")

    def dumps(self, ats, pid=None):
        """The maps at several moments, of one reading of the recording: {moment: text}."""
        argv = ["dump", self.path] + [word for at in ats for word in ("--at", at)] + (["--pid", str(pid)] if pid is not None else [])
        text = self._vmatlas(*argv).decode(errors="surrogateescape")
        if len(ats) == 1:
            return {ats[0]: text}
        # A line of a map begins with a number.
        return dict(part.split("\n", 1) for part in re.split("^# at ", text, flags=re.M)[1:])

    def pages(self, at="end", pid=None):
        """What is known of each page then: {address: (state, frame or None)}, for every page of every mapping that is not simply unknown or absent,
        and the runs themselves."""
        argv = ["dump", self.path, "--at", at, "--format", "json", "--pages"] + (["--pid", str(pid)] if pid is not None else [])
        runs = [run for vma in json.loads(self._vmatlas(*argv))["vmas"] for run in vma["pages"]]
        known = {}
        for run in runs:
            start, size = number(run["start"]), run["page_size"]
            for i, frame in enumerate(run["frames"] or []):
                first = start if i == 0 else start // size * size + i * size
                for addr in range(first, min(start + run["count"] * 4096, first // size * size + size), 4096):
                    known[addr] = (run["state"], None if frame is None else frame + (addr - first) // 4096)
        return known, runs

    def events(self, kind=None):
        """All events of a type as dictionaries, in the merged order."""
        if kind not in self._events:
            argv = ["events", self.path, "--format", "json"] + (["--type", kind] if kind else [])
            text = self._vmatlas(*argv).decode(errors="surrogateescape")
            self._events[kind] = [json.loads(line) for line in text.splitlines() if line]
        return self._events[kind]

    def stats(self):
        return json.loads(self._vmatlas("stats", self.path, "--json"))

    def faults(self, pid=None, start=0, end=1 << 64, kind="fault"):
        return [e for e in self.events(kind) if (pid is None or e["tgid"] == pid) and start <= number(e["addr"]) < end]

    def mark_ts(self, name):
        """When a mark was written."""
        for event in self.events("mark"):
            if event["text"] == name:
                return event["ts"]
        raise KeyError("no mark '%s' in %s" % (name, self.path))

    def between(self, events, first, last):
        begin, end = self.mark_ts(first), self.mark_ts(last)
        return [e for e in events if begin <= e["ts"] <= end]


def module_of(kernel, name, directory):
    """The kernel's own module, unpacked."""
    packed = glob.glob(os.path.join(BUILD, "kernels", kernel, "root", "lib", "modules", "*", "kernel", "drivers", "**", name + ".ko*"), recursive=True)[0]
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, name + ".ko")
    with (lzma.open if packed.endswith(".xz") else open)(packed, "rb") as file, open(path, "wb") as out:
        out.write(file.read())
    return path


class Guest:
    """One boot: a command recorded in the VM, its output, status and the files it left in the shared directory."""

    def __init__(self, kernel, name, command, options=(), limit=BOOT_LIMIT, stdin=b"", environment=None, bring=()):
        self.directory = os.path.join(BUILD, "tests", "kernel", kernel, name)
        self.share = os.path.join(self.directory, "share")
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.share)
        os.chmod(self.share, 0o777)
        for file in bring:
            shutil.copy(file, self.share)
        self.path = os.path.join(self.directory, "recording.vmatlas")
        self.console = os.path.join(self.directory, "console.log")
        argv = [VMATLAS, "record", "--vm=" + kernel, "-o", self.path, "--share", self.share,
                "--guest-log", self.console, *options, "--", *[c.replace("@", self.share) for c in command]]
        env = dict(os.environ, **(environment or {}))
        done = run(argv, limit * (DEBUG_PATIENCE if kernel.startswith("debug-") else 1), input=stdin, env=env)
        self.status, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr
        with open(os.path.join(self.directory, "output"), "wb") as out:
            out.write(b"# " + " ".join(argv).encode() + b"\n# status %d\n" % self.status + self.stdout + b"\n# stderr\n" + self.stderr)
        self.recording = Recording(self.path)

    def facts(self, name):
        """NAME.facts as a list of word lists."""
        with open(os.path.join(self.share, name), encoding="utf-8") as lines:
            return [line.split() for line in lines if line.strip()]

    def fact(self, name, key):
        """The first line of NAME that begins with key, without it."""
        for words in self.facts(name):
            if words[0] == key:
                return words[1:]
        raise KeyError("%s says no %s" % (name, key))

    def text(self, name):
        with open(os.path.join(self.share, name), encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()

    def pid(self, name):
        return int(self.fact(name, "pid")[0])


def relay(checks, guest):
    """The lines of a test that ran in the guest are ours; the last line it must print is "done"."""
    lines = guest.stdout.decode(errors="replace").splitlines()
    told = [i for i, line in enumerate(lines) if line.startswith(("ok ", "not ok "))]
    for at, following in zip(told, told[1:] + [len(lines)]):
        name = lines[at].split("ok ", 1)[1]
        checks.ok(lines[at].startswith("ok"), name[2:] if name.startswith("- ") else name, "\n".join(lines[at + 1:following]))
    checks.ok(lines and lines[-1] == "done", "the test in the guest came to its end", guest.stderr.decode(errors="replace")[-2000:])


def _reports():
    """The lines of tests/reports: what a healthy kernel never prints."""
    with open(os.path.join(ROOT, "tests", "reports"), encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines if line.strip() and not line.startswith("#")]


def _without(lines, first, last):
    """What stands before a line that holds first, and behind the next that holds last."""
    wanted, kept = True, []
    for line in lines:
        wanted = wanted and first not in line
        if wanted:
            kept.append(line)
        wanted = wanted or last in line
    return kept


def guest_log_is_clean(checks, guest, name, but=None):
    """No trouble in what the guest's kernel wrote to its console. but: first and last line of a report that is wanted."""
    with open(guest.console, encoding="utf-8", errors="replace") as console:
        lines = console.read().splitlines()
    if but:
        checks.ok(any(but[0] in line for line in lines), "the guest's kernel log tells: %s" % but[0])
        lines = _without(lines, *but)
    reports = _reports()
    bad = [line for line in lines if any(report in line for report in reports)]
    checks.ok(lines and not bad, name, "\n".join(bad) or "the console log is empty")
