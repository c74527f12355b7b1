#!/usr/bin/env python3
"""vmmap, which reads /proc, and the picture, which is made of records, call each region of one process the same."""
import json
import os
import sys

from guest import BUILD, Checks, Guest, guest_log_is_clean, kernel_argument

PROGRAM = """
import mmap, os, sys, threading, time
for _ in range(3):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
held = [mmap.mmap(-1, 1 << 20), mmap.mmap(-1, 1 << 16, prot=mmap.PROT_READ), mmap.mmap(os.open(sys.argv[2], os.O_RDONLY), 8192, prot=mmap.PROT_READ)]
out = os.open(sys.argv[1] + "/vmmap.json", os.O_CREAT | os.O_WRONLY, 0o666)
pid = os.posix_spawn(sys.argv[2], [sys.argv[2], "--json", str(os.getpid())], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
status = os.waitpid(pid, 0)[1]
os.write(int(os.environ["VMATLAS_MARKER_FD"]), b"asked")
os._exit(os.waitstatus_to_exitcode(status))
"""


def zones(checks, guest):
    told = {(r["start"], r["end"]): (r["zone"], r["lib"]) for r in json.loads(guest.text("vmmap.json"))["regions"]}
    picture = {(v["start"], v["end"]): (v["zone"], v["lib"]) for v in json.loads(guest.recording.dump("mark:asked", form="json"))["vmas"]}
    both = told.keys() & picture.keys()
    checks.ok(len(both) >= len(picture) - 3 and len(both) > 20, "vmmap and the picture have the same regions, %d" % len(both), sorted(told.keys() ^ picture.keys()))
    differ = {place: (told[place], picture[place]) for place in both if told[place] != picture[place]}
    checks.equal(differ, {}, "each is called the same")
    checks.ok({"text", "rodata", "data", "bss", "heap", "stack", "thread-stack", "guard", "anon", "vdso", "vvar"} <= {zone for zone, _ in told.values()}, "all usual kinds are among them",
              {zone for zone, _ in told.values()})


def main():
    kernel = kernel_argument()
    checks = Checks()
    guest = Guest(kernel, "vmmap", [sys.executable, "-c", PROGRAM, "@", os.path.join(BUILD, "vmmap")])
    checks.equal((guest.status, guest.stderr), (0, guest.stderr), "vmmap ran beside the recording")
    checks.attempt("zones", zones, guest)
    checks.attempt("log", lambda c, g: guest_log_is_clean(c, g, "the guest's kernel log is clean"), guest)
    checks.end()


if __name__ == "__main__":
    main()
