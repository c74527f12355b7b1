#!/usr/bin/env python3
"""What vmatlas shows equals what the kernel itself says: maps, calls, faults, frames, tables, fork, exec, threads, bad accesses.

One recording of all the known workloads (tests/workloads/), one after the other; each saved what /proc and the kernel told it.
"""
import collections
import glob
import os

from guest import SEED, WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, number, scaled

SHIFT = {"PTE": 12, "PMD": 21, "PUD": 30, "P4D": 39, "PGD": 39}

# Number, name, how many arguments mean something.
CALLS = {9: ("mmap", 6), 10: ("mprotect", 3), 11: ("munmap", 2), 12: ("brk", 1), 25: ("mremap", 5), 28: ("madvise", 3), 30: ("shmat", 3),
         67: ("shmdt", 1), 149: ("mlock", 2), 150: ("munlock", 2), 157: ("prctl", 5)}
# These always come; the others only where the call changed something.
ALWAYS = {"mmap", "munmap", "brk", "mremap", "mprotect", "madvise"}

# What the walk of a bad access ends at: "far": nothing near is mapped, so the first table below the top is missing.
BAD = {
    "unmapped-far": ("unmapped", "far"),
    "unmapped-near": ("unmapped", "PTE"),
    "protection-write": ("protection", "PTE"),
    "protection-none": ("protection", "PTE"),
    "protection-exec": ("protection", "PTE"),
    "beyond-eof": ("beyond-eof", "PTE"),
    "non-canonical": ("non-canonical", None),
    "kernel": ("kernel", None),
}


def commands(runs):
    """The workloads one after the other; each tells its status on stdout."""
    seed = SEED % 100000
    rounds = scaled(1, 2, 12)
    lines = ["maps_random @ random%d %d %d" % (i, seed + i, scaled(280, 280, 2000)) for i in range(rounds)]
    lines += ["pages_prime @ prime %d %d" % (scaled(211, 1009, 10007), seed), "fork_cow @ cow", "exec_replace @ exec",
              "threads_one_map @ threads %d" % scaled(5, 25, 200), "bad_access @ bad", "huge @ huge", "gup @ gup", "user_mark @ user"]
    if runs == "five":
        lines = [lines[0]] + [line for line in lines if line.startswith(("pages", "fork", "bad", "huge"))]
    script = "".join("%s/%s\necho \"%s $?\"\n" % (WORKLOADS, line, line.split()[2]) for line in lines)
    return ["sh", "-c", script], [line.split()[2] for line in lines]


def workloads_ran(checks, guest, names):
    wanted = "".join("%s %d\n" % (name, 7 if name == "exec" else 0) for name in names)
    checks.lines(guest.stdout.decode(errors="replace"), wanted, "every workload ran and its status and output came through")
    checks.equal(guest.status, 0, "the command's status is 0")


def saved_maps(guest):
    for path in sorted(glob.glob(os.path.join(guest.share, "*.maps"))):
        yield os.path.basename(path)[:-len(".maps")]


def owner(guest, mark):
    name = mark.split(".")[0]
    return guest.pid(name + (".child-facts" if mark.endswith(".child") else ".facts"))


def maps_at_marks(checks, guest):
    groups = collections.defaultdict(list)
    for mark in saved_maps(guest):
        groups[mark.split(".")[0]].append(mark)
    for name, marks in groups.items():
        maps = {}
        for pid in {owner(guest, mark) for mark in marks}:
            maps.update(guest.recording.dumps(["mark:" + mark for mark in marks if owner(guest, mark) == pid], pid))
        for mark in marks:
            if maps["mark:" + mark] != guest.text(mark + ".maps"):
                checks.lines(maps["mark:" + mark], guest.text(mark + ".maps"), "map at mark %s" % mark)
                break
        else:
            checks.ok(True, "the map equals /proc/PID/maps at all %d marks of %s" % (len(marks), name))
    checks.ok(len(groups.get("random0", [])) == 20, "20 maps were saved by random0")


def calls_of(guest, name):
    for line in guest.text(name + ".calls").splitlines():
        left, result = line.split(" = ")
        words = left.split()
        call, count = CALLS[int(words[0])]
        yield call, [int(w, 16) for w in words[1:1 + count]], int(result)


