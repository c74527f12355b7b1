#!/usr/bin/env python3
"""vmmap on real programs that run, against pmap -X, /proc, readelf: static, PIE, stripped, 32 bits, python3, node, a reserve as a JVM makes, 64 threads. And processes that cannot be had."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vmmaplib import VMMAP, WORKLOADS, columns, end, finish, ok, smaps, stands_still, vmmap  # noqa: E402

random.seed(int(os.environ.get("VMATLAS_TEST_SEED", "1")))
RESERVE = """import ctypes
libc = ctypes.CDLL(None); libc.mmap.restype = ctypes.c_void_p
at = libc.mmap(None, ctypes.c_size_t(1 << 44), 0, 0x4022, -1, ctypes.c_long(0))
libc.mprotect(ctypes.c_void_p(at + (1 << 30)), ctypes.c_size_t(64 << 20), 3)
ctypes.memset(at + (1 << 30), 1, 1 << 20)
print('x'); input()"""
THREADS = "import threading, time\nfor _ in range(64): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('x'); input()"


SMALL = """
static long call(long number, long a, const char *b, long c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

void _start(void)
{
	call(4, 1, "x\\n", 2);
	for (;;)
		call(29, 0, 0, 0);
}
"""


def of_32_bits(place):
    """The path of a program of 32 bits without a library; None: this compiler makes none, or the kernel runs none."""
    path = os.path.join(place, "small")
    made = subprocess.run(["gcc", "-m32", "-O1", "-fno-pic", "-fno-stack-protector", "-no-pie", "-nostdlib", "-static", "-xc", "-", "-o", path], input=SMALL.encode(), capture_output=True, check=False)
    if made.returncode:
        return None
    try:
        child = subprocess.Popen([path], stdout=subprocess.PIPE)
    except OSError:
        return None
    said = child.stdout.readline()
    end(child)
    return path if said == b"x\n" else None


def programs(place):
    poke = os.path.join(WORKLOADS, "poke")
    stripped = os.path.join(place, "stripped")
    subprocess.run(["strip", "-o", stripped, poke], check=True)
    yield "PIE", [poke]
    yield "static", [os.path.join(WORKLOADS, "poke-static")]
    yield "stripped", [stripped]
    yield "python3", [sys.executable, "-uc", "print('x'); input()"]
    yield "16 TiB reserved", [sys.executable, "-uc", RESERVE]
    yield "64 threads", [sys.executable, "-uc", THREADS]
    small = of_32_bits(place)
    if small:
        yield "32 bits", [small]
    if shutil.which("node"):
        yield "node", ["node", "-e", "console.log('x'); process.stdin.resume()"]


def near(a, b):
    """PSS: others that share pages come and go meanwhile."""
    return abs(a - b) <= max(8, b // 5)


def compare_pmap(name, pid):
    """Each row of pmap -X: address, permissions, size, Rss, Pss."""
    if not shutil.which("pmap"):
        return
    for _ in range(10):  # until nobody came or went between the two
        lines = subprocess.run(["pmap", "-X", str(pid)], capture_output=True, check=True, text=True, errors="replace").stdout.splitlines()
        told = json.loads(vmmap("--json", pid).stdout)["regions"]
        heads = lines[1].split()
        rows = [line.split() for line in lines[2:] if re.match(r"^ *[0-9a-f]+ [r-][w-][x-][ps] ", line)]
        pss = [(r["smaps"]["pss"] // 1024, int(row[heads.index("Pss")])) for r, row in zip(told, rows)]
        if all(near(*pair) for pair in pss):
            break
    want = [(int(row[0], 16), row[1], int(row[heads.index("Size")]), int(row[heads.index("Rss")])) for row in rows]
    got = [(int(r["start"], 16), r["perms"], (int(r["end"], 16) - int(r["start"], 16)) // 1024, r["smaps"]["rss"] // 1024) for r in told]
    ok(got == want and len(got) > 5, "%s: as pmap -X says" % name, [pair for pair in zip(got, want) if pair[0] != pair[1]][:3])
    ok(all(near(*pair) for pair in pss), "%s: … and PSS, nearly" % name, [pair for pair in pss if not near(*pair)])


def compare_proc(name, pid):
    with open("/proc/%d/smaps" % pid, encoding="utf-8", errors="replace") as file:
        truth = smaps(file.read())
    sums = json.loads(vmmap("--json", pid).stdout)["totals"]
    rss, swap, pss = (sum(facts.get(key, 0) for _, facts in truth) for key in ("Rss", "Swap", "Pss"))
    ok((sums["rss"], sums["swap"], sums["shared"] + sums["private"]) == (rss, swap, rss) and near(sums["pss"] >> 10, pss >> 10), "%s: the sums of smaps" % name, (sums, rss, pss))
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        stat = file.read().rsplit(")", 1)[1].split()
    told = json.loads(vmmap("--json", pid).stdout)
    ok((told["minor_faults"], told["major_faults"]) == (int(stat[7]), int(stat[9])), "%s: its faults" % name)


def sections_of(path):
    found = []
    for line in subprocess.run(["readelf", "-SW", path], capture_output=True, check=True, text=True).stdout.splitlines():
        match = re.match(r"^ +\[ *\d+\] (\S*) +(\S+) +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) \S+ +([A-Za-z]*) ", line)
        if match and "A" in match.group(6):
            address, offset, size = [int(match.group(i), 16) for i in (3, 4, 5)]
            if size and (match.group(2) != "NOBITS" or "T" not in match.group(6)):
                found.append((match.group(1), match.group(2), address, offset, size))
    return found


def segments_of(path):
    """[(offset, address, size in the file, flags)]"""
    lines = subprocess.run(["readelf", "-lW", path], capture_output=True, check=True, text=True).stdout.splitlines()
    loads = [(line.split()[1:6], line[line.rindex(" 0x") - 4:line.rindex(" 0x")].strip()) for line in lines if line.startswith("  LOAD")]
    return [(int(words[0], 16), int(words[1], 16), int(words[3], 16), flags) for words, flags in loads]


def linked_at(region, lowest, segments):
    """Its address as linked and the flags of its segment; None: no segment of the file is mapped there (node maps parts of it again)."""
    start, offset = int(region["start"], 16), region["offset"]
    moved = int(lowest["start"], 16) - (segments[0][1] & -4096)
    for at, address, size, flags in segments:
        if at & -4096 <= offset < at + size and start - moved == (address & -4096) + offset - (at & -4096):
            return start - moved, flags
    return None


def compare_elf(name, pid, told):
    """What the description of each region of the program's own file lists are the sections readelf sees at its address; and what is closed after relocation is said to be."""
    exe = os.readlink("/proc/%d/exe" % pid)
    sections, segments = sections_of(exe), segments_of(exe)
    bad, relocated = [], 0
    regions = [r for r in told["regions"] if r["name"] == exe]
    for region in regions:
        length, linked = int(region["end"], 16) - int(region["start"], 16), linked_at(region, regions[0], segments)
        if linked:
            want = [section for section, _, at, _, size in sections if at < linked[0] + length and linked[0] < at + size]
        else:
            want = [section for section, kind, _, at, size in sections if kind != "NOBITS" and at < region["offset"] + length and region["offset"] < at + size]
        got = region["description"].partition(": ")[2].split()
        closed = bool(linked) and "W" in linked[1] and region["perms"] == "r--p"
        relocated += closed
        if got != want or region["group"] != "EXECUTABLE" or closed != region["description"].startswith("read-only once relocated: "):
            bad.append((region["description"], want))
    ok(len(regions) >= 3 and not bad, "%s: sections as readelf lists them, %d regions" % (name, len(regions)), bad)
    ok(relocated == (name != "32 bits"), "%s: the data a loader closes after relocation is said to be closed" % name, [r["description"] for r in regions])
    pages = sum((offset + size + 4095 >> 12) - (offset >> 12) for offset, _, size, flags in segments if "E" in flags)
    mapped = sum(int(r["end"], 16) - int(r["start"], 16) for r in regions if r["zone"] == "text")
    ok(mapped == pages << 12 or (name == "node" and mapped > pages << 12), "%s: as much code as the segments have (node maps some twice)" % name, segments)


def real_programs(place):
    for name, argv in programs(place):
        child = stands_still(argv)
        if name in ("node", "64 threads"):
            time.sleep(0.3)
        told = json.loads(vmmap("--json", child.pid).stdout)
        compare_pmap(name, child.pid)
        compare_proc(name, child.pid)
        compare_elf(name, child.pid, told)
        zones = [r["zone"] for r in told["regions"]]
        text = vmmap(child.pid).stdout.decode("utf-8", "replace")
        ok(max(map(columns, [*text.splitlines()[4:], vmmap("--flat", child.pid).stdout.decode("utf-8", "replace")])) <= 101, "%s: in 100 columns" % name)
        if name == "64 threads":
            ok(zones.count("thread-stack") == 64, "64 stacks of threads", zones.count("thread-stack"))
        if name == "16 TiB reserved":
            ok(told["totals"]["size"] > 1 << 44 and told["totals"]["accessible"] < 1 << 32 and "thread-stack" not in zones, "16 TiB are promised, little is accessible; no stack is seen in it", told["totals"])
            ran = vmmap("--json", "--tables", child.pid)
            ok(ran.returncode == 0 and json.loads(ran.stdout)["pages"] >= 256, "its page tables are found in no time", ran.stderr)
        end(child)


def vanishing():
    """Killed while it is read: a whole map, or a sentence; never a part."""
    code = "import mmap\nm = [mmap.mmap(-1, 4096, prot=1 + i % 2 * 2) for i in range(3000)]\nprint('x'); input()"
    outcomes = {0: 0, 4: 0, 1: 0}
    bad = []
    for _ in range(12):
        child = stands_still([sys.executable, "-uc", code])
        with open("/proc/%d/maps" % child.pid, encoding="utf-8") as file:
            lines = len(file.read().splitlines())
        reader = subprocess.Popen([VMMAP, "--json", str(child.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(random.random() * 0.03)
        child.kill()
        out, err = reader.communicate(timeout=60)
        child.wait()
        outcomes[reader.returncode] = outcomes.get(reader.returncode, 0) + 1
        if not (out and len(json.loads(out)["regions"]) == lines if reader.returncode == 0 else reader.returncode in (1, 4) and err and not out):
            bad.append((reader.returncode, err, len(out)))
    ok(not bad, "killed while it is read: whole, or a sentence: %s" % outcomes, bad)


def not_to_be_had():
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    told = vmmap(zombie.pid)
    ok(told.returncode == 1 and b"zombie" in told.stderr, "a zombie", told)
    zombie.wait()
    for args in ("--detail", "0"), ("--tables",), ("--files",), ("--numa",), ("--shared",), ("--watch",):
        told = vmmap(*args, 2 ** 22 - 3)
        ok(told.returncode == 4 and b"no process" in told.stderr, "%s of no process: 4" % args[0], told)
    ok(vmmap("no such name").returncode == 4, "no such name: 4")
    if os.geteuid():
        return
    child = stands_still([sys.executable, "-uc", "print('x'); input()"])
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", VMMAP]
    for args in ([], ["--flat"], ["--json"], ["--detail", "400000"], ["--tables"], ["--files"], ["--numa"], ["--shared"], ["--compare", str(child.pid)], ["--pagemap", "400000"]):
        told = subprocess.run([*nobody, *args, str(child.pid)], capture_output=True, check=False)
        ok(told.returncode == 3 and b"hidden" in told.stderr and not told.stdout, "another user's process, %s: 3 and hidden" % " ".join(args), told)
    end(child)
    child = stands_still(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", "echo x; read x"])
    stack = [line.split("-")[0] for line in open("/proc/%d/maps" % child.pid, encoding="utf-8") if "[stack]" in line][0]
    told = subprocess.run([*nobody, "--json", "--detail", stack, str(child.pid)], capture_output=True, check=False)
    ok(told.returncode == 0 and json.loads(told.stdout)["page"]["frame"] is None, "one's own process without privilege: frames are hidden, not 0", told)
    end(child)
    if shutil.which("unshare"):
        inside = subprocess.run(["unshare", "-pf", "--mount-proc", "sh", "-c", '"$0" --json 1; true', VMMAP], capture_output=True, check=False)
        if inside.returncode == 0 and inside.stdout:
            ok(json.loads(inside.stdout)["pid"] == 1, "in a pid namespace: its own process 1", inside)
        outer = stands_still(["unshare", "-pf", "sh", "-c", "echo x; read x; true"])
        with open("/proc/%d/task/%d/children" % (outer.pid, outer.pid), encoding="utf-8") as file:
            inner = int(file.read().split()[0])
        ok(json.loads(vmmap("--json", inner).stdout)["ns_pid"] == 1 and b"1 in its own pid namespace" in vmmap(inner).stdout, "a process of another pid namespace, and its id there")
        end(outer)
        os.kill(inner, signal.SIGKILL)


def cost(*argv):
    """CPU seconds and KB of RAM of a run, by wait4: no other's."""
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def largest_map():
    """tests/bench/vmmap.sh measures it well; here is only seen to it that nothing has become much slower."""
    child = stands_still([os.path.join(WORKLOADS, "many_maps"), "65000"])
    smaps_file = "/proc/%d/smaps" % child.pid
    cat = min(cost("cat", smaps_file)[0] for _ in range(3))
    runs = [cost(VMMAP, str(child.pid)) for _ in range(3)]
    json_run = cost(VMMAP, "--json", str(child.pid))
    ok(min(run[0] for run in runs) <= 2 * cat, "65,000 regions in at most twice the CPU time of cat (1.3 times, measured)", (runs, cat))
    ok(json_run[1] <= min(run[1] for run in runs) + 2048, "JSON goes out as it is made: no more memory than for text", (json_run, runs))
    end(child)


with tempfile.TemporaryDirectory() as directory:
    real_programs(directory)
largest_map()
vanishing()
not_to_be_had()
finish()
