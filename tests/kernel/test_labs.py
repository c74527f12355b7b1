#!/usr/bin/env python3
"""The labs, all in one recording: the calls and faults each demo promises in its head comment, its captions as marks, the frames it read from its own
pagemap, the page tables that appear, the zones of its variables."""
import json
import os
import re
from collections import Counter

from guest import BUILD, ROOT, Checks, Guest, guest_log_is_clean, kernel_argument, number

PAGE, KIB, MIB = 4096, 1 << 10, 1 << 20
PLACE = range(0x600000000000, 0x630000000000)  # where the demos map
# Name of the run, command.
RUNS = [(name, name) for name in (
    "anon_mmap cow fork_memory idempotent mmap ondemand pthread_memory alloc stack-overflow diverge exec-replaces fork-family segments table-growth "
    "huge-pages mlock shared-memory two-pages").split()] + [("two-pages-mmap", "two-pages --mmap"), ("alloc-7", "alloc --seed 7")]
SCRIPT = 'cd "$1" || exit 9\n' + "\n".join("./%s >%s.out 2>%s.err || echo %s ended with $?" % (command, run, run, run) for run, command in RUNS)


class Demo:
    """One run of a demo: what it printed, and the events of its process and that one's children."""

    def __init__(self, guest, run, command, tgid):
        self.guest, self.run, self.tgid = guest, run, tgid
        self.source = os.path.join(ROOT, "demos", command.split()[0] + ".c")
        self.out = guest.text(run + ".out").splitlines()
        self.tgids = [tgid]
        for event in guest.recording.events("fork"):
            if event["tgid"] in self.tgids and event["child_tgid"] not in self.tgids:
                self.tgids.append(event["child_tgid"])
        self.children = self.tgids[1:]
        self.events = [e for e in guest.recording.events() if e["tgid"] in self.tgids]
        self.marks = [e for e in self.events if e["type"] == "mark"]

    def mark(self, beginning):
        found = [e["text"] for e in self.marks if e["text"].startswith(beginning)]
        if not found:
            raise KeyError("%s: no mark '%s…'" % (self.run, beginning))
        return found[0]

    def line(self, pattern):
        """The groups of the first printed line that matches."""
        for line in self.out:
            match = re.search(pattern, line)
            if match:
                return match.groups()
        raise KeyError("%s printed no '%s'" % (self.run, pattern))

    def calls(self, events=None):
        """At the places of the demos, or of these events all."""
        ops = [e for e in (self.events if events is None else events) if e["type"] == "op"]
        return dict(Counter(e["call"] for e in ops if events is not None or e["args"] and number(e["args"][0]) in PLACE))

    def between(self, first, last=None):
        at = [i for i, e in enumerate(self.events) if e["type"] == "mark" and e["text"].startswith(first)][0]
        end = [i for i, e in enumerate(self.events) if i > at and e["type"] == "mark" and (last is None or e["text"].startswith(last))][0]
        return self.events[at + 1:end]

    def faults(self, tgids=None, where=PLACE):
        return [e for e in self.events if e["type"] == "fault" and number(e["addr"]) in where and (tgids is None or e["tgid"] in tgids)]

    def kinds(self, tgids=None, where=PLACE):
        return dict(Counter(e["kind"] for e in self.faults(tgids, where)))

    def forks(self, thread=False):
        return len([e for e in self.events if e["type"] == "fork" and e["thread"] == thread])

    def printed(self):
        """What print_map said, in order: (address, frame or None)."""
        found = (re.search(r"(0x[0-9a-f]+) -> (?:frame (0x[0-9a-f]+)|no frame)", line) for line in self.out)
        return [(int(m[1], 16), int(m[2], 16) if m[2] else None) for m in found if m]

    def frames(self):
        return [frame for _, frame in self.printed()]

    def vmas(self, beginning, pid=None):
        text = self.guest.recording.dump("mark:" + self.mark(beginning), pid or self.tgid, "json")
        return json.loads(text)["vmas"]

    def pages(self, beginning, pid=None):
        return self.guest.recording.pages("mark:" + self.mark(beginning), pid or self.tgid)


def zone_at(vmas, addr):
    return [v["zone"] for v in vmas if number(v["start"]) <= addr < number(v["end"])]


