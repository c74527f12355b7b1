#!/usr/bin/env python3
"""Damaged, cut off and hostile recordings: one sentence, the documented exit code, no crash (the program is built with ASan and UBSan)."""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from guest import SEED, Checks, run, scaled  # noqa: E402  pylint: disable=wrong-import-position

VMATLAS = os.path.join(ROOT, "build", "vmatlas-san")
RECORDING = os.path.join(ROOT, "tests", "data", "tour.vmatlas")
HEADER = 256
NO_PROCESS = 4
NOT_A_RECORDING = 6

# Offsets in vmatlas_stream_header (include/vmatlas/stream.h).
HEADER_FIELDS = {"stream version": (8, "<H", 99), "wire version": (10, "<H", 99), "header size": (12, "<H", 255), "record size": (14, "<H", 64),
                 "clock": (16, "<I", 77), "page size": (20, "<I", 12345), "levels": (24, "<I", 7), "CPU count": (28, "<I", 1 << 30)}


def sane(done):
    """No crash, no sanitizer report, at most one line on stderr, a documented status. A dump may find no process in what is left, and say so."""
    lines = done.stderr.decode(errors="replace").splitlines()
    if done.returncode == NO_PROCESS:
        return 1 <= len(lines) <= 2
    return done.returncode in (0, 1, NOT_A_RECORDING) and len(lines) <= 1 and (done.returncode == 0 or len(lines) == 1)


def told(done):
    return "status %d\n%s" % (done.returncode, done.stderr.decode(errors="replace")[:1500])


class Files:
    def __init__(self, directory):
        with open(RECORDING, "rb") as file:
            self.whole = file.read()
        self.path = os.path.join(directory, "file.vmatlas")

    def try_bytes(self, data, *command):
        with open(self.path, "wb") as file:
            file.write(data)
        return run([VMATLAS, *(command or ("stats",)), self.path])


def refused(checks, files):
    cases = {"an empty file": b"", "one byte": b"V", "half a header": files.whole[:100], "a header less one byte": files.whole[:HEADER - 1],
             "a text file": b"hello, this is not a recording\n" * 100, "zeros": bytes(10000), "random bytes": random.Random(SEED).randbytes(5000),
             "an ELF file": open(VMATLAS, "rb").read(4096)}
    for name, (offset, form, value) in HEADER_FIELDS.items():
        changed = bytearray(files.whole)
        struct.pack_into(form, changed, offset, value)
        cases["another " + name] = bytes(changed)
    for name, data in cases.items():
        for command in ("stats", "dump", "events"):
            done = files.try_bytes(data, command)
            if not checks.ok(done.returncode == NOT_A_RECORDING and sane(done) and not done.stdout, "%s refuses %s: one sentence, exit code 6" % (command, name),
                             told(done)):
                break


def commands_of(rng):
    return rng.choice([("stats",), ("stats", "--json"), ("dump",), ("dump", "--all"), ("dump", "--format", "json"), ("events",),
                       ("events", "--format", "json"), ("dump", "--at", "0.01")])


def cut_off(checks, files, rng):
    bad, used = [], 0
    for _ in range(scaled(40, 80, 2000)):
        size = rng.randrange(HEADER, len(files.whole))
        done = files.try_bytes(files.whole[:size], *commands_of(rng))
        used += done.returncode == 0
        if not sane(done) or done.returncode == 0 and b"cut off" not in done.stderr.lower() and size < len(files.whole) - 4096:
            bad.append("cut at %d: %s" % (size, told(done)))
    checks.ok(not bad, "cut off anywhere: used as far as it is whole, one sentence", "\n".join(bad[:3]))
    checks.ok(used > 0, "cut off: most of it is still usable (%d times)" % used)


