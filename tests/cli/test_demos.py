#!/usr/bin/env python3
"""The demos run alone, with and without privilege: each ends by itself with 0 in seconds, prints what it promises, and never shows a frame the kernel did not show."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from guest import Checks  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.path.join(ROOT, "build", "demos")
SOURCES = sorted(f[:-2] for f in os.listdir(os.path.join(ROOT, "demos")) if f.endswith(".c") and f != "libmap.c")
SECONDS = 60
HIDDEN = "the kernel shows its number to root only (CAP_SYS_ADMIN)"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
# Those that look at frames, and what they say when they may not.
WITHOUT_FRAMES = {"diverge": "which pages are copies cannot be told", "two-pages": "in how many frames cannot be told"}
# What a demo reads of its own page tables: it prints this where frames are visible.
NUMBERS = {
    "two-pages": ["before fork: 3 pages are there, in 3 frames", "after fork: 6 pages are there, in 3 frames",
                  "after the write: 6 pages are there, in 4 frames", "with 100 children: 303 pages are there, in 4 frames"],
    "diverge": ["fast child: 64 of 64 pages", "slow child: 32 of 64 pages", "parent: 0 of 64 pages"],
    "table-growth": [": 3 tables more"], "exec-replaces": ["nothing is mapped there"], "idempotent": ["4096 of 16384 bytes are left", "each byte once"],
    "mmap": ["the file says 'from the child', the memory says 'from the child'"], "mlock": ["the kernel counts 64 KiB as locked"],
}


def source(name):
    with open(os.path.join(ROOT, "demos", name + ".c"), encoding="utf-8") as file:
        return file.read()


def run(*command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False, **more)


def all_of(directory, before):
    """Each demo once; those that wait do it side by side."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        started = {name: pool.submit(run, *before, os.path.join(directory, name), cwd=directory) for name in SOURCES}
        return {name: future.result() for name, future in started.items()}


def end_well(checks, done, how):
    checks.equal({n: (d.returncode, d.stderr) for n, d in done.items() if d.returncode or d.stderr}, {}, "%s: each ends with 0 and without complaint" % how)
    missing = {}
    for name, finished in done.items():
        said = re.findall(r'(?:lab_say|say)\("((?:[^"\\]|\\.)*)"\)', source(name))
        if "may be locked here (ulimit -l)" not in finished.stdout:
            missing.update({name: text for text in said if text not in finished.stdout})
        if not finished.stdout:
            missing[name] = "anything"
    checks.equal(missing, {}, "%s: each prints all its captions" % how)


def looks(out):
    return [line.split(" -> ", 1)[1] for line in out.splitlines() if re.search("0x[0-9a-f]+ -> ", line)]


def with_frames(checks, done):
    for name, lines in NUMBERS.items():
        checks.equal([line for line in lines if line not in done[name].stdout], [], "%s: its figures" % name)
    frames = [re.match("frame 0x([0-9a-f]+)", look) for name in SOURCES for look in looks(done[name].stdout)]
    checks.ok(len([m for m in frames if m]) > 60 and all(int(m[1], 16) for m in frames if m), "frames are told, and none is 0", len(frames))
    words = [look.split(",")[0] for look in looks(done["cow"].stdout)]
    old, new = words[0], words[2]
    checks.ok(words == [old, old, new, new, old, old, new] and old != new, "cow: one address, another frame in the child", words)


def without_frames(checks, done):
    shown = {n: look for n, d in done.items() for look in looks(d.stdout) if look != "no frame" and not look.startswith("no frame, ") and HIDDEN not in look}
    checks.equal(shown, {}, "without privilege: no frame, but the word that it is hidden")
    users = [name for name in SOURCES if "print_map(" in source(name)]
    checks.equal([name for name in users if HIDDEN not in done[name].stdout], [], "… said by each that looks")
    checks.ok(len(users) > 10, "many look", users)
    for name, line in WITHOUT_FRAMES.items():
        checks.ok(line in done[name].stdout, "%s: says what cannot be told" % name, done[name].stdout)


def help_and_usage(checks):
    for name in SOURCES:
        done = run(os.path.join(BUILD, name), "--help")
        good = done.returncode == 0 and done.stdout.startswith(name + " ") and done.stdout.count("\n") == 1 and not done.stderr and ": " in done.stdout
        if not good:
            checks.ok(False, "%s --help: one line" % name, done)
    checks.ok(True, "each has --help")
    wrong = {}
    for name in SOURCES:
        for arguments in (["--pace", "fast"], ["--nonsense"]):
            if arguments[0] == "--nonsense" and "[FILE]" in source(name):
                continue
            done = run(os.path.join(BUILD, name), *arguments)
            if done.returncode != 2 or done.stderr.count("\n") != 1 or done.stdout:
                wrong[name] = (arguments, done)
    checks.equal(wrong, {}, "wrong options: one sentence, status 2")
    same = [run(os.path.join(BUILD, "alloc"), "--seed", seed).stdout.splitlines()[-2:] for seed in ("5", "5", "6")]
    checks.ok(same[0] == same[1] != same[2], "alloc: the same for the same seed", same)
    done = run(os.path.join(BUILD, "alloc"), "--seed", "5x")
    checks.ok(done.returncode == 2 and done.stderr == "alloc: '5x' is no seed: a number\n", "alloc: a seed that is none", done)
    done = run(os.path.join(BUILD, "app"), "-s", "nonsense; show")
    checks.ok(done.returncode == 2 and "'nonsense' is no command" in done.stdout and "malloc'd 0 bytes" in done.stdout, "app: a word that is no command", done)
    done = run(os.path.join(BUILD, "two-pages"), "--mmap")
    checks.ok("lies on 2 pages" in done.stdout and "with 100 children: 202 pages are there" in done.stdout, "two-pages --mmap: two pages", done)