def split(guest):
    """The runs, told apart by who called exec on ./PROGRAM, in the order of the script."""
    leaders = []
    for event in guest.recording.events("exec"):
        if event["path"].startswith("./") and event["tgid"] not in leaders:
            leaders.append(event["tgid"])
    if len(leaders) != len(RUNS):
        raise RuntimeError("%d programs ran, %d were asked for" % (len(leaders), len(RUNS)))
    return {run: Demo(guest, run, command, tgid) for (run, command), tgid in zip(RUNS, leaders)}


def captions(checks, demos):
    """Every caption of the source is a mark of its own process or children, and the program printed the same, in the same order."""
    for run, demo in demos.items():
        with open(demo.source, encoding="utf-8") as source:
            said = re.findall(r'lab_say\("((?:[^"\\]|\\.)*)"\)', source.read())
        marks = [e["text"] for e in demo.marks]
        checks.ok(said and set(said) <= set(marks), "%s: each caption is a mark" % run, set(said) - set(marks))
        checks.equal([line for line in demo.out if line in marks], marks, "%s: marks as printed, in order" % run)


def frames_agree(checks, demos):
    """A frame that a demo read from its pagemap is one that a fault of it brought to this page."""
    looked = 0
    for run, demo in demos.items():
        brought = {(number(e["addr"]) // PAGE, e["pfn_after"]) for e in demo.events if e["type"] == "fault" and e["pfn_after"] is not None}
        if run == "shared-memory":  # three of the child's come by fault-around: known to be there, and of the parent's frames they must be
            around = [addr // PAGE for addr, (state, _) in demo.pages("The first number is 116", demo.children[0])[0].items() if state == "derived" and addr in PLACE]
            checks.equal(len(around), 3, "shared-memory: three pages by fault-around")
            brought |= {(page, demo.faults([demo.tgid])[i + 1]["pfn_after"]) for i, page in enumerate(sorted(around))}
        # One fault for 512 pages: those of huge-pages, and of a thread's stack where its top happens to be aligned.
        huge = [(number(e["addr"]) // PAGE & ~511, e["pfn_after"] & ~511) for e in demo.events if e["type"] == "fault" and e["kind"] == "huge" and e["pfn_after"]]
        brought |= {(page + i, frame + i) for page, frame in huge for i in range(512)}
        strange = [(hex(addr), hex(frame)) for addr, frame in demo.printed() if frame is not None and (addr // PAGE, frame) not in brought]
        looked += len(demo.printed())
        checks.equal(strange, [], "%s: frames as its own pagemap says" % run)
    checks.ok(looked > 100, "pages were looked at", looked)


def anon_mmap(checks, demo):
    checks.equal((demo.calls(), demo.kinds()), ({"mmap": 1, "munmap": 1}, {"demand-zero": 1, "cow": 1}), "anon_mmap: its calls and faults")
    zero, own = demo.faults()
    checks.equal(demo.frames(), [None, zero["pfn_after"], own["pfn_after"], own["pfn_after"], None], "anon_mmap: nothing, the page of zeros, its own, nothing")
    checks.equal((zero["write"], own["write"], own["pfn_before"]), (False, True, zero["pfn_after"]), "anon_mmap: a read, then the first write")
    checks.ok([line for line in demo.out if "page of zeros" in line and "->" in line], "anon_mmap: it knows the page of zeros", demo.out)


def cow(checks, demo):
    checks.equal((demo.calls(), demo.forks()), ({"mmap": 1}, 1), "cow: its calls")
    checks.equal((demo.kinds([demo.tgid]), demo.kinds(demo.children)), ({"demand-zero": 1, "reuse": 1}, {"cow": 1}), "cow: faults of parent and child")
    first, copy, again = demo.faults()
    old, new = first["pfn_after"], copy["pfn_after"]
    checks.equal((copy["pfn_before"], again["pfn_before"], again["pfn_after"]), (old, old, old), "cow: copied for the child, kept by the parent")
    checks.equal(demo.frames(), [old, old, new, new, old, old, new], "cow: frames as printed")
    checks.equal(len({addr for addr, _ in demo.printed()}), 1, "cow: one virtual address")


def fork_memory(checks, demo):
    checks.equal((demo.calls(), demo.forks()), ({"mmap": 1}, 1), "fork_memory: its calls")
    printed = demo.printed()
    checks.equal(len(printed), 16, "fork_memory: four pages, four times")
    pages = [addr // PAGE for addr, _ in printed[:4]]
    copies = [e for e in demo.events if e["type"] == "fault" and e["tgid"] in demo.children and number(e["addr"]) // PAGE in pages]
    checks.equal([(e["kind"], number(e["addr"]) // PAGE) for e in copies], [("cow", page) for page in pages], "fork_memory: the child copies the four")
    before, shared, copied, after = (demo.frames()[i:i + 4] for i in range(0, 16, 4))
    checks.ok(before == shared == after and not set(before) & set(copied), "fork_memory: the same frames, but for the child's after it wrote", demo.out)
    checks.equal([e["pfn_after"] for e in copies], copied, "fork_memory: the copies are the frames it printed")
    values = [int(m[1]) for m in (re.search(r"holds (\d+) at", line) for line in demo.out) if m]
    checks.equal(values, [100, 101, 102, 103] * 2 + [200, 201, 202, 203, 100, 101, 102, 103], "fork_memory: the values each sees")


def by_hand(checks, idempotent, ondemand):
    checks.equal(idempotent.calls(), {"mmap": 2, "mprotect": 4}, "idempotent: its calls")
    target = range(PLACE.start + 16 * MIB, PLACE.start + 16 * MIB + 4 * PAGE)
    faults = idempotent.faults(where=target)
    checks.equal([(e["kind"], e["reason"]) for e in faults], [("bad", "protection"), ("demand-zero", None)] * 4, "idempotent: a signal and a frame for each page")
    checks.equal([number(e["addr"]) for e in faults], [target[i * PAGE] for i in (0, 0, 1, 1, 2, 2, 3, 3)], "idempotent: page after page")
    checks.equal(len({e["ip"] for e in faults}), 1, "idempotent: one instruction all the time")
    checks.equal([int(m[1]) for m in (re.search(r"(\d+) of 16384 bytes are left", line) for line in idempotent.out) if m], [16384, 12288, 8192, 4096],
                 "idempotent: it resumed where it stopped")

    boxes = [v for v in idempotent.vmas("The copy is complete") if number(v["start"]) in target]
    checks.equal([(v["perms"], v["resident"]) for v in boxes], [("rw-p", 4)], "idempotent: one box in the end")

    checks.equal((ondemand.calls(), ondemand.kinds()), ({"mmap": 17, "munmap": 2}, {"bad": 16, "demand-zero": 16}), "ondemand: its calls and faults")
    order = [PLACE.start + i * 5 % 16 * PAGE + 100 for i in range(16)]
    checks.equal([(number(e["addr"]), e["kind"], e["reason"], e["signal"]) for e in ondemand.faults()],
                 [row for addr in order for row in ((addr, "bad", "unmapped", 11), (addr, "demand-zero", None, None))], "ondemand: signal and frame, page by page")
    checks.equal([frame is None for frame in ondemand.frames()], [True, False] * 16, "ondemand: no frame before, a frame after")
    boxes = [v for v in ondemand.vmas("16 signals") if number(v["start"]) in PLACE]
    checks.equal((len(boxes), sum(v["resident"] for v in boxes)), (4, 16), "ondemand: four boxes in the end")


def file_memory(checks, demo):
    checks.equal((demo.calls(), demo.forks()), ({"mmap": 1, "munmap": 1}, 1), "mmap: its calls")
    checks.equal((demo.kinds([demo.tgid]), demo.kinds(demo.children)), ({"file": 1}, {"file": 1}), "mmap: faults of parent and child")
    frame = demo.faults()[0]["pfn_after"]
    checks.equal(demo.frames(), [None] + [frame] * 4, "mmap: one frame, the file's, for both")
    said = [re.search("the file says '(.*)', the memory says '(.*)' at", line) for line in demo.out]
    checks.equal([m.groups() for m in said if m], [("from the " + w,) * 2 for w in ("memory", "file", "child", "child")], "mmap: file and memory say the same")


def threads(checks, demo):
    checks.equal((demo.calls(), demo.forks(thread=True), demo.forks()), ({"mmap": 1}, 1, 1), "pthread_memory: its calls")
    made = demo.calls(demo.between("A page, not touched", "The thread writes"))
    checks.equal((made.get("mmap"), made.get("mprotect")), (2, 1), "pthread_memory: the page, the thread's stack, its guard")
    first, copy = demo.faults()
    checks.equal((first["kind"], first["tgid"], first["tid"] != demo.tgid), ("demand-zero", demo.tgid, True), "pthread_memory: the thread's fault")
    checks.equal((copy["kind"], copy["tgid"]), ("cow", demo.children[0]), "pthread_memory: the child's fault")
    own, frames = [f for a, f in demo.printed() if a not in PLACE], [f for a, f in demo.printed() if a in PLACE]
    checks.equal(frames, [None, first["pfn_after"], first["pfn_after"], copy["pfn_after"], first["pfn_after"]], "pthread_memory: frames as printed")
    stack = [addr for addr, _ in demo.printed() if addr not in PLACE][0]
    checks.equal((len(own), zone_at(demo.vmas("The first thread sees"), stack)), (1, ["thread-stack"]), "pthread_memory: the thread's variable lies in its stack")


def allocation(checks, demo):
    up, down = (int(n) for n in demo.line(r"end moved up (\d+) times, down (\d+) times"))
    taken, freed = (int(n) for n in demo.line(r"large blocks: (\d+) taken by mmap, (\d+) freed by munmap"))
    made = demo.calls(demo.between("Small blocks only", "The end: what"))
    checks.ok(up >= 2 and down >= 1 and taken == freed > 20, "%s: heap and mappings are both in use" % demo.run, demo.out)
    checks.equal(made, {"brk": up + down, "mmap": taken, "munmap": freed}, "%s: as many calls as it saw" % demo.run)
    checks.equal(set(demo.calls(demo.between("Small blocks only"))), {"brk"}, "%s: small blocks come from the heap" % demo.run)
    sizes = [number(e["args"][1]) for e in demo.between("Small blocks only", "The end: what") if e["type"] == "op" and e["call"] == "mmap"]
    checks.ok(min(sizes) >= 128 * KIB, "%s: what is mapped is 128 KiB or more" % demo.run, min(sizes))


def overflow(checks, demo):
    bad = [e for e in demo.events if e["type"] == "fault" and e["kind"] == "bad"]
    checks.equal([(e["reason"], e["signal"]) for e in bad], [("unmapped", 11), ("protection", 11)], "stack-overflow: below the stack, in the guard")
    checks.equal([hex(number(e["addr"])) for e in bad], [re.search("SIGSEGV at (0x[0-9a-f]+)", line)[1] for line in demo.out if "SIGSEGV at" in line],
                 "stack-overflow: where the program says")
    vmas = demo.vmas("Both are survived")
    checks.equal([number(v["end"]) - number(v["start"]) for v in vmas if v["name"] == "[stack]"], [MIB], "stack-overflow: the stack is as large as it may be")
    checks.equal((bad[1]["tid"] != demo.tgid, zone_at(vmas, number(bad[1]["addr"]))), (True, ["guard"]), "stack-overflow: the thread's overflow is in a guard")


def diverge(checks, demo):
    checks.equal((demo.calls(), demo.forks()), ({"mmap": 1}, 2), "diverge: its calls")
    checks.equal([demo.kinds([tgid]) for tgid in demo.tgids], [{"demand-zero": 64, "reuse": 16}, {"cow": 64}, {"cow": 32}], "diverge: faults of the three")
    checks.equal([int(m[1]) for m in (re.search(r"(\d+) of 64 pages are in a frame of its own", line) for line in demo.out) if m], [64, 32, 0],
                 "diverge: as many copies as its pagemap says")


def replaced(checks, demo):
    execs = [e for e in demo.events if e["type"] == "exec"]
    checks.equal((demo.calls(), demo.kinds(), len(execs)), ({"mmap": 1}, {"demand-zero": 16}, 2), "exec-replaces: its calls and faults")
    old = execs[0]["mm"]
    ended = [e for e in demo.guest.recording.events("mm") if e["mm"] == old and e["what"] == "end"]
    checks.ok(execs[1]["mm"] != old == execs[1]["old_mm"] and len(ended) == 1, "exec-replaces: another map, the old one ended", execs)
    before, after = ([v for v in demo.vmas(at) if number(v["start"]) in PLACE] for at in ("exec: the kernel", "Only the number"))
    checks.equal(([v["resident"] for v in before], after), ([16], []), "exec-replaces: 16 pages before, nothing after")
    checks.ok("nothing is mapped there" in demo.out, "exec-replaces: the program says so, too", demo.out)


def family(checks, demo):
    checks.equal((demo.calls(), demo.forks(), len(demo.children)), ({"mmap": 1}, 14, 14), "fork-family: its calls")
    checks.equal([demo.kinds([demo.tgid])] + [demo.kinds([child]) for child in demo.children], [{"demand-zero": 16}] + [{"cow": 1}] * 14, "fork-family: faults")
    at = [e["ts"] for e in demo.marks if e["text"].startswith("15 processes live")][0]
    living = {e["child_tgid"] for e in demo.events if e["type"] == "fork" and e["ts"] < at} - {e["tgid"] for e in demo.events if e["type"] == "exit" and e["ts"] < at}
    checks.equal(len(living), 14, "fork-family: all live at once")
    parent_of = {e["child_tgid"]: e["tgid"] for e in demo.events if e["type"] == "fork"}
    depth = lambda tgid: 1 + depth(parent_of[tgid]) if tgid in parent_of else 0  # noqa: E731  pylint: disable=unnecessary-lambda-assignment
    checks.equal(dict(Counter(depth(tgid) for tgid in demo.tgids)), {0: 1, 1: 2, 2: 4, 3: 8}, "fork-family: generations")
    checks.equal(len({e["pfn_after"] for e in demo.faults() if number(e["addr"]) == PLACE.start}), 15, "fork-family: 15 frames of the page that each writes")


def two_pages(checks, demo, pages, own):
    """pages: of the block; own: faults of the parent there."""
    at = int(demo.line("the block begins at (0x[0-9a-f]+)")[0], 16)
    where = range(at // PAGE * PAGE, at // PAGE * PAGE + pages * PAGE)
    checks.equal((demo.forks(), demo.kinds(demo.children, where)), (101, {"cow": 2}), "%s: forks and copies" % demo.run)
    if own is not None:
        checks.equal(demo.kinds([demo.tgid], where), own, "%s: faults of the parent" % demo.run)
    counted = [tuple(int(n) for n in m.groups()) for m in (re.search(r"(\d+) pages are there, in (\d+) frames", line) for line in demo.out) if m]
    checks.equal(counted, [(pages, pages), (2 * pages, pages), (2 * pages, pages + 1), (101 * pages, pages + 1)], "%s: frames before, after fork, after the write" % demo.run)
    brought = {(number(e["addr"]) // PAGE, e["pfn_after"]) for e in demo.events if e["type"] == "fault" and number(e["addr"]) in where and e["pfn_after"]}
    checks.equal(len(brought), pages + 2, "%s: the faults brought as many frames" % demo.run)


def segments(checks, demo):
    vmas = demo.vmas("These are all")
    told = [line.split() for line in demo.out if re.match(r"[a-z-]+ +0x[0-9a-f]+ [a-z-]+$", line)]
    checks.ok(len(told) >= 16, "segments: a variable in each", demo.out)
    checks.equal([(what, zone_at(vmas, int(addr, 16))) for what, addr, _ in told], [(what, [zone]) for what, _, zone in told], "segments: zones as the program says")
    made = demo.calls([e for name in ("Asked for", "Stacks") for e in demo.between(name)])
    first = demo.calls(demo.between("From the program's file"))
    checks.equal((made.get("mmap", 0) + first.get("mmap", 0), made.get("mprotect")), (4, 1), "segments: its calls")


def table_growth(checks, demo):
    checks.equal((demo.calls(), demo.kinds()), ({"mmap": 14}, {"demand-zero": 14}), "table-growth: its calls and faults")
    names = [[level["name"] for level in e["levels"] if level["allocated"]] for e in demo.faults()]
    wanted = [["PUD", "PMD", "PTE"], []] + [["PTE"]] * 4 + [["PMD", "PTE"]] * 4 + [["PUD", "PMD", "PTE"]] * 4
    checks.equal(names, wanted, "table-growth: exactly these tables appear")
    checks.equal([int(m[1]) for m in (re.search(r": (\d+) tables more", line) for line in demo.out) if m], [len(n) for n in wanted],
                 "table-growth: the kernel's own count (VmPTE) says the same")


def huge_pages(checks, demo):
    checks.equal((demo.calls(), demo.kinds()), ({"mmap": 2, "madvise": 3}, {"huge": 1, "demand-zero": 512}), "huge-pages: its calls and faults")
    known, runs = demo.pages("The rest stays")
    huge = [e for e in demo.faults() if e["kind"] == "huge"][0]
    start = number(huge["addr"])
    checks.equal(({page_run["page_size"] for page_run in runs if number(page_run["start"]) in range(start, start + 2 * MIB) and page_run["present"]},
                  known.get(start + 7 * PAGE, ("absent", None))[0]), ({PAGE}, "absent"), "huge-pages: broken up, one page is gone")
    frames = [known.get(start + i * PAGE, (None, None))[1] for i in range(512) if i != 7]
    checks.equal(frames, [huge["pfn_after"] + i for i in range(512) if i != 7], "huge-pages: the rest stays in its frames")


def mlock(checks, demo):
    checks.equal(demo.calls(), {"mmap": 2, "mlock": 1, "mlock2": 1, "munlock": 1}, "mlock: its calls")
    checks.equal(dict(Counter((e["kind"], e["origin"]) for e in demo.faults())), {("demand-zero", "gup"): 16, ("demand-zero", "user"): 4},
                 "mlock: by the call, by touching")
    checks.equal([frame is None for frame in demo.frames()], [True, False, False, True, False, False], "mlock: what is there when")
    checks.equal([int(m[1]) for m in (re.search(r"counts (\d+) KiB as locked", line) for line in demo.out) if m], [0, 64, 128, 64], "mlock: VmLck")


def shared_memory(checks, demo):
    checks.equal((demo.calls(), demo.forks()), ({"mmap": 2}, 1), "shared-memory: its calls")
    checks.equal((demo.kinds([demo.tgid]), demo.kinds(demo.children)), ({"file": 4}, {"file": 1}), "shared-memory: faults of parent and child")
    parent, child, again = (demo.printed()[i:i + 4] for i in (0, 4, 8))
    checks.ok([f for _, f in parent] == [f for _, f in child] and parent == again and not {a for a, _ in parent} & {a for a, _ in child},
              "shared-memory: other addresses, the same frames", demo.out)


def main():
    kernel = kernel_argument()
    checks = Checks()
    bring = sorted({os.path.join(BUILD, "demos", command.split()[0]) for _, command in RUNS})
    guest = Guest(kernel, "labs", ["sh", "-c", SCRIPT, "sh", "@"], bring=bring)
    checks.equal((guest.status, guest.stdout), (0, b""), "all of them ran and ended with 0")
    checks.equal({run: guest.text(run + ".err") for run, _ in RUNS if guest.text(run + ".err")}, {}, "no complaints")
    checks.equal((guest.recording.stats()["lost"], guest.recording.stats()["invalid"]), (0, 0), "nothing lost, nothing invalid")
    demos = checks.attempt("runs", lambda c, g: split(g), guest)
    if demos:
        checks.attempt("captions", captions, demos)
        checks.attempt("frames", frames_agree, demos)
        for name, check in (("anon_mmap", anon_mmap), ("cow", cow), ("fork_memory", fork_memory), ("mmap", file_memory), ("pthread_memory", threads),
                            ("alloc", allocation), ("alloc-7", allocation), ("stack-overflow", overflow), ("diverge", diverge), ("exec-replaces", replaced),
                            ("fork-family", family), ("segments", segments), ("table-growth", table_growth), ("huge-pages", huge_pages), ("mlock", mlock),
                            ("shared-memory", shared_memory)):
            checks.attempt(name, check, demos[name])
        checks.attempt("by hand", by_hand, demos["idempotent"], demos["ondemand"])
        checks.attempt("two-pages", two_pages, demos["two-pages"], 3, None)
        checks.attempt("two-pages --mmap", two_pages, demos["two-pages-mmap"], 2, {"demand-zero": 2})
    checks.attempt("log", lambda c, g: guest_log_is_clean(c, g, "the guest's kernel log is clean"), guest)
    checks.end()


if __name__ == "__main__":
    main()