def every_call(checks, guest, name):
    pid = guest.pid(name + ".facts")
    ops = [e for e in guest.recording.between(guest.recording.events("op"), name + ".begin", name + ".end") if e["tgid"] == pid]
    got = [(e["call"], [number(a) for a in e["args"]], number(e["result"])) for e in ops if e["call"] in ALWAYS]
    wanted = [c for c in calls_of(guest, name) if c[0] in ALWAYS]
    got = [(call, args[:len(w[1])], result) for (call, args, result), w in zip(got, wanted)] + got[len(wanted):]
    masked = [(call, args, result) for call, args, result in wanted]
    first = next(("%r\nwanted %r" % pair for pair in zip(got, masked) if pair[0] != pair[1]), "%d, wanted %d" % (len(got), len(masked)))
    checks.ok(got == masked, "%s: its %d calls, arguments and results, in order" % (name, len(masked)), first)
    others = {e["call"] for e in ops} - ALWAYS
    done = {c[0] for c in calls_of(guest, name) if c[0] not in ALWAYS and c[2] >= 0}
    checks.ok(done <= others, "%s: calls of other kinds that changed the map are there" % name, "missing: %s" % (done - others))


def prime(checks, guest):
    start, end = (int(w, 16) for w in guest.fact("prime.facts", "range"))
    pages = [(int(w[1], 16), int(w[2], 16)) for w in guest.facts("prime.facts") if w[0] == "page"]
    faults = guest.recording.between(guest.recording.faults(guest.pid("prime.facts")), "prime.begin", "prime.end")
    checks.equal(len(faults), len(pages), "exactly %d faults between the marks" % len(pages))
    checks.equal(len(faults), int(guest.fact("prime.facts", "minor")[0]), "as many as getrusage counted")
    checks.equal({e["kind"] for e in faults}, {"demand-zero"}, "all of them demand-zero")
    checks.equal([number(e["addr"]) for e in faults], [addr for addr, _ in pages], "each page once, in the order of touching")
    checks.ok(all(start <= number(e["addr"]) < end for e in faults), "all in the range")
    checks.equal([number(e["pfn_after"]) for e in faults], [pfn for _, pfn in pages], "each frame is the one in /proc/self/pagemap")
    checks.equal({(e["origin"], e["major"], e["page_size"]) for e in faults}, {("user", False, 4096)}, "from user mode, minor, 4 KiB each")


def tables(checks, guest, levels):
    wanted, got = [], []
    faults = guest.recording.between(guest.recording.faults(guest.pid("prime.facts")), "prime.tables", "prime.tables-end")
    for words in guest.facts("prime.facts"):
        if words[0] != "first":
            continue
        # With four levels the table of PUD entries hangs in the PGD, with five in the P4D; the names stay.
        wanted.append((words[1], words[2]))
        hit = [e for e in faults if number(e["addr"]) == int(words[1], 16)]
        new = [step["name"] for step in hit[0]["levels"] if step["allocated"]] if hit else ["no fault"]
        got.append((words[1], ",".join(new) or "-"))
    if levels == 5 and wanted:
        # In a fresh 256 TiB the P4D table is new as well: only where the top-level entry was empty (below 256 TiB it never is).
        checks.ok(any("P4D" in w for _, w in wanted), "five levels: an address above 47 bits was used")
    checks.equal(got, wanted, "the tables each first touch allocated (%d places)" % len(wanted))


def walks(checks, guest, levels):
    """Every complete walk of the recording: as many levels as the machine has, and each index is the address's bits."""
    wrong, complete, sizes = [], 0, collections.Counter()
    for fault in guest.recording.events("fault"):
        addr = number(fault["addr"])
        names = [step["name"] for step in fault["levels"]]
        if names != ["PGD", "P4D", "PUD", "PMD", "PTE"][:len(names)] and names != ["PGD", "PUD", "PMD", "PTE"][:len(names)]:
            wrong.append("names %s" % names)
        for step in fault["levels"]:
            shift = 48 if step["name"] == "PGD" and levels == 5 else SHIFT[step["name"]]
            if step["index"] != addr >> shift & 511:
                wrong.append("%s: index %d of %#x" % (step["name"], step["index"], addr))
        if fault.get("page_size"):
            complete += 1
            sizes[fault["page_size"]] += 1
            ends = {4096: levels, 2 << 20: levels - 1, 1 << 30: levels - 2}[fault["page_size"]]
            if len(names) != ends:
                wrong.append("%d levels at %#x" % (len(names), addr))
            if fault["kind"] != "bad" and not number(fault["vma_start"]) <= addr < number(fault["vma_end"]):
                wrong.append("not in its VMA: %#x" % addr)
    checks.ok(complete and not wrong, "index fields equal the address bits, and the VMA holds the address, in all %d walks" % complete, "\n".join(wrong[:10]))
    return sizes


