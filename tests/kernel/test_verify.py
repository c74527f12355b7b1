#!/usr/bin/env python3
"""`vmatlas verify`: programs stopped at random moments, the picture against the kernel's own files. And that the check can fail: what is changed in a
recording that holds proofs is found."""
import json
import os
import struct
import subprocess
import threading
import time
import zlib

from guest import BUILD, SEED, VMATLAS, WORKLOADS, Checks, Guest, bare, guest_log_is_clean, kernel_argument, run, scaled

GCC = "gcc -O1 -Iinclude -c core/maps.c -o /tmp/x.o && gcc -O1 -Iinclude -S core/mm.c -o /tmp/x.s; echo $?"

# name, options, command, least moments
PROGRAMS = "%s/maps_random /tmp verify %d 300; a=$?; %s/threads_one_map /tmp; b=$?; for i in 1 2; do %s/fork_cow /tmp f$i; c=$?; done; %s; exit $((a+b+c+$?))" % (
    WORKLOADS, SEED, WORKLOADS, WORKLOADS, os.path.join(BUILD, "demos", "tour"))

RUNS = [
    ("programs", ["--interval", "3", "--pages", "all"], ["sh", "-c", PROGRAMS], 4),
    ("gcc", ["--interval", "20", "--count", str(scaled(10, 15, 200))], ["sh", "-c", GCC], 3),
]


class Stream:
    """A bare stream: header, then chunks as (head, payload)."""
    HEAD = struct.Struct("<IBBHIIQQ")

    def __init__(self, data):
        self.header, self.chunks, at = data[:256], [], 256
        while at < len(data):
            head = self.HEAD.unpack_from(data, at)
            self.chunks.append((head, data[at + 32:at + 32 + head[4]]))
            at += 32 + head[4]

    @classmethod
    def write(cls, header, chunks):
        out = [header]
        for head, payload in chunks:
            out += [cls.HEAD.pack(head[0], head[1], head[2], head[3], len(payload), zlib.crc32(payload), *head[6:]), payload]
        return b"".join(out)


RECORDS, PROOF, MAPS, VMAS, PAGES, PROCESS = 1, 9, 3, 4, 5, 2


def unpacked(path):
    stream = Stream(bare(path))
    return stream.header, stream.chunks


def verdict(done):
    try:
        return json.loads(done.stdout.decode(errors="replace").splitlines()[-1])
    except (ValueError, IndexError):
        return None


def explain(done, result):
    return json.dumps(result)[:3000] if result else "status %d\n%s" % (done.returncode, done.stderr.decode(errors="replace")[-2000:])


def one_run(checks, kernel, directory, spec):
    name, options, command, least = spec
    path = os.path.join(directory, name + ".vmatlas")
    done = run([VMATLAS, "verify", "--vm=" + kernel, "-q", "--format", "json", "--seed", str(SEED), "-o", path, *options, "--", *command], 280)
    result = verdict(done)
    if not result:
        checks.ok(False, "%s: a verdict" % name, explain(done, result))
        return None
    checks.ok(result["status"] == 0, "%s: the command ran as it should" % name, explain(done, result))
    checks.ok(result["differences"] == 0, "%s: no difference in %d processes, %d lines, %d pages, %d counts of faults" %
              (name, result["maps"], result["lines"], result["pages"], result["fault_counts"]), explain(done, result))
    checks.ok(done.returncode == (1 if result["differences"] else 0), "%s: the exit code says the same" % name, explain(done, result))
    checks.ok(result["moments"] >= least and result["maps"] >= least and result["lines"] > 10 * least and result["pages"] > 100,
              "%s: at %d moments or more" % (name, least), explain(done, result))
    checks.ok(result["fault_counts"] > result["maps"] and not result["fault_counts_unknown"] and not result["by_signal"],
              "%s: every count of faults was compared, all stood still by the freezer" % name, explain(done, result))
    checks.ok(not result["uncertain_fresh"], "%s: nothing is uncertain after a fresh report" % name, explain(done, result))
    checks.equal((result["lost"], result["missed"], result["malformed"], result["stale_maps"]), (0, 0, 0, 0), "%s: nothing lost, nothing stale" % name)
    again = verdict(run([VMATLAS, "verify", path, "--format", "json"]))
    same = {k: v for k, v in result.items() if k not in ("seed", "first")}
    checks.equal(again and {k: v for k, v in again.items() if k != "first"}, same, "%s: the recording says the same again" % name)
    return path


