#!/usr/bin/env python3
"""One kind of fault after the other: as many events as were caused, of the right kind and origin, counted as the kernel counts them."""
import os

from guest import BUILD, WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, module_of, number

P, PSE, PROTNONE = 1, 1 << 7, 1 << 8
HUGE = 2 << 20

# What each step must show: kind, write, origin; and "major", or the reason of a bad one.
STEPS = {
    "zero-read": ("demand-zero", False, "user"), "zero-then-write": ("cow", True, "user"), "zero-write": ("demand-zero", True, "user"),
    "populate": ("demand-zero", True, "gup"), "mlock": ("demand-zero", True, "gup"), "grow-down": ("demand-zero", True, "user"),
    "unshare": ("unshare", False, "gup"), "force-write": ("cow", True, "gup"),
    "shmem-write": ("file", True, "user"), "file-private-write": ("file", True, "user"),
    "file-around": ("file", False, "user"), "file-private-cow": ("cow", True, "user"),
    "file-shared-write": ("file", True, "user"), "cow": ("cow", True, "user"), "reuse": ("reuse", True, "user"),
    "kernel": ("demand-zero", True, "kernel"), "kernel-read": ("demand-zero", False, "kernel"),
    "remote": ("demand-zero", True, "gup"), "remote-read": ("demand-zero", False, "gup"),
    # Counted as a second try, major, by 6.1; as minor by 6.12, whose first try held the VMA's lock only.
    "uffd-missing": ("demand-zero", True, "user", None), "uffd-zero": ("demand-zero", False, "user", None),
    "uffd-wp": ("reuse", True, "user", None), "uffd-minor": ("file", True, "user", None),
    "bad-exec": ("bad", False, "user", "protection"), "bad-write": ("bad", True, "user", "protection"), "bad-none": ("bad", False, "user", "protection"),
    "bad-unmapped": ("bad", False, "user", "unmapped"), "bad-eof": ("bad", True, "user", "beyond-eof"),
}
RARE = {
    "file-major": ("file", False, "user", "major"), "file-minor": ("file", False, "user"), "write-notify": ("reuse", True, "user"),
    "after-writeback": ("reuse", True, "user"), "file-private-major": ("file", True, "user", "major"), "direct-read": ("demand-zero", True, "gup"),
    "swap-major": ("swap-in", True, "user", "major"), "swap-minor": ("swap-in", False, "user"),
    "shmem-swapped": ("file", True, "user", None),
    "thp-zero": ("huge", False, "user"), "thp-write": ("huge", True, "user"), "thp-cow": ("cow", True, "user"),
    "thp-split": (None,), "thp-collapse": (None,), "khugepaged": (None,),
    "hugetlb": ("huge", True, "user"), "hugetlb-cow": ("cow", True, "user"), "hugetlb-none": ("bad", True, "user", "no-page"),
    "poison": ("bad", False, "user", "poison"),
}
# What a kernel may be built without (PREEMPT_RT leaves out the first two, 6.1-cloud the last), and the steps that need it.
BUILT_WITH = {"thp": "CONFIG_TRANSPARENT_HUGEPAGE", "numa": "CONFIG_NUMA_BALANCING", "poison": "CONFIG_MEMORY_FAILURE"}
NEED = {"thp": [step for step in RARE if step.startswith("thp-") or step == "khugepaged"], "numa": [], "poison": ["poison"]}


def shown(event, wanted):
    """What is comparable of an event: as many words as wanted has; None there: as getrusage says."""
    told = (event["kind"], event["write"], event["origin"])
    if wanted[3:] == (None,):
        return told + (None,)
    return told + ((event["reason"],) if event["kind"] == "bad" else ("major",) if event["major"] else ())


def one_step(checks, guest, name, step, wanted, words):
    recording, pid = guest.recording, guest.pid(name + ".facts")
    start, end, count, minor, major = (int(word, 0) for word in words)
    mark = "%s.%s" % (name, step)
    all_of = recording.between([e for e in recording.events("fault") if e["tgid"] == pid], mark, mark + "-end")
    here = [e for e in all_of if start <= number(e["addr"]) < end]
    checks.equal((len(here), len({number(e["addr"]) >> 12 for e in here})), (count, count), "%s: %d faults, one a page" % (step, count))
    if count:
        checks.equal({shown(e, wanted) for e in here}, {wanted}, "%s: what, how and by whom" % step)
    # The last mark's own writing may fault as well, behind getrusage.
    good = [e for e in all_of if e["kind"] != "bad"]
    checks.equal((sum(not e["major"] for e in good), sum(e["major"] for e in good)), (minor, major), "%s: getrusage counts them so" % step)
    return here


def steps(checks, guest, name, table, without=()):
    facts = guest.facts(name + ".facts")
    table = {step: wanted for step, wanted in table.items() if step not in without}
    done = {words[1]: words[2:] for words in facts if words[0] == "step"}
    none = {words[1] for words in facts if words[0] == "none"}
    checks.ok(not none, "%s: the kernel could do every step" % name, none)
    return {step: checks.attempt(step, one_step, guest, name, step, wanted, done[step]) if step in done else checks.ok(False, "%s: it was done" % step) or []
            for step, wanted in table.items()}


