#!/usr/bin/env python3
"""All CPUs flat out: the order holds, every sequence number is accounted for, and what is lost is counted exactly and healed.

Once with the usual buffers, once with buffers so small that records must be lost.
"""
import collections

from guest import WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, number, scaled

TINY = ["--module-param", "subbuf_size=4096", "--module-param", "subbuf_count=2", "--module-param", "fault_subbuf_count=2"]


def storm(kernel, name, options, rounds):
    return Guest(kernel, name, [WORKLOADS + "/cpus_flat_out", "@", "storm", "4", str(rounds)], ["--cpus=2", *options])


def sequence_numbers(checks, guest):
    """Seen + lost = given out, for each CPU and channel; from the events themselves and from what the module counted."""
    seen, lost = collections.defaultdict(list), collections.Counter()
    for event in guest.recording.events():
        if event["type"] == "loss":
            lost[event["cpu"], event["channel"]] += event["count"]
        else:
            entries = event["type"] in ("pages", "sweep") and not event["snapshot"]
            seen[event["cpu"], "faults" if event["type"] == "fault" or entries else "truth"].append(event["seq"])
    stats = guest.recording.stats()
    for cpu in stats["cpus"]:
        for channel in ("truth", "faults"):
            key, counted = (cpu["cpu"], channel), cpu[channel]
            numbers = seen[key]
            checks.ok(len(numbers) == len(set(numbers)), "cpu %d %s: no sequence number twice" % key)
            checks.equal((len(numbers), lost[key]), (counted["written"], counted["lost"]), "cpu %d %s: seen and lost as the module counted" % key)
            highest = max(numbers) + 1 if numbers else 0
            checks.ok(highest <= len(numbers) + lost[key], "cpu %d %s: gaps in the sequence are the losses" % key, (highest, len(numbers), lost[key]))
    return sum(lost.values())


def in_order(checks, guest):
    times = [e["ts"] for e in guest.recording.events()]
    checks.ok(times and all(a <= b for a, b in zip(times, times[1:])), "no event of %d goes back in time" % len(times))
    checks.ok({e["cpu"] for e in guest.recording.events("fault")} == {0, 1}, "both CPUs took part")


def workers(guest):
    return [(int(w[1]), int(w[2]), int(w[3], 16), int(w[4], 16)) for w in guest.facts("storm.facts") if w[0] == "worker"]


def final_map(checks, guest):
    pid = guest.pid("storm.facts")
    checks.lines(guest.recording.dump("mark:storm.final", pid), guest.text("storm.final.maps"), "the final map is right")


def usual(checks, kernel):
    rounds = scaled(50, 200, 5000)
    guest = storm(kernel, "load", [], rounds)
    checks.equal(guest.status, 0, "the storm ran")
    in_order(checks, guest)
    lost = sequence_numbers(checks, guest)
    final_map(checks, guest)
    pages = int(guest.fact("storm.facts", "pages")[0])
    for pid, minor, start, end in workers(guest):
        faults = guest.recording.faults(pid, start, end)
        if lost == 0:
            checks.equal(len(faults), rounds * pages, "worker %d: each of %d×%d touches is a fault" % (pid, rounds, pages))
        checks.ok(len(faults) <= minor, "worker %d: not more faults than getrusage counted" % pid, (len(faults), minor))
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


# The reader stands still while the storm begins: 64 records a CPU are all there is room for, so records of maps are lost, however quick it is otherwise.
STANDS_STILL = """reader() { for c in /proc/[0-9]*/comm; do read -r name <$c && [ "$name" = vmatlas-collect ] && kill -$1 $(basename $(dirname $c)); done; }
reader STOP; (sleep %d; reader CONT) & exec """


def torn_storm(kernel, rounds):
    seconds = 6 if "debug" in kernel else 2
    return Guest(kernel, "load-tiny", ["sh", "-c", STANDS_STILL % seconds + "%s/cpus_flat_out @ storm 4 %d" % (WORKLOADS, rounds)], ["--cpus=2", *TINY])


def tiny(checks, kernel):
    rounds = scaled(50, 150, 2000)
    guest = torn_storm(kernel, rounds)
    checks.equal(guest.status, 0, "tiny buffers: the storm ran")
    in_order(checks, guest)
    lost = sequence_numbers(checks, guest)
    checks.ok(lost > 0, "tiny buffers: records were lost, and counted (%d)" % lost)
    final_map(checks, guest)
    stats = guest.recording.stats()
    torn = sum(cpu["truth"]["lost"] for cpu in stats["cpus"])
    checks.ok(torn > 0, "tiny buffers: records of maps were among them (%d): the map was healed" % torn)
    checks.equal(stats["lost"], lost, "tiny buffers: the sum says so too")
    seen = sum(1 for pid, _, start, end in workers(guest) for e in guest.recording.faults(pid, start, end) if number(e["addr"]))
    happened = len(workers(guest)) * rounds * int(guest.fact("storm.facts", "pages")[0])
    checks.ok(seen <= happened <= seen + lost, "tiny buffers: seen ≤ happened ≤ seen + lost", (seen, happened, lost))
    guest_log_is_clean(checks, guest, "tiny buffers: the guest's kernel log is clean")


def main():
    kernel = kernel_argument()
    checks = Checks()
    checks.attempt("usual buffers", usual, kernel)
    checks.attempt("tiny buffers", tiny, kernel)
    checks.end()


if __name__ == "__main__":
    main()
