#!/usr/bin/env python3
"""The module's print mode (print_inside.py, in the guest): every value it prints against /proc, and its walks against those it records; errors; what is
hidden; large maps and a log that is too small; a process that changes all the time; nothing hooked. And the module of lesson 0."""
import errno
import json
import os
import re

from guest import BUILD, DEBUG_PATIENCE, ROOT, VMATLAS, WORKLOADS, Checks, Recording, guest_log_is_clean, kernel_argument, module_of, number, run, scaled

TABLE_BITS = {0: "P", 1: "RW", 2: "US", 3: "PWT", 4: "PCD", 5: "A", 63: "NX"}
FRAME = (1 << 52) - 4096
ENTRY = re.compile(r"at 0x([0-9a-f]+), entry 0x([0-9a-f]{16}), flags (.*)$")
NAME_SHOWN = 800


class Boot:
    """What print_inside.py saved, of one guest."""

    def __init__(self, kernel, levels, vmas, prints):
        self.directory = os.path.join(BUILD, "tests", "kernel", kernel, "print-%d" % levels)
        self.share = os.path.join(self.directory, "share")
        run(["rm", "-rf", self.directory])
        os.makedirs(self.share)
        self.console = os.path.join(self.directory, "console.log")
        try:
            disk = module_of(kernel, "brd", self.directory)
        except IndexError:
            disk = "-"  # part of this kernel
        files = [os.path.join(BUILD, "module", kernel, "vmatlas.ko"), os.path.join(BUILD, "demos", "hello-module", kernel, "hello.ko"),
                 disk, os.path.join(WORKLOADS, "print_target"), os.path.join(BUILD, "demos", "app"), VMATLAS]
        done = run([VMATLAS, "vm", "--vm=" + kernel, "--levels=%d" % levels, "--share", self.share, "--guest-log", self.console, "--", "python3",
                    os.path.join(ROOT, "tests", "kernel", "print_inside.py"), self.share, *files, str(vmas), str(prints)],
                   scaled(600, 600, 3600) * (DEBUG_PATIENCE if kernel.startswith("debug-") else 1))
        self.done = done
        self.result = json.loads(self.text("print.json")) if done.returncode == 0 else {}

    def text(self, name):
        with open(os.path.join(self.share, name), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def __getitem__(self, key):
        return self.result[key]


# --- what /proc says, as the module would print it

def safe(name):
    return "".join("\\%03o" % ord(c) if ord(c) < 32 or ord(c) == 127 else c for c in name.replace("\\012", "\n"))


def vma_lines(maps):
    lines = []
    for line in maps.split("\n"):
        words = line.split(None, 5)
        # The gate page is the kernel's, and no VMA.
        if len(words) < 5 or words[-1] == "[vsyscall]":
            continue
        start, end = (int(word, 16) for word in words[0].split("-"))
        name = safe(words[5]) if len(words) > 5 else "anon"
        if len(name) > NAME_SHOWN:
            name = name[:NAME_SHOWN] + " (name cut)"
        lines.append("VMA %012x-%012x %9d KiB %s %s" % (start, end, (end - start) // 1024, words[1], name))
    return lines


def of(lines, word):
    return [line for line in lines if line.startswith(word)]


def one(lines, word):
    found = of(lines, word)
    if len(found) != 1:
        raise ValueError("%d lines begin with '%s'" % (len(found), word))
    return found[0]


def numbers(line):
    return [int(word) for word in re.findall(r"(?<![\w.])\d+\b", line)]


def status(text, key):
    return int(re.search("^%s:\\s+(\\d+) kB" % key, text, re.M).group(1))


def flags_of(entry, bits):
    return " ".join(name for bit, name in sorted(bits.items()) if entry >> bit & 1)


# --- one process, at rest

def mappings(checks, case, name):
    lines = case["at_insmod"]
    checks.lines("\n".join(of(lines, "VMA ")), "\n".join(vma_lines(case["files"]["maps"])), "%s: the lines of VMAs are those of /proc/PID/maps" % name)
    inside = vma_lines(case["files"]["maps"])
    total = sum(int(line.split()[2]) for line in inside)
    checks.equal(one(lines, "VMAs: "), "VMAs: %d, together %d KiB" % (len(inside), total), "%s: their number and sum" % name)
    checks.equal(total, status(case["files"]["status"], "VmSize"), "%s: the sum is VmSize" % name)
    checks.ok(any("\\012lines\\033[31m" in line for line in lines) and any("(name cut)" in line for line in lines) and any("/memfd:" in line for line in lines) and
              not any(ord(c) < 32 for line in lines for c in line), "%s: no name breaks a line, or is too long for one" % name)


def segments(checks, case, name):
    lines, stat = case["at_insmod"], case["files"]["stat"].rsplit(")", 1)[1].split()
    field = {number: int(stat[number - 3]) for number in range(3 + 1, 3 + len(stat))}
    maps = {line.split()[-1]: [int(word, 16) for word in line.split()[0].split("-")] for line in case["files"]["maps"].splitlines()}
    wanted = {"code": (field[26], field[27]), "data": (field[45], field[46]), "heap": (field[47], None), "stack": tuple(maps["[stack]"]),
              "arguments": (field[48], field[49]), "environment": (field[50], field[51])}
    for segment, (start, end) in wanted.items():
        words = one(lines, "segment %-11s " % segment).split()
        got = tuple(int(word, 16) for word in words[2].split("-"))
        if end is None:
            # stat does not tell the heap's end; the VMA does, to the page.
            checks.ok(maps["[heap]"][1] - 4096 < got[1] <= maps["[heap]"][1], "%s: the heap ends within its VMA's last page" % name, words)
            end = got[1]
        checks.equal((got, int(words[3])), ((start, end), end - start), "%s: %s as in /proc/PID/stat" % (name, segment))
    checks.equal(one(lines, "segment stack: ").split()[-1], "%012x" % field[28], "%s: where the stack began" % name)


def counts(checks, case, name):
    lines, text, statm = case["at_insmod"], case["files"]["status"], [int(word) for word in case["files"]["statm"].split()]
    rss = numbers(one(lines, "frames (RSS): "))[:5]
    wanted = [status(text, key) // 4 for key in ("VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap")]
    checks.equal(rss, wanted, "%s: frames and swap as in /proc/PID/status" % name)
    checks.ok(wanted[1] and wanted[2] and wanted[3] and wanted[4], "%s: of each kind there are some" % name, wanted)
    checks.equal(rss[0], statm[1], "%s: RSS as in statm" % name)
    checks.equal(numbers(one(lines, "frames of hugetlb"))[-1], status(text, "HugetlbPages") // 4, "%s: frames of hugetlb" % name)
    got = numbers(one(lines, "pages: "))
    wanted = [statm[0], status(text, "VmData") // 4, status(text, "VmStk") // 4, (status(text, "VmExe") + status(text, "VmLib")) // 4,
              status(text, "VmLck") // 4, status(text, "VmPTE")]
    checks.equal(got, wanted, "%s: total_vm, data, stack, exec, locked, page tables as in statm and status" % name)
    checks.equal(got[1] + got[2], statm[5], "%s: data as in statm" % name)


# --- page tables

def top(lines):
    """{index: (entry, flags)} of the top-level table."""
    entries = {}
    for line in of(lines, "PGD["):
        index, table = int(line[4:7]), ENTRY.search(line)
        entries[index] = (int(table.group(2), 16), table.group(3), line)
    return entries


def top_level(checks, case, levels, name):
    entries, span = top(case["at_insmod"]), 1 << (39 if levels == 4 else 48)
    wrong = []
    for index, (entry, flags, line) in entries.items():
        start = index * span | (0 if index < 256 else (1 << 64) - 512 * span)
        wanted = "PGD[%3d] %016x-%016x -> %s table at 0x%012x, entry 0x%016x, flags %s" % (
            index, start, start + span - 1, "PUD" if levels == 4 else "P4D", entry & FRAME, entry, flags_of(entry, TABLE_BITS))
        if line != wanted or not entry & 1 or "P " not in flags + " ":
            wrong.append("%s\n%s" % (line, wanted))
    checks.ok(not wrong, "%s: index, range, table and flags of each top-level entry agree" % name, "\n".join(wrong))
    for half, first in (("user", 0), ("kernel", 256)):
        present = sum(first <= index < first + 256 for index in entries)
        checks.equal(one(case["at_insmod"], "PGD %s half: " % half), "PGD %s half: %d of 256 entries present, %d absent" % (half, present, 256 - present),
                     "%s: present and absent of the %s half" % (name, half))
    used = {page // span for line in case["files"]["maps"].splitlines() if "[vsyscall]" not in line
            for page in [int(word, 16) for word in line.split()[0].split("-")][:1]}
    checks.ok({index for index in entries if index < 256} <= used and any(index >= 256 for index in entries),
              "%s: each entry of the user half covers a mapping, and the kernel half has some" % name, (sorted(entries), sorted(used)))
    checks.ok(("P4D is folded" in one(case["at_insmod"], "PGD: ")) == (levels == 4), "%s: says whether the P4D is folded" % name)


def levels_of(lines):
    """[(level, index, entry or 0, the rest)] of a walk."""
    steps = []
    for line in lines:
        found = re.match(r"walk (P..)\[ *(\d+)\](.*)$", line)
        if found:
            entry = re.search("entry 0x([0-9a-f]+)", found.group(3))
            steps.append((found.group(1), int(found.group(2)), int(entry.group(1), 16) if entry else 0, found.group(3)))
    return steps


def one_walk(checks, case, name, levels, what):
    code, lines = case["walks"][name]
    addr, pagemap, steps = case["at"][name], case["pagemap"]["at"][name], levels_of(lines)
    wanted = [level for level in ("PGD", "P4D", "PUD", "PMD", "PTE") if level != "P4D" or levels == 5]
    shifts = {"PGD": 39 if levels == 4 else 48, "P4D": 39, "PUD": 30, "PMD": 21, "PTE": 12}
    why = "\n".join(of(lines, "walk"))
    good = code == 0 and [step[0] for step in steps] == wanted[:len(steps)] and all(i == addr >> shifts[level] & 511 for level, i, _, _ in steps)
    checks.ok(good, "%s: walk of '%s': levels and indices" % (what, name), why)
    entries = top(lines)
    first = entries.get(steps[0][1])
    checks.ok((first[0] if first else 0) == steps[0][2], "%s: walk of '%s': begins at the top-level entry" % (what, name), why)
    last, end = steps[-1], of(lines, "walk of ")[-1]
    frame = (pagemap & (1 << 55) - 1) << 12
    if name in ("hole", "untouched"):
        good = pagemap >> 62 == 0 and last[2] == 0 and "not present" in end
    elif name == "swapped":
        good = pagemap >> 62 == 1 and "swap file %d, page %d of it" % (pagemap & 31, pagemap >> 5 & (1 << 50) - 1) in last[3]
    elif name == "closed":
        good = "closed" in last[3] and " at 0x%012x," % frame in last[3] and "not present" in end
    else:
        good = pagemap >> 63 and frame and "physical address 0x%012x, offset" % (frame + addr % 4096) in end
        good = good and last[0] == ("PMD" if name.startswith("huge") else "PTE") and ("PS" in last[3]) == name.startswith("huge")
    checks.ok(good, "%s: walk of '%s': ends as pagemap says" % (what, name), "pagemap 0x%x\n%s" % (pagemap, why))
    place = [line for line in case["files"]["maps"].splitlines() if int(line.split("-")[0], 16) <= addr < int(line.split()[0].split("-")[1], 16)]
    wanted = "in the VMA %012x-%012x" % tuple(int(word, 16) for word in place[0].split()[0].split("-")) if place else "in no VMA"
    checks.equal(of(lines, "walk of ")[0], "walk of 0x%012x: %s" % (addr, wanted), "%s: walk of '%s': its VMA" % (what, name))


def tree(checks, case, levels, name):
    lines = case["walks"]["written"][1]
    figures = {level: numbers(one(lines, "tree %s:" % level)) for level in ("PUD", "PMD", "PTE")}
    own, kernel = numbers(one(lines, "tree: "))[:2]
    huge = status(case["files"]["smaps_rollup"], "AnonHugePages") // 2048
    checks.equal((own, kernel), (4 * sum(f[0] for f in figures.values()), status(case["files"]["status"], "VmPTE")), "%s: tree: tables, and VmPTE" % name)
    checks.equal(kernel - own, 4 * huge, "%s: tree: the difference is a table for each of %d huge pages" % (name, huge))
    present, swapped = case["pagemap"]["present"], case["pagemap"]["swapped"]
    pages = figures["PTE"][2] + 512 * figures["PMD"][2]
    checks.equal(pages + ("closed" in case["at"]), present, "%s: tree: pages mapped, and the one closed, are those present in pagemap" % name)
    checks.equal((figures["PTE"][4], swapped > 0), (swapped + 1, True), "%s: tree: in use but not present: what is in swap, and the one closed" % name)
    checks.equal(figures["PMD"][2], huge + status(case["files"]["status"], "HugetlbPages") // 2048, "%s: tree: huge pages" % name)
    tables = [1] + ([numbers(one(lines, "tree P4D:"))[0]] if levels == 5 else []) + [figures[level][0] for level in ("PUD", "PMD", "PTE")]
    leads = [numbers(one(lines, "tree PGD:"))[1]] + ([numbers(one(lines, "tree P4D:"))[1]] if levels == 5 else [])
    leads += [figures[level][1] - figures[level][2] for level in ("PUD", "PMD")]
    checks.equal(tables[1:], leads, "%s: tree: as many tables as entries lead to" % name)
    checks.equal(leads[0], sum(index < 256 for index in top(lines)), "%s: tree: the top level is the one printed" % name)


def compared(checks, boot, levels):
    case, name = boot["compared"], "%d levels" % levels
    checks.equal(case["insmod"], 0, "%s: insmod vmatlas.ko pid=N" % name)
    checks.ok(", %d paging levels," % levels in case["at_insmod"][0] and case["at_insmod"][0].startswith("begin: process %d (print_target)" % case["pid"]) and
              case["at_insmod"][-1] == "end: %d lines printed, the log has them all" % len(case["at_insmod"]), "%s: its first and last line" % name,
              "\n".join(case["at_insmod"][:1] + case["at_insmod"][-1:]))
    for part in (mappings, segments, counts):
        part(checks, case, name)
    top_level(checks, case, levels, name)
    needed = {"memfd", "shared", "written", "zero", "untouched", "closed", "hole", "swapped", "huge", "hugetlb", "far"} | ({"beyond"} if levels == 5 else set())
    checks.equal(set(case["at"]), needed, "%s: the target has a page of each kind" % name)
    for what in sorted(case["at"]):
        one_walk(checks, case, what, levels, name)
    tree(checks, case, levels, name)
    code, lines = case["by_tid"]
    checks.lines("\n".join([str(code)] + lines[:1] + of(lines, "VMA ")), "\n".join(["0"] + case["at_insmod"][:1] + vma_lines(case["maps_again"])),
                 "%s: by the id of a thread: the same process" % name)


def nothing_hooked(checks, boot, levels):
    probes, functions, enabled, stats = boot["hooks"]
    checks.equal((probes.strip(), functions.strip(), enabled), ("", "", "0"), "%d levels: no hook is set, nothing is recorded" % levels)
    checks.ok(re.search("^cpu 0 truth 0 0 faults 0 0$", stats, re.M), "%d levels: not one record was written" % levels, stats)


def as_recorded(checks, boot, levels):
    """The entries that the module recorded when it saw the faults, and prints when asked."""
    told = boot["recorded"]
    events = Recording(os.path.join(boot.share, "recording.vmatlas")).faults(told["pid"])
    seen = []
    for name, addr in told["at"].items():
        # The last that touched the page: not of those that were taken away or closed afterwards.
        faults = [e for e in events if number(e["addr"]) & ~4095 == addr & ~4095 and e["levels"] and e["page_size"]]
        if not faults or name in ("swapped", "closed", "hole", "untouched"):
            continue
        recorded = [(level["name"], level["index"], number(level["entry"]), level["bits"]) for level in faults[-1]["levels"]]
        steps = levels_of(told["walks"][name])
        # A, D and what follows D change with each use of a page; of a table nothing does.
        loose = ~(1 << 5 | 1 << 6 | 1 << 11 | 1 << 58)
        same = [a[:2] == b[:2] and a[2] & loose == b[2] & loose for a, b in zip(recorded, steps)]
        words = [a[3] == b[3].rsplit("flags ", 1)[1] for a, b in zip(recorded[:-1], steps)]
        checks.ok(len(recorded) == len(steps) and all(same) and all(words), "%d levels: '%s': entries and flags as recorded with the fault" % (levels, name),
                  "%s\n%s" % (recorded, steps))
        seen.append(name)
    checks.ok({"written", "zero", "memfd", "shared", "far"} <= set(seen), "%d levels: faults of these pages were recorded" % levels, seen)


# --- errors, secrets, large maps, storms

def errors(checks, boot):
    wanted = {"pid=2": errno.EINVAL, "pid=ZOMBIE": errno.ESRCH, "pid=4194000": errno.ESRCH}
    for text, (code, lines) in boot["errors"].items():
        checks.equal((code, len(lines)), (wanted.get(text, errno.EINVAL), 1 if text else 0), "print '%s': its error, and one line" % text)
    for text, (code, lines, there) in boot["insmod"].items():
        checks.equal((code, len(lines), there), (wanted.get(text, errno.EINVAL), 1, False), "insmod %s: its error, one line, and not loaded" % text)
    checks.equal([boot["errors"][text][1][0].split(": ", 1)[1].split(":")[0] for text in ("pid=2", "pid=ZOMBIE", "pid=4194000")],
                 ["it is a kernel thread", "it has ended", "there is no such process"], "a kernel thread, a zombie and nobody are told apart")


def secrets(checks, boot):
    def physical(lines):
        return [line for line in lines if not line.startswith(("VMA", "segment")) and re.search("at 0x|entry 0x|physical address 0x|ffff[0-9a-f]{12}", line)]

    (code, closed), (again, opened), (fooled, by_trick) = boot["hidden"], boot["shown"], boot["fooled"]
    checks.equal((code, again, fooled), (0, 0, 0), "dmesg_restrict 0: printed")
    checks.equal(physical(closed), [], "dmesg_restrict 0: no physical address, no entry, no place of the kernel")
    checks.ok(any("dmesg_restrict is 0" in line for line in closed) and not any("dmesg_restrict" in line for line in opened), "dmesg_restrict 0: and says so")
    checks.ok(len(physical(opened)) > 10, "dmesg_restrict 0, phys=1: they are there", opened)
    checks.equal(physical(by_trick), [], "a file that only looks like dmesg_restrict is not believed")

    def bare(lines):
        return [re.sub("(at 0x[0-9a-f]+, entry 0x[0-9a-f]+|frame hidden)", "", line) for line in lines if line.startswith(("VMA", "segment", "walk P", "tree"))]
    checks.equal(bare(closed), bare(opened), "dmesg_restrict 0: all else, and each flag, is the same")
    kernel = sum(numbers(line)[0] for line in of(closed, "PGD[hidden]"))
    checks.equal(kernel, numbers(one(closed, "PGD kernel half"))[0], "dmesg_restrict 0: each entry of the kernel half is counted by its flags")


def by_command(checks, boot):
    told = boot["command"]
    (code, out, err), (_, lines) = told["print"], told["same"]
    checks.equal((code, err), (0, []), "vmatlas print: done")
    checks.lines("\n".join(out), "\n".join(lines[:-1]), "vmatlas print: the lines of the log")
    wanted = {"nobody": 4, "kernel thread": 1, "no number": 2, "no address": 2}
    checks.equal({name: (told[name][0], len(told[name][1]), len(told[name][2])) for name in wanted}, {name: (code, 0, 1) for name, code in wanted.items()},
                 "vmatlas print: errors in a sentence, with their exit codes")
    checks.equal((boot["no module"][0], len(boot["no module"][2])), (5, 1), "vmatlas print: without the module")


def large(checks, boot, vmas):
    lines = boot["many"]["lines"]
    total, kept = numbers(one(lines, "end: "))[0], len(lines)
    of_all, lost = numbers(one(lines, "end: "))[1:3]
    checks.ok(boot["many"]["code"] == 0 and "THE LOG IS TOO SMALL" in lines[-1], "%d VMAs: the last line says that the log is too small" % vmas, lines[-1])
    checks.ok(of_all == total and lost <= total - kept <= lost + 6, "%d VMAs: and how many lines it has lost" % vmas, (lines[-1], kept))
    inside = vma_lines(boot["many"]["maps"])
    checks.equal(numbers(of(lines, "VMAs: ")[0])[0], len(inside), "%d VMAs: all were printed" % vmas)
    there = of(lines, "VMA ")
    checks.lines("\n".join(there), "\n".join(inside[-len(there):]), "%d VMAs: those the log has are right" % vmas)
    code, out, err = boot["many"]["command"]
    good = code == 0 and of(out, "VMA ") == inside or code == 1 and "overwritten" in err[-1]
    checks.ok(good, "%d VMAs: vmatlas print reads along: all of them, or it says what it missed" % vmas, (code, len(out), err))
    checks.ok(any("did not change meanwhile" in line for line in lines), "%d VMAs: in batches, and the map was the same" % vmas, lines[-10:])
    checks.ok(any("THE MAP CHANGED" in line for line in boot["busy"][1]), "a map that changes meanwhile is said to", boot["busy"][1][-90:])
    ends = [line for line in boot["killed"] if line.startswith(("end:", "print: ended"))]
    checks.ok(len(ends) == 1, "killed while printing: it ends at once, or has ended", boot["killed"][-3:])


def app(checks, boot):
    said, lines = boot["app"]
    pid = int(re.search("process (\\d+)", said).group(1))
    extended = int(re.search("heap extended by (\\d+)", said).group(1))
    start, end = (int(word, 16) for word in one(lines, "segment heap").split()[2].split("-"))
    checks.ok("process %d is in the kernel log" % pid in said and lines[0].startswith("begin: process %d (app)" % pid) and end - start == extended,
              "the lab program app has itself printed: with the heap it says it has", (said, lines[:1], one(lines, "segment heap")))


def storm(checks, boot, prints):
    told = boot["storm"]
    codes = {int(code): count for code, count in told["codes"].items()}
    good = codes.get(0, 0)
    checks.ok(set(codes) <= {0, errno.ESRCH} and sum(codes.values()) == prints and good > prints // 4 and told["children"],
              "%d prints of a process that never rests, and of its children: printed, or gone" % prints, told)
    checks.equal((told["begin"], told["end"], told["target"]), (good, good, 0), "each from its first line to its last")


def tables(checks, boot, prints):
    """A table that was freed, and is something else by now, would have 512 entries."""
    told = boot["tables"]
    checks.ok(0 < told["most"] <= told["pages"] + 128 and told["status"] == 0,
              "%d prints while page tables come and go: no entries but the map's own" % prints, told)


def main():
    kernel = kernel_argument()
    checks = Checks()
    # More than the log has room for: 128 KiB, and a MiB where the kernel checks itself.
    vmas, prints = max(scaled(3000, 4000, 60000), 16000 if kernel.startswith("debug") else 0), scaled(60, 200, 2000)
    for levels in (4, 5):
        boot = Boot(kernel, levels, vmas if levels == 4 else 0, prints)
        if not checks.equal((boot.done.returncode, boot.done.stdout), (0, b"done\n"), "%d levels: the test in the guest came to its end" % levels):
            print(boot.done.stderr.decode(errors="replace")[-3000:])
            continue
        for part in (compared, nothing_hooked, as_recorded):
            checks.attempt(part.__name__, part, boot, levels)
        if levels == 4:
            checks.attempt("errors", errors, boot)
            checks.attempt("by_command", by_command, boot)
            checks.attempt("secrets", secrets, boot)
            checks.attempt("app", app, boot)
            checks.attempt("large", large, boot, vmas)
            checks.attempt("storm", storm, boot, prints)
            checks.attempt("tables", tables, boot, prints)
            checks.equal([re.sub(r"\d+", "N", line) for line in boot["hello"]],
                         ["hello: loaded by insmod, process N", "hello: removed by rmmod, process N; goodbye"], "lesson 0: its two lines")
        guest_log_is_clean(checks, boot, "%d levels: the guest's kernel log is clean" % levels)
    checks.end()


if __name__ == "__main__":
    main()
