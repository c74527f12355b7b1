#!/usr/bin/env python3
"""vmmap against /proc: the regions, their facts and the sums are the kernel's; and what cannot be had is said."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vmmaplib import VMMAP, finish, ok, smaps, stands_still, vmmap  # noqa: E402


def compare(pid, name):
    """The process stands still."""
    with open("/proc/%d/smaps" % pid, encoding="utf-8", errors="surrogateescape") as file:
        truth = smaps(file.read())
    told = json.loads(vmmap("--json", str(pid)).stdout)
    heads = []
    for region in told["regions"]:
        heads.append((int(region["start"], 16), int(region["end"], 16), region["perms"], region["offset"], region["inode"]))
    wanted = []
    for line, _ in truth:
        span, perms, offset, _, inode = line.split()[:5]
        wanted.append((int(span.split("-")[0], 16), int(span.split("-")[1], 16), perms, int(offset, 16), int(inode)))
    ok(heads == wanted, "%s: every region, %d" % (name, len(wanted)), (heads[:3], wanted[:3]))
    for field, fact in (("rss", "Rss"), ("anonymous", "Anonymous"), ("swap", "Swap"), ("private_dirty", "Private_Dirty")):
        got = [region["smaps"][field] for region in told["regions"]]
        ok(got == [facts[fact] for _, facts in truth], "%s: %s of each" % (name, fact))
    ok(told["totals"]["rss"] == sum(facts["Rss"] for _, facts in truth), "%s: the sum of RSS" % name)
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        size = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmSize")][0]
    ok(told["status"]["VmSize"] == size and told["totals"]["size"] == size, "%s: total virtual is VmSize, and the sum of the regions" % name,
       (told["totals"]["size"], size))
    return told


def zones(told):
    return {region["zone"] for region in told["regions"]}


def real_programs():
    python = stands_still([sys.executable, "-uc", "import threading,time\nfor _ in range(3): threading.Thread(target=time.sleep,args=(60,),daemon=True).start()\n"
                                                  "print('x'); input()"])
    told = compare(python.pid, "python with threads")
    ok({"text", "rodata", "data", "heap", "stack", "thread-stack", "guard", "vdso", "vvar", "anon"} <= zones(told), "its zones are told", zones(told))
    text = vmmap(str(python.pid)).stdout.decode()
    for word in ("=== VIRTUAL MEMORY MAP (PID %d) ===" % python.pid, "EXECUTABLE (", "HEAP:", "[heap]", "SHARED LIBRARIES:", "libc.so.6:", "STACK:", "SPECIAL:", "GUARD PAGES:", "=== END MAP ==="):
        ok(word in text, "the map says '%s'" % word)
    ok(max(len(line) for line in text.splitlines()[5:]) <= 100, "no line is longer than 100 columns", max(text.splitlines(), key=len))
    flat = vmmap("--flat", "--sort", "size", "--perm", "rw-p", str(python.pid)).stdout.decode().splitlines()
    rows = [line.split() for line in flat if line.startswith("[")]
    sizes = [int(row[2], 16) - int(row[1], 16) for row in rows]
    ok(rows and sizes == sorted(sizes, reverse=True) and all("rw-p" in row for row in rows), "a filter and an order", rows[:4])
    with open("/proc/%d/smaps" % python.pid, "rb") as file:
        saved = vmmap("--json", "-", input=file.read())
    again = json.loads(saved.stdout)
    ok([r["zone"] for r in again["regions"]] == [r["zone"] for r in told["regions"]], "a saved smaps file is understood as the process is")
    python.kill()
    python.wait()
    gone = vmmap(str(python.pid))
    ok(gone.returncode == 4 and b"no process" in gone.stderr and not gone.stdout, "a process that has ended: 4 and a sentence", gone)


def kernel_thread():
    """The id of one, or None where none can be seen (in a container)."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as file:
                if int(file.read().rsplit(")", 1)[1].split()[6]) & 0x00200000:
                    return pid
        except OSError:
            pass
    return None