def entries(checks, here):
    """What the entries of the rare ones were before and are after."""
    checks.ok(all(number(e["before"]) and not number(e["before"]) & (P | PROTNONE | PSE) for e in here["swap-major"] + here["swap-minor"]),
              "swap-in: the entry named a place in swap")
    checks.ok(any(e["major"] for e in here["shmem-swapped"]), "shared memory comes back from swap by a major fault")
    for step in here.keys() & {"thp-zero", "thp-write", "hugetlb", "hugetlb-cow"}:
        checks.ok(all(e["page_size"] == HUGE and e["levels"][-1]["name"] == "PMD" for e in here[step]), "%s: the walk ends at a huge leaf" % step)
    for step in here.keys() & {"file-major", "swap-major", "thp-cow", "direct-read"}:
        checks.ok(all(e["page_size"] == 4096 for e in here[step]), "%s: the walk ends at a PTE" % step)


def sizes(checks, guest):
    """Huge pages that were split or made without a fault: what the picture shows of them."""
    pid = guest.pid("rare.facts")
    spans = {words[1]: (int(words[2], 0), int(words[3], 0)) for words in guest.facts("rare.facts") if words[0] == "step"}

    def shown_in(step, end, first=0, size=HUGE):
        lo = spans[step][0] + first
        known, runs = guest.recording.pages("mark:rare." + step + end, pid)
        inside = [r for r in runs if number(r["start"]) < lo + size and lo < number(r["start"]) + r["count"] * 4096 and r["state"] != "absent"]
        return {(r["page_size"], r["state"]) for r in inside}, {a: f for a, f in known.items() if lo <= a < lo + size and f[0] != "absent"}

    before, frames = shown_in("thp-split", "")
    checks.equal({size for size, _ in before}, {HUGE}, "split: a huge page before")
    after, parts = shown_in("thp-split", "-end")
    checks.equal({size for size, _ in after}, {4096}, "split: small pages after")
    checks.equal({a: f[1] for a, f in parts.items()}, {a: f[1] for a, f in frames.items()}, "split: of the same frames")
    after, parts = shown_in("thp-split", "-end", HUGE)
    checks.equal(({size for size, _ in after}, len(parts)), ({4096}, 512 - 16), "unmapped in part: small pages, what was unmapped is not there")
    for step in ("thp-collapse", "khugepaged"):
        checks.equal({size for size, _ in shown_in(step, "")[0]}, {4096}, "%s: small pages before" % step)
        checks.equal(shown_in(step, "-end")[0], {(HUGE, "seen")}, "%s: a huge page after" % step)


def balancing(checks, guest):
    """How often the kernel asks is its own affair: each page at least once, all of them of this kind, no more than it counted on all of the machine."""
    start, end, hints, minor, major = (int(word, 0) for word in guest.fact("rare.facts", "numa"))
    pid = guest.pid("rare.facts")
    all_of = guest.recording.between(guest.recording.faults(pid), "rare.numa", "rare.numa-end")
    here = [e for e in all_of if start <= number(e["addr"]) < end]
    asked = [e for e in all_of if e["kind"] == "numa-hint"]
    checks.equal(len({number(e["addr"]) >> 12 for e in here if e["kind"] == "numa-hint"}), (end - start) >> 12, "numa: each page was asked about")
    checks.equal({number(e["before"]) & (P | PROTNONE) for e in asked}, {PROTNONE}, "numa: the entry was closed before")
    # An entry that was opened again for reading only.
    checks.ok({(e["kind"], e["origin"]) for e in here} <= {("numa-hint", "user"), ("reuse", "user")}, "numa: what it was", [e["kind"] for e in here])
    checks.ok(len(asked) <= hints, "numa: no more than the kernel counts", "%d of %d" % (len(asked), hints))
    checks.equal((sum(not e["major"] for e in all_of), sum(e["major"] for e in all_of)), (minor, major), "numa: getrusage counts them so")


def main():
    kernel = kernel_argument()
    checks = Checks()
    brd = module_of(kernel, "brd", os.path.join(BUILD, "tests", "kernel", kernel))
    both = '%s/faults "$0" faults && exec %s/faults_rare "$0" rare "$0/brd.ko"' % (WORKLOADS, WORKLOADS)
    guest = Guest(kernel, "faults", ["sh", "-c", both, "@"], ["--numa", "2"], bring=[brd])
    if not checks.equal(guest.status, 0, "the workloads came to their end"):
        print(guest.stderr.decode(errors="replace")[-3000:])
    plain = checks.attempt("steps", steps, guest, "faults", STEPS)
    checks.ok(plain and [e["error"] for e in plain["bad-exec"]] == [0x15], "bad-exec: an instruction fetch by the user from a page that is there")
    with open(os.path.join(BUILD, "kernels", kernel, "headers", ".config")) as config:
        built = config.read().splitlines()
    without = {what for what, option in BUILT_WITH.items() if option + "=y" not in built}
    lacks = {words[1] for words in guest.facts("rare.facts") if words[0] == "lacks"}
    checks.equal(lacks, without, "the kernel has all that faults are made with, but for what it is built without (%s)" % (", ".join(sorted(without)) or "nothing"))
    here = checks.attempt("rare steps", steps, guest, "rare", RARE, [step for what in without for step in NEED[what]])
    checks.attempt("entries", entries, here)
    if "thp" not in without:
        checks.attempt("sizes", sizes, guest)
    if "numa" not in without:
        checks.attempt("NUMA balancing", balancing, guest)
    stats = checks.attempt("stats", lambda c, g: g.recording.stats(), guest)
    checks.ok(stats and (stats["lost"], stats["invalid"]) == (0, 0), "nothing lost, nothing invalid")
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")
    checks.end()


if __name__ == "__main__":
    main()
