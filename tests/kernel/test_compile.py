#!/usr/bin/env python3
"""`make stress` in small: a compile of a few files in the VM. The table is what the recording and the guest say, and the recording holds the whole compile and no other."""
import bisect
import os
import re
import shutil

from guest import BUILD, ROOT, SIZE, VMATLAS, Checks, Recording, kernel_argument, run, scaled

FILES, PARTS = scaled(2, 2, 50), scaled(2, 2, 4)


def stress(kernel, directory):
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    os.symlink(VMATLAS, directory + "/vmatlas")
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.update(STRESS_FILES=str(FILES), STRESS_PARTS=str(PARTS), STRESS_VM=kernel)
    return run([ROOT + "/cli/vm/stress.py", directory], scaled(600, 600, 3600), cwd=ROOT, env=env)


def value(text, name):
    return float(re.search(r"^  %s +([0-9.]+)" % re.escape(name), text, re.M).group(1))


def inside(recording, number):
    begin, end = (recording.mark_ts("Part %d of %d %s" % (number, PARTS, word)) for word in ("begins", "is done"))
    return [e["ts"] for e in recording.events() if begin < e["ts"] <= end and e["type"] != "loss"]


def table(checks, text, recording):
    stats = recording.stats()
    times = [inside(recording, i + 1) for i in range(PARTS)]
    peak = max(bisect.bisect_left(part, t + 10**9) - i for part in times for i, t in enumerate(part))
    checks.equal([value(text, n) for n in ("events", "peak events/s", "lost", "processes")],
                 [sum(map(len, times)), peak, stats["lost"], len(stats["processes"])], "the table says what the recording holds")
    checks.ok(0 < value(text, "events/s") <= peak, "the mean is not above the peak", text)
    ratios = [float(n) for n in re.search(r"slowdown +([0-9.]+) ×.*least ([0-9.]+), most ([0-9.]+)", text).groups()]
    whole = value(text, "recorded") / value(text, "not recorded")
    checks.ok(ratios[1] <= ratios[0] <= ratios[2] and ratios[1] - 0.01 <= whole <= ratios[2] + 0.01, "the slowdown is recorded / not recorded", text)


def compile_and_no_other(checks, recording):
    """Each file is compiled twice, and the first two once more beforehand: recorded is one time."""
    names = [p["comm"] for p in recording.stats()["processes"]]
    checks.equal((names.count("cc1"), names.count("as")), (FILES, FILES), "a compiler and an assembler for each file, once")
    ended = [e for e in recording.events("mm") if e["what"] == "end"]
    checks.ok(len(ended) >= 4 * FILES, "and their maps ended", len(ended))


def refused(checks):
    for name, value, why in (("STRESS_FILES", "many", "is a number"), ("STRESS_PARTS", "0", "is a number"), ("STRESS_FILES", "100000", "there are")):
        done = run([ROOT + "/cli/vm/stress.py", BUILD], cwd=ROOT, env=dict(os.environ, **{name: value}))
        checks.ok(done.returncode == 1 and done.stderr.startswith(b"stress: ") and why.encode() in done.stderr and done.stderr.count(b"\n") == 1,
                  "%s=%s is refused in a sentence" % (name, value), done.stderr)


def main():
    kernel = kernel_argument()
    checks = Checks()
    refused(checks)
    if kernel != "6.12" and SIZE != "long":
        checks.end() # once is enough: compiling takes its time
    directory = os.path.join(BUILD, "tests", "kernel", kernel, "compile")
    done = stress(kernel, directory)
    text = done.stdout.decode()
    if checks.equal(done.returncode, 0, "the compile ran"):
        recording = Recording(directory + "/stress.vmatlas")
        checks.attempt("table", table, text, recording)
        checks.attempt("processes", compile_and_no_other, recording)
        made = [name for name in ("stress.png", "stress.mp4") if name in text and os.path.getsize(os.path.join(directory, name)) > 10000]
        checks.equal(len(made), 2, "a picture and a film were made, and their places said")
        checks.equal(recording.stats()["invalid"], 0, "nothing invalid")
    else:
        print(done.stderr.decode(errors="replace")[-2000:])
    checks.end()


if __name__ == "__main__":
    main()