def flipped(checks, files, rng):
    bad = []
    for _ in range(scaled(60, 120, 5000)):
        data = bytearray(files.whole)
        for _ in range(rng.choice([1, 1, 2, 8, 64])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        command = commands_of(rng)
        done = files.try_bytes(bytes(data), *command)
        if not sane(done):
            bad.append("%s: %s" % (" ".join(command), told(done)))
            with open(os.path.join(ROOT, "build", "tests", "flipped.vmatlas"), "wb") as keep:
                keep.write(data)
    checks.ok(not bad, "bits flipped anywhere: no crash, at most one sentence (the last bad one is build/tests/flipped.vmatlas)", "\n".join(bad[:2]))


def pasted(checks, files, rng):
    """Pieces of the file repeated, swapped and left out: sizes and nesting that no writer makes."""
    bad = []
    for _ in range(scaled(30, 60, 2000)):
        data = bytearray(files.whole[:HEADER])
        for _ in range(rng.randrange(1, 6)):
            start = rng.randrange(HEADER, len(files.whole))
            data += files.whole[start:start + rng.randrange(1, 20000)]
        done = files.try_bytes(bytes(data), *commands_of(rng))
        if not sane(done):
            bad.append(told(done))
    checks.ok(not bad, "pieces in any order: no crash, at most one sentence", "\n".join(bad[:2]))


def around(checks, files):
    whole = run([VMATLAS, "stats", RECORDING, "--json"])
    checks.ok(whole.returncode == 0 and not whole.stderr, "the shipped recording is whole", told(whole))
    with open(RECORDING, "rb") as file:
        piped = run([VMATLAS, "stats", "-", "--json"], stdin=file)
    checks.equal(piped.stdout, whole.stdout, "standard input says the same as the file")
    done = files.try_bytes(files.whole + b"more bytes behind the end")
    checks.ok(sane(done), "bytes behind the end", told(done))
    done = run([VMATLAS, "stats", files.path + ".not-there"])
    checks.ok(done.returncode == NOT_A_RECORDING and files.path.encode() in done.stderr and len(done.stderr.splitlines()) == 1,
              "no such file: its name, exit code 6", told(done))
    done = run([VMATLAS, "stats", os.path.dirname(files.path)])
    checks.ok(done.returncode in (1, NOT_A_RECORDING) and len(done.stderr.splitlines()) == 1, "a directory: one sentence", told(done))
    with open("/dev/full", "wb") as full:
        done = subprocess.run([VMATLAS, "events", RECORDING], stdout=full, stderr=subprocess.PIPE, check=False)
    checks.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1, "standard output is full: one sentence, exit code 1", told(done))
    done = run(["sh", "-c", '"$0" events "$1" | head -n 1', VMATLAS, RECORDING])
    checks.ok(len(done.stdout.splitlines()) == 1 and not done.stderr, "a reader that goes away makes no noise", told(done))


def nothing_lost(checks, files):
    """What was there before is there after a command that failed."""
    with open(files.path, "wb") as file:
        file.write(files.whole)

    def kept():
        with open(files.path, "rb") as file:
            return file.read() == files.whole

    done = run([VMATLAS, "record", "-o", files.path, "--vm=5.10", "--", "true"])
    checks.ok(done.returncode == 7 and kept(), "a recording that does not start keeps the file that was there", told(done))
    done = run([VMATLAS, "render", files.path, "-o", files.path])
    checks.ok(done.returncode == 2 and kept(), "a picture does not replace its recording", told(done))
    done = run([VMATLAS, "events", files.path, "--pid", str((1 << 32) + 1)])
    checks.ok(done.returncode == 2, "a process number over 32 bits is none", told(done))
    directory = os.path.dirname(files.path)
    with open(os.path.join(directory, "-"), "wb") as file:
        file.write(b"precious")
    done = subprocess.run([VMATLAS, "record", "-o", "-", "--vm=5.10", "--", "true"], cwd=directory, capture_output=True, check=False)
    checks.ok(done.returncode == 7 and os.path.exists(os.path.join(directory, "-")), "a file named - is not standard output", told(done))


def content(path):
    with open(path, "rb") as file:
        return file.read()


