#!/usr/bin/env python3
"""One kind of fault after the other: as many events as were caused, of the right kind and origin, counted as the kernel counts them."""
from guest import WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument

# What each step must show: kind, write, origin, and where nothing else can happen, the shared zero page after.
STEPS = {
    "zero-read": ("demand-zero", False, "user"), "zero-then-write": ("cow", True, "user"), "zero-write": ("demand-zero", True, "user"),
    "populate": ("demand-zero", True, "gup"), "shmem-write": ("file", True, "user"), "file-private-write": ("file", True, "user"),
    "file-shared-write": ("file", True, "user"), "cow": ("cow", True, "user"), "reuse": ("reuse", True, "user"),
    "kernel": ("demand-zero", True, "kernel"), "remote": ("demand-zero", True, "gup"), "uffd-missing": (None, True, "user"),
    "uffd-wp": (None, True, "user"),
}


def steps(checks, guest):
    recording, pid = guest.recording, guest.pid("faults.facts")
    done = {words[1]: words[2:] for words in guest.facts("faults.facts") if words[0] == "step"}
    none = {words[1] for words in guest.facts("faults.facts") if words[0] == "none"}
    checks.ok(not none, "the kernel could do every step", none)
    for step, (kind, write, origin) in STEPS.items():
        if step not in done:
            checks.ok(step in none or "uffd" in none, "%s: it was done" % step)
            continue
        start, end, count, minor, major = (int(word, 0) for word in done[step])
        all_of = recording.between([e for e in recording.events("fault") if e["tgid"] == pid], "faults." + step, "faults." + step + "-end")
        here = [e for e in all_of if start <= int(e["addr"], 0) < end]
        checks.equal((len(here), len({int(e["addr"], 0) >> 12 for e in here})), (count, count), "%s: %d faults, one a page" % (step, count))
        checks.equal({(e["write"], e["origin"]) for e in here}, {(write, origin)}, "%s: how and by whom" % step)
        if kind:
            checks.equal({e["kind"] for e in here}, {kind}, "%s: they are %s" % (step, kind))
        # The last mark's own writing may fault as well, behind getrusage.
        good = [e for e in all_of if e["kind"] != "bad"]
        checks.equal((sum(not e["major"] for e in good), sum(e["major"] for e in good)), (minor, major), "%s: getrusage counts them so" % step)


def main():
    kernel = kernel_argument()
    checks = Checks()
    guest = Guest(kernel, "faults", [WORKLOADS + "/faults", "@", "faults"])
    checks.equal(guest.status, 0, "the workload came to its end")
    checks.attempt("steps", steps, guest)
    stats = checks.attempt("stats", lambda c, g: g.recording.stats(), guest)
    checks.ok(stats and (stats["lost"], stats["invalid"]) == (0, 0), "nothing lost, nothing invalid")
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")
    checks.end()


if __name__ == "__main__":
    main()
