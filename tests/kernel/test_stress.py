#!/usr/bin/env python3
"""Programs that nobody wrote for vmatlas, under `vmatlas verify`: stopped at random moments, every line of /proc/PID/maps, pages, resident
sizes and every count of faults compared with the picture. stress-ng's memory stressors, a compile, an allocator under threads, a runtime that
collects garbage, and our own random operations."""
import json
import os
import shutil
import sys
import time

from guest import BUILD, ROOT, SEED, VMATLAS, WORKLOADS, Checks, kernel_argument, run, scaled

# Memory is small, so that a guest of 2 GiB holds it all; what needs a device or a file system of its own is left out.
STRESSORS = {
    "vm": "--vm 2 --vm-bytes 4M --mmap 2 --mmap-bytes 4M --mremap 2 --mremap-bytes 4M --munmap 2",
    "heap": "--brk 1 --stack 1 --bigheap 1 --malloc 1 --malloc-bytes 8M",
    "process": "--fork 1 --vfork 1 --clone 1 --zombie 1 --daemon 1 --pthread 1",
    "change": "--madvise 2 --mprotect 2 --msync 2 --msync-bytes 4M --mlock 2 --pkey 2",
    "shared": "--shm 2 --shm-bytes 4M --shm-sysv 2 --shm-sysv-bytes 4M --memfd 2 --memfd-bytes 4M --tmpfs 1",
    "fault": "--fault 1 --userfaultfd 1 --userfaultfd-bytes 4M --numa 1 --sigsegv 1 --vm-segv 1 --stackmmap 1",
    "more": "--mmapaddr 1 --mmapfixed 1 --mmapmany 1 --mmapfork 1 --vm-addr 1 --vm-splice 1 --pagemove 1 --aio 1 --io-uring 1 --secretmem 1",
    "nobody": "--exec 1 --mlockmany 1", # these refuse to run as root
}
NORMAL = ("vm", "change", "process")

COMPILE = """
mkdir /tmp/compile && cd /tmp/compile
for i in $(seq %d); do printf '#include <stdio.h>\\n#include <stdlib.h>\\nint f%%d(int n) { char *p = malloc(n); int r = p != 0; free(p); return r; }\\n' $i >f$i.c; done
printf 'int main(void) { return 0; }\\n' >main.c
printf 'SRC := $(wildcard *.c)\\nprogram: $(SRC:.c=.o)\\n\\t$(CC) -o $@ $^\\n' >Makefile
make -s -j4
"""

GARBAGE = """
import gc, threading, os
def churn(n):
    keep = []
    for i in range(n):
        ring = [bytearray(1000 + i %% 5000) for _ in range(40)]
        ring.append(ring)
        keep = keep[-20:] + [ring]
        if i %% 50 == 0:
            gc.collect()
threads = [threading.Thread(target=churn, args=(%d,)) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
"""

NODE = "let a=[];for(let i=0;i<%d;i++){a.push(new Array(100).fill(i));if(a.length>500)a=[]}"

# Maps compared, of each program: it is run again, with the next seed, until there are as many.
WANTED = scaled(2, 6, 1000)
ROUNDS = scaled(1, 2, 40)


def stress_ng(name, seed):
    argv = ["stress-ng", "--timeout", "%ds" % scaled(3, 4, 120), "--temp-path", "/tmp/stress", "--seed", str(seed)] + STRESSORS[name].split()
    who = "exec setpriv --reuid=65534 --regid=65534 --clear-groups " if name == "nobody" else "exec "
    return ["sh", "-c", "mkdir -m 777 /tmp/stress && " + who + " ".join(argv)]


def several(command):
    """At once, so that a moment compares several maps; N is the number of each."""
    return ["sh", "-c", "for N in $(seq %d); do %s & all=\"$all $!\"; done; bad=0; for one in $all; do wait $one || bad=1; done; exit $bad" % (scaled(1, 2, 6), command)]


