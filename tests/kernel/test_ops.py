#!/usr/bin/env python3
"""Every way a map can change, drawn at random, in several threads and processes: at each mark, where all threads of the process stand still,
the map must be the kernel's, line for line."""
import collections
import glob
import os

from guest import SEED, WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, scaled

# operations, threads, processes, marks
RUNS = {"fast": [(200, 1, 1, 5)], "normal": [(600, 1, 1, 20), (900, 3, 2, 15)], "long": [(6000, 1, 1, 60), (8000, 4, 4, 40), (8000, 64, 1, 20)]}


def maps_at_marks(checks, guest, name):
    marks = collections.defaultdict(list)
    paths = sorted(glob.glob(os.path.join(guest.share, name + ".p*.maps")), key=lambda p: [part.zfill(6) for part in os.path.basename(p).split(".")])
    for path in paths:
        mark = os.path.basename(path)[:-len(".maps")]
        marks[".".join(mark.split(".")[:2])].append(mark)
    for process, all_of_it in marks.items():
        pid = guest.pid(process + ".facts")
        maps = guest.recording.dumps(["mark:" + mark for mark in all_of_it], pid)
        for mark in all_of_it:
            if maps["mark:" + mark] != guest.text(mark + ".maps"):
                checks.lines(maps["mark:" + mark], guest.text(mark + ".maps"), "%s: map of process %d at mark %s" % (name, pid, mark))
                return
    checks.ok(True, "%s: the map equals /proc/PID/maps at all %d marks" % (name, len(paths)))


def main():
    kernel = kernel_argument()
    checks = Checks()
    runs = RUNS[scaled("fast", "normal", "long")]
    names = ["ops%d" % i for i in range(len(runs))]
    script = "".join("%s/ops_random @ %s %d %d %d %d %d\necho \"%s $?\"\n" % ((WORKLOADS, name, SEED + i) + run + (name,))
                     for i, (name, run) in enumerate(zip(names, runs)))
    guest = Guest(kernel, "ops", ["sh", "-c", script], ["--module-param", "subbuf_count=256", "--module-param", "fault_subbuf_count=256"],
                  limit=scaled(240, 300, 3600))
    checks.lines(guest.stdout.decode(errors="replace"), "".join("%s 0\n" % name for name in names), "every run came to its end")
    for name, run in zip(names, runs):
        wanted = run[2] * run[3]
        checks.ok(len(glob.glob(os.path.join(guest.share, name + ".p*.maps"))) == wanted, "%s: %d maps were saved" % (name, wanted))
        checks.attempt(name, lambda c, g, n=name: maps_at_marks(c, g, n), guest)
    stats = checks.attempt("stats", lambda c, g: g.recording.stats(), guest)
    checks.ok(stats and (stats["lost"], stats["invalid"]) == (0, 0), "nothing lost, nothing invalid", stats and (stats["lost"], stats["invalid"]))
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")
    if checks.failed:
        print("# %s; VMATLAS_TEST_SEED=%d repeats it" % (guest.directory, SEED), flush=True)
    checks.end()


if __name__ == "__main__":
    main()
