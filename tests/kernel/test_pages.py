#!/usr/bin/env python3
"""Pages that leave without a fault leave the picture: what is shown as certain equals /proc/PID/pagemap at every mark, and all of it behind a refresh.

The workloads (tests/workloads/leave.c, fork_vain.c) save their own pagemap at each mark; dump --pages says what the records tell of the same moment.
"""
import os

from guest import BUILD, WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, module_of, number

PRESENT = 1 << 63
FRAME = (1 << 55) - 1

# Without them a part of the test would have tested nothing.
NEEDED = ("dontneed", "memfd-punched", "hugetlb-truncated", "file-truncated", "collapse", "split", "child", "uffd-filled", "paged-out", "swapped-off",
          "soft-offline", "compacted", "ksm", "ring")


def saved(guest, mark):
    entries = {}
    for line in guest.text(mark + ".pagemap").splitlines():
        addr, entry = line.split()
        entries[int(addr, 16)] = int(entry, 16)
    return entries


def word(entry):
    return "frame 0x%x" % (entry & FRAME) if entry & PRESENT else "an entry that is not present" if entry else "nothing"


def compare(guest, mark, pid):
    """What is shown as certain and is not so; how many pages are certain, and are not."""
    entries = saved(guest, mark)
    known, runs = guest.recording.pages("mark:" + mark, pid)
    wrong, certain, doubtful = [], 0, []
    for run in runs:
        for addr in range(number(run["start"]), number(run["start"]) + run["count"] * 4096, 4096):
            state, entry = run["state"], entries.get(addr, 0)
            if state in ("unknown", "derived"):
                doubtful.append("%x %s" % (addr, state))
                continue
            certain += 1
            shown = known.get(addr, (state, None))[1]
            good = {"absent": not entry, "seen": entry & PRESENT and entry & FRAME == shown, "swapped": entry and not entry & PRESENT,
                    "other": entry and not entry & PRESENT}[state]
            if not good:
                wrong.append("%x is shown %s%s, the kernel says %s" % (addr, state, "" if shown is None else " 0x%x" % shown, word(entry)))
    return wrong, certain, doubtful


def derived_at(guest, mark, pid):
    runs = guest.recording.pages("mark:" + mark, pid)[1]
    return [number(run["start"]) + i * 4096 for run in runs if run["state"] == "derived" for i in range(run["count"])]


def pages_at_marks(checks, guest):
    marks = [("p." + words[1], guest.pid("p.facts")) for words in guest.facts("p.facts") if words[0] == "step"]
    for name in ("child", "vain", "vain-child"):
        marks += [(name + "." + words[1], guest.pid(name + ".facts")) for words in guest.facts(name + ".facts") if words[0] == "step"]
    share = []
    for mark, pid in marks:
        wrong, certain, doubtful = compare(guest, mark, pid)
        fresh = mark.endswith("+")
        share.append(certain / (certain + len(doubtful)))
        if wrong or fresh:
            checks.ok(not wrong, "nothing is shown as certain that is not so: %s" % mark, "\n".join(wrong))
        if fresh:
            checks.ok(not doubtful, "all is certain behind a refresh: %s" % mark, "\n".join(doubtful))
    vain = [addr for addr in saved(guest, "vain-child.1-born") if 0x340000000000 <= addr < 0x350000000000]
    checks.ok(len(vain) >= 16, "a child has pages of files its parent wrote to in vain: %d" % len(vain))
    derived = [addr for addr in derived_at(guest, "vain-child.1-born", guest.pid("vain-child.facts")) if 0x340000000000 <= addr < 0x350000000000]
    wrong = ["%x" % addr for addr in derived if addr not in saved(guest, "vain-child.1-born")]
    checks.ok(not wrong, "a child is not given pages of a file that was mapped over one its parent had written to", "\n".join(wrong))
    checks.ok(len(marks) > 40, "the pages shown equal /proc/PID/pagemap at the %d marks" % len(marks))
    print("# certain: %.2f %% of all pages at the worst mark, %.2f %% on average" % (100 * min(share), 100 * sum(share) / len(share)))


def whose_map(checks, guest):
    """process_madvise() tells whose map it worked on."""
    calls = [e for e in guest.recording.events("op") if e.get("call") == "process_madvise"]
    pid = guest.pid("p.facts")
    maps = {e["mm"] for e in guest.recording.events("range") if e["tgid"] == pid}
    checks.ok(calls and all(e.get("peer_mm") in maps and e["mm"] not in maps and e["tgid"] != pid for e in calls),
              "process_madvise: told as about the other's map", "%r\nmaps of %d: %r" % (calls, pid, maps))


def all_parts_ran(checks, guest):
    skipped = [" ".join(words[1:]) for words in guest.facts("p.facts") if words[0] == "skip"]
    ran = {words[1].split("-", 1)[1] for words in guest.facts("p.facts") if words[0] == "step"} | {"child"}
    missing = [part for part in NEEDED if part not in ran or any(s.split()[0] == part for s in skipped)]
    print("# skipped: %s" % ("; ".join(skipped) or "nothing"))
    checks.ok(not missing, "every way that must be there was gone", "missing: %s; skipped: %s" % (missing, skipped))


def main():
    kernel = kernel_argument()
    checks = Checks()
    brd = module_of(kernel, "brd", os.path.join(BUILD, "tests", "kernel", kernel))
    guest = Guest(kernel, "pages", ["sh", "-c", "%s/leave @ p @/brd.ko && %s/fork_vain @ vain" % (WORKLOADS, WORKLOADS)], bring=[brd])
    if not checks.equal(guest.status, 0, "the workload ran"):
        print(guest.stderr.decode(errors="replace")[-3000:])
        checks.end()
    checks.attempt("parts", all_parts_ran, guest)
    checks.attempt("pages", pages_at_marks, guest)
    checks.attempt("calls", whose_map, guest)
    checks.equal(guest.recording.stats().get("lost", 0), 0, "nothing was lost")
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")
    checks.end()


if __name__ == "__main__":
    main()