def listed(checks):
    with open(os.path.join(ROOT, "demos", "README.md"), encoding="utf-8") as file:
        text = file.read()
    checks.equal([n for n in SOURCES if "`%s`" % n.replace("-healthy", "") not in text], [], "each demo is in demos/README.md")
    checks.equal([n for n in re.findall(r"^\| `([^`]*)` \|", text, re.M) if n not in SOURCES], [], "… and no other")
    silent = [n for n in SOURCES if "What one sees" not in source(n) and "One sees" not in source(n)]
    checks.equal(silent, [], "each says at its head what one sees")
    checks.equal([n for n in SOURCES if "vents" not in source(n).split("*/")[0]], [], "… and which events, how many")


LIBMAP_USER = r"""
#include <stdio.h>
#include "libmap.h"
int main(void)
{
	printf("before ");
	print_map(NULL);
	print_map((void *)0xffff800000000000);
	print_map((void *)0x0000800000000000);
	return 0;
}
"""


def libmap(checks, directory):
    """In a program of one's own, which uses printf; and at addresses where nothing is."""
    path = os.path.join(directory, "user.c")
    with open(path, "w", encoding="utf-8") as file:
        file.write(LIBMAP_USER)
    built = run(os.environ.get("CC", "cc"), "-Wall", "-Werror", "-fsanitize=address,undefined", "-I", os.path.join(ROOT, "demos"), path, os.path.join(ROOT, "demos", "libmap.c"), "-o", path[:-2])
    checks.equal((built.returncode, built.stderr), (0, ""), "libmap: builds with a program of one's own")
    lines = run(path[:-2]).stdout.splitlines()
    checks.ok(len(lines) == 3 and lines[0] == "before (nil) -> no frame" and all("-> not known" in line for line in lines[1:]), "libmap: where nothing can be", lines)


def zones(checks, before):
    """segments says in which zone each variable lies; vmmap says the same of the running program."""
    with subprocess.Popen([*before, os.path.join(BUILD, "segments"), "--hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        told = []
        for line in program.stdout:
            words = line.split()
            if "waits for Enter" in line:
                break
            if len(words) == 3 and words[1].startswith("0x"):
                told.append((words[0], int(words[1], 16), words[2]))
        vmmap = os.path.join(ROOT, "build", "vmmap")
        regions = json.loads(run(vmmap, "--json", str(program.pid)).stdout)["regions"]
        flat = run(vmmap, "--flat", str(program.pid)).stdout
        program.stdin.write("\n")
        program.stdin.close()
        checks.equal(program.wait(SECONDS), 0, "segments --hold: Enter ends it")
    zone = lambda addr: [(r["zone"], r["lib"]) for r in regions if int(r["start"], 16) <= addr < int(r["end"], 16)]  # noqa: E731  pylint: disable=unnecessary-lambda-assignment
    checks.equal([(what, zone(addr)) for what, addr, _ in told], [(what, [(name, what == "library-code")]) for what, _, name in told], "segments: zones as vmmap says")
    checks.equal(sorted(what for what, _, _ in told),
                 sorted("text rodata data bss library-code vdso heap mmap shared file stack argv environment tls thread-stack thread-tls".split()), "segments: all kinds")
    rows = [(int(m[2], 16), int(m[3], 16), m[1]) for m in re.finditer(r"^\[([a-z-]+)\] +0x([0-9a-f]+) +0x([0-9a-f]+) ", flat, re.M)]
    names = {"thread-stack": "thread"}
    wanted = [(what, ["shared-lib" if what == "library-code" else names.get(name, name)]) for what, _, name in told]
    checks.equal([(what, [name for start, end, name in rows if start <= addr < end]) for what, addr, _ in told], wanted, "segments: zones as vmmap --flat says")


def main():
    checks = Checks()
    checks.equal([n for n in SOURCES if not os.access(os.path.join(BUILD, n), os.X_OK)], [], "each demo is built")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        for name in SOURCES:
            shutil.copy(os.path.join(BUILD, name), directory)
        done = all_of(directory, [])
        end_well(checks, done, "as we are")
        if any(re.match("frame 0x", look) for look in looks(done["cow"].stdout)):
            with_frames(checks, done)
        else:
            without_frames(checks, done)
        if NOBODY:
            done = all_of(directory, NOBODY)
            end_well(checks, done, "as nobody")
            without_frames(checks, done)
        checks.attempt("libmap", libmap, directory)
    checks.attempt("help", help_and_usage)
    checks.attempt("list", listed)
    checks.attempt("zones", zones, [])
    checks.attempt("zones", zones, ["setarch", "-R"])  # heap right behind bss
    checks.end()


if __name__ == "__main__":
    main()