def cow(checks, guest):
    for file, who in (("cow.child-facts", "child"), ("cow.facts", "parent")):
        pid = guest.pid(file)
        since = guest.recording.mark_ts("cow.child" if who == "child" else "cow.after")
        faults = [e for e in guest.recording.faults(pid) if e["ts"] >= since and e["kind"] in ("cow", "reuse")]
        wanted = []
        for words in guest.facts(file):
            if words[0] in ("cow", "file-cow"):
                wanted.append(("cow", int(words[1], 16), int(words[2], 16), int(words[3], 16)))
            elif words[0] == "reuse":
                wanted.append(("reuse", int(words[1], 16), int(words[2], 16), int(words[2], 16)))
        got = {number(e["addr"]): (e["kind"], number(e["addr"]), number(e["pfn_before"]), number(e["pfn_after"])) for e in faults}
        checks.equal([got.get(w[1]) for w in wanted], wanted, "copy-on-write in the %s: frames before and after" % who)
    parent, child = guest.pid("cow.facts"), guest.pid("cow.child-facts")
    forks = [e for e in guest.recording.events("fork") if e["child_tgid"] == child]
    checks.ok(len(forks) == 1 and forks[0]["tgid"] == parent and forks[0]["child_tid"] == child, "one fork event names parent and child", forks)


def exec_replaces(checks, guest):
    pid = guest.pid("exec.facts")
    before, after = guest.recording.mark_ts("exec.before"), guest.recording.mark_ts("exec.after")
    events = [e for e in guest.recording.events("exec") if e["tgid"] == pid and before <= e["ts"] <= after]
    checks.equal(len(events), 1, "one exec between the two images")
    checks.ok("330000000000" not in guest.recording.dump("mark:exec.after", pid), "nothing of the old map is left after exec")


def threads(checks, guest):
    pid = guest.pid("threads.facts")
    start, end = (int(w, 16) for w in guest.fact("threads.facts", "region"))
    tids = {int(w[1]) for w in guest.facts("threads.facts") if w[0] == "tid"}
    faults = guest.recording.faults(pid, start, end)
    checks.equal(collections.Counter(number(e["addr"]) >> 12 for e in faults), collections.Counter(range(start >> 12, end >> 12)),
                 "threads: each page of the region faulted once")
    checks.equal({e["tid"] for e in faults}, tids, "threads: by all eight")
    checks.ok(len({e["mm"] for e in faults}) == 1, "threads: one address space")


def bad(checks, guest, levels):
    pid = guest.pid("bad.facts")
    all_bad = [e for e in guest.recording.events("fault") if e["kind"] == "bad"]
    caught = guest.recording.between([e for e in all_bad if e["tgid"] == pid], "bad.handler", "bad.copied")
    checks.equal(len(caught), len(BAD), "one bad access each for %d caught signals" % len(BAD))
    for words, event in zip([w for w in guest.facts("bad.facts") if w[0] == "caught"], caught):
        what, addr, trapno, error = words[1], int(words[2], 16), int(words[6]), int(words[7], 16)
        reason, stop = BAD[what]
        if stop == "far":
            stop = "P4D" if levels == 5 else "PGD"
        got = [event["reason"], event["levels"][-1]["name"] if stop and event["levels"] else None]
        wanted = [reason, stop]
        if trapno == 14:
            got += [number(event["addr"]), number(event["error"])]
            wanted += [addr, error]
            if reason == "kernel":
                # The signal frame hides from programs whether a kernel page is there: "present" is always set.
                got[-1] |= 1
        checks.equal(got, wanted, "bad access: %s" % what)
    for words in guest.facts("bad.facts"):
        if words[0] == "killed":
            reason = BAD[words[1]][0]
            events = [e["reason"] for e in all_bad if e["tgid"] == int(words[2])]
            status = 7 if reason == "beyond-eof" else 11
            checks.equal((events, int(words[3], 16)), ([reason], status), "killed as without us: %s" % words[1])
    addr, errno = guest.fact("bad.facts", "copied")
    # More than one where the kernel tries the rest byte by byte.
    events = {(e["origin"], e["reason"], e["error"]) for e in all_bad if e["tgid"] == pid and number(e["addr"]) == int(addr, 16)}
    checks.equal((events, errno), ({("kernel", "unmapped", 2)}, "14"), "read(2) into nothing: EFAULT, a bad access from kernel mode")


