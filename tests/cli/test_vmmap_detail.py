#!/usr/bin/env python3
"""vmmap --detail and --tables: what is foretold of an access is what happens; names, indices and sums are those of the kernel and of the files."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vmmaplib import WORKLOADS, columns, end, finish, ok, stands_still, vmmap  # noqa: E402

SIGNALS = {0: None, 7: "SIGBUS", 11: "SIGSEGV"}
# What surely is a fault, what surely is none. Of the rest pagemap does not tell enough, and vmmap says so.
FAULTS = {"zero-page", "demand-zero", "file", "file-copy", "grow", "cow", "notify"}
RETURNS = {"file-private", "file-shared", "file-code"}  # what is there begins with ret


def start():
    child = subprocess.Popen([os.path.join(WORKLOADS, "poke")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    places = {}
    for line in child.stdout:
        if line == "ready\n":
            break
        name, address = line.split()
        places[name] = int(address, 16)
    return child, places


def detail(child, address):
    return json.loads(vmmap("--json", "--detail", "%x" % address, child.pid).stdout)


def poke(child, how, address):
    child.stdin.write("%s %x\n" % (how, address))
    child.stdin.flush()
    signal, code, faults = map(int, child.stdout.readline().split())
    return SIGNALS[signal], code, faults


def judge(name, how, told, happened):
    signal, code, faults = happened
    if told["outcome"] == "signal":
        good = (told["signal"], told["si_code"]) == (signal, code)
    else:
        good = signal is None
        if told["sure"]:
            good &= (faults > 0) == (told["outcome"] in FAULTS)
    ok(good, "%s, %s: %s" % (name, how, told["words"][:60]), (told, happened))


def accesses():
    child, places = start()
    for name in ("untouched", "zero", "written", "read-only", "none", "unmapped", "shared", "file-private", "file-shared", "file-code", "past-eof", "huge", "null", "kernel",
                 "non-canonical", "far-below-stack", "below-stack"):
        for how, key in (("x", "execute"), ("r", "read"), ("w", "write"), ("w", "write")):
            told = detail(child, places[name])["access"][key]
            if how == "x" and told["outcome"] != "signal" and name not in RETURNS:
                continue
            judge(name, key, told, poke(child, how, places[name]))
    ok(detail(child, places["written"])["page"]["state"] == "present", "a page that was written is there")
    end(child)


def names():
    child, places = start()
    for name, section in (("poke_here", ".text"), ("poke_data", ".data"), ("poke_bss", ".bss")):
        told = detail(child, places[name])
        ok(told["symbol"] and (told["symbol"]["name"], told["section"]) == (name, section), "%s is found, in %s" % (name, section), told)
    told = detail(child, places["poke_bss"] - 2 * 4096)
    ok((told["symbol"]["name"], told["symbol"]["offset"], told["section"], told["region"]["zone"]) == ("poke_bss", 0, ".bss", "data"), "bss that begins in the last page of data", told)
    told = detail(child, places["poke_data"])
    ok(told["symbol"]["offset"] == 8, "… with its distance", told["symbol"])
    libc = [line.split() for line in open("/proc/%d/maps" % child.pid, encoding="utf-8") if "libc.so" in line and " r-xp " in line][0]
    lo, offset = int(libc[0].split("-")[0], 16), int(libc[2], 16)
    told = detail(child, lo + 0x1234)
    ok(told["file_offset"] == offset + 0x1234 and told["section"] and told["region"]["name"] == libc[5], "an address in libc: its byte of the file", told)
    with open("/proc/%d/maps" % child.pid, encoding="utf-8") as file:
        ends = [[int(x, 16) for x in line.split()[0].split("-")] for line in file]
    for i in range(1, len(ends) - 1):
        told = detail(child, ends[i][0]) if i in (1, len(ends) // 2) else None
        if told:
            ok(told["below"]["distance"] == ends[i][0] - ends[i - 1][1] and told["above"]["distance"] == ends[i + 1][0] - ends[i][1], "its neighbours and their distances", told)
    path = [step["index"] for step in detail(child, places["written"])["path"]]
    at = places["written"]
    four = [at >> 39 & 511, at >> 30 & 511, at >> 21 & 511, at >> 12 & 511]
    ok(path in (four, [at >> 48 & 511] + four), "the indices of the page-table path", path)
    text = vmmap("--detail", "%x" % places["written"], child.pid).stdout.decode()
    for word in ("=== ADDRESS 0x%x (PID %d, poke) ===" % (at, child.pid), "Step 1: the region", "Step 4: what an access would do", "PTE[%d]" % four[3], "=== END ADDRESS ==="):
        ok(word in text, "the text says '%s'" % word, text)
    ok(columns(text) <= 100, "… in 100 columns", max(text.splitlines(), key=len))
    saved = vmmap("--json", "--detail", "%x" % at, "-", input=open("/proc/%d/maps" % child.pid, "rb").read())
    told = json.loads(saved.stdout)
    ok(told["page"] is None and told["access"]["read"]["sure"] is False, "from a saved file: pages are not known, and that is said", told)
    end(child)


def tables():
    child = stands_still([sys.executable, "-uc", "x = bytearray(40 << 20); print('x'); input()"])
    told = json.loads(vmmap("--json", "--tables", child.pid).stdout)
    with open("/proc/%d/pagemap" % child.pid, "rb") as pagemap, open("/proc/%d/maps" % child.pid, encoding="utf-8") as maps:
        there = {}
        for line in maps:
            lo, hi = [int(x, 16) for x in line.split()[0].split("-")]
            if "[vsyscall]" in line or "[vvar" in line:
                continue
            pagemap.seek(lo // 4096 * 8)
            for i in range((hi - lo) // 4096):
                if pagemap.read(8)[7] & 0x80:
                    there[lo + i * 4096 >> 21] = there.get(lo + i * 4096 >> 21, 0) + 1
    ok({int(b["addr"], 16) >> 21: b["present"] for b in told["blocks"] if b["present"]} == there, "--tables: the pages in each table, %d tables" % len(there))
    least = sum(count for level, count in told["tables_at_least"].items() if level in ("PUD", "PMD", "PTE")) * 4096
    ok(0 < least <= told["kernel_bytes"], "the tables that must be there are no more than the kernel counts", (least, told["kernel_bytes"]))
    ok(told["tables_at_least"]["PMD"] == len({block >> 9 for block in there}), "PMD tables", told["tables_at_least"])
    text = vmmap("--tables", child.pid).stdout.decode()
    ok("CR3" in text and "└─ PMD[" in text and "=== END TABLES ===" in text and columns(text) <= 100, "as a tree, in 100 columns", text[:300])
    ok("more entries" not in vmmap("--wide", "--tables", child.pid).stdout.decode(), "--wide shows all entries")
    heap = [line.split("-")[0] for line in open("/proc/%d/maps" % child.pid, encoding="utf-8") if "[heap]" in line][0]
    text = vmmap("--tables", "0x" + heap, child.pid).stdout.decode()
    ok("PTE[%d" % (int(heap, 16) >> 12 & 511) in text and "<-- the address" in text, "--tables ADDRESS: the branch and its last table", text)
    if os.geteuid() == 0 and os.path.exists("/usr/bin/setpriv"):
        hidden = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *vmmap("-V").args[:1], "--tables", "1"], capture_output=True, check=False)
        ok(hidden.returncode == 3 and b"hidden" in hidden.stderr, "another user's: hidden", hidden)
    end(child)
    for args in (["--detail"], ["--detail", "xyz"], ["--detail", "12", "13", "14"], ["--tables", "/proc/self/maps"]):
        told = vmmap(*args)
        ok(told.returncode == 2 and told.stderr and not told.stdout, "%s: 2 and a sentence" % args, told)


accesses()
names()
tables()
finish()
