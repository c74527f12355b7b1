#!/usr/bin/env python3
"""Runs inside the guest, as its root: the flight recorder while every CPU maps, faults and unmaps as fast as it can; its memory, once a second. Prints one JSON object.

usage: soak.py BUILD SECONDS MIB     MIB: of history that is kept
"""
import json
import os
import signal
import subprocess
import sys
import time

BUILD, SECONDS, MIB = sys.argv[1], float(sys.argv[2]), sys.argv[3]


def written():
    """Records of both channels of all CPUs, also those that were overwritten."""
    with open("/proc/vmatlas/stats") as file:
        return sum(int(words[k]) for words in map(str.split, file) if words[:1] == ["cpu"] for k in (3, 4, 6, 7))


def resident(pid):
    """KiB of RAM of its own."""
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def slope(points):
    """KiB a minute, by least squares."""
    n, sx, sy = len(points), sum(t for t, _ in points), sum(k for _, k in points)
    sxx, sxy = sum(t * t for t, _ in points), sum(t * k for t, k in points)
    return 60 * (n * sxy - sx * sy) / (n * sxx - sx * sx)


def main():
    series = ".".join(os.uname().release.split(".")[:2])
    subprocess.run(["insmod", "%s/module/%s/vmatlas.ko" % (BUILD, series)], check=True)
    with open("/tmp/said", "w+") as said:
        collector = subprocess.Popen([BUILD + "/vmatlas-collect", "--flight", MIB, "--out", "/tmp/flight.stream", "--", BUILD + "/tests/workloads/cpus_flat_out", "-", "soak", "0",
                                      "4000000000"], stdout=subprocess.DEVNULL, stderr=said)
        time.sleep(5)
        began, before, points = time.monotonic(), written(), []
        while time.monotonic() < began + SECONDS and collector.poll() is None:
            points.append((time.monotonic() - began, resident(collector.pid)))
            time.sleep(1)
        took, records = time.monotonic() - began, written() - before
        alive = collector.poll() is None
        collector.send_signal(signal.SIGTERM)
        collector.wait()
        said.seek(0)
        words = [line.strip() for line in said if "not kept" in line]
    later = [p for p in points if p[0] > took / 2] # full by then
    print(json.dumps({"seconds": took, "records": records, "alive": alive, "kept_mib": int(MIB), "rss_first_kib": points[0][1], "rss_most_kib": max(k for _, k in points),
                      "rss_last_kib": points[-1][1], "slope_kib_a_minute": slope(later), "said": words[-1] if words else ""}), flush=True)


main()
