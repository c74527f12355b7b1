#!/usr/bin/env python3
"""What vmatlas notices: each demo its own notice, with figures that are what the demo did, its healthy twin none; and no crying wolf on quiet programs."""
import json
import os
import tempfile
from collections import Counter

from guest import BUILD, Checks, Guest, guest_log_is_clean, kernel_argument, number

KIB, MIB = 1 << 10, 1 << 20
DEMOS = ["leak", "stack-growth", "fragmentation", "cache-vs-private", "fault-storm", "untouched", "wx", "huge-chance"]
FILE_BYTES = 16 * MIB

# What the head comments promise of the time between the first caption and the last: calls, faults of any kind. A pair: from, to.
ZERO = "demand-zero"
PROMISED = {
    "leak": ({"brk": (60, 80)}, {ZERO: (3195, 3215)}), "leak-healthy": ({"brk": (10, 20)}, {ZERO: (500, 540)}),
    "stack-growth": ({}, {ZERO: (490, 520)}), "stack-growth-healthy": ({"mmap": 1, "brk": (0, 2)}, {ZERO: (512, 516)}),
    "fragmentation": ({"mmap": 1, "madvise": 1, "munmap": 128}, {ZERO: 1024}), "fragmentation-healthy": ({"mmap": 1, "madvise": 65, "munmap": 1}, {ZERO: 1024}),
    "cache-vs-private": ({"mmap": 2}, {"file": (256, 360), ZERO: (64, 66)}), "cache-vs-private-healthy": ({}, {ZERO: (0, 20)}),
    "fault-storm": ({"mmap": 200, "munmap": 200, "brk": (0, 2)}, {ZERO: (13000, 13004)}), "fault-storm-healthy": ({"mmap": 1, "brk": (0, 2)}, {ZERO: (64, 68)}),
    "untouched": ({"mmap": 2}, {}), "untouched-healthy": ({"mmap": 2}, {ZERO: (0, 1), "huge": (0, 1)}),
    "wx": ({"mmap": 2}, {ZERO: 2}), "wx-healthy": ({"mmap": 1, "mprotect": 1}, {ZERO: 1}),
    "huge-chance": ({"mmap": 1, "madvise": 1}, {ZERO: 10240}), "huge-chance-healthy": ({"mmap": 1, "madvise": 1}, {"huge": 20}),
}

SCRIPT = r"""
cd "$1" || exit 9
for demo in %s; do
	for twin in $demo $demo-healthy; do
		case $demo in
		cache*) ./$twin file || exit 1 ;;
		*) ./$twin || exit 1 ;;
		esac
	done
done
./tour --pace 0 || exit 1
ls -l /etc >/dev/null || exit 1
echo 'int main(void) { return 0; }' >/tmp/quiet.c && gcc -O2 -o /tmp/quiet /tmp/quiet.c || exit 1
python3 -c 'print(sum(range(100000)))' || exit 1
""" % " ".join(DEMOS)


def notices_of(guest, *more):
    text = guest.recording._vmatlas("notices", guest.path, "--format", "json", *more).decode()  # pylint: disable=protected-access
    return [json.loads(line) for line in text.splitlines()]


def within(value, low, high):
    return low <= value <= high


def figures(checks, found):
    """Each notice says what the demo did, as its head comment promises."""
    def one(demo, kind):
        mine = [n for n in found if n["comm"] == demo[:15]]
        checks.equal([n["kind"] for n in mine], [kind], "%s: just '%s'" % (demo, kind))
        return mine[0]["figures"] if len(mine) == 1 else None

    def leak(f):
        # 200 blocks of 64 KiB. It begins where it is steady, which a busy machine may delay.
        return within(f["now_bytes"], 200 * 64 * KIB, 200 * 64 * KIB + 512 * KIB) and f["now_bytes"] - f["before_bytes"] == f["grown_bytes"] >= 8 * MIB

    def stack(f):
        # 512 frames of 4 KiB, less what the 132 KiB of the start had room for.
        return within(f["grown_bytes"], 512 * 4 * KIB - 164 * KIB, 512 * 4 * KIB + 64 * KIB) and f["before_bytes"] == 132 * KIB and \
            f["faults"] == f["grown_bytes"] // (4 * KIB)

    expected = {
        "leak": ("leak", leak),
        "stack-growth": ("stack-growth", stack),
        "fragmentation": ("fragmentation", lambda f: f["holes"] == 127 and f["hole_bytes"] == 127 * 16 * KIB and f["largest_hole_bytes"] == 16 * KIB),
        "cache-vs-private": ("cache-vs-private", lambda f: f["cache_bytes"] == FILE_BYTES and f["mappings"] == 1 and
                             within(f["private_bytes"], 256 * KIB, 512 * KIB) and f["resident_bytes"] > f["cache_bytes"] + f["private_bytes"]),
        "fault-storm": ("fault-storm", lambda f: within(f["faults"], 12950, 13300) and 0 < f["fault_ns"] < f["duration_ns"]),
        "untouched": ("untouched", lambda f: f == {"bytes": 80 * MIB, "mappings": 2, "largest_bytes": 64 * MIB}),
        "wx": ("write-execute", lambda f: f == {"bytes": 24 * KIB, "mappings": 2}),
        "huge-chance": ("huge-chance", lambda f: f == {"bytes": 40 * MIB, "blocks": 20, "small_pages": 10240, "forbidden": True}),
    }
    for demo in DEMOS:
        kind, right = expected[demo]
        f = one(demo, kind)
        if f is not None:
            checks.ok(right(f), "%s: its figures" % demo, f)


