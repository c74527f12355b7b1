"""What recording costs in the kernel: the parts "kernel", "growth" and "compile" of `make bench`. Guests under QEMU's -icount, where time is counted in instructions.

A guest prints lines (tests/bench/kernel/init):
  # cost TOOL KIND TASK ALL …       one event of that kind, instructions: of the task's own time, and of all that ran meanwhile (one CPU: readers, timer ticks)
  # seen TOOL EVENTS lost N         what the tool recorded of that
  # missing TOOL WHY                it gave no figures
  # growth WHAT N KIND WITHOUT RECORDED … lost N
  # compile PART TOOL BEGAN ENDED   nanoseconds of the guest's clock: instructions of all its CPUs
"""
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "build", "bench")
GUEST = os.path.join(ROOT, "tests", "bench", "kernel", "guest.sh")
KERNELS = os.environ.get("BENCH_KERNELS", "6.1 6.12").split()
WITHOUT = os.environ.get("BENCH_WITHOUT", "handle_mm_fault")
SECONDS = os.environ.get("BENCH_GUEST_SECONDS", "3600")

KINDS = ("fault", "file", "pair", "getpid", "read")
TOOLS = (("stopped", "vmatlas, loaded and stopped"), ("unwatched", "vmatlas, of a process not watched"), ("watched", "vmatlas, watched"),
         ("unwatched-without", "vmatlas without the hook on faults by the kernel, not watched"), ("watched-without", "… watched"),
         ("trace-cmd", "trace-cmd record"), ("perf", "perf record"), ("bpftrace", "bpftrace, printing"), ("course", "text in a kfifo, kretprobes"),
         ("nothing-again", "nothing, once more at the end"))
# (tool, kind, limit, whether it is a ratio to what trace-cmd adds)
TARGETS = (("watched", "fault", 1.0, True), ("watched", "pair", 1.5, True), ("unwatched", "fault", 25, False), ("unwatched", "getpid", 0, False),
           ("unwatched", "read", 0, False), ("stopped", "fault", 0, False), ("stopped", "pair", 0, False), ("stopped", "read", 0, False))
# Instructions by which two runs of the very same may differ (timer ticks, the allocators' state); the second run without anything may show more.
NOISE = 10


def parse(text):
    """The lines of a guest as {"cost": {tool: {kind: (task, all)}}, "seen": {tool: (events, lost)}, "missing": {tool: why},
    "growth": [(what, n, {kind: (without, recorded)}, lost)], "compile": {(part, tool): instructions}}."""
    said = {"cost": {}, "seen": {}, "missing": {}, "growth": [], "compile": {}}
    for line in text.splitlines():
        word = line.split()
        if len(word) < 3 or word[0] != "#":
            continue
        if word[1] == "cost":
            said["cost"][word[2]] = {word[i]: (float(word[i + 1]), float(word[i + 2])) for i in range(3, len(word), 3)}
        elif word[1] == "seen" and len(word) == 6:
            said["seen"][word[2]] = (int(word[3]), int(word[5]))
        elif word[1] == "missing":
            said["missing"][word[2]] = " ".join(word[3:])
        elif word[1] == "compile":
            said["compile"][int(word[2]), word[3]] = int(word[5]) - int(word[4])
        elif word[1] == "growth":
            said["growth"].append((word[2], int(word[3]), {word[i]: (float(word[i + 1]), float(word[i + 2])) for i in range(4, len(word) - 2, 3)}, int(word[-1])))
    return said


