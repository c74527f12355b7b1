#!/usr/bin/env python3
"""vmatlas diff against a comparison made here from `dump` at both moments; the rates and latencies of vmatlas stats against the events, one by one."""
import bisect
import functools
import json
import math
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from guest import Checks  # noqa: E402  pylint: disable=wrong-import-position

VMATLAS = os.path.join(ROOT, "build", "vmatlas-san")
RECORDING = os.path.join(ROOT, "tests", "data", "tour.vmatlas")
MOMENTS = ["start", "2", "5", "9", "12.5", "16.6", "21.2", "22.5", "27.5", "30.1", "33", "end"]


def out(*command, status=0):
    done = subprocess.run([VMATLAS, *command], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != status:
        raise AssertionError("%s: status %d, %s" % (command, done.returncode, done.stderr[:500]))
    return done.stdout


def moments():
    marks = [json.loads(line)["text"] for line in out("events", RECORDING, "--type", "mark", "--format", "json").splitlines()]
    return MOMENTS + ["mark:" + marks[len(marks) // 2]]


# --- diff ---------------------------------------------------------------------------------------------------------------

class Vma:
    def __init__(self, line):
        fields = line.rstrip("\n").split(" ", 5)
        self.start, self.end = (int(x, 16) for x in fields[0].split("-"))
        self.perms, self.offset, self.dev, self.inode = fields[1], int(fields[2], 16), fields[3], fields[4]
        self.name = fields[5].strip() if len(fields) > 5 else ""

    def same_mapping(self, other):
        if (self.dev, self.inode, self.perms[3]) != (other.dev, other.inode, other.perms[3]):
            return False
        return self.inode == "0" or self.offset - self.start == other.offset - other.start


@functools.lru_cache(None)
def maps_at(moment, pid):
    done = subprocess.run([VMATLAS, "dump", RECORDING, "--at", moment, "--pid", pid], capture_output=True, text=True, check=False)
    return [vma for vma in map(Vma, done.stdout.splitlines()) if vma.end <= 1 << 47] # without the gate page


@functools.lru_cache(None)
def pages_at(moment, pid):
    """address → (certain, present, frame) of each page within a mapping."""
    done = subprocess.run([VMATLAS, "dump", RECORDING, "--at", moment, "--pid", pid, "--pages", "--format", "json"], capture_output=True, text=True, check=False)
    pages, mm = {}, None
    for line in done.stdout.splitlines():
        process = json.loads(line)
        mm = process["mm"]
        for vma in process["vmas"]:
            for run in vma["pages"]:
                start, size = int(run["start"], 16), run["page_size"]
                for i in range(run["count"]):
                    addr = start + i * 4096
                    frame = None
                    if run["frames"]:
                        frame = run["frames"][(addr - start // size * size) // size]
                        frame = frame + addr % size // 4096 if frame is not None else None
                    pages[addr] = (run["state"] != "unknown", run["present"], frame)
    return pages, mm


def at(vmas, addr):
    return next((vma for vma in vmas if vma.start <= addr < vma.end), None)


def lives(vma, vmas):
    return any(v.start < vma.end and v.end > vma.start and v.same_mapping(vma) for v in vmas)


def fate(a, b):
    if not a[0] or not b[0]:
        return "unknown"
    if a[1] != b[1]:
        return "arrived" if b[1] else "left"
    if not a[1]:
        return "same"
    if a[2] is None or b[2] is None:
        return "unknown"
    return "same" if a[2] == b[2] else "moved"


def compare(before, after, pid):
    """The same by other means: every piece between two bounds, every page for itself."""
    a, b = maps_at(before, pid), maps_at(after, pid)
    (pages_a, mm_a), (pages_b, mm_b) = pages_at(before, pid), pages_at(after, pid)
    another = mm_a is not None and mm_b is not None and mm_a != mm_b
    found = {"bytes": dict.fromkeys(["same", "added", "gone", "grown", "shrunk"], 0), "permission": 0, "renamed": 0,
             "pages": dict.fromkeys(["arrived", "left", "moved", "same", "unknown"], 0)}
    nothing = (True, False, None)

    def count(start, end, x, y):
        for addr in range(start, end, 4096):
            found["pages"][fate(pages_a[addr] if x else nothing, pages_b[addr] if y else nothing)] += 1

    def alone(start, end, vma, others, names, x, y):
        found["bytes"][names[0] if lives(vma, others) and not another else names[1]] += end - start
        count(start, end, x, y)

    bounds = sorted({x for vma in a + b for x in (vma.start, vma.end)})
    for start, end in zip(bounds, bounds[1:]):
        x, y = at(a, start), at(b, start)
        if x and y and x.same_mapping(y) and not another:
            found["bytes"]["same"] += end - start
            found["permission"] += x.perms != y.perms
            found["renamed"] += x.name != y.name
            count(start, end, True, True)
            continue
        if x:
            alone(start, end, x, b, ("shrunk", "gone"), True, False)
        if y:
            alone(start, end, y, a, ("grown", "added"), False, True)
    return found


def told(before, after, pid):
    said = json.loads(out("diff", RECORDING, "--from", before, "--to", after, "--pid", pid, "--format", "json"))
    pages = {name: said["pages"][name] for name in ("arrived", "left", "moved", "same", "unknown")}
    pages["same"] += said["pages"]["written"] # dump does not tell of dirty bits
    # The gate page lies above user space: it is no VMA.
    return {"bytes": said["bytes"], "permission": sum(row["permission"] for row in said["rows"]),
            "renamed": sum(row["renamed"] for row in said["rows"]), "pages": pages}, said


def diffs(checks):
    pid = json.loads(out("dump", RECORDING, "--format", "json"))["tgid"]
    compared, changed, wrong = 0, set(), []
    all_moments = moments()
    for i, before in enumerate(all_moments):
        for j, after in enumerate(all_moments):
            if ((i + j) % 3 != 1 and i != j) or i + j == 0:
                continue
            here, (there, said) = compare(before, after, str(pid)), told(before, after, str(pid))
            compared += 1
            changed |= {name for name, n in list(here["bytes"].items()) + list(here["pages"].items()) if n}
            changed |= {name for name in ("permission", "renamed") if here[name]}
            if here != there:
                wrong.append("%s to %s: %s, but by the dumps %s" % (before, after, there, here))
            if before == after and said["rows"]:
                wrong.append("%s differs from itself: %s" % (before, said["rows"][:2]))
    checks.ok(not wrong, "diff of %d pairs of moments is what the dumps say" % compared, "\n".join(wrong[:3]))
    want = {"same", "added", "gone", "grown", "shrunk", "arrived", "left", "moved", "unknown", "permission"}
    checks.ok(compared > 40 and want <= changed, "and they differ in every way: %s" % " ".join(sorted(changed)), "not met: %s" % (want - changed))
    there, back = told("5", "23.2", str(pid))[0], told("23.2", "5", str(pid))[0]
    checks.ok(there["bytes"]["added"] == back["bytes"]["gone"] and there["pages"]["arrived"] == back["pages"]["left"] and
                 there["bytes"]["grown"] == back["bytes"]["shrunk"], "backwards, what was added is gone", "%s\n%s" % (there, back))
    done = subprocess.run([VMATLAS, "diff", RECORDING, "--pid", "999"], capture_output=True, text=True, check=False)
    checks.ok(done.returncode == 4 and len(done.stderr.splitlines()) == 1, "an unknown process: status 4, one sentence", done.stderr)
    done = subprocess.run([VMATLAS, "diff", RECORDING, "--from", "mark:none"], capture_output=True, text=True, check=False)
    checks.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1, "an unknown mark: status 1, one sentence", done.stderr)


# --- latencies ----------------------------------------------------------------------------------------------------------

def percentile(values, part):
    return sorted(values)[max(math.ceil(part * len(values)), 1) - 1]


def by_hand(pid, begin, end):
    faults, calls = {}, {}
    for line in out("events", RECORDING, "--format", "json").splitlines():
        event = json.loads(line)
        if (pid and event["tgid"] != pid) or not begin <= event["ts"] <= end:
            continue
        if event["type"] == "fault":
            faults.setdefault(event["kind"], []).append(event["latency_ns"])
        elif event["type"] == "op" and event["result"] is not None:
            calls.setdefault(event["call"], []).append(event["latency_ns"])
    return faults, calls


def wrong_in(said, values, name):
    exact = {"count": len(values), "sum_ns": sum(values), "min_ns": min(values), "max_ns": max(values), "saturated": sum(v == 0xffffffff for v in values)}
    wrong = ["%s %s: %s, not %s" % (name, key, said[key], value) for key, value in exact.items() if said[key] != value]
    for key, part in (("median_ns", 0.5), ("p99_ns", 0.99)):
        true = percentile(values, part)
        if not true <= said[key] <= true * (1 + 1 / 32) + 1:
            wrong.append("%s %s: %s, but it is %s" % (name, key, said[key], true))
    for bucket in said["histogram"]:
        if bucket["count"] != sum(bucket["least_ns"] <= v <= bucket["most_ns"] for v in values):
            wrong.append("%s: bucket %s" % (name, bucket))
    if sum(bucket["count"] for bucket in said["histogram"]) != len(values):
        wrong.append("%s: the histogram has not all" % name)
    return wrong


def latencies(checks):
    pids = [p["tgid"] for p in json.loads(out("stats", RECORDING, "--json"))["processes"]]
    first = json.loads(out("events", RECORDING, "--format", "json").splitlines()[0])["ts"]
    start = json.loads(out("dump", RECORDING, "--format", "json"))
    start = start["ts"] - start["since_start_ns"]
    cases = [([], None, 0, 1 << 63)] + [(["--pid", str(pid)], pid, 0, 1 << 63) for pid in pids] + \
        [(["--from", "9", "--to", "21.5"], None, start + 9000000000 + 1, start + 21500000000)]
    checks.ok(first >= start and len(pids) >= 2, "the recording has processes", "%s" % pids)
    for options, pid, begin, end in cases:
        said = json.loads(out("stats", RECORDING, "--json", *options))["latency"]
        faults, calls = by_hand(pid, begin, end)
        wrong = ["%s, not %s" % (set(a), set(b)) for a, b in ((said["faults"], faults), (said["calls"], calls)) if set(a) != set(b)]
        for mine, theirs in ((faults, said["faults"]), (calls, said["calls"])):
            for name, values in mine.items():
                wrong += wrong_in(theirs.get(name, {"histogram": []}), values, name) if name in theirs else []
        checks.ok(not wrong and faults, "latencies %s: count, sum, percentiles, histogram of %d values" %
                     (" ".join(options) or "of all", sum(map(len, list(faults.values()) + list(calls.values())))), "\n".join(wrong[:5]))
    text = out("stats", RECORDING)
    checks.ok("99th" in text and "recording's own cost" in text, "the text says them, too, and what is in them", text)


def rates(checks):
    """Events a second, counted by hand from their times: the mean, and the most in [t, t + 1 s) for any t."""
    times = [json.loads(line)["ts"] for line in out("events", RECORDING, "--format", "json").splitlines()]
    start = json.loads(out("dump", RECORDING, "--format", "json"))
    start = start["ts"] - start["since_start_ns"]
    for options, begin, end in (([], start, 1 << 63), (["--from", "9", "--to", "21.5"], start + 9000000000, start + 21500000000)):
        inside = [t for t in times if (t > begin or not options) and t <= end]
        # The stretch begins with the last event up to there.
        begin = begin if not options else max(t for t in times if t <= begin)
        said = json.loads(out("stats", RECORDING, "--json", *options))["rate"]
        peak = max(bisect.bisect_left(inside, t + 10**9) - i for i, t in enumerate(inside))
        at = bisect.bisect_left(inside, said["peak_ts"])
        checks.equal((said["events"], said["span_ns"], said["mean_per_s"]),
                     (len(inside), inside[-1] - begin, int(len(inside) * 1e9 / (inside[-1] - begin) + 0.5)), "%s: the mean rate" % (options or "all"))
        checks.equal((said["peak_per_s"], bisect.bisect_left(inside, said["peak_ts"] + 10**9) - at), (peak, peak), "%s: the peak, and where" % (options or "all"))
    checks.equal(json.loads(out("stats", RECORDING, "--json", "--from", "end"))["rate"],
                 {"events": 0, "span_ns": 0, "mean_per_s": 0, "peak_per_s": 0, "peak_ts": 0}, "nothing in a stretch of nothing")
    checks.ok("\nrate  " in out("stats", RECORDING), "the text says it, too")


def main():
    checks = Checks()
    diffs(checks)
    rates(checks)
    latencies(checks)
    checks.end()


if __name__ == "__main__":
    main()
