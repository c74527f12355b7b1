#!/usr/bin/env python3
"""`make bench`: what recording and reading cost, each figure beside a peer's on the same events, in the same run.

usage: bench.py [--smoke] [PART...]     PARTS: kernel growth compile rate export size large frame vmmap timely collector video soak; none: all

Tables go to standard output, one JSON object a figure to build/bench/figures.jsonl. The recording is made once, in the VM: gcc over this project's own core/,
recorded by vmatlas, trace-cmd and perf at the same time (build/bench/compile/; remove it to have it made again). Times are the processor time of one
process, the best of several rounds: the machine may have other work. A missing peer is said to be missing. --smoke: the shipped recordings, smallest sizes, no peers:
shows that every program runs.
"""
import json
import os
import resource
import shutil
import subprocess
import sys

import kernel
from live import Live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
BENCH = os.path.join(BUILD, "bench")
VMATLAS = os.path.join(BUILD, "vmatlas")
COMPILE = os.path.join(BENCH, "compile")
KERNEL = os.environ.get("BENCH_KERNEL", "6.12")
SOURCES = os.environ.get("BENCH_SOURCES", "60")
SMOKE = "--smoke" in sys.argv
SECONDS = "0" if SMOKE else os.environ.get("BENCH_SECONDS", "2")

figures = []


def path(*parts):
    return os.path.join(BENCH, *parts)


