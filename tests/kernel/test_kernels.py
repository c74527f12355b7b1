#!/usr/bin/env python3
"""Other kernels and other machines: CPUs that come and go while recording; one CPU with little memory; and for the variants of a kernel
(-rt, -cloud), which the other tests leave alone, a short pass of everything: it boots, the maps are the kernel's own, each fault is counted.
"""
import os
import shutil

from archive import Archive
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
    for name in sorted(name for name in os.listdir(guest.share) if name.startswith("refused.")):
        words = ["/nowhere/vmatlas.ko"] if name == "refused.missing" else ["another kernel", "make module-local"]
        lines = guest.text(name).splitlines()
        checks.ok(len(lines) == 2 and lines[1] == "status 5" and all(w in lines[0] for w in words), "--local, module %s: a sentence, exit code 5" % name, lines)
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
    checks.equal(guest.recording.stats()["not_seen"], None, "nothing that changes pages goes unseen")
    if "threads" in names:
        threads(checks, guest)
    order_and_loss(checks, guest)
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


def ubuntu_archive(directory, kernel):
    """Its own kernel, by the names it has there."""
    version, release = "6.12.0-12", "6.12.0-12-generic"
    packages = {"linux-image-generic": ["linux-image-" + release, "linux-firmware"], "linux-image-unsigned-" + release: ["linux-modules-" + release],
                "linux-modules-" + release: [], "linux-modules-extra-" + release: ["linux-image-unsigned-" + release],
                "linux-headers-" + release: ["linux-headers-" + version, "libc6"], "linux-headers-" + version: []}
    made = run([os.path.join(ROOT, "tests", "kernel", "ubuntu.sh"), os.path.join(BUILD, "kernels", kernel), release, os.path.join(directory, "pool")], 300)
    return Archive(directory, packages), made


def like_ubuntu(checks, kernel):
    """From packages as Ubuntu has them (other names, zstd, modules and headers in several packages) to a recording in the VM."""
    base = os.path.join(BUILD, "tests", "kernel", kernel, "ubuntu")
    shutil.rmtree(base, ignore_errors=True)
    archive, made = ubuntu_archive(os.path.join(base, "archive"), kernel)
    unpacked, module, out = (os.path.join(base, name) for name in ("kernels/distribution", "module/distribution", "vm/distribution"))
    os.makedirs(out)
    steps = [[os.path.join(ROOT, "cli", "vm", "kernels.sh"), os.path.dirname(unpacked), "distribution"],
             [os.path.join(ROOT, "module", "build.sh"), unpacked + "/headers", module],
             [os.path.join(ROOT, "cli", "vm", "initramfs.sh"), unpacked, module + "/vmatlas.ko", BUILD + "/vmatlas-init", BUILD + "/vmatlas-collect",
              out + "/initramfs.cpio"]]
    for step in steps:
        if made.returncode == 0:
            made = run(step, 300, env=archive.environment(), cwd=base)
    if not checks.ok(made.returncode == 0, "the archive's kernel is unpacked, and the module and the guest built for it", made.stderr.decode(errors="replace")[-2000:]):
        return
    path = os.path.join(base, "recording.vmatlas")
    done = run([VMATLAS, "record", "--vm", "-o", path, "--", "echo", "hello"], 240, env=dict(os.environ, VMATLAS_DIR=base))
    said = done.stderr.decode(errors="replace")
    checks.ok(done.returncode == 0 and done.stdout == b"hello\n" and len(said.splitlines()) == 1 and "distribution" in said,
              "where there is nothing else, --vm takes the distribution's kernel, and says so in a sentence", said)
    checks.ok(Recording(path).stats()["records"] > 100, "and it records")
    for directory in ("archive", "kernels", "module", "vm"):
        shutil.rmtree(os.path.join(base, directory))


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
        if kernel == "6.12":
            checks.attempt("like Ubuntu", like_ubuntu, kernel)
    elif prepare(checks, kernel):
        for levels in scaled((4,), (4,), (4, 5)):
            checks.attempt("short pass, %d levels" % levels, short_pass, kernel, levels)
        if scaled(False, False, True):
            checks.attempt("CPUs come and go", cpus_come_and_go, kernel)
    checks.end()


if __name__ == "__main__":
    main()
