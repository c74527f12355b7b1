#!/usr/bin/env python3
"""Runs inside the guest, as its root: what the collector alone costs while one process a CPU touches pages; prints one JSON object.

usage: collector.py BUILD RATE SECONDS     RATE: page faults a second of each process; 0: as fast as they can
"""
import json
import os
import signal
import subprocess
import sys
import time

BUILD, RATE, SECONDS = sys.argv[1:4]


def stats():
    """(records written, records lost), of both channels of all CPUs."""
    written = lost = 0
    with open("/proc/vmatlas/stats") as file:
        for line in file:
            if line.startswith("cpu "):
                words = line.split()
                written += int(words[3]) + int(words[6])
                lost += int(words[4]) + int(words[7])
    return written, lost


def stopped(cpu):
    """A workload that waits before its first page."""
    pid = os.fork()
    if not pid:
        os.sched_setaffinity(0, [cpu])
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execv(BUILD + "/bench/timely", ["timely", RATE if float(RATE) else "1e9", SECONDS])
    os.waitpid(pid, os.WUNTRACED)
    return pid


def cpu_time(pid):
    """Seconds of processor time, to the ns: what the scheduler has counted."""
    with open("/proc/%d/schedstat" % pid) as file:
        return int(file.read().split()[0]) / 1e9


def main():
    series = ".".join(os.uname().release.split(".")[:2])
    subprocess.run(["insmod", "%s/module/%s/vmatlas.ko" % (BUILD, series)], check=True)
    pids = [stopped(cpu) for cpu in sorted(os.sched_getaffinity(0))]
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    arguments = [word for pid in pids for word in ("--pid", str(pid))]
    collector = subprocess.Popen([BUILD + "/vmatlas-collect", *arguments, "--out", "1"], stdout=reader.stdin)
    reader.stdin.close()
    while "enabled 1" not in open("/proc/vmatlas/stats").read():
        time.sleep(0.1)
    time.sleep(1)
    before, began, idle = cpu_time(collector.pid), time.monotonic(), stats()[0]
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    # Measured in the middle: until just before the first of them can end.
    time.sleep(float(SECONDS) * 0.9)
    took, used = time.monotonic() - began, cpu_time(collector.pid) - before
    written, lost = stats()
    collector.wait()
    for pid in pids:
        os.waitpid(pid, 0)
    print(json.dumps({"cpus": len(pids), "records": written - idle, "lost": lost, "seconds": took, "collector_seconds": used}), flush=True)


main()
