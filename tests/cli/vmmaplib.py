"""What the tests of vmmap share."""
import os
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VMMAP = os.path.join(ROOT, "build", "vmmap")
WORKLOADS = os.path.join(ROOT, "build", "tests", "workloads")
total = failed = 0


def ok(good, name, why=""):
    global total, failed
    total += 1
    failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", total, name))
    if not good:
        print("# " + str(why)[:900].replace("\n", "\n# "))
    return good


def finish():
    print("1..%d" % total)
    raise SystemExit(1 if failed else 0)


def vmmap(*args, **more):
    return subprocess.run([VMMAP, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False, **more)


def stands_still(argv, **more):
    """Starts it, waits for its first line, and until it sleeps in a read."""
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **more)
    child.stdout.readline()
    for _ in range(500):
        with open("/proc/%d/stat" % child.pid, encoding="utf-8", errors="replace") as file:
            if file.read().rsplit(")", 1)[1].split()[0] == "S":
                break
        time.sleep(0.01)
    return child


def end(*children):
    for child in children:
        child.kill()
        child.wait()


def smaps(text):
    """[(head line, {fact: bytes})]"""
    regions = []
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if "-" in line.split(" ")[0]:
            regions.append((line, {}))
        elif value.strip().endswith("kB"):
            regions[-1][1][name] = int(value.split()[0]) * 1024
    return regions


def columns(text):
    return max((len(line) for line in text.splitlines()), default=0)
