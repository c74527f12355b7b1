#!/usr/bin/env python3
"""Where memory ends, and what only a privileged caller may do: calls refused by vm.overcommit_memory change nothing, processes the OOM killer ends
leave nothing stale and right counts, and PR_SET_MM moves [heap] and [stack] in the map as the kernel does."""
import glob
import json
import os
import signal

from guest import WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, number

# mode: what must fail there. In mode 2 MAP_NORESERVE promises nothing.
REFUSED = {0: {"mmap", "brk", "mremap", "mprotect"}, 1: set(), 2: {"mmap", "noreserve", "brk", "mremap", "mprotect", "fork"}}
ENOMEM = 12
FIELDS = ("start_code", "end_code", "start_stack", "start_data", "end_data", "start_brk", "arg_start", "arg_end", "env_start", "env_end")


def maps_equal(checks, guest, name, pid, pattern=".*"):
    marks = sorted(os.path.basename(path)[:-len(".maps")] for path in glob.glob(os.path.join(guest.share, name + pattern + ".maps")))
    maps = guest.recording.dumps(["mark:" + mark for mark in marks], pid) if marks else {}
    for mark in marks:
        if maps["mark:" + mark] != guest.text(mark + ".maps"):
            checks.lines(maps["mark:" + mark], guest.text(mark + ".maps"), "map at mark %s" % mark)
            return
    checks.ok(marks, "%s: the map equals /proc/PID/maps at all %d marks" % (name + pattern.rstrip(".*"), len(marks)))


def overcommit(checks, guest):
    for mode, refused in REFUSED.items():
        facts = guest.facts("over.facts%d" % mode)
        pid = int(facts[0][1])
        got = {words[1].split(".")[1]: (int(words[2]), int(words[3])) for words in facts if words[0] == "call"}
        checks.equal({call for call, (bad, _) in got.items() if bad}, refused, "overcommit %d: what is refused" % mode)
        checks.ok(all(error == ENOMEM for bad, error in got.values() if bad), "overcommit %d: with ENOMEM" % mode, got)
        maps_equal(checks, guest, "over", pid, ".%d.*" % mode)
        for call in sorted(refused):
            before, after = (guest.text("over.%d.%s.%s.maps" % (mode, call, when)) for when in ("before", "after"))
            between = guest.recording.between(guest.recording.events(), "over.%d.%s.before" % (mode, call), "over.%d.%s.after" % (mode, call))
            told = [e for e in between if e["tgid"] == pid and e["type"] == "op" and e["call"] == call]
            checks.equal(before, after, "overcommit %d: %s that fails changes nothing" % (mode, call))
            if call == "fork":
                forks = [e for e in between if e["type"] == "fork" and e["tgid"] == pid]
                checks.equal(forks, [], "overcommit %d: a fork that fails is none" % mode)
            elif call not in ("brk", "noreserve"):
                checks.ok([number(e["result"]) for e in told] == [-ENOMEM], "overcommit %d: %s is told with its error" % (mode, call), told)


def killed(checks, guest):
    skipped = [words for words in guest.facts("hog.facts") if words[0] == "skip"]
    cases = [words[1:] for words in guest.facts("hog.facts") if words[0] == "case"]
    if not checks.ok(len(cases) == 3 and not skipped, "OOM: three processes in a memory cgroup", skipped):
        return
    maps_equal(checks, guest, "hog", guest.pid("hog.facts"))
    exits, forks = guest.recording.events("exit"), guest.recording.events("fork")
    for case, pid, status, minor, major in cases:
        pid = int(pid)
        fork = [f for f in forks if f["child_tgid"] == pid and not f["thread"]]
        if not checks.ok(len(fork) == 1, "OOM, %s: one fork" % case, fork):
            continue
        mm = fork[0]["child_mm"]
        sharing = [pid] + [f["child_tgid"] for f in forks if f["child_mm"] == mm and not f["thread"] and f["tgid"] == pid]
        checks.equal(len(sharing), 2 if case == "shared" else 1, "OOM, %s: processes of that map" % case)
        used = 0
        for tgid in sharing:
            ends = [e for e in exits if e["tgid"] == tgid and e["group"]]
            checks.equal([e["status"] for e in ends], [signal.SIGKILL], "OOM, %s: killed, and told so" % case)
            how = [e["counted"] for e in guest.recording.faults(tgid)]
            sums = [how.count("minor"), how.count("major")]
            used += sum(sums)
            checks.equal([ends[0]["min_flt"], ends[0]["maj_flt"]] if ends else None, sums, "OOM, %s: as many faults told as the kernel counted at its end" % case)
            if tgid == pid:
                checks.equal([int(minor), int(major), int(status, 16)], [*sums, signal.SIGKILL], "OOM, %s: and as wait4 says" % case)
        checks.ok(used > 1000, "OOM, %s: it did use its memory" % case, used)
        checks.ok(mm in {e["mm"] for e in guest.recording.events("mm") if e["what"] == "end"}, "OOM, %s: its map has ended" % case, mm)
    shown = [json.loads(line) for line in guest.recording.dump("end", form="json").splitlines()]
    checks.ok(not any(one["stale"] or not one["complete"] for one in shown), "OOM: nothing is stale")


def set_mm(checks, guest):
    pid = guest.pid("set.facts")
    maps_equal(checks, guest, "set", pid)
    steps = [words for words in guest.facts("set.facts") if len(words) > 2 and words[1] == "stat"]
    wrong = []
    for words in steps:
        layout = json.loads(guest.recording.dump("mark:set." + words[0], pid, "json"))["layout"]
        got, wanted = [number(layout[field]) for field in FIELDS], [int(word, 16) for word in words[2:]]
        if got != wanted:
            wrong.append("%s: %s" % (words[0], [(f, hex(g), hex(w)) for f, g, w in zip(FIELDS, got, wanted) if g != w]))
    checks.ok(len(steps) == 15 and not wrong, "PR_SET_MM: the fields equal /proc/PID/stat behind each of %d steps" % len(steps), "\n".join(wrong))
    checks.equal(guest.fact("set.facts", "refused"), ["4"], "PR_SET_MM: four bad calls were refused")
    texts = [guest.text("set.%s.maps" % name) for name in ("before", "start-brk", "start-stack")]
    heaps = [[line.split("-")[0] for line in text.splitlines() if line.endswith("[heap]")] for text in texts]
    stacks = [[line.split("-")[0] for line in text.splitlines() if line.endswith("[stack]")] for text in texts]
    checks.ok(heaps[0] != heaps[1] and heaps[1] and stacks[1] and stacks[1] != stacks[2], "PR_SET_MM: [heap] and [stack] did move", (heaps, stacks))


def main():
    kernel = kernel_argument()
    checks = Checks()
    script = "%s/overcommit @ over; echo over $?; %s/set_mm @ set; echo set $?; %s/hog @ hog; echo hog $?" % (WORKLOADS, WORKLOADS, WORKLOADS)
    guest = Guest(kernel, "limits", ["sh", "-c", script], ["--module-param", "fault_subbuf_count=256"])
    checks.lines(guest.stdout.decode(errors="replace"), "over 0\nset 0\nhog 0\n", "the workloads ran")
    for part in (overcommit, set_mm, killed):
        checks.attempt(part.__name__, part, guest)
    stats = guest.recording.stats()
    checks.equal((stats["lost"], stats["invalid"]), (0, 0), "nothing lost, nothing invalid")
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean", ("invoked oom-killer", "oom-kill:"))
    if checks.failed:
        print("# %s" % guest.directory, flush=True)
    checks.end()


if __name__ == "__main__":
    main()
