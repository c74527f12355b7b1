#!/usr/bin/env python3
"""Other kernels and other machines: CPUs that come and go while recording; one CPU with little memory; and for the variants of a kernel
(-rt, -cloud), which the other tests leave alone, a short pass of everything: it boots, the maps are the kernel's own, each fault is counted.
"""
import os

from guest import BUILD, ROOT, SEED, VMATLAS, WORKLOADS, Checks, Guest, Recording, guest_log_is_clean, kernel_argument, run, scaled
from test_load import final_map, sequence_numbers, workers
from test_truth import commands, cow, every_call, maps_at_marks, order_and_loss, prime, tables, threads, walks, workloads_ran

VARIANTS = ("-rt", "-cloud")


def cpus_come_and_go(checks, kernel):
    rounds = scaled(20, 60, 2000)
    script = os.path.join(ROOT, "tests", "kernel", "hotplug.sh")
    module = os.path.join(BUILD, "module", kernel, "vmatlas.ko")
    guest = Guest(kernel, "hotplug", [script, "@", module, VMATLAS, WORKLOADS, str(rounds), str(SEED % 100000)], ["--cpus=4"],
                  limit=scaled(240, 300, 3600), environment={"VMATLAS_VM_BARE": "1"})
    checks.equal((guest.status, guest.stdout.decode(errors="replace").strip()), (0, "done"), "CPUs come and go: the programs ran to their end")
    guest.recording = Recording(os.path.join(guest.share, "recording.vmatlas"))
    switched = int(guest.fact("switched", "switched")[0])
    checks.ok(switched >= 3, "CPUs come and go: %d times one went and came" % switched)
    lost = sequence_numbers(checks, guest)
    stats = guest.recording.stats()
    checks.equal((stats["late"], stats["invalid"]), (0, 0), "CPUs come and go: no record came too late to be put in order")
    took_part = {e["cpu"] for e in guest.recording.events("fault")}
    checks.equal(took_part, {0, 1, 2, 3}, "CPUs come and go: faults of each CPU are there, also of those that were off at the beginning")
    final_map(checks, guest)
    maps_at_marks(checks, guest)
    pages = int(guest.fact("storm.facts", "pages")[0])
    for pid, _, start, end in workers(guest):
        faults = len(guest.recording.faults(pid, start, end))
        checks.ok(faults == rounds * pages or faults + lost >= rounds * pages > faults, "CPUs come and go: worker %d: each of %d×%d touches is a fault" % (
            pid, rounds, pages), (faults, lost))
    guest_log_is_clean(checks, guest, "CPUs come and go: the guest's kernel log is clean")


def one_small_cpu(checks, kernel):
    guest = Guest(kernel, "small", [WORKLOADS + "/pages_prime", "@", "prime", "211", str(SEED % 100000)], ["--cpus=1", "--mem=512M"])
    checks.equal(guest.status, 0, "one CPU, 512 MiB: the program ran")
    checks.equal([cpu["cpu"] for cpu in guest.recording.stats()["cpus"]], [0], "one CPU, 512 MiB: one CPU was recorded")
    prime(checks, guest)
    order_and_loss(checks, guest)
    guest_log_is_clean(checks, guest, "one CPU, 512 MiB: the guest's kernel log is clean")


def short_pass(checks, kernel, levels):
    command, names = commands("five")
    guest = Guest(kernel, "short%d" % levels, command, ["--cpus=4", "--levels=%d" % levels, "--module-param", "subbuf_count=64"],
                  limit=scaled(240, 240, 900))
    if not checks.ok(guest.status == 0, "%d levels, 4 CPUs: it boots, and the command ran" % levels, guest.stderr.decode(errors="replace")):
        return
    workloads_ran(checks, guest, names)
    maps_at_marks(checks, guest)
    every_call(checks, guest, "random0")
    prime(checks, guest)
    tables(checks, guest, levels)
    walks(checks, guest, levels)
    cow(checks, guest)
    if "threads" in names:
        threads(checks, guest)
    order_and_loss(checks, guest)
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


def prepare(checks, kernel):
    """The first start needs only the plain kernels; a variant is fetched and built when it is tested."""
    done = run(["make", "-C", ROOT, "--no-print-directory", "vm", "KERNELS=" + kernel], 600)
    return checks.ok(done.returncode == 0, "make vm KERNELS=%s" % kernel, done.stderr.decode(errors="replace")[-2000:])


def main():
    kernel = kernel_argument()
    checks = Checks()
    if not kernel.endswith(VARIANTS):
        checks.attempt("CPUs come and go", cpus_come_and_go, kernel)
        checks.attempt("one small CPU", one_small_cpu, kernel)
    elif prepare(checks, kernel):
        for levels in scaled((4,), (4,), (4, 5)):
            checks.attempt("short pass, %d levels" % levels, short_pass, kernel, levels)
        if scaled(False, False, True):
            checks.attempt("CPUs come and go", cpus_come_and_go, kernel)
    checks.end()


if __name__ == "__main__":
    main()