def cases():
    """name, the command for a seed"""
    for name in scaled(NORMAL, NORMAL, tuple(STRESSORS)):
        yield "stress-ng " + name, lambda seed, n=name: stress_ng(n, seed)
    yield "compile", lambda seed: ["sh", "-c", COMPILE % scaled(5, 8, 60)]
    allocator = os.path.join(WORKLOADS, "allocator")
    yield "allocator", lambda seed: several("%s /tmp a$N %d$N 8 %d" % (allocator, seed, scaled(300, 400, 6000)))
    if scaled(False, False, True):
        yield "allocator, 64 threads", lambda seed: several("%s /tmp a$N %d$N 64 2000" % (allocator, seed))
    yield "python", lambda seed: several("/usr/bin/python3 -c '%s'" % (GARBAGE % scaled(100, 130, 1500)))
    if shutil.which("node") and scaled(False, False, True):
        yield "node", lambda seed: several("node -e '%s'" % (NODE % 300000))
    yield "ops_random", lambda seed: [os.path.join(WORKLOADS, "ops_random"), "/tmp", "r", str(seed), *scaled(("300", "3", "2"), ("1500", "3", "2"), ("4000", "2", "8")), "1"]


COUNTS = ("moments", "maps", "lines", "pages", "rss", "fault_counts", "processes", "uncertain", "stale_maps")


def one_round(checks, kernel, name, command, seed):
    """The verdict, or None."""
    place = os.path.join(BUILD, "tests", "kernel", kernel, "stress-" + name.replace(" ", "-"))
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    argv = [VMATLAS, "verify", "--vm=" + kernel, "--seed", str(seed), "--interval", "10", "--count", str(scaled(10, 25, 1500)), "--format", "json",
            "--guest-log", os.path.join(place, "console.log"), "--module-param", "subbuf_count=256", "--module-param", "fault_subbuf_count=512",
            "-o", os.path.join(place, "recording.vmatlas"), "--"] + command
    done = run(argv, scaled(120, 150, 1800), cwd=ROOT)
    with open(os.path.join(place, "output"), "wb") as out:
        out.write(" ".join(argv).encode() + b"\n" + done.stdout + done.stderr)
    last = done.stdout.decode(errors="replace").strip().splitlines()[-1:] or [""]
    try:
        said = json.loads(last[0])
    except ValueError:
        checks.ok(False, "%s: verify ran" % name, done.stderr.decode(errors="replace")[-2000:])
        return None
    if said["status"] not in (0, 2, 3): # stress-ng: something was not implemented, some ended early
        checks.ok(False, "%s: it came to its end" % name, "status %r\n%s" % (said["status"], done.stderr.decode(errors="replace")[-2000:]))
    if said["differences"]:
        first = said.get("first") or {}
        checks.ok(False, "%s: no difference" % name, "%r\n%s\nof: %s; again: vmatlas verify --seed %d -- %s" %
                  (said["by_kind"], "\n".join("%s: %s" % (k, first[k]) for k in first if k != "records"), place, seed, " ".join(command)[:500]))
    return said


def verify(checks, kernel, name, command):
    sums, began, failed = dict.fromkeys(COUNTS, 0), time.time(), checks.failed
    for i in range(ROUNDS):
        said = one_round(checks, kernel, name, command(SEED + i), SEED + i)
        if not said or checks.failed > failed:
            return
        for key in COUNTS:
            sums[key] += said[key]
        if sums["maps"] >= WANTED:
            break
    checks.ok(sums["maps"] >= WANTED, "%s: %d maps of processes compared (at least %d) at %d moments" % (name, sums["maps"], WANTED, sums["moments"]), sums)
    checks.ok(True, "%s: no difference in %d lines of maps, %d counts of faults, %d pages, the RSS of %d VMAs" %
              (name, sums["lines"], sums["fault_counts"], sums["pages"], sums["rss"]))
    print("# %s: %d pages uncertain, %d maps stale; %d rounds, %d seconds" % (name, sums["uncertain"], sums["stale_maps"], i + 1, time.time() - began), flush=True)


def main():
    kernel = kernel_argument()
    checks = Checks()
    only = os.environ.get("VMATLAS_TEST_ONLY")
    for name, command in cases():
        if not only or only in name:
            checks.attempt(name, lambda c, n=name, m=command: verify(c, kernel, n, m))
    if checks.failed:
        print("# VMATLAS_TEST_SEED=%d repeats it" % SEED, flush=True)
    checks.end()


if __name__ == "__main__":
    sys.exit(main())
