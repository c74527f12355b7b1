#!/usr/bin/env python3
"""What `make stress` does: compiles vmatlas's own sources in the throw-away VM, every process of it in the window, and ends with a table: how fast events came,
what was lost, and how much longer the compile took than without recording, in the same VM side by side. Without a display a picture and a film are made.

usage: stress.py BUILD      in the directory of the sources

STRESS_FILES=N   how many files (50)                         STRESS_CPUS=N   processors of the VM, and jobs (2)
STRESS_PARTS=N   in how many parts (4): each is compiled without recording and with, in turn first and second
STRESS_FLAGS=…   how they are compiled (-O0 -g: minutes, where the processor is emulated)
STRESS_VM=6.1    the VM's kernel (the default: as of `vmatlas --vm`)
"""
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys


def number(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        sys.exit("stress: %s is a number from 1 on, not '%s'" % (name, text))
    return int(text)


def sources(count):
    found = sorted(path for directory in ("core", "gui", "cli") for path in glob.glob(directory + "/*.c"))
    if count > len(found):
        sys.exit("stress: there are %d files, not %d" % (len(found), count))
    return [path[:-2] for path in found[:count]]


def compile_in_vm(vmatlas, recording, display, files, parts, cpus):
    """The seconds each part took: {"without": [of part 1, …], "recorded": […]}."""
    where = ["--vm" + ("=" + os.environ["STRESS_VM"] if os.environ.get("STRESS_VM") else ""), "--cpus", str(cpus)]
    how = ["run", "--tab", "tree"] if display else ["record"]
    guest = ["cli/vm/stress-guest.sh", str(cpus), os.environ.get("STRESS_FLAGS") or "-O0 -g", " ".join(sources(2))]
    took = {"without": [], "recorded": []}
    with subprocess.Popen([vmatlas, *how, "-o", recording, *where, "--title", "a compile of %d files" % len(files), "--",
                           *guest, *[" ".join(files[i::parts]) for i in range(parts)]], stdout=subprocess.PIPE, text=True) as compiling:
        for line in compiling.stdout:
            if line.startswith("stress: "):
                took[line.split()[2]].append(float(line.split()[3]))
                print("stress: part %s of %d %s: %s s" % (line.split()[1], parts, line.split()[2].replace("without", "not recorded"), line.split()[3]), flush=True)
    if compiling.returncode:
        sys.exit("stress: the compile in the VM failed (status %d)" % compiling.returncode)
    return took


def part(number_of, parts):
    return "mark:Part %d of %d begins" % (number_of, parts), "mark:Part %d of %d is done" % (number_of, parts)


def stats(vmatlas, recording, begin, end):
    return json.loads(subprocess.check_output([vmatlas, "stats", recording, "--json", "--from", begin, "--to", end]))


def table(vmatlas, recording, took, files, parts, cpus):
    each = [stats(vmatlas, recording, *part(i + 1, parts)) for i in range(parts)]
    events, span = (sum(s["rate"][key] for s in each) for key in ("events", "span_ns"))
    ratios = sorted(recorded / without for recorded, without in zip(took["recorded"], took["without"]))
    print("stress: %d files of C compiled in %d parts, make -j%d, Linux %s" % (len(files), parts, cpus, each[0]["release"]))
    for name, value in (
            ("processes", "%d" % len(each[0]["processes"])),
            ("events", "%d" % events),
            ("events/s", "%d" % round(events * 1e9 / span)),
            ("peak events/s", "%d" % max(s["rate"]["peak_per_s"] for s in each)),
            ("lost", "%d" % each[0]["lost"]),
            ("not recorded", "%.2f s" % sum(took["without"])),
            ("recorded", "%.2f s" % sum(took["recorded"])),
            ("slowdown", "%.2f ×   (median of the parts; least %.2f, most %.2f)" % (statistics.median(ratios), ratios[0], ratios[-1]))):
        print("  %-14s %s" % (name, value))
    if ratios[-1] > 1.5 * ratios[0]:
        print("  The parts differ much: something else used the processors meanwhile. On a quiet machine the slowdown says more.")


def pictures(vmatlas, recording, build, parts):
    picture = build + "/stress.png"
    film = build + ("/stress.mp4" if shutil.which("ffmpeg") else "/stress/")
    if film.endswith("/"):
        os.makedirs(film, exist_ok=True)
    begin, end = part(parts, parts)
    seconds = stats(vmatlas, recording, begin, end)["rate"]["span_ns"] / 1e9
    subprocess.run([vmatlas, "render", recording, "-o", picture, "--at", end, "--do", "tree-ended", "--tab", "tree"], check=True)
    subprocess.run([vmatlas, "render", recording, "-o", film, "--from", begin, "--to", end, "--tab", "tree", "--speed", "%.3f" % max(seconds / 10, 0.1),
                    "--fps", "15"], check=True)
    print("stress: picture   %s\nstress: film      %s (the last part)" % (picture, film))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: stress.py BUILD")
    build = sys.argv[1]
    vmatlas, recording = build + "/vmatlas", build + "/stress.vmatlas"
    cpus, files = number("STRESS_CPUS", 2), sources(number("STRESS_FILES", 50))
    parts = min(number("STRESS_PARTS", 4), len(files))
    display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    print("stress: %d files of C, each compiled without recording and with%s" % (len(files), "; the table comes when the window is closed" if display else ""),
          flush=True)
    took = compile_in_vm(vmatlas, recording, display, files, parts, cpus)
    if not display:
        pictures(vmatlas, recording, build, parts)
    print("stress: recording %s" % recording)
    table(vmatlas, recording, took, files, parts, cpus)


if __name__ == "__main__":
    main()
