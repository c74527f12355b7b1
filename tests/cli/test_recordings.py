#!/usr/bin/env python3
"""The recordings that come with the lessons: today's reader opens them, nothing is missing in them, and they say what today's demos say."""
import glob
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from guest import Checks, run  # noqa: E402  pylint: disable=wrong-import-position

VMATLAS = os.path.join(ROOT, "build", "vmatlas-san")
LESSONS = os.path.join(ROOT, "docs", "lessons")
TOTAL = 2 << 20


def out(*command):
    done = run([VMATLAS, *command], 120)
    if done.returncode != 0:
        raise AssertionError("%s: status %d, %s" % (command, done.returncode, done.stderr.decode()[:500]))
    return done.stdout.decode()


def listed():
    with open(os.path.join(LESSONS, "list"), encoding="utf-8") as lines:
        return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def captions_of(name):
    """What the source says with lab_say, where it is one text as it stands."""
    with open(os.path.join(ROOT, "demos", name + ".c"), encoding="utf-8") as file:
        source = file.read()
    return [json.loads('"%s"' % text) for text in re.findall(r'lab_say\("((?:[^"\\]|\\.)*)"\)', source)]


def one(checks, name):
    path = os.path.join(LESSONS, "recordings", name + ".vmatlas")
    stats = json.loads(out("stats", path, "--json"))
    checks.equal((stats["lost"], stats["late"], stats["invalid"], stats["malformed"], stats["ended"], stats["title"]), (0, 0, 0, 0, True, name), "%s: whole" % name)
    marks = [json.loads(line)["text"] for line in out("events", path, "--type", "mark", "--format", "json").splitlines()]
    wanted = captions_of(name)
    checks.ok(marks and wanted and not [text for text in wanted if text not in marks], "%s: its captions are the demo's ('make recordings')" % name,
              [text for text in wanted if text not in marks])
    shown = out("dump", path, "--at", "mark:" + marks[-1])
    checks.ok("/tmp/lab/" + name in shown or name == "exec-replaces", "%s: the map at the last caption" % name, shown)
    whole, piped = (run([VMATLAS, "events", file, "--from", "0.000001"], stdin=source).stdout
                    for file, source in ((path, None), ("-", open(path, "rb"))))  # pylint: disable=consider-using-with
    checks.ok(whole and whole == piped, "%s: lines that go out while it is read are those of who reads it first" % name, len(whole))
    strange = set(re.findall(r"/(?:home|root|work|Users|tmp/(?!lab/|%s\.))[^ \n]*" % name, shown))
    checks.equal(strange, set(), "%s: nobody's directories are in it" % name)


def main():
    checks = Checks()
    paths = glob.glob(os.path.join(LESSONS, "recordings", "*.vmatlas"))
    names = listed()
    checks.equal(sorted(os.path.basename(p)[:-8] for p in paths), sorted(names), "every recording that is listed is there, and no other")
    size = sum(os.path.getsize(p) for p in paths)
    checks.ok(0 < size <= TOTAL, "%d KiB in all" % (size >> 10), size)
    for name in names:
        checks.attempt(name, one, name)
    checks.end()


if __name__ == "__main__":
    main()