def guest(kernel, name, cpus, *words):
    subprocess.run(["make", "-s", "-C", ROOT, "KERNELS=" + kernel, "vm", "build/bench/work", "build/bench/course/%s/course.ko" % kernel], check=True)
    print("in a guest, Linux %s, %d CPU%s: %s (minutes) …" % (kernel, cpus, "s" if cpus > 1 else "", name), file=sys.stderr, flush=True)
    done = subprocess.run([GUEST, kernel, os.path.join(BENCH, "guest", kernel + "-" + name), str(cpus), SECONDS, *words], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit("bench: the guest of Linux %s failed" % kernel)
    return parse(done.stdout)


def added(said, tool, kind, which=0):
    """What the tool adds to one event; None where there are no figures, 0 where it is not more than noise."""
    if tool not in said["cost"]:
        return None
    bare = said["cost"]["nothing"][kind][which]
    more = said["cost"][tool][kind][which] - bare
    noise = abs(said["cost"].get("nothing-again", said["cost"]["nothing"])[kind][which] - bare)
    return more if tool == "nothing-again" or abs(more) > max(NOISE, noise) else 0.0


def verdict(said, tool, kind, limit, is_ratio):
    """(the figure, met or missed) of a target; None where it could not be measured."""
    ours, peer = added(said, tool, kind), added(said, "trace-cmd", kind)
    if ours is None or (is_ratio and not peer):
        return None
    figure = ours / peer if is_ratio else ours
    return figure, "met" if figure <= limit else "missed"


def cost_rows(said):
    rows = [("nothing (the event itself)", *("%.0f" % said["cost"]["nothing"][k][0] for k in KINDS), "", "", "")]
    for tool, what in TOOLS:
        if tool not in said["cost"]:
            continue
        cells = []
        for kind in KINDS:
            cells.append("%+.0f" % added(said, tool, kind) if added(said, tool, kind) else "0")
        peers = [added(said, "trace-cmd", k) for k in ("fault", "pair")]
        ratios = ["%.2f" % (added(said, tool, k) / p) if p else "-" for k, p in zip(("fault", "pair"), peers)]
        seen = said["seen"].get(tool)
        rows.append((what, *cells, *ratios, "%d, %d lost" % seen if seen else ""))
    return rows


def part_kernel(table, note):
    for kernel in KERNELS:
        said = guest(kernel, "costs", 1, "bench=costs", "without=" + WITHOUT)
        table("Linux %s: what one event costs, and what recording adds, instructions of the task's own time" % kernel,
              ("", "page fault", "file fault", "mmap + munmap", "getpid", "read", "fault, × trace-cmd", "pair, × trace-cmd", "events recorded"), cost_rows(said))
        table("Linux %s: the same, with all that runs meanwhile on this one CPU: who reads the buffers, timer ticks" % kernel, ("", "page fault", "mmap + munmap"),
              [(what, *("%+.0f" % (added(said, tool, k, 1) or 0) for k in ("fault", "pair"))) for tool, what in TOOLS if tool in said["cost"]])
        for tool, why in said["missing"].items():
            print("  %s could not be measured: %s" % (tool, why))
        rows = []
        for tool, kind, limit, is_ratio in TARGETS:
            found = verdict(said, tool, kind, limit, is_ratio)
            rows.append((dict(TOOLS)[tool] + ": " + kind, "≤ %g%s" % (limit, " × trace-cmd" if is_ratio else ""),
                         *(("%.2f" % found[0] if is_ratio else "%.0f" % found[0], found[1]) if found else ("-", "not measured"))))
        table("Linux %s: targets" % kernel, ("", "wanted", "found", ""), rows)
        for tool, of in said["cost"].items():
            events, lost = said["seen"].get(tool, (None, None))
            note("kernel", tool, kernel=kernel, events=events, lost=lost,
                 **{kind: {"task": task, "all": everything, "added": added(said, tool, kind)} for kind, (task, everything) in of.items()})
        for tool, why in said["missing"].items():
            note("kernel", tool, kernel=kernel, missing=why)


# --- growth ------------------------------------------------------------------------------------------------------------------

# What grows, in a guest of so many CPUs.
GROWTH = (("vmas", 1, (10, 100, 1000, 10000, 65000)), ("processes", 1, (1, 10, 100, 1000)), ("threads", 4, (1, 4, 16, 64)))
CPUS = (1, 2, 4)
WORDS = {"vmas": "VMAs of the process", "processes": "processes watched", "threads": "threads of the process, on 4 CPUs", "cpus": "CPUs, each with a busy process"}


def grown(kernel):
    """{what: [(n, {kind: (without, recorded)}, lost)]}"""
    found = {}
    runs = [(1, ["%s=%d" % (what, n) for what, on, ns in GROWTH if on == 1 for n in ns] + ["cpus=1"]), (2, ["cpus=2"]),
            (4, ["%s=%d" % (what, n) for what, on, ns in GROWTH if on == 4 for n in ns] + ["cpus=4"])]
    for cpus, points in runs:
        for what, n, kinds, lost in guest(kernel, "growth-%d" % cpus, cpus, "bench=growth", "points=" + ",".join(points))["growth"]:
            found.setdefault(what, []).append((n, kinds, lost))
    return found


def plot(found):
    """build/bench/growth.svg and .png."""
    where = os.path.join(BENCH, "growth")
    os.makedirs(where, exist_ok=True)
    for what in WORDS:
        with open(os.path.join(where, what + ".data"), "w", encoding="utf-8") as out:
            for i, (n, _, _) in enumerate(found[KERNELS[0]][what]):
                more = [found[k][what][i][1][kind] for k in KERNELS for kind in ("fault", "pair", "fork", "exec")]
                out.write(" ".join([str(n)] + ["%.1f" % (recorded - without) for without, recorded in more]) + "\n")
    for kind in ("svg", "png"):
        subprocess.run(["gnuplot", "-e", "kind='%s'; dir='%s'; kernels='%s'; out='%s'" % (kind, where, " ".join(KERNELS), os.path.join(BENCH, "growth." + kind)),
                        os.path.join(ROOT, "tests", "bench", "kernel", "growth.gp")], check=True)
    print("\n  drawn: build/bench/growth.svg, build/bench/growth.png")


def part_growth(table, note):
    found = {kernel: grown(kernel) for kernel in KERNELS}
    for kernel, of in found.items():
        for what, points in of.items():
            births = what == "vmas"
            kinds = ("fault", "pair", "fork", "exec") if births else ("fault", "pair")
            rows = []
            for n, said, lost in points:
                rows.append((n, *("%+.0f" % (said[k][1] - said[k][0]) for k in kinds), *(["%.0f" % ((said[k][1] - said[k][0]) / n) for k in ("fork",)] if births else []), lost))
                note("growth", what, kernel=kernel, n=n, lost=lost, **{k: {"without": said[k][0], "recorded": said[k][1]} for k in kinds})
            table("Linux %s: what recording adds to one event, by the number of %s" % (kernel, WORDS[what]),
                  ("", "page fault", "mmap + munmap", *(("fork", "exec", "fork, a VMA") if births else ()), "lost"), rows)
    plot(found)


# --- a compile -----------------------------------------------------------------------------------------------------------------

PARTS = int(os.environ.get("BENCH_PARTS", "4"))
FILES = int(os.environ.get("BENCH_FILES", "52"))
SLOWDOWN = 1.05


def slowdowns(said, tool):
    """Of each part that was compiled without anything and with that tool, sorted."""
    took = said["compile"]
    return sorted(took[part, tool] / took[part, "nothing"] for part, of in took if of == tool and (part, "nothing") in took)


def part_compile(table, note):
    rows = []
    for kernel in KERNELS:
        said = guest(kernel, "compile", 2, "bench=compiles", "parts=" + ",".join(str(i + 1) for i in range(PARTS)))
        for tool, why in said["missing"].items():
            print("  Linux %s: %s could not be measured: %s" % (kernel, tool, why))
        bare = sum(took for (_, tool), took in said["compile"].items() if tool == "nothing")
        for tool, what in (("watched", "vmatlas, all processes watched"), ("trace-cmd", "trace-cmd record")):
            ratios = slowdowns(said, tool)
            if not ratios:
                continue
            events, lost = (sum(said["seen"].get("%s.%d" % (tool, i + 1), (0, 0))[j] for i in range(PARTS)) for j in (0, 1))
            median = statistics.median(ratios)
            target = ("≤ %.2f, %s; lost 0, %s" % (SLOWDOWN, "met" if median <= SLOWDOWN else "missed", "missed" if lost else "met")) if tool == "watched" else ""
            rows.append((kernel, what, "%.3f ×" % median, "%.3f … %.3f" % (ratios[0], ratios[-1]), events, lost, target))
            note("compile", tool, kernel=kernel, files=FILES, untraced=bare, slowdowns=ratios, events=events, lost=lost)
    table("A compile of %d files, make -j2, in %d parts: all instructions of two CPUs, beside those without recording" % (FILES, PARTS),
          ("Linux", "", "median", "least … most", "events", "lost", "target"), rows)