def huge(checks, guest):
    wanted = [w for w in guest.facts("huge.facts") if w[0] in ("huge", "small")]
    has = guest.fact("huge.facts", "has") == ["1"]
    checks.equal(any(w[0] == "huge" for w in wanted), has, "the guest had %s huge pages to give" % ("some" if has else "no"))
    for words in wanted:
        addr, pfn = int(words[1], 16), int(words[2], 16)
        got = [(e["kind"], e["page_size"], e["levels"][-1]["name"], number(e["pfn_after"])) for e in guest.recording.faults(None, addr, addr + 1)]
        like = ("huge", 2 << 20, "PMD", pfn) if words[0] == "huge" else ("demand-zero", 4096, "PTE", pfn)
        checks.equal(got, [like], "%s page at %s" % (words[0], words[1]))


def gup(checks, guest):
    pid, child = guest.pid("gup.facts"), int(guest.fact("gup.facts", "child")[0])
    for what, origin in (("populate", "gup"), ("kernel", "kernel"), ("remote", "gup")):
        start, end, count = (int(w, 0) for w in guest.fact("gup.facts", what))
        faults = guest.recording.faults(pid, start, end)
        pages = {number(e["addr"]) >> 12 for e in faults}
        checks.equal((len(faults), len(pages), {e["origin"] for e in faults}), (count, count, {origin}), "%s: %d faults by %s" % (what, count, origin))
        if what == "remote":
            forks = [e for e in guest.recording.events("fork") if e["child_tgid"] == child]
            maps = {e["mm"] for e in faults}
            checks.ok(len(forks) == 1 and maps and forks[0]["mm"] not in maps, "remote: they happened in the child's map", (forks, maps))


def user_marks(checks, guest):
    texts = [e["text"] for e in guest.recording.events("mark") if e["tgid"] == guest.pid("user.facts")]
    facts = [guest.fact("user.facts", key)[0] for key in ("uid", "marked")]
    checks.equal((texts, facts), (["user-1", "user-2"], ["65534", "0"]), "an ordinary user's program can mark")
    checks.equal(guest.fact("user.facts", "open")[0], "13", "but it cannot open the marker file itself")


def order_and_loss(checks, guest):
    times = [e["ts"] for e in guest.recording.events()]
    checks.ok(times and all(a <= b for a, b in zip(times, times[1:])), "no event of %d goes back in time" % len(times))
    stats = guest.recording.stats()
    checks.equal((stats["lost"], stats["invalid"]), (0, 0), "nothing lost, nothing invalid")


def main():
    kernel = kernel_argument()
    checks = Checks()
    for levels in (4, 5):
        if levels == 5:
            print("# five paging levels", flush=True)
        command, names = commands("all" if levels == 4 else "five")
        # Loss is test_load's matter: buffers large enough for a machine that has other things to do.
        guest = Guest(kernel, "truth%d" % levels, command, ["--levels=%d" % levels, "--module-param", "subbuf_count=64"], limit=scaled(240, 240, 1800))
        before = checks.failed
        checks.attempt("workloads", workloads_ran, guest, names)
        checks.attempt("maps", maps_at_marks, guest)
        for name in [n for n in names if n.startswith("random")]:
            checks.attempt("calls", every_call, guest, name)
        checks.attempt("prime", prime, guest)
        checks.attempt("tables", tables, guest, levels)
        checks.attempt("walks", walks, guest, levels)
        checks.attempt("cow", cow, guest)
        checks.attempt("bad", bad, guest, levels)
        checks.attempt("huge", huge, guest)
        if levels == 4:
            for part in (exec_replaces, threads, gup, user_marks):
                checks.attempt(part.__name__, part, guest)
        checks.attempt("order", order_and_loss, guest)
        checks.attempt("log", lambda c, g: guest_log_is_clean(c, g, "the guest's kernel log is clean"), guest)
        if checks.failed > before:
            print("# %s; VMATLAS_TEST_SEED=%d repeats it" % (guest.directory, SEED), flush=True)
    checks.end()


if __name__ == "__main__":
    main()