def pictures(checks, directory):
    """Pictures and films: odd requests are refused in one sentence and make nothing; a full disk takes nothing away."""
    inside = os.path.join(directory, "pictures")
    os.mkdir(inside)
    for code, argv in ((2, ["-o", "f.mp4", "--at", "1"]), (2, ["-o", "d/", "--at", "1"]), (2, ["-o", "f.mp4", "--fps", "1.5"]), (2, ["-o", "new.png", "--from", "1"]),
                       (2, ["-o", "new", "--to", "1"]), (2, ["-o", "-", "--from", "1"]), (2, ["-o", "x.jpg"]), (2, ["-o", "x.png", "--fps", "10"]),
                       (2, ["-o", "x.png", "--pid", "1.5"]), (4, ["-o", "x.png", "--pid", "4194000"]), (4, ["-o", "f.gif", "--pid", "4194000"]),
                       (1, ["-o", "."]) if False else (2, ["-o", "x.png", "--speed", "2"])):
        done = run([VMATLAS, "render", RECORDING, *argv], cwd=inside)
        checks.ok(done.returncode == code and len(done.stderr.splitlines()) == 1 and not os.listdir(inside), "exit code %d: render %s" % (code, " ".join(argv)), told(done))
    small = os.path.join(directory, "small")
    os.mkdir(small)
    # A file may grow to this size and no further: as good as a full disk, and needs no rights.
    for name, argv in (("old.png", []), ("old.mp4", ["--from", "10.2", "--to", "10.4", "--fps", "5"])):
        path = os.path.join(small, name)
        with open(path, "wb") as file:
            file.write(b"precious")
        done = run(["sh", "-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh", VMATLAS, "render", RECORDING, "-o", path, "--size", "640x360", *argv])
        checks.ok(done.returncode == 1 and done.stderr and content(path) == b"precious", "%s: the disk is full: it says so, what was there stays" % name, told(done))
        checks.equal(sorted(os.listdir(small)), sorted({"old.png", name}), "%s: and nothing else is left behind" % name)
    path = os.path.join(small, "old.png")
    os.chmod(path, 0o640)
    os.symlink("old.png", os.path.join(small, "link.png"))
    done = run([VMATLAS, "render", RECORDING, "-o", os.path.join(small, "link.png")])
    checks.ok(done.returncode == 0 and content(path)[:4] == b"\x89PNG" and os.stat(path).st_mode & 0o777 == 0o640 and os.path.islink(os.path.join(small, "link.png")),
              "a picture that replaces another keeps its rights, and links", told(done))


def pages(checks):
    """dump --pages: runs cover each mapping without a gap and count what is resident; the text says the same."""
    done = run([VMATLAS, "dump", RECORDING, "--at", "10.9", "--pages", "--format", "json"])
    states, bad = {}, []
    for vma in json.loads(done.stdout)["vmas"]:
        at, there = int(vma["start"], 0), 0
        for part in vma["pages"]:
            states[part["state"]] = states.get(part["state"], 0) + part["count"]
            there += part["count"] * part["present"]
            if int(part["start"], 0) != at or (part["frames"] is None) == part["present"]:
                bad.append(part)
            at += part["count"] * 4096
        if at != int(vma["end"], 0) or there != vma["resident"]:
            bad.append(vma)
    checks.ok(not bad, "dump --pages: runs cover each mapping", str(bad)[:500])
    checks.ok(all(states.get(s) for s in ("seen", "derived", "absent", "unknown")), "dump --pages: each state occurs", str(states))
    text = run([VMATLAS, "dump", RECORDING, "--at", "10.9", "--pages"]).stdout.decode()
    told = {}
    for line in text.splitlines():
        if line.startswith("    "):
            words = line.replace(",", "").split()
            told[words[3]] = told.get(words[3], 0) + int(words[1])
    checks.equal(told, states, "dump --pages: text and JSON say the same")
    checks.lines("".join(l + "\n" for l in text.splitlines() if not l.startswith("    ")),
                 run([VMATLAS, "dump", RECORDING, "--at", "10.9"]).stdout.decode(), "dump --pages: the mappings as without")


