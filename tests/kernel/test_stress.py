#!/usr/bin/env python3
"""Programs that nobody wrote for vmatlas, under `vmatlas verify`: stopped at random moments, every line of /proc/PID/maps, pages, resident
sizes and every count of faults compared with the picture. stress-ng's memory stressors, a compile, an allocator under threads, a runtime that
collects garbage, and our own random operations."""
import json
import os
import shutil
import sys

from guest import BUILD, ROOT, SEED, VMATLAS, WORKLOADS, Checks, kernel_argument, run, scaled

# Memory is small, so that a guest of 2 GiB holds it all; what needs a device or a file system of its own is left out.
STRESSORS = {
    "vm": "--vm 1 --vm-bytes 4M --mmap 1 --mmap-bytes 4M --mremap 1 --mremap-bytes 4M --munmap 1",
    "heap": "--brk 1 --brk-bytes 16M --stack 1 --bigheap 1 --bigheap-bytes 16M --malloc 1 --malloc-bytes 8M",
    "process": "--fork 1 --vfork 1 --exec 1 --clone 1 --zombie 1 --daemon 1 --pthread 1",
    "change": "--madvise 1 --mprotect 1 --msync 1 --msync-bytes 4M --mlock 1 --mlockmany 1 --pkey 1",
    "shared": "--shm 1 --shm-bytes 4M --shm-sysv 1 --shm-sysv-bytes 4M --memfd 1 --memfd-bytes 4M --tmpfs 1",
    "fault": "--fault 1 --userfaultfd 1 --userfaultfd-bytes 4M --numa 1 --sigsegv 1 --vm-segv 1 --stackmmap 1",
    "more": "--mmapaddr 1 --mmapfixed 1 --mmapmany 1 --mmapfork 1 --vm-addr 1 --vm-splice 1 --pagemove 1 --aio 1 --io-uring 1 --secretmem 1",
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


def cases():
    chosen = scaled(NORMAL, NORMAL, tuple(STRESSORS))
    for name in chosen:
        yield "stress-ng " + name, ["stress-ng", "--timeout", "%ds" % scaled(3, 6, 120), "--temp-path", "/tmp", "--seed", str(SEED)] + STRESSORS[name].split()
    yield "compile", ["sh", "-c", COMPILE % scaled(5, 15, 60)]
    yield "allocator", [os.path.join(WORKLOADS, "allocator"), "/tmp", "a", str(SEED), str(scaled(8, 16, 64)), str(scaled(300, 1000, 20000))]
    yield "python", ["/usr/bin/python3", "-c", GARBAGE % scaled(100, 400, 4000)]
    if shutil.which("node") and scaled(False, False, True):
        yield "node", ["node", "-e", "let a=[];for(let i=0;i<3e5;i++){a.push(new Array(100).fill(i));if(a.length>500)a=[]}"]
    yield "ops_random", [os.path.join(WORKLOADS, "ops_random"), "/tmp", "r", str(SEED), str(scaled(300, 1500, 20000)), "3", "2", "1"]


def verify(checks, kernel, name, command):
    place = os.path.join(BUILD, "tests", "kernel", kernel, "stress-" + name.replace(" ", "-"))
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    argv = [VMATLAS, "verify", "--vm=" + kernel, "--seed", str(SEED), "--interval", "10", "--count", str(scaled(10, 25, 1500)), "--format", "json",
            "--guest-log", os.path.join(place, "console.log"), "--module-param", "subbuf_count=256", "--module-param", "fault_subbuf_count=512",
            "-o", os.path.join(place, "recording.vmatlas"), "--"] + command
    done = run(argv, scaled(120, 150, 3600), cwd=ROOT)
    with open(os.path.join(place, "output"), "wb") as out:
        out.write(" ".join(argv).encode() + b"\n" + done.stdout + done.stderr)
    last = done.stdout.decode(errors="replace").strip().splitlines()[-1:] or [""]
    try:
        said = json.loads(last[0])
    except ValueError:
        checks.ok(False, "%s: verify ran" % name, done.stderr.decode(errors="replace")[-2000:])
        return
    kinds = said["by_kind"]
    first = said.get("first") or {}
    show = "%r\n%s\nof: %s; again: vmatlas verify --seed %d -- %s" % (kinds, "\n".join("%s: %s" % (k, first[k]) for k in first if k != "records"), place, SEED, " ".join(command)[:500])
    checks.ok(said["moments"] >= scaled(1, 2, 200), "%s: stopped and compared at %d moments" % (name, said["moments"]), last[0])
    checks.ok(said["status"] in (0, 2, 3), "%s: it came to its end" % name, done.stderr.decode(errors="replace")[-2000:])
    checks.ok(kinds["line"] == 0 and kinds["process"] == 0, "%s: no difference in %d lines of maps of %d processes" % (name, said["lines"], said["processes"]), show)
    checks.ok(kinds["faults"] == 0 and kinds["records"] == 0, "%s: no difference in %d counts of faults" % (name, said["fault_counts"]), show)
    checks.ok(kinds["page"] == 0 and kinds["rss"] == 0, "%s: no difference in %d pages and the RSS of %d VMAs" % (name, said["pages"], said["rss"]), show)
    print("# %s: %d pages compared, %d uncertain" % (name, said["pages"], said["uncertain"]), flush=True)


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