def program(name, *arguments):
    """What one of our small programs says; None where it was not built."""
    binary = path(name)
    if not os.path.exists(binary):
        return None
    done = subprocess.run([binary, *map(str, arguments)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def seconds_of(argv, rounds=3):
    """(user + system seconds of the fastest round, lines it printed)."""
    best, lines = None, 0
    for _ in range(1 if SMOKE else rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(path("out.txt"), "wb") as out:
            subprocess.run(argv, stdout=out, stderr=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = took if best is None or took < best else best
    with open(path("out.txt"), "rb") as out:
        lines = sum(1 for _ in out)
    os.unlink(path("out.txt"))
    return best, lines


def table(title, head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    print("\n%s\n" % title)
    for row in [head, *rows]:
        print("  " + "  ".join(str(c).ljust(w) if not i else str(c).rjust(w) for i, (c, w) in enumerate(zip(row, widths))))
    sys.stdout.flush()


def note(part, name, **what):
    figures.append({"part": part, "name": name, **what})


def millions(per_second):
    return "%.2f M/s" % (per_second / 1e6)


def ratio(ours, peer):
    return "%.2f" % (ours / peer) if ours and peer else "-"


# --- recordings ------------------------------------------------------------------------------------------------------------


def make_recording():
    """compile.vmatlas, trace.dat, perf.data and ctf: the same compile."""
    recording = os.path.join(COMPILE, "compile.vmatlas")
    if SMOKE:
        return os.path.join(ROOT, "tests", "data", "notices.vmatlas")
    if os.path.exists(recording):
        return recording
    os.makedirs(COMPILE, exist_ok=True)
    peers = shutil.which("trace-cmd") and shutil.which("perf")
    if not peers:
        print("trace-cmd or perf is not installed: no peers (make bench-deps)")
    print("recording a compile in the VM (some minutes) …", flush=True)
    subprocess.run([VMATLAS, "record", "-q", "-o", recording + ".part", "--vm=" + KERNEL, "--mem", "3G", "--share", COMPILE, "--",
                    os.path.join(ROOT, "tests", "bench", "compile.sh"), COMPILE if peers else "-", SOURCES, "2"], check=True)
    os.rename(recording + ".part", recording)
    return recording


def shapes(recording):
    """The same recording without any packing, and as it is written today."""
    plain, packed = path("plain.vmatlas"), path("packed.vmatlas")
    program("recut", recording, plain, "plain")
    program("recut", recording, packed, "packed")
    return plain, packed


# --- parts -------------------------------------------------------------------------------------------------------------------


def peers_of_rate():
    """(name, events, seconds) of each peer that is there."""
    found = []
    trace, perf, ctf = (os.path.join(COMPILE, name) for name in ("trace.dat", "perf.data", "ctf"))
    if SMOKE:
        return found
    if os.path.exists(trace):
        loaded = program("kshark", trace, SECONDS)
        if loaded:
            found.append(("libkshark: load", loaded["records"], loaded["seconds"]))
        if shutil.which("trace-cmd"):
            took, lines = seconds_of(["trace-cmd", "report", trace])
            found.append(("trace-cmd report", lines, took))
    if os.path.exists(perf) and shutil.which("perf"):
        took, lines = seconds_of(["perf", "script", "-f", "-i", perf])
        found.append(("perf script", lines, took))
        if not os.path.exists(ctf):
            subprocess.run(["perf", "data", "convert", "-f", "-i", perf, "--to-ctf", ctf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if os.path.exists(ctf) and shutil.which("babeltrace2"):
        took, _ = seconds_of(["babeltrace2", "--component=sink.utils.dummy", ctf])
        events = next((n for name, n, _ in found if name == "perf script"), 0)
        found.append(("babeltrace2: decode", events, took))
    return found


def part_rate(recording):
    plain, packed = shapes(recording)
    rows = []
    peers = peers_of_rate()
    kshark = next((n / s for name, n, s in peers if name.startswith("libkshark")), None)
    for file, what in ((plain, "not packed"), (packed, "packed")):
        for stage in ("chunks", "merge", "model", "history"):
            said = program("rate", stage, file, SECONDS)
            rows.append(("vmatlas, %s: … %s" % (what, stage), said["records"], millions(said["per_second"]), ratio(said["per_second"], kshark)))
            note("rate", stage, packed=what == "packed", **said)
    for name, events, took in peers:
        rows.append((name, events, millions(events / took), ratio(events / took, kshark)))
        note("rate", name, records=events, seconds=took, per_second=events / took)
    table("Reading, one core: events a second (a stage includes those before it)", ("", "events", "rate", "× libkshark"), rows)


def part_export(recording):
    plain, packed = shapes(recording)
    rows = []
    perf = next((n / s for name, n, s in peers_of_rate() if name == "perf script"), None)
    for file, what in ((plain, "not packed"), (packed, "packed")):
        took, lines = seconds_of([VMATLAS, "events", file])
        rows.append(("vmatlas events, " + what, lines, millions(lines / took), ratio(lines / took, perf)))
        note("export", "events", packed=what == "packed", lines=lines, seconds=took)
    if perf:
        rows.append(("perf script", "", millions(perf), "1.00"))
    table("Events as text, one core: lines a second", ("", "lines", "rate", "× perf script"), rows)


def part_size(recording):
    plain, packed = shapes(recording)
    faults = path("faults.vmatlas")
    program("recut", recording, faults, "packed", 1, "faults")
    rows = []
    whole = program("rate", "merge", packed, 0)
    only = program("rate", "merge", faults, 0)
    for name, file, n in (("records as they are", plain, whole), ("recording", packed, whole), ("its faults alone", faults, only)):
        size = os.path.getsize(file)
        rows.append((name, n["records"], size, "%.1f" % (size / n["records"]), "%.1f" % (size / n["faults"])))
        note("size", name, bytes=size, records=n["records"], faults=n["faults"])
    for name, file in (("trace.dat (fault: address, ip, error code)", "trace.dat"), ("perf.data (the same)", "perf.data")):
        file = os.path.join(COMPILE, file)
        events = next((n for peer, n, _ in peers_of_rate() if peer == ("perf script" if "perf" in name else "trace-cmd report")), None)
        if not SMOKE and events and os.path.exists(file):
            rows.append((name, events, os.path.getsize(file), "%.1f" % (os.path.getsize(file) / events), ""))
            note("size", name, bytes=os.path.getsize(file), records=events)
    table("Size of a recording of a compile", ("", "events", "bytes", "bytes an event", "bytes a fault"), rows)


def part_large(recording):
    rows = []
    records = program("rate", "merge", recording, 0)["records"]
    sizes = [records * 2] if SMOKE else [1000000, 10000000, 100000000] if os.environ.get("BENCH_LARGE") == "100M" else [1000000, 10000000]
    for wanted in sizes:
        file = path("large.vmatlas")
        program("recut", recording, file, "packed", max(1, round(wanted / records)))
        said = program("large", file, 5 if SMOKE else 300)
        size = os.path.getsize(file)
        rows.append((said["records"], "%.0f MB" % (size / 1e6), "%.2f s" % said["first_seconds"], millions(said["records"] / said["load_seconds"]),
                     "%.1f" % (said["memory"] / said["records"]), "%.1f / %.1f ms" % (said["seek_median_ms"], said["seek_99_ms"]),
                     "%.2f / %.2f ms" % (said["forward_99_ms"], said["back_99_ms"])))
        note("large", "large", bytes=size, **said)
        os.unlink(file)
    table("Opening a large recording (the compile, repeated with other times, maps and processes)",
          ("records", "file", "first picture", "loading", "bytes a record", "seek median / 99 %", "step on / back 99 %"), rows)


def part_vmmap(_):
    """A program of its own: its table, and its JSON lines."""
    subprocess.run(["make", "-s", "-C", ROOT, "build/vmmap", "build/tests/workloads/many_maps"], check=True)
    said = subprocess.run([os.path.join(ROOT, "tests", "bench", "vmmap.sh"), BUILD, *(["2000", "1"] if SMOKE else [])], stdout=subprocess.PIPE, check=True, text=True).stdout
    print("\nvmmap on the largest map a process may have\n")
    for line in said.splitlines():
        if line.startswith("{"):
            figure = json.loads(line)
            note("vmmap", figure.pop("name"), **figure)
        else:
            print("  " + line)


def many(vmas):
    """A process with that many VMAs, of which some come and go; recorded in the VM once."""
    file = os.path.join(BENCH, "vmas", "%d.vmatlas" % vmas)
    if not os.path.exists(file):
        os.makedirs(os.path.dirname(file), exist_ok=True)
        print("recording a process with %d VMAs in the VM …" % vmas, flush=True)
        subprocess.run([VMATLAS, "record", "-q", "-o", file + ".part", "--vm=" + KERNEL, "--", path("many"), str(vmas), "2000"], check=True)
        os.rename(file + ".part", file)
    return file


def part_frame(recording):
    rows = []
    files = [("shipped", os.path.join(ROOT, "tests", "data", "notices.vmatlas"))]
    if not SMOKE:
        files += [("compile", recording), ("10,000 VMAs", many(10000)), ("60,000 VMAs", many(60000))]
    for name, file in files:
        for width, height in ((1920, 1080), (3840, 2160)):
            said = program("frame", file, width, height, 3 if SMOKE else 300)
            rows.append((name, "%d×%d" % (width, height), said["vmas"], *("%.1f / %.1f" % (said[k + "_median_ms"], said[k + "_99_ms"])
                                                                         for k in ("update", "layout", "draw", "all"))))
            note("frame", name, **said)
    if not SMOKE: # a second and a half of a stream
        plain = path("arriving.vmatlas")
        program("recut", recording, plain, "plain", max(1, round(1600000 / program("rate", "merge", recording, 0)["records"])))
        said = program("frame", plain, 1920, 1080, 60, 1000000)
        os.unlink(plain)
        rows.append(("1 million records/s arrive, the picture %.1f ms behind at most" % said["behind_ms"], "1920×1080", said["vmas"], *("%.1f / %.1f" % (said[k + "_median_ms"], said[k + "_99_ms"]) for k in ("update", "layout", "draw", "all"))))
        note("frame", "1 million records/s arrive", **said)
    table("A frame of the window while half a recording is played in five seconds, ms: median / 99 %",
          ("", "size", "VMAs", "update", "layout", "draw", "all"), rows)


def part_kernel(_):
    kernel.part_kernel(table, note)


def part_growth(_):
    kernel.part_growth(table, note)


def part_compile(_):
    kernel.part_compile(table, note)


PARTS = {"kernel": part_kernel, "growth": part_growth, "compile": part_compile, "rate": part_rate, "export": part_export, "size": part_size, "large": part_large, "frame": part_frame, "vmmap": part_vmmap, **Live(sys.modules[__name__]).parts()}
IN_GUESTS = {"kernel", "growth", "compile", "timely", "collector", "soak"}  # need minutes
OWN_EVENTS = IN_GUESTS | {"vmmap", "video"}  # need no recording of a compile


def main():
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")] or [p for p in PARTS if not SMOKE or p not in IN_GUESTS]
    for name in wanted:
        if name not in PARTS:
            sys.exit("usage: bench.py [--smoke] [%s]…" % "|".join(PARTS))
    os.makedirs(BENCH, exist_ok=True)
    recording = make_recording() if set(wanted) - OWN_EVENTS else None
    for name in wanted:
        PARTS[name](recording)
    with open(path("figures-smoke.jsonl" if SMOKE else "figures.jsonl"), "a") as out:
        out.writelines(json.dumps(f) + "\n" for f in figures)
    for name in ("plain.vmatlas", "packed.vmatlas", "faults.vmatlas"):
        if os.path.exists(path(name)):
            os.unlink(path(name))
    print("ok - bench: %d figures" % len(figures) if SMOKE else "\n%d figures in %s" % (len(figures), os.path.relpath(path("figures.jsonl"), ROOT)))


if __name__ == "__main__":
    main()