def moments(checks):
    """dump with several --at: what one --at each gives, in the order asked for."""
    asked = ["10.9", "end", "mark:Reading a fresh page: the kernel maps its one shared page of zeros, read-only", "start", "10.9", "2"]
    asked = [at for at in asked if run([VMATLAS, "dump", RECORDING, "--at", at]).returncode == 0]
    ats = [word for at in asked for word in ("--at", at)]
    single = [run([VMATLAS, "dump", RECORDING, "--at", at]).stdout.decode() for at in asked]
    checks.ok(len(asked) >= 3 and len(set(single)) >= 2, "dump: moments that differ", str(asked))
    checks.lines(run([VMATLAS, "dump", RECORDING, *ats]).stdout.decode(), "".join("# at %s\n%s" % pair for pair in zip(asked, single)),
                 "dump with several --at: each map, in their order")
    single = [json.loads(run([VMATLAS, "dump", RECORDING, "--at", at, "--format", "json"]).stdout) for at in asked]
    several = [json.loads(line) for line in run([VMATLAS, "dump", RECORDING, "--format", "json", *ats]).stdout.splitlines()]
    checks.ok(several == single and [one["at"] for one in several] == asked, "dump with several --at: each object, with the moment asked for")
    done = run([VMATLAS, "dump", RECORDING, "--at", "end", "--at", "mark:no such mark"])
    checks.ok(done.returncode == 1 and not done.stdout and b"no such mark" in done.stderr, "dump: a moment that is not there: nothing is printed", told(done))
    done = run([VMATLAS, "dump", RECORDING, "--at", "start", "--at", "end"])
    checks.ok(done.returncode in (1, NO_PROCESS) and b"# at end\n" in done.stdout and len(done.stdout) > 500,
              "dump: a moment without the process does not keep the others back", told(done))


def usage(checks):
    for argv in ([], ["dump"], ["events"], ["stats"], ["dump", RECORDING, "--at"], ["dump", RECORDING, "--at", "never"], ["events", RECORDING, "--type", "nothing"],
                 ["events", RECORDING, "--format", "xml"], ["dump", RECORDING, "--pid", "x"], ["record"], ["record", "--levels=6", "--", "true"], ["record", "--share", "/", "--", "true"], ["--nonsense"]):
        done = run([VMATLAS, *argv])
        checks.ok(done.returncode == 2 and done.stderr and not done.stdout, "exit code 2: vmatlas %s" % " ".join(a.replace(ROOT + "/", "") for a in argv), told(done))
    for argv in (["--help"], ["--version"], ["dump", "--help"], ["events", "--help"], ["stats", "--help"], ["record", "--help"], ["run", "--help"]):
        done = run([VMATLAS, *argv])
        checks.ok(done.returncode == 0 and done.stdout and not done.stderr, "vmatlas %s" % " ".join(argv), told(done))
    done = run([VMATLAS, "dump", RECORDING, "--pid", "4194000"])
    checks.ok(done.returncode == 4 and len(done.stderr.splitlines()) == 1, "a process that is not in the recording: exit code 4", told(done))
    done = run([VMATLAS, "dump", RECORDING, "--at", "mark:no such mark"])
    checks.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1, "a mark that is not in the recording: exit code 1", told(done))


def main():
    checks = Checks()
    built = run(["make", "-s", "-C", ROOT, "build/vmatlas-san"], 900)
    if not checks.ok(built.returncode == 0, "vmatlas builds with ASan and UBSan", told(built)):
        checks.end()
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as directory:
        files = Files(directory)
        for part, *args in ((refused, files), (cut_off, files, rng), (flipped, files, rng), (pasted, files, rng), (around, files), (nothing_lost, files), (pictures, directory), (pages,), (moments,), (usage,)):
            checks.attempt(part.__name__, part, *args)
    if checks.failed:
        print("# VMATLAS_TEST_SEED=%d repeats it" % SEED)
    checks.end()


if __name__ == "__main__":
    main()