def refused():
    kthread = kernel_thread()
    if kthread:
        told = vmmap(kthread)
        ok(told.returncode == 1 and b"thread of the kernel" in told.stderr, "a kernel thread has no map", told)
    zombie = subprocess.Popen(["true"])
    time.sleep(0.5)
    told = vmmap(str(zombie.pid))
    ok(told.returncode == 1 and b"zombie" in told.stderr, "a zombie has none either", told)
    zombie.wait()
    for args in (["--type"], ["--type", "code", "--self"], ["--perm", "q", "1"], ["--min", "12Q", "1"], ["--min", "99999999999T", "--self"], ["--sort", "name", "1"],
                 ["1", "2"], [], [""], ["--nonsense"], ["--cow", "--demand"], ["--interval", "1x", "--watch", "--self"], ["--times", "-1", "--watch", "--self"], ["--fault"]):
        told = vmmap(*args)
        ok(told.returncode == 2 and told.stderr and not told.stdout, "%s: 2 and a sentence" % args, told)
    ok(all(b"past-eof" in vmmap(*args).stderr for args in (["--fault"], ["--fault", "bogus"])), "which faults there are is told")
    ok(vmmap("--flat", "--type", "[heap]", "--self").stdout.count(b"\n[heap]") == 1 == vmmap("--flat", "--type", "heap", "--self").stdout.count(b"\n["), "a type, as it is printed or without brackets")
    with subprocess.Popen([VMMAP, "--fault", "all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as unread:
        unread.stdout.readline()
        unread.stdout.close()
        ok(unread.stderr.read() == b"" and unread.wait() == -signal.SIGPIPE, "nobody reads on: it ends without a word", unread.returncode)
    program = """import mmap, os
open('/proc/self/comm', 'wb').write(b'ev\\x1b[31m\\x80l')
file = os.memfd_create('\\x1b[31mf'); os.ftruncate(file, 4 << 20)
memory = mmap.mmap(file, 4 << 20)
for at in range(0, 4 << 20, 4096): memory[at] = 1
print('x', flush=True)
"""
    evil = [stands_still([sys.executable, "-c", program + "input()"]) for _ in range(2)]
    said = [vmmap(*args) for args in (["ev\x1b[31m"], [evil[0].pid], ["--detail", "0x1000", evil[0].pid], ["--tables", evil[0].pid], ["--shared", evil[0].pid], ["--compare", evil[0].pid, evil[1].pid],
                                          ["--flat", evil[0].pid], ["--files", evil[0].pid], ["--numa", evil[0].pid], ["--faults", sys.executable, "-c", program])]
    ok(not [told for told in said if b"\x1b[31m\x80l" in told.stdout + told.stderr or b"\x1b[31mf" in told.stdout + told.stderr], "what a process calls itself and its files does nothing to a terminal", said)
    ok(b"ev\\033[31m" in said[1].stdout and b"\\033[31mf" in said[6].stdout, "… it is shown", said[1])
    ok(len([line for line in said[0].stderr.splitlines() if line.split()[-1].startswith(b"ev\\033[31m")]) == 2, "several of one name: each with its id and its name", said[0])
    ok(json.loads(vmmap("--json", evil[0].pid).stdout)["comm"] == "ev\x1b[31m\ufffdl", "in JSON it is whole")
    for child in evil:
        child.kill()
        child.wait()
    ok(vmmap("/dev/null").returncode == 1, "a file without a region")
    garbage = vmmap("-", input=os.urandom(20000) + b"\n00400000-00401000 r-xp 00000000 00:00 0 x\nRss: 4 kB\nzzz\n")
    ok(garbage.returncode == 0 and b"make no sense" in garbage.stderr, "garbage is counted and left out", garbage.stderr)
    if os.geteuid() == 0 and os.path.exists("/usr/bin/setpriv"):
        hidden = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", VMMAP, "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        ok(hidden.returncode == 3 and b"hidden" in hidden.stderr and b" 0 " not in hidden.stdout, "another user's process: 3, hidden, no zeros", hidden)


def commands():
    run = vmmap("--json", "--faults", "--", "sh", "-c", "cat >/dev/null; /bin/true --version; exit 7", input=b"x")
    told = json.loads(run.stderr)
    ok(run.returncode == 7 and b"true" in run.stdout, "--faults: status and output are the command's", run)
    names = [process["comm"] for process in told["processes"]]
    ok(names == ["sh", "cat", "true"], "each process by its last name", names)
    ok(sum(p["minor"] + p["major"] for p in told["processes"]) <= told["minor"] + told["major"] <= sum(p["minor"] + p["major"] for p in told["processes"]) + 8 * len(names),
       "the processes' counts are the kernel's sum, but for those of their very end", told)
    ok(all(p["parent"] == told["processes"][0]["pid"] for p in told["processes"][1:]), "parents are told")
    threads = vmmap("--json", "--faults", sys.executable, "-c", "import threading\nfor _ in range(5):\n t = threading.Thread(target=bytearray, args=(1 << 20,)); t.start(); t.join()")
    ok(max(p["threads"] for p in json.loads(threads.stderr)["processes"]) == 6, "threads are counted, not listed", threads.stderr)
    killed = vmmap("--faults", "sh", "-c", "kill -9 $$")
    ok(killed.returncode == 137 and b"New page faults: " in killed.stderr and b"page faults" in killed.stderr, "killed by a signal: 128 + it", killed)
    ok(vmmap("--faults", "/nowhere/x").returncode == 127, "no such command: 127")
    ok(vmmap("--faults").returncode == 2, "no command: 2")
    counted = vmmap("--json", "--tlb", "--", "sh", "-c", "exit 5")
    ok(counted.returncode == 5 and json.loads(counted.stderr).keys() >= {"dtlb_read_misses", "page_faults"}, "--tlb -- COMMAND: counters, or null; its status", counted)
    said = vmmap("--tlb", "--", "true").stderr.decode()
    ok("=== TLB MISSES ===" in said and ("not counted here" not in said or "shows no counters" in said or "not allowed" in said or "missed" in said), "in words", said)


def demonstrations():
    told = json.loads(vmmap("--json", "--demand", "8M").stdout)
    ok(told["pages"] == 2048 and 2048 <= told["write"]["faults"] <= 2060 and told["write"]["rss_bytes"] == 8 << 20, "--demand: a fault and a frame a page", told)
    ok(2048 <= told["read"]["faults"] <= 2060 and told["read"]["rss_bytes"] == 0, "read only: as many faults, no memory", told)
    ok(told["huge"]["faults"] <= 2060, "huge pages: not more", told)
    text = vmmap("--demand=1M").stdout.decode()
    ok("=== DEMAND PAGING DEMONSTRATION ===" in text and "New page faults: 25" in text and "NOW it's resident" in text and "=== END DEMO ===" in text, "its words", text)

    told = json.loads(vmmap("--json", "--cow").stdout)
    parent, child, forked = told["parent_after_write"], told["child_after_write"], told["child_after_fork"]
    ok((parent["value"], child["value"], forked["value"]) == ("0xdeadbeef", "0xcafebabe", "0xdeadbeef"), "--cow: both values", told)
    ok(told["child_faults"] == told["pages_written"] and child["private_bytes"] - forked["private_bytes"] == told["pages_written"] * 4096,
       "copied is exactly what was written", told)
    ok(told["parent_faults"] == 1, "the parent's entry stays read-only until its own write", told)
    ok(forked["pss_bytes"] + told["parent_after_fork"]["pss_bytes"] < 11 << 20, "after fork both together take what one took", told)
    if forked["frame"]:
        ok(forked["frame"] == parent["frame"] != child["frame"], "by frames: shared, then copied", told)
    text = vmmap("--cow").stdout.decode()
    ok(all(word in text for word in ("=== COPY-ON-WRITE DEMONSTRATION ===", "0xDEADBEEF", "0xCAFEBABE", "NOT twice as much", "=== END DEMO ===")), "its words", text)

    faults = [json.loads(line) for line in vmmap("--json", "--fault", "all").stdout.splitlines()]
    wanted = {"null": ("SIGSEGV", 1), "stack-overflow": ("SIGSEGV", 1), "write-readonly": ("SIGSEGV", 2), "execute-data": ("SIGSEGV", 2), "unmapped": ("SIGSEGV", 1),
              "kernel-address": ("SIGSEGV", 1), "non-canonical": ("SIGSEGV", 128), "past-eof": ("SIGBUS", 2), "guard": ("SIGSEGV", 2), "protnone": ("SIGSEGV", 2)}
    ok({f["type"]: (f["signal"], f["si_code"]) for f in faults} == wanted, "--fault all: signal and code of each", faults)
    by_type = {f["type"]: f for f in faults}
    kernel = vmmap("--fault", "kernel-address").stdout
    ok(by_type["kernel-address"]["present"] is None and b"not told" in kernel and b"Present (P)    NO" not in kernel, "of the kernel's half it is not told whether an entry is there", kernel)
    ok(by_type["write-readonly"]["error"] == 7 and by_type["write-readonly"]["present"] and " r--p " in by_type["write-readonly"]["vma"], "write-readonly: present, forbidden", by_type["write-readonly"])
    ok(by_type["execute-data"]["error"] & 16 and by_type["execute-data"]["ip"] == by_type["execute-data"]["address"], "execute-data: an instruction fetch", by_type["execute-data"])
    text = vmmap("--fault", "write-readonly").stdout.decode()
    ok(all(word in text for word in ("*** CAUGHT SIGSEGV ***", "SEGV_ACCERR (invalid permissions for mapped object)", "<-- this caused the fault", "Segmentation fault", "mprotect()")), "its words", text)
    unknown = vmmap("--fault", "nonsense")
    ok(unknown.returncode == 2 and b"past-eof" in unknown.stderr, "an unknown type: the list", unknown.stderr)


def questions():
    child = stands_still([sys.executable, "-uc", "import mmap\nprint('x'); input()\nm = mmap.mmap(-1, 5 << 20); m.write(b'x' * (2 << 20)); print('y'); input()"])
    with open("/proc/%d/maps" % child.pid, encoding="utf-8") as file:
        paths = [line.split(None, 5)[5].strip() for line in file if len(line.split(None, 5)) > 5]
    files = json.loads(vmmap("--json", "--files", str(child.pid)).stdout)
    ok({f["path"] for f in files} == {path for path in paths if path.startswith("/")}, "--files: every file that maps names", files[:2])
    libc = [path for path in paths if "libc.so" in path][0]
    ok([f for f in files if f["path"] == libc][0]["regions"] >= paths.count(libc), "with all its regions, a bss too")

    with open("/proc/%d/maps" % child.pid, encoding="utf-8") as file:
        lo, hi = [[int(x, 16) for x in line.split()[0].split("-")] for line in file if "libc.so" in line and " r-xp " in line][0]
    pages = json.loads(vmmap("--json", "--pagemap", "%x-%x" % (lo, hi), str(child.pid)).stdout)
    with open("/proc/%d/pagemap" % child.pid, "rb") as file:
        file.seek(lo // 4096 * 8)
        entries = [int.from_bytes(file.read(8), "little") for _ in range((hi - lo) // 4096)]
    ok([page["state"] == "present" for page in pages] == [bool(entry >> 63) for entry in entries], "--pagemap: there or not, %d pages" % len(pages))
    ok([int(page["frame"] or "0", 16) for page in pages] == [entry & ((1 << 55) - 1) if entry >> 63 else 0 for entry in entries], "and their frames (null where hidden)")

    with open("/proc/%d/smaps" % child.pid, "rb") as file:
        before = "/tmp/vmmap-test-%d" % os.getpid()
        with open(before, "wb") as saved:
            saved.write(file.read())
    child.stdin.write(b"\n")
    child.stdin.flush()
    child.stdout.readline()
    text = vmmap("--compare", before, str(child.pid)).stdout.decode()
    os.unlink(before)
    ok("+ 0x" in text and "5 MB" in text, "--compare: the 5 MB that were mapped meanwhile", text)
    watch = vmmap("--watch", "--interval", "0.05", "--times", "2", str(child.pid))
    ok(watch.returncode == 0 and b"=== END WATCH ===" in watch.stdout, "--watch ends after the looks asked for", watch)
    child.kill()
    child.wait()
    pair = stands_still([sys.executable, "-uc", "import os,sys\nb = bytearray(4 << 20)\npid = os.fork()\nif pid: print(pid)\nsys.stdin.read(1)"])
    with open("/proc/%d/task/%d/children" % (pair.pid, pair.pid), encoding="utf-8") as file:
        forked = file.read().split()[0]
    told = json.loads(vmmap("--json", "--shared", str(pair.pid), forked).stdout)
    ok(told["frames_hidden"] or told["with"][0]["pid"] == int(forked) and told["with"][0]["pages"] * 4096 > 4 << 20, "--shared: what fork left shared", told)
    ok(told["frames_hidden"] or sum(region["pages"] for region in told["regions"]) == told["with"][0]["pages"], "each in one of its regions", told)
    told = json.loads(vmmap("--json", "--shared", str(pair.pid)).stdout)
    ok(told["frames_hidden"] or int(forked) in [other["pid"] for other in told["with"]], "found among all processes, too")
    numa = vmmap("--json", "--numa", str(pair.pid))
    if numa.returncode == 0:
        told, rss = json.loads(numa.stdout), json.loads(vmmap("--json", str(pair.pid)).stdout)["totals"]["rss"]
        pages = sum(told["pages"].values()) * 4096
        ok(0.8 * rss <= pages <= 1.2 * rss, "--numa: the pages on all nodes are the resident ones", (pages, rss))
    pair.kill()
    pair.wait()
    aslr = json.loads(vmmap("--json", "--aslr").stdout)
    with open("/proc/sys/kernel/randomize_va_space", encoding="utf-8") as file:
        ok(aslr["randomize_va_space"] == int(file.read()), "--aslr: as it is set")
    quiet = json.loads(subprocess.run(["setarch", "-R", VMMAP, "--json", "--aslr"], stdout=subprocess.PIPE, check=True).stdout)
    ok(all(place["bits_seen_moving"] == 0 for name, place in quiet["places"].items() if name != "stack") and quiet["personality_no_randomize"], "switched off: nothing moves", quiet)
    for args in (["--pagemap", "zz"], ["--pagemap", "5000-4000"], ["--compare", str(os.getpid())], ["--interval", "x", "--watch", "1"], ["--watch", "/proc/self/maps"]):
        told = vmmap(*args)
        ok(told.returncode == 2 and told.stderr, "%s: 2 and a sentence" % args, told)


real_programs()
questions()
commands()
demonstrations()
refused()
finish()
