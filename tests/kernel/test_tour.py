#!/usr/bin/env python3
"""The demo shows what its head comment promises: the calls and faults of each step, counted between its captions."""
import json
import os
from collections import Counter

from guest import BUILD, Checks, Guest, guest_log_is_clean, kernel_argument, number

PLACE = range(0x600000000000, 0x700000000000)  # where the tour maps, except what the C library maps for it

# Beginning of the caption: calls until the next caption, faults until then at PLACE.
STEPS = [
    ("A process at its start", {}, {}),
    ("malloc, 1,000 times", {"brk": 2}, {}),
    ("2,000 times more", {"brk": 1}, {}),
    ("malloc of 1 MiB", {"mmap": 1}, {}),
    ("free:", {"munmap": 1}, {}),
    ("64 pages are reserved", {"mmap": 1}, {}),
    ("Writing to 29", {"munmap": 1, "mmap": 1}, {"demand-zero": 29}),
    ("Reading a fresh page", {}, {"demand-zero": 1}),
    ("Writing to it", {"munmap": 1, "mmap": 1, "madvise": 1}, {"cow": 1}),
    ("A huge page", {"munmap": 1}, {"huge": 1}),
    ("A file becomes memory", {"mmap": 1}, {"file": 1}),
    ("Writing to two pages of it", {}, {"cow": 2}),
    ("The same file, shared", {"mmap": 1, "munmap": 2}, {"file": 2}),
    ("brk moves", {"brk": 1}, {}),
    ("and down again", {"brk": 1}, {}),
    ("A function calls itself", {}, {}),
    ("All calls have returned", {"mmap": 1}, {}),
    ("munmap cuts the middle", {"munmap": 1}, {}),
    ("and cuts the last quarter", {"munmap": 1}, {}),
    ("A new mapping just in the hole", {"mmap": 2, "munmap": 1}, {}),
    ("mprotect makes the middle", {"mprotect": 1}, {}),
    ("and gives the right", {"mprotect": 1, "munmap": 1, "mmap": 1}, {"demand-zero": 16}),
    ("madvise(MADV_DONTNEED)", {"madvise": 1}, {}),
    ("Touching 4 of them again", {"munmap": 1, "mmap": 1, "mprotect": 1}, {"demand-zero": 4 + 8}),
    ("mremap asks", {"mremap": 1, "munmap": 2, "mmap": 1}, {"demand-zero": 8}),
    ("fork: the child", {}, {}),
    ("The child writes to two pages", {}, {"cow": 2}),
    ("The parent writes to page 0", {}, {"reuse": 1}),
    ("and to page 4", {"munmap": 1}, {"cow": 1}),
    ("A bad access", {}, {}),
    ("And one that is mapped", {}, {}),
    ("A handler caught both", {}, {}),
    ("The end", {}, {}),
]


def segments(recording):
    """(caption, the events until the next caption)"""
    events = recording.events()
    captions = [i for i, e in enumerate(events) if e["type"] == "mark"]
    for at, i in enumerate(captions):
        yield events[i]["text"], events[i + 1:captions[at + 1] if at + 1 < len(captions) else len(events)]


def counted(events, pids):
    calls = Counter(e["call"] for e in events if e["type"] == "op" and e["tgid"] in pids)
    faults = Counter(e["kind"] for e in events if e["type"] == "fault" and number(e["addr"]) in PLACE)
    return dict(calls), dict(faults)


def each_step(checks, recording):
    got = list(segments(recording))
    pids = {e["tgid"] for e in recording.events("mark")}
    checks.equal([text.startswith(step[0]) for (text, _), step in zip(got, STEPS)], [True] * len(STEPS), "every caption, in order")
    for (_, events), (caption, calls, faults) in zip(got, STEPS):
        checks.equal(counted(events, pids), (calls, faults), "step '%s'" % caption)
    return dict(zip((s[0] for s in STEPS), (events for _, events in got)))


def particular(checks, steps):
    """What lies where the kernel chose, not the tour."""
    call = next(e for e in steps["malloc of 1 MiB"] if e["type"] == "op")
    inside = range(number(call["result"]), number(call["result"]) + number(call["args"][1]))
    kinds = [e["kind"] for e in steps["malloc of 1 MiB"] if e["type"] == "fault" and number(e["addr"]) in inside]
    checks.equal(kinds, ["demand-zero"] * 13, "13 faults in the large allocation")
    end = number(next(e for e in steps["brk moves"] if e["type"] == "op")["result"])
    kinds = [e["kind"] for e in steps["brk moves"] if e["type"] == "fault" and end - 32 * 4096 <= number(e["addr"]) < end]
    checks.equal(kinds, ["demand-zero"] * 8, "8 faults in the grown heap")
    deep = [e for e in steps["A function calls itself"] if e["type"] == "fault" and e["kind"] == "demand-zero"]
    checks.ok(120 <= len(deep) <= 135, "about 128 faults while the stack grows", len(deep))
    grown = [e for e in steps["A function calls itself"] if e["type"] == "range"]
    checks.ok(grown, "the stack's box grows without a call")
    reasons = [e["reason"] for name in ("A bad access", "And one that is mapped") for e in steps[name] if e["type"] == "fault" and e["kind"] == "bad"]
    checks.equal(reasons, ["unmapped", "protection"], "two bad accesses")
    checks.equal(len([e for e in steps["fork: the child"] if e["type"] == "fork"]), 1, "one fork")


def replays_without_files(checks, guest):
    """The zones of a mapped program are known from the recording alone."""
    program = os.path.join(guest.share, "tour")
    with_file = guest.recording.dump("mark:The end: what remains is what the process started with, and the heap", form="json")
    os.unlink(program)
    checks.equal(guest.recording.dump("mark:The end: what remains is what the process started with, and the heap", form="json"), with_file,
                 "the same dump without the program's file")
    vmas = [v for v in json.loads(with_file)["vmas"] if v["name"] == program]
    checks.equal([v["zone"] for v in vmas], ["headers", "text", "rodata", "rodata", "data"], "its zones")


def main():
    kernel = kernel_argument()
    checks = Checks()
    guest = Guest(kernel, "tour", ["@/tour", "--pace", "0"], bring=[os.path.join(BUILD, "demos", "tour")])
    checks.equal((guest.status, guest.stderr), (0, guest.stderr), "the tour ran")
    steps = checks.attempt("steps", each_step, guest.recording)
    if steps:
        checks.attempt("particular", particular, steps)
    checks.equal((guest.recording.stats()["lost"], guest.recording.stats()["invalid"]), (0, 0), "nothing lost, nothing invalid")
    checks.attempt("replay", replays_without_files, guest)
    checks.attempt("log", lambda c, g: guest_log_is_clean(c, g, "the guest's kernel log is clean"), guest)
    checks.end()


if __name__ == "__main__":
    main()