def promises(checks, recording):
    """The calls and faults of each demo and twin."""
    began = {e["tgid"]: os.path.basename(e["path"]) for e in recording.events("exec")}

    def as_promised(got, wanted):
        bounds = {name: n if isinstance(n, tuple) else (n, n) for name, n in wanted.items()}
        return set(got) <= set(bounds) and all(low <= got[name] <= high for name, (low, high) in bounds.items())

    of = {}
    for event in recording.events():
        of.setdefault(began.get(event["tgid"]), []).append(event)
    for demo, (calls, faults) in PROMISED.items():
        marks = [i for i, e in enumerate(of.get(demo, [])) if e["type"] == "mark"]
        story = of[demo][marks[0]:marks[-1]] if marks else []
        got = Counter(e["call"] for e in story if e["type"] == "op"), Counter(e["kind"] for e in story if e["type"] == "fault" and e["kind"] in (ZERO, "huge", *faults))
        checks.ok(story and as_promised(got[0], calls) and as_promised(got[1], faults), "%s: calls and faults as promised" % demo, got)


def quiet(checks, recording, found):
    """Nothing of anybody else. And they did run."""
    ran = {t["comm"] or "" for t in recording.stats()["processes"]}
    for comm in [(d + "-healthy")[:15] for d in DEMOS] + ["tour", "ls", "gcc", "cc1", "python3"]:
        checks.ok(any(r.startswith(comm) for r in ran), "%s ran" % comm, ran)
        checks.equal([n["what"] for n in found if n["comm"] == comm and n["comm"] not in [d[:15] for d in DEMOS]], [], "%s: nothing noticed" % comm)
    checks.equal(sorted({n["comm"] for n in found}), sorted(d[:15] for d in DEMOS), "nothing of any other process")


def moments(checks, guest, found):
    """At the moment it was sure it is there; before it began it is not; its end is that of the process."""
    start = found[0]["begin"] - found[0]["since_start_ns"]
    for n in found:
        at = "%.9f" % ((n["seen"] + 1000 - start) / 1e9)
        then = [m for m in notices_of(guest, "--at", at) if m["mm"] == n["mm"] and m["kind"] == n["kind"]]
        # One that is sure only as its process ends is over at once.
        checks.ok(len(then) == 1 and (then[0]["holds"] or n["seen"] == n["end"]), "%s: there when it is sure" % n["comm"], then)
        before = "%.9f" % ((n["begin"] - 1000 - start) / 1e9)
        checks.ok(not [m for m in notices_of(guest, "--at", before) if m["mm"] == n["mm"] and m["kind"] == n["kind"]], "%s: not before it began" % n["comm"])
        ends = [e["ts"] for e in guest.recording.events("mm") if e["mm"] == n["mm"] and e["what"] == "end"]
        checks.equal((n["holds"], n["gone"], [n["end"]]), (False, True, ends), "%s: holds to the end of the process" % n["comm"])


def no_call_moved_the_stack(checks, recording, found):
    """Said of the stack's growth, and seen in the events: between begin and end no call changed a mapping."""
    n = [n for n in found if n["kind"] == "stack-growth"][0]
    calls = [e for e in recording.events("op") if e["mm"] == n["mm"] and n["begin"] <= e["ts"] < n["begin"] + (n["end"] - n["begin"]) // 4]
    checks.equal([e["call"] for e in calls], [], "no system call while the stack grew")
    inside = [f for f in recording.faults(pid=n["tgid"], start=number(n["start"]), end=number(n["stop"])) if f["ts"] >= n["begin"]]
    checks.ok(len(inside) >= n["figures"]["faults"], "as many faults in it", (len(inside), n["figures"]))


def main():
    kernel = kernel_argument()
    checks = Checks()
    bring = [os.path.join(BUILD, "demos", d + t) for d in DEMOS for t in ("", "-healthy")] + [os.path.join(BUILD, "demos", "tour")]
    with tempfile.TemporaryDirectory() as data:
        with open(os.path.join(data, "file"), "wb") as file:
            file.write(os.urandom(FILE_BYTES))
        guest = Guest(kernel, "notices", ["sh", "-c", SCRIPT, "sh", "@"], bring=bring + [os.path.join(data, "file")], limit=480)
    checks.equal((guest.status, guest.stderr), (0, guest.stderr), "all of them ran")
    found = checks.attempt("notices", lambda c, g: notices_of(g), guest) or []
    checks.equal((guest.recording.stats()["lost"], guest.recording.stats()["invalid"]), (0, 0), "nothing lost, nothing invalid")
    checks.attempt("figures", figures, found)
    checks.attempt("promises", promises, guest.recording)
    checks.attempt("quiet", quiet, guest.recording, found)
    checks.attempt("moments", moments, guest, found)
    checks.attempt("stack", no_call_moved_the_stack, guest.recording, found)
    checks.attempt("log", lambda c, g: guest_log_is_clean(c, g, "the guest's kernel log is clean"), guest)
    os.unlink(os.path.join(guest.share, "file"))
    checks.end()


if __name__ == "__main__":
    main()