# --- the kernel maps more around a page of a file than usual --------------------------------------------------------------------------------

SPARSE = """
import mmap, os, time
with open(os.path.realpath("/usr/bin/python3"), "rb") as file:
    file.read()
    area = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    for at in range(400000, len(area), 1 << 20):
        area[at]
    time.sleep(1)
"""

AROUND = """
set -u
verify() { "$VMATLAS" verify --local --module "$MODULE" -q --format json --pages all --interval 60 --seed "$SEED" -- sh -c "$1"; }
put() { echo $1 >/sys/kernel/debug/fault_around_bytes; }
put 262144
verify '/usr/bin/python3 -c "$SPARSE"'
put 4096
verify '/usr/bin/python3 -c "$SPARSE"'
verify 'echo 1048576 >/sys/kernel/debug/fault_around_bytes; sleep 1; /usr/bin/python3 -c "$SPARSE"'
"""


def around(checks, kernel):
    """fault_around_bytes before a recording and while it runs: the pages that came along are in the picture."""
    env = {"VMATLAS_VM_BARE": "1", "VMATLAS": VMATLAS, "MODULE": os.path.join(BUILD, "module", kernel, "vmatlas.ko"), "SEED": str(SEED), "SPARSE": SPARSE}
    guest = Guest(kernel, "verify-around", ["sh", "-c", AROUND], environment=env)
    results = [json.loads(line) for line in guest.stdout.decode(errors="replace").splitlines() if line.startswith("{")]
    why = json.dumps(results)[:3000] + guest.stderr.decode(errors="replace")[-1000:]
    checks.ok(len(results) == 3 and all(not r["differences"] and r["pages"] > 1000 for r in results),
              "256 KiB mapped around a fault, 4 KiB, and 1 MiB from the middle on: no difference", why)


# --- a path longer than the kernel's own limit for one call ---------------------------------------------------------------------------------

LONG = """
for late in 0 1; do
    insmod "$MODULE" late_names=$late
    "$VMATLAS" verify --local -q --format json --interval 20 --seed "$SEED" -o /tmp/deep.vmatlas -- "$DEEP" /tmp late$late
    "$VMATLAS" events /tmp/deep.vmatlas --type vma --format json | grep file | sed "s/^{/{\\"late\\":$late,/"
    rmmod vmatlas
done
"""


def long_path(checks, kernel):
    """More than 4,095 bytes: /proc/PID/maps prints all of it, the picture its end, and says that it is the end. Also with names told late, as on PREEMPT_RT."""
    env = {"VMATLAS_VM_BARE": "1", "VMATLAS": VMATLAS, "MODULE": os.path.join(BUILD, "module", kernel, "vmatlas.ko"), "SEED": str(SEED),
           "DEEP": os.path.join(WORKLOADS, "long_path")}
    guest = Guest(kernel, "verify-long", ["sh", "-c", LONG], environment=env)
    lines = [json.loads(line) for line in guest.stdout.decode(errors="replace").splitlines() if line.startswith("{")]
    results, events = [e for e in lines if "maps" in e], [e for e in lines if "late" in e]
    why = json.dumps(results)[:3000] + guest.stderr.decode(errors="replace")[-1000:]
    checks.ok(len(results) == 2 and all(r["maps"] > 1 and not r["differences"] and r["status"] == 0 for r in results),
              "a path of 5,000 bytes: no difference", why)
    for late in (0, 1):
        names = {e["name"] for e in events if e["late"] == late and "file\nname" in (e.get("name") or "")}
        checks.ok(len(names) == 2 and all(n.startswith("(too long)/") and 3800 < len(n) < 4096 for n in names) and any(n.endswith(" (deleted)") for n in names),
                  "a path of 5,000 bytes: its end is shown, and that it is the end (late_names=%d)" % late, "\n".join(names) or why)


# --- ended in the middle ------------------------------------------------------------------------------------------------------------------

