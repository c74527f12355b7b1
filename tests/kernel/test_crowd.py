#!/usr/bin/env python3
"""Many at once (tests/workloads/crowd.c), on four CPUs: 64 threads that map and fault in one map, hundreds of short processes that fork, exec and are
killed in the middle of a call, both under `vmatlas verify`; and several busy processes that are attached to while they run, compared at moments where
all stand still."""
import glob
import json
import os

from guest import BUILD, ROOT, SEED, VMATLAS, WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, run, scaled

CROWD = os.path.join(WORKLOADS, "crowd")

# name, threads, processes, rounds
RUNS = [("threads", 64, 0, scaled(6, 6, 1000)), ("processes", 2, scaled(60, 90, 20000), 20)]


def verified(checks, kernel, name, threads, processes, rounds):
    log = os.path.join(BUILD, "tests", "kernel", kernel, "crowd-%s.log" % name)
    os.makedirs(os.path.dirname(log), exist_ok=True)
    argv = [VMATLAS, "verify", "--vm=" + kernel, "--cpus", "4", "--seed", str(SEED), "--interval", "10", "--count", str(scaled(10, 10, 300)), "--format", "json",
            "--module-param", "subbuf_count=256", "--module-param", "fault_subbuf_count=512", "--guest-log", log, "--",
            CROWD, "/tmp", name, str(SEED % 100000), str(threads), str(processes), str(rounds)]
    done = run(argv, scaled(200, 240, 3600))
    try:
        said = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        checks.ok(False, "%s: verify ran" % name, done.stderr.decode(errors="replace")[-2000:])
        return
    checks.equal(said["status"], 0, "%s: it came to its end" % name)
    checks.ok(said["moments"] >= 2 and said["maps"] >= 2, "%s: stopped at %d moments" % (name, said["moments"]), said)
    checks.ok(not said["differences"], "%s: no difference in %d maps, %d lines, %d pages, %d counts of faults" %
              (name, said["maps"], said["lines"], said["pages"], said["fault_counts"]), json.dumps(said)[:3000])
    # Each process is compared at its end, too.
    checks.ok(said["fault_counts"] + said["fault_counts_unknown"] > processes, "%s: the faults of each process were counted" % name, said)
    print("# %s: %d counts not known, lost %d" % (name, said["fault_counts_unknown"], said["lost"]))


def attached(checks, kernel):
    module, moments = os.path.join(BUILD, "module", kernel, "vmatlas.ko"), scaled(3, 4, 100)
    guest = Guest(kernel, "crowd", ["sh", os.path.join(ROOT, "tests", "kernel", "crowd.sh"), "@", module, VMATLAS, CROWD, str(moments)], ["--cpus", "4"],
                  limit=scaled(240, 300, 3600), environment={"VMATLAS_VM_BARE": "1"})
    said = guest.stdout.decode(errors="replace")
    if not checks.ok(said.endswith("done\n") and "attach ended with 0" in said, "attached to three busy processes, and to their end", said + guest.stderr.decode(errors="replace")[-1000:]):
        return
    guest.recording.path = os.path.join(guest.share, "crowd.vmatlas")
    targets = set(said.split("targets:")[1].split("\n")[0].split())
    compared, others = 0, 0
    for path in sorted(glob.glob(os.path.join(guest.share, "*.maps"))):
        at, pid, _ = os.path.basename(path).split(".")
        wanted = guest.text(os.path.basename(path))
        if not wanted: # one that is ending
            continue
        got = guest.recording.dump("mark:still." + at, int(pid))
        if got != wanted:
            checks.lines(got, wanted, "attached: map of process %s at moment %s" % (pid, at))
            return
        compared += 1
        others += pid not in targets
    checks.ok(compared >= 3 * moments // 2, "attached: %d maps equal /proc/PID/maps, %d of them of children born since" % (compared, others))
    stats = guest.recording.stats()
    checks.equal((stats["lost"], stats["invalid"]), (0, 0), "attached: nothing lost, nothing invalid")
    counts(checks, guest, moments)
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


def counts(checks, guest, moments):
    """Between two moments each target took as many faults as were told."""
    faults, wrong, pairs = guest.recording.events("fault"), [], 0
    last = {}
    for i in range(moments):
        file = os.path.join(guest.share, "%d.counts" % i)
        if not os.path.exists(file):
            continue
        ts = guest.recording.mark_ts("still.%d" % i)
        for pid, minor, major in ([int(w) for w in words] for words in guest.facts("%d.counts" % i)):
            if pid in last:
                since, was = last[pid]
                told = [e["counted"] for e in faults if e["tgid"] == pid and since < e["ts"] <= ts]
                got = (told.count("minor"), told.count("major"))
                pairs += 1
                if got != (minor - was[0], major - was[1]):
                    wrong.append("process %d, until moment %d: told %r, the kernel counted %r" % (pid, i, got, (minor - was[0], major - was[1])))
            last[pid] = (ts, (minor, major))
    checks.ok(pairs and not wrong, "attached: as many faults told as the kernel counted, %d times" % pairs, "\n".join(wrong))


def main():
    kernel = kernel_argument()
    checks = Checks()
    for name, *rest in RUNS:
        checks.attempt(name, verified, kernel, name, *rest)
    checks.attempt("attached", attached, kernel)
    if checks.failed:
        print("# VMATLAS_TEST_SEED=%d repeats it" % SEED, flush=True)
    checks.end()


if __name__ == "__main__":
    main()
