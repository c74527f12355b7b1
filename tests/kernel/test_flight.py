#!/usr/bin/env python3
"""The flight recorder: the newest is kept, dumped at a crash, when asked for and at the end; what was not kept is counted and has its place in time."""
import collections
import json
import os
import shutil
import signal
import subprocess
import time

from guest import BUILD, VMATLAS, WORKLOADS, Checks, Guest, Recording, guest_log_is_clean, kernel_argument, number, run, scaled

SMALL = ["--flight=1", "--cpus=2", "--module-param", "fault_subbuf_count=1", "--module-param", "subbuf_size=65536", "--module-param", "subbuf_count=8"]
TINY = ["--cpus=2", "--module-param", "subbuf_size=4096", "--module-param", "subbuf_count=2", "--module-param", "fault_subbuf_count=2"]


def channel_of(event):
    entries = event["type"] in ("pages", "sweep") and not event["snapshot"]
    return "faults" if event["type"] == "fault" or entries else "truth"


def numbers(checks, recording, name):
    """Seen + lost = given out for each CPU and channel, by the events and by the module; returns the losses."""
    seen, lost, losses = collections.defaultdict(list), collections.Counter(), []
    for event in recording.events():
        if event["type"] == "loss":
            lost[event["cpu"], event["channel"]] += event["count"]
            losses.append(event)
        else:
            seen[event["cpu"], channel_of(event)].append(event["seq"])
    for cpu in recording.stats()["cpus"]:
        for channel in ("truth", "faults"):
            key = cpu["cpu"], channel
            got = seen[key]
            checks.ok(len(got) == len(set(got)), "%s: cpu %d %s: no number twice" % (name, *key))
            checks.equal((len(got), lost[key]), (cpu[channel]["written"], cpu[channel]["lost"]), "%s: cpu %d %s: seen and lost as the module counted" % (name, *key))
            if got:
                checks.equal(max(got) + 1, len(got) + lost[key], "%s: cpu %d %s: seen + lost = numbers given out" % (name, *key))
    return losses


def crash(checks, kernel):
    calls, after = scaled(500, 1500, 20000), 10000
    guest = Guest(kernel, "flight", [WORKLOADS + "/flight", "@", "flight", str(calls), str(after)], SMALL)
    recording = guest.recording
    checks.equal(guest.status, 0, "the workload ran")
    child, pid = int(guest.fact("flight.facts", "child")[0]), guest.pid("flight.facts")
    checks.equal(int(guest.fact("flight.facts", "status")[0]) & 0x7f, signal.SIGSEGV, "its child crashed")
    losses = numbers(checks, recording, "crash")
    times = [e["ts"] for e in recording.events()]
    checks.ok(times and all(a <= b for a, b in zip(times, times[1:])), "no event of %d goes back in time" % len(times))
    first = [e for e in losses if e["channel"] == "truth"]
    checks.ok(first and sum(e["count"] for e in first) > 1000, "older truth was not kept: %d records" % sum(e["count"] for e in first))
    kept = [e for e in recording.events() if e["type"] != "loss" and channel_of(e) == "truth"]
    early = [(e, k) for e in first for k in kept if k["cpu"] == e["cpu"] and k["ts"] < e["ts"]]
    checks.ok(kept and not early, "its loss lies before the first record that was kept, on each CPU", early[:2])
    for name, who in (("crash", child), ("after", pid)):
        checks.lines(recording.dump("mark:flight." + name, who), guest.text("flight.%s.maps" % name), "the map at the mark %s is right, though its history is gone" % name)
    faults = recording.faults(child)
    bad = [e for e in faults if number(e["addr"]) == number(guest.fact("flight.facts", "bad")[0])]
    checks.ok(len(bad) == 1 and faults and faults[-1] == bad[0], "the access that killed it is its last fault", faults[-3:])
    start, end = (number(w) for w in guest.fact("flight.facts", "area"))
    touched = [number(e["addr"]) & ~0xfff for e in faults if start <= number(e["addr"]) < end]
    checks.equal(touched, list(range(start, end, 4096)), "the faults that led to it are all there, in order")
    exits = [e for e in recording.events("exit") if e["tgid"] == child]
    checks.ok(len(exits) == 1 and exits[0]["ts"] > bad[0]["ts"], "and its end")
    storm = [e for e in recording.faults(pid) if e["ts"] < bad[0]["ts"]]
    later = [e for e in recording.faults(pid) if e["ts"] > bad[0]["ts"]]
    checks.ok(storm and later, "the other process's faults before (%d) and after (%d) are there, too" % (len(storm), len(later)))
    lost = [e for e in losses if e["channel"] == "faults" and e["cpu"] == 1]
    checks.ok(len(lost) >= 2 and lost[0]["ts"] < bad[0]["ts"] < lost[-1]["ts"], "two gaps on its CPU: before the crash, and between the dumps", lost)
    checks.ok(recording.stats()["late"] == 0 and recording.stats()["invalid"] == 0, "nothing late, nothing invalid")
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.1)
    return condition()


def on_demand(checks, kernel):
    """Buffers so small that truth is lost, and healed; SIGUSR1; then the machine dies: what was dumped is in the file."""
    directory = os.path.join(BUILD, "tests", "kernel", kernel, "flight-demand")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory + "/share")
    path, share = directory + "/r.vmatlas", directory + "/share"
    command = "%s/flight %s storm %d 5000; %s/pages_prime %s before 499; : >%s/ready; while :; do sleep 0.2; done" % (
        WORKLOADS, share, scaled(500, 1000, 20000), WORKLOADS, share, share)
    process = subprocess.Popen([VMATLAS, "record", "--vm=" + kernel, "--flight", *TINY, "-o", path, "--share", share, "--", "sh", "-c", command],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        checks.ok(wait_for(lambda: os.path.exists(share + "/ready"), 240), "a flight recorder has started")
        time.sleep(1)
        early = os.path.getsize(path)
        process.send_signal(signal.SIGUSR1)
        checks.ok(wait_for(lambda: os.path.getsize(path) > early + 1000, 60), "SIGUSR1: the recording grows", (early, os.path.getsize(path)))
        time.sleep(1)
        checks.ok(process.poll() is None, "SIGUSR1 ends nothing")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    done = run([VMATLAS, "stats", path, "--json"])
    checks.ok(done.returncode == 0 and len(done.stderr.splitlines()) == 1, "killed afterwards: the recording is used, one sentence says that it was cut off", done.stderr)
    stats, recording = json.loads(done.stdout), Recording(path)
    faults = [e for e in recording.events("fault") if e["kind"] == "demand-zero"]
    checks.ok(len(faults) >= 20, "what was dumped is in it: %d faults" % len(faults))
    torn = sum(e["count"] for e in recording.events("loss") if e["channel"] == "truth")
    checks.ok(torn > 0 and stats["lost"] > torn, "truth was lost (%d records of %d)" % (torn, stats["lost"]))
    with open(share + "/storm.facts", encoding="utf-8") as file:
        pid = int(next(line.split()[1] for line in file if line.startswith("pid ")))
    with open(share + "/storm.after.maps", encoding="utf-8") as file:
        checks.lines(recording.dump("mark:storm.after", pid), file.read(), "and healed: the map is right")


def main():
    kernel = kernel_argument()
    checks = Checks()
    for part in (crash, on_demand):
        checks.attempt(part.__name__, part, kernel)
    checks.end()


if __name__ == "__main__":
    main()