def ended(checks, kernel):
    """By a signal to vmatlas, while processes fault and end: nothing is told of who ends while recording is switched off, as faults of it
    may be missing. No difference."""
    argv = [VMATLAS, "verify", "--vm=" + kernel, "-q", "--format", "json", "--seed", str(SEED), "--interval", "50", "--",
            os.path.join(WORKLOADS, "die_late"), "/tmp", "late", "24", "60"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        watchdog = threading.Timer(280, process.kill)
        watchdog.start()
        ready = process.stdout.readline()
        time.sleep(4)
        process.terminate()
        out, err = process.communicate()
        watchdog.cancel()
    done = subprocess.CompletedProcess(argv, process.returncode, ready + out, err)
    result = verdict(done)
    if not checks.ok(ready == b"ready\n" and result, "ended: a verdict", explain(done, result)):
        return
    checks.ok(result["maps"] and not result["differences"], "ended: no difference in %d processes, %d counts of faults" %
              (result["maps"], result["fault_counts"]), explain(done, result))
    checks.ok(not result["fault_counts_unknown"], "ended: who ends while recording is switched off is not in the recording (%d)" %
              result["fault_counts_unknown"], explain(done, result))


# --- changed recordings --------------------------------------------------------------------------------------------------------------------

def proofs(chunks, kind):
    return [i for i, (head, payload) in enumerate(chunks) if head[1] == PROOF and struct.unpack_from("<I", payload)[0] == kind and len(payload) > 16]


def change(chunks, i, payload):
    return chunks[:i] + [(chunks[i][0], bytes(payload))] + chunks[i + 1:]


def change_line(chunks):
    i = proofs(chunks, MAPS)[-1]
    payload = bytearray(chunks[i][1])
    payload[payload.rindex(b"r-xp")] = ord("-")
    return change(chunks, i, payload)


def change_frame(chunks):
    """A page that the proof shows present gets another frame, in every proof: the picture is certain of one of them at least."""
    for i in proofs(chunks, PAGES):
        entries = list(struct.unpack("<%dQ" % ((len(chunks[i][1]) - 16) // 8), chunks[i][1][16:]))
        entries = [e ^ 0x155 if e >> 63 else e for e in entries]
        chunks = change(chunks, i, chunks[i][1][:16] + struct.pack("<%dQ" % len(entries), *entries))
    return chunks


def change_presence(chunks):
    for i in proofs(chunks, PAGES):
        chunks = change(chunks, i, chunks[i][1][:16] + b"\0" * (len(chunks[i][1]) - 16))
    return chunks


def change_faults(chunks):
    i = proofs(chunks, PROCESS)[-1]
    payload = bytearray(chunks[i][1])
    struct.pack_into("<Q", payload, 16, struct.unpack_from("<Q", payload, 16)[0] + 1)
    return change(chunks, i, payload)


def change_rss(chunks):
    for i in proofs(chunks, VMAS):
        payload = bytearray(chunks[i][1])
        for at in range(16, len(payload), 32):
            struct.pack_into("<Q", payload, at + 16, struct.unpack_from("<Q", payload, at + 16)[0] + 4096)
        chunks = change(chunks, i, payload)
    return chunks


COUNTED, MINOR = 126, 1  # vmatlas_record.fault.counted


def drop_record(chunks, kind, of=lambda record: True):
    """One record of a type never was: those behind it get its number."""
    chosen = None
    out = []
    for head, payload in chunks:
        if head[1] != RECORDS:
            out.append((head, payload))
            continue
        kept = []
        for at in range(0, len(payload), 128):
            record = bytearray(payload[at:at + 128])
            seq, what = struct.unpack_from("<IH", record, 8)
            if chosen is None and what == kind and seq > 200 and of(record):
                chosen = (head[2], head[3])
                continue
            if chosen == (head[2], head[3]):
                struct.pack_into("<I", record, 8, seq - 1)
            kept.append(bytes(record))
        out.append((head, b"".join(kept)))
    return out


CHANGES = [
    ("a letter of a line", change_line, "line"), ("the frame of pages", change_frame, "page"), ("pages that are not there", change_presence, "page"),
    ("a count of faults", change_faults, "faults"), ("a resident size", change_rss, "rss"),
    ("a fault that was not told", lambda c: drop_record(c, 7, lambda r: r[COUNTED] == MINOR), "faults"), ("a VMA that was not told", lambda c: drop_record(c, 4), "records"),
]


def changed(checks, path, directory):
    header, chunks = unpacked(path)
    checks.ok(proofs(chunks, MAPS) and proofs(chunks, PAGES), "the recording holds proofs")
    plain = os.path.join(directory, "changed.stream")
    for what, how, kind in [("nothing", lambda c: c, None), *CHANGES]:
        with open(plain, "wb") as file:
            file.write(Stream.write(header, how(chunks)))
        done = run([VMATLAS, "verify", plain, "--format", "json"])
        result = verdict(done)
        if kind is None:
            checks.ok(done.returncode == 0 and result and result["differences"] == 0, "changed: %s" % what, explain(done, result))
            continue
        checks.ok(done.returncode == 1 and result and result["by_kind"][kind] > 0 and result["first"]["kernel"] != result["first"]["picture"],
                  "changed: %s is found" % what, explain(done, result))


# --- on the guest's own kernel: cgroups of its own, a daemon left behind, and no cgroup at all -----------------------------------------------

HERE = """
set -u
verify() { "$VMATLAS" verify --local --module "$MODULE" -q --format json --interval 3 --seed "$SEED" -- sh -c "$1" 2>/tmp/said; echo "code $?"; cat /tmp/said; }
verify '"$FORK" /tmp here'
verify 'mkdir /sys/fs/cgroup/apart; echo 0 >/sys/fs/cgroup/apart/cgroup.procs; "$FORK" /tmp apart'
verify 'sleep 1000 & echo $! >/tmp/daemon; "$FORK" /tmp daemon; true'
kill -0 "$(cat /tmp/daemon)" && echo "daemon lives, in cgroup $(cut -d: -f3 /proc/$(cat /tmp/daemon)/cgroup)"
ls -d /sys/fs/cgroup/vmatlas-* 2>/dev/null
kill "$(cat /tmp/daemon)"
umount /sys/fs/cgroup
verify 'for N in 1 2 3 4 5 6 7 8; do "$FORK" /tmp stop$N; done'
echo done
"""


def here(checks, kernel):
    env = {"VMATLAS_VM_BARE": "1", "VMATLAS": VMATLAS, "MODULE": os.path.join(BUILD, "module", kernel, "vmatlas.ko"), "SEED": str(SEED),
           "FORK": os.path.join(WORKLOADS, "fork_cow")}
    guest = Guest(kernel, "verify-here", ["sh", "-c", HERE], environment=env)
    lines = guest.stdout.decode(errors="replace").splitlines()
    results = [json.loads(line) for line in lines if line.startswith("{")]
    why = "\n".join(line[:2000] for line in lines) + guest.stderr.decode(errors="replace")[-1000:]
    if not checks.ok(len(results) == 4 and lines[-1] == "done", "--local: four verdicts", why):
        return
    own, apart, daemon, stop = results
    checks.ok([line for line in lines if line.startswith("code")] == ["code 0", "code 0", "code 0", "code 0"] and
              all(r["differences"] == 0 and r["maps"] for r in (own, daemon, stop)), "--local: no difference", why)
    checks.ok(not own["by_signal"] and not own["outside"] and not daemon["by_signal"], "--local: stopped by a cgroup of its own", why)
    checks.ok(apart["outside"] > 0, "processes that left for another cgroup are counted, not compared", why)
    checks.ok("daemon lives, in cgroup /" in lines and not [line for line in lines if line.startswith("/sys/fs/cgroup/vmatlas-")],
              "a daemon goes back to where we are, no cgroup is left behind", why)
    checks.ok(stop["by_signal"] == stop["moments"] > 0 and "by SIGSTOP" in why, "without cgroups: by SIGSTOP, and said", why)
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


def main():
    kernel = kernel_argument()
    checks = Checks()
    directory = os.path.join(BUILD, "tests", "kernel", kernel, "verify")
    os.makedirs(directory, exist_ok=True)
    paths = [checks.attempt(spec[0], lambda c, s=spec: one_run(c, kernel, directory, s)) for spec in RUNS]
    checks.attempt("ended in the middle", ended, kernel)
    checks.attempt("mapped around", around, kernel)
    checks.attempt("a long path", long_path, kernel)
    checks.attempt("on its own kernel", here, kernel)
    checks.attempt("changed recordings", lambda c: changed(c, paths[0], directory))
    if checks.failed:
        print("# %s; VMATLAS_TEST_SEED=%d repeats it" % (directory, SEED), flush=True)
    checks.end()


if __name__ == "__main__":
    main()
