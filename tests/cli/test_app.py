#!/usr/bin/env python3
"""The lab program `app`: what it says of itself agrees with itself, by script, standard input and example; and the plots of what it measures."""
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from guest import Checks, run  # noqa: E402  pylint: disable=wrong-import-position

APP = os.path.join(ROOT, "build", "demos", "app")
PLOTS = os.path.join(ROOT, "demos", "plots", "plots.sh")
SHOWN = re.compile(r"malloc'd (\d+) bytes; heap extended by (\d+), mapped by malloc (\d+); depth (\d+), stack (\d+) KiB, of it (\d+) KiB in memory")


def shown(script, **more):
    """Of each line of figures: taken, heap, mapped, depth, stack, stack in memory; and all the text."""
    done = run([APP, "-s", script], **more)
    text = done.stdout.decode()
    return [tuple(int(n) for n in found) for found in SHOWN.findall(text)], text, done.returncode


def blocks(checks):
    got, text, status = shown("alloc 1k 1000; alloc 200k; free 1001; free 1; free 2; free all; quit; show")
    checks.ok(status == 0 and len(got) == 6 and re.match(r"app: process \d+\n", text), "a script: each command's figures, and nothing behind quit", text)
    checks.equal([one[0] for one in got], [1024000, 1024000 + 204800, 1024000, 1024000 - 1024, 1024000 - 2048, 0], "bytes taken and given back")
    checks.ok(got[0][1] >= 1024000 and got[0][2] == 0, "small blocks come from the heap", got[0])
    checks.ok(got[1][1] == got[0][1] and got[1][2] >= 204800 and got[2][2] == 0, "a large one has a mapping of its own, that goes when it is freed", got[1:3])
    checks.ok(got[5][1] < got[0][1] // 4, "the heap's end moves back when all of it is free", got[5])


def recursion(checks):
    got, text, status = shown("recurse 1000; recurse 500; return; alloc 1k; return; return; quit")
    checks.ok(status == 0 and [one[3] for one in got] == [1000, 1500, 1000, 1000, 0], "recursion within a recursion, and the way back", text)
    checks.ok("nothing to return from" in text, "and no further")
    checks.ok(1500 <= got[1][4] < 2200 and got[1][5] <= got[1][4], "a KiB of stack a frame, and not much more", got[1])
    checks.ok(got[1][4] <= got[4][4] < got[1][4] + 16, "the stack stays as large as it was")


def words(checks):
    text = shown("bogus; alloc x; alloc 1k -3; free 9; free x; recurse 99999; alloc 1 99999; alloc 1t; print")[1]
    lines = text.splitlines()[1:]
    checks.ok(len(lines) == 9 and not SHOWN.search(text), "what it cannot do it says in a line each", text)
    checks.ok(lines[8].startswith("print: /proc/vmatlas/print: ") or os.path.exists("/proc/vmatlas/print"), "print without the module: one sentence", lines[8:])
    done = run([APP], input=b"alloc 4k;show\nquit\nshow\n")
    checks.ok(done.returncode == 0 and len(SHOWN.findall(done.stdout.decode())) == 2, "commands from standard input", done.stdout)
    with open(os.devnull, "rb") as nothing:
        done = run([APP], stdin=nothing)
    checks.ok(done.returncode == 0 and len(SHOWN.findall(done.stdout.decode())) == 5, "nothing from standard input: an example", done.stdout)
    done = run([APP, "--menu"])
    checks.ok(done.returncode == 2 and len(done.stderr.splitlines()) == 1, "an argument it does not know", done.stderr)


def on_a_terminal(checks):
    with subprocess.Popen(["script", "-qec", APP + " --pace 0", "/dev/null"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        text = process.communicate(b"alloc 1k\nquit\n", timeout=30)[0].decode()
    checks.ok("app> " in text and "recurse DEPTH" in text and SHOWN.search(text), "on a terminal: the menu", text)


def size_of(png):
    with open(png, "rb") as file:
        head = file.read(24)
    return struct.unpack(">II", head[16:24]) if head[:8] == b"\x89PNG\r\n\x1a\n" else None


def plots(checks):
    with tempfile.TemporaryDirectory() as out:
        done = run([PLOTS, APP, out])
        if not checks.ok(done.returncode == 0 and not done.stderr, "make plots", done.stderr.decode()):
            return
        for name, curves in (("heap", 4), ("stack", 3)):
            checks.equal(size_of(os.path.join(out, name + ".png")), (1350, 840), "%s.png is a picture" % name)
            with open(os.path.join(out, name + ".svg"), encoding="utf-8") as file:
                svg = file.read()
            checks.equal(len(re.findall('<g id="gnuplot_plot_', svg)), curves, "%s.svg has its curves" % name)
        rows = {}
        for name in ("small", "large", "stack"):
            with open(os.path.join(out, name + ".data"), encoding="ascii") as file:
                rows[name] = [[int(word) for word in line.split()] for line in file]
        rising = rows["small"][:3000]
        checks.ok([row[0] for row in rising] == [1000 * i for i in range(1, 3001)] and all(row[1] >= row[0] for row in rising), "heap: a row for each block")
        steps = {b[1] - a[1] for a, b in zip(rising, rising[1:]) if a[1] != b[1]}
        checks.ok(len(steps) == 1 and steps.pop() % 4096 == 0, "heap: it grows in equal steps")
        checks.ok(max(row[2] for row in rows["large"]) >= 15 * 204800 and rows["large"][-1][2] == 0, "mapped: all of them, and none")
        down = [row for row in rows["stack"][:len(rows["stack"]) // 2]]
        checks.ok(all(a[4] <= b[4] and a[3] < b[3] for a, b in zip(down, down[1:])) and down[-1][3] >= 2990, "stack: as deep as it was told")


def main():
    checks = Checks()
    for part in (blocks, recursion, words, on_a_terminal, plots):
        checks.attempt(part.__name__, part)
    checks.end()


if __name__ == "__main__":
    main()
