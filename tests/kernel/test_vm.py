#!/usr/bin/env python3
"""The throw-away VM as a way to run a command: what goes in and comes out, how it ends, and that nothing is left behind."""
import fcntl
import glob
import json
import os
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

from guest import BOOT_LIMIT, BUILD, SEED, VMATLAS, WORKLOADS, Checks, Guest, Recording, guest_log_is_clean, kernel_argument, run


def passes_through(checks, kernel):
    """stdin, stdout, stderr, status, directory, environment, arguments; writes vanish."""
    data = random.Random(SEED).randbytes(300000)
    canary = os.path.join(BUILD, "written-inside")
    script = 'cat; echo "err $VA_TEST $1" >&2; pwd >&2; id -u >&2; echo gone >%s; exit 37' % canary
    here = os.path.join(BUILD, "tests")
    os.chdir(here)
    guest = Guest(kernel, "through", ["sh", "-c", script, "sh", "a b\n'c\""], ["--quiet"], stdin=data, environment={"VA_TEST": "ü x"})
    checks.equal(guest.status, 37, "the exit status comes out")
    checks.ok(guest.stdout == data, "300,000 random bytes go in as stdin and come out as stdout", "%d bytes" % len(guest.stdout))
    checks.equal(guest.stderr.decode(), "err ü x a b\n'c\"\n%s\n0\n" % here, "stderr, environment, arguments, directory; root of the guest")
    checks.ok(not os.path.exists(canary), "what the command writes vanishes with the VM")
    guest_log_is_clean(checks, guest, "the guest's kernel log is clean")


def killed_by_signal(checks, kernel):
    guest = Guest(kernel, "signal", ["sh", "-c", "kill -SEGV $$"])
    checks.equal(guest.status, 128 + signal.SIGSEGV, "a command killed by a signal: 128 + signal")
    guest = Guest(kernel, "missing", ["/nowhere/no-such-program"])
    checks.ok(guest.status == 127 and b"no-such-program" in guest.stderr, "a command that does not exist: 127 and its name", guest.stderr)


def on_a_terminal(checks, kernel):
    """A terminal in front is a terminal inside, of the same size; and Ctrl-C typed there reaches the command."""
    path = os.path.join(BUILD, "tests", "kernel", kernel, "terminal.vmatlas")
    script = 'trap "echo interrupted; exit 3" INT; test -t 0 && test -t 1 && stty size; echo waiting; sleep 100 & wait'
    pid, master = pty.fork()
    if pid == 0:
        os.execv(VMATLAS, [VMATLAS, "record", "--quiet", "--vm=" + kernel, "-o", path, "--", "sh", "-c", script])
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    text, end, typed = b"", time.monotonic() + BOOT_LIMIT, False
    while time.monotonic() < end:
        if select.select([master], [], [], 1)[0]:
            try:
                text += os.read(master, 4096)
            except OSError:
                break
        if b"waiting" in text and not typed:
            typed = True
            os.write(master, b"\x03")
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    os.close(master)
    checks.ok(b"33 99" in text, "on a terminal the command has one too, of the same size", text)
    checks.ok(b"interrupted" in text and os.waitstatus_to_exitcode(status) == 3, "Ctrl-C typed there is the command's", (text, status))


def two_readings(kernel):
    """The guest's clock twice, some seconds apart; ours when we were told; what was said besides."""
    argv = [VMATLAS, "record", "--quiet", "--vm=" + kernel, "-o", os.path.join(BUILD, "tests", "kernel", kernel, "seconds.vmatlas"), "--",
            "sh", "-c", "date +%s.%N; sleep 4; date +%s.%N"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        inside, outside = [], []
        for line in process.stdout:
            inside.append(float(line))
            outside.append(time.monotonic())
        return inside, outside, process.stderr.read()


def same_seconds(checks, kernel):
    """The guest's seconds last as long as ours, also where it was held up while it booted and found out how fast its clock runs. A reading may come late to us
    where there is much else to do; a wrong clock is wrong each time."""
    for _ in range(3):
        inside, outside, said = two_readings(kernel)
        if len(inside) != 2:
            break
        theirs, ours = inside[1] - inside[0], outside[1] - outside[0]
        good = 4 <= theirs < 1.5 * ours + 1 and ours < 1.5 * theirs + 1
        if good:
            break
    if checks.ok(len(inside) == 2, "two readings of the guest's clock", said):
        checks.ok(good, "the guest's clock runs as fast as ours", "%.3f s there, %.3f s here" % (theirs, ours))


def chosen_by_itself(checks, kernel):
    """Where no module can be used, neither --vm nor --local means the VM; it says so and why."""
    path = os.path.join(BUILD, "tests", "kernel", kernel, "auto.vmatlas")
    done = run([VMATLAS, "record", "-o", path, "--", "echo", "hello"], BOOT_LIMIT)
    said = done.stderr.decode(errors="replace")
    checks.ok(done.returncode == 0 and done.stdout == b"hello\n" and ("VM" in said or "module" in said), "without --vm and --local it chooses, and says which", said)
    done = run([VMATLAS, "record", "--vm=2.4", "-o", path, "--", "true"])
    checks.ok(done.returncode == 7 and len(done.stderr.splitlines()) == 1, "a kernel it does not have: one sentence, exit code 7", done.stderr)
    done = run([VMATLAS, "record", "--vm=" + kernel, "-o", path, "--", "true"], env={"PATH": "/nowhere"})
    checks.ok(done.returncode == 7 and b"qemu" in done.stderr.lower(), "no QEMU: a sentence, exit code 7", done.stderr)


def processes_with(word):
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if word.encode() in file.read():
                    found.append(path.split("/")[2])
        except OSError:
            pass
    return found


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


class Started:
    """A recording that goes on until it is stopped; everything temporary goes to a directory of its own, so that leftovers show."""

    def __init__(self, kernel, name):
        self.directory = os.path.join(BUILD, "tests", "kernel", kernel, name)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.temporary = os.path.join(self.directory, "tmp")
        self.share = os.path.join(self.directory, "share")
        os.makedirs(self.temporary)
        os.makedirs(self.share)
        self.path = os.path.join(self.directory, "recording.vmatlas")
        command = "%s/pages_prime %s before 499 && : >%s/ready; while :; do %s/pages_prime %s again 499; sleep 0.2; done" % (
            WORKLOADS, self.share, self.share, WORKLOADS, self.share)
        self.process = subprocess.Popen(
            [VMATLAS, "record", "--vm=" + kernel, "-o", self.path, "--share", self.share, "--", "sh", "-c", command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, env=dict(os.environ, TMPDIR=self.temporary))

    def ready(self):
        return wait_for(lambda: os.path.exists(self.share + "/ready") or self.process.poll() is not None, BOOT_LIMIT) and \
            self.process.poll() is None

    def nothing_left(self):
        left = wait_for(lambda: not processes_with(self.directory), 60)
        return left and not os.listdir(self.temporary)

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.communicate()


def interrupted(checks, kernel):
    started = Started(kernel, "interrupt")
    try:
        checks.ok(started.ready(), "a recording that goes on has started")
        os.killpg(started.process.pid, signal.SIGINT)
        ended = wait_for(lambda: started.process.poll() is not None, 120)
        checks.ok(ended and started.process.returncode in (130, -signal.SIGINT), "Ctrl-C ends the guest: status 130", started.process.returncode)
        checks.ok(started.nothing_left(), "Ctrl-C: no process, no temporary file is left", (processes_with(started.directory), os.listdir(started.temporary)))
    finally:
        started.end()
    recording = Recording(started.path)
    prime = [e for e in recording.events("mark") if e["text"] == "before.end"]
    checks.ok(len(prime) == 1, "Ctrl-C: the recording is whole and readable")
    stats = run([VMATLAS, "stats", started.path])
    checks.ok(stats.returncode == 0 and not stats.stderr, "Ctrl-C: the recording has its end", stats.stderr)


def recorder_killed(checks, kernel):
    started = Started(kernel, "kill")
    try:
        checks.ok(started.ready(), "a recording has started")
        time.sleep(2.5)
        os.kill(started.process.pid, signal.SIGKILL)
        started.process.wait()
        checks.ok(wait_for(lambda: not processes_with(started.directory), 60), "recorder killed: no process is left", processes_with(started.directory))
    finally:
        started.end()
    done = run([VMATLAS, "stats", started.path, "--json"])
    sentence = done.stderr.decode(errors="replace")
    checks.ok(done.returncode == 0 and len(sentence.splitlines()) == 1, "recorder killed: the recording is used up to its last whole block, one sentence says so",
              "status %d: %s" % (done.returncode, sentence))
    faults = [e for e in Recording(started.path).events("fault") if e["kind"] == "demand-zero"]
    checks.ok(len(faults) >= 499, "recorder killed: what happened a second before is in it", len(faults))


def hung_up(checks, kernel):
    """The terminal closes: HUP goes to the whole group, and vmatlas passes it on. One wish: the recording gets its end."""
    started = Started(kernel, "hangup")
    try:
        checks.ok(started.ready(), "a recording that will be hung up has started")
        os.killpg(started.process.pid, signal.SIGHUP)
        checks.ok(wait_for(lambda: started.process.poll() is not None, 120), "a closed terminal ends the recording")
        checks.equal(started.process.poll(), 128 + signal.SIGHUP, "a closed terminal: status 128 + SIGHUP")
        checks.ok(started.nothing_left(), "a closed terminal leaves nothing behind")
    finally:
        started.end()
    stats = run([VMATLAS, "stats", "--json", started.path])
    checks.ok(stats.returncode == 0 and json.loads(stats.stdout)["ended"], "a closed terminal: the recording has its end", stats.stderr)


def odd_descriptors(checks, kernel):
    directory = os.path.join(BUILD, "tests", "kernel", kernel, "descriptors")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    path = os.path.join(directory, "r.vmatlas")
    script = '"$0" record -q --vm=%s -o "$1" -- ' % kernel
    done = run(["sh", "-c", script + "sh -c 'echo TEXT; exit 3' >&-", VMATLAS, path], BOOT_LIMIT)
    stats = run([VMATLAS, "stats", path])
    checks.ok(done.returncode == 3 and stats.returncode == 0 and not stats.stderr, "standard output closed: the recording is whole", stats.stderr)
    done = run(["sh", "-c", script + "yes | head -n 1", VMATLAS, path], BOOT_LIMIT)
    stats = run([VMATLAS, "stats", path])
    checks.ok(done.stdout == b"y\n" and stats.returncode == 0 and not stats.stderr, "a reader that goes away ends the command as at home", done)


def not_random(checks, kernel):
    """--no-aslr: the same addresses twice; and the title reaches the recording."""
    guest = Guest(kernel, "aslr", ["sh", "-c", "cat /proc/self/maps >@/one; cat /proc/self/maps >@/two"], ["--no-aslr", "--title", "two words"])
    one, two = guest.text("one"), guest.text("two")
    checks.ok(one and one == two, "--no-aslr: two runs of a program have the same map", "%s\n%s" % (one, two))
    checks.ok("7ffffffff000 " in one, "--no-aslr: the stack ends where it does without random addresses", one)
    checks.equal(guest.recording.stats()["title"], "two words", "--title is in the recording")


def out_of_memory(checks, kernel):
    """A command that takes all of the guest's memory is killed as it would be without us; that is said, and the recording is whole."""
    guest = Guest(kernel, "memory", ["dd", "if=/dev/zero", "of=/dev/null", "bs=440M", "count=1"], ["--mem=512M"])
    lines = [line for line in guest.stderr.decode(errors="replace").splitlines() if "ran out of memory" in line]
    checks.ok(guest.status == 128 + signal.SIGKILL and len(lines) == 1 and "--mem" in lines[0] and " dd;" in lines[0],
              "a guest without memory left: status 137 and a sentence", guest.stderr)
    stats = guest.recording.stats()
    checks.ok(stats["ended"] and stats["invalid"] == 0, "a guest without memory left: the recording has its end", stats)


def collector_killed(checks, kernel):
    guest = Guest(kernel, "collector", ["sh", "-c", "kill -KILL $PPID; sleep 100"])
    text = guest.stderr.decode(errors="replace")
    checks.ok(guest.status == 128 + signal.SIGKILL and "the collector in the guest was killed by signal 9" in text, "a killed collector is told", text)
    checks.equal(guest.recording.stats()["ended"], False, "a killed collector: the recording can be used and says that it broke off")


def as_ordinary_user(checks, kernel):
    """No root needed; with --user the command has the caller's id."""
    directory = os.path.join(BUILD, "tests", "kernel", kernel, "user")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    os.chmod(directory, 0o777)
    uid, before = os.getuid(), []
    if uid == 0:
        uid = 65534
        before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if run([*before, "test", "-x", VMATLAS]).returncode != 0:
            print("# an ordinary user cannot reach the build directory here: run as root", flush=True)
            uid, before = 0, []
    path = os.path.join(directory, "r.vmatlas")
    argv = [*before, VMATLAS, "record", "--vm=" + kernel, "--user", "-o", path, "--share", directory, "--", WORKLOADS + "/user_mark", directory]
    done = run(["sh", "-c", 'umask 0; exec "$@"', "sh", *argv], BOOT_LIMIT, env=dict(os.environ, HOME="/"))
    checks.equal(done.returncode, 0, "vmatlas --vm --user needs no root") or print(done.stderr.decode(errors="replace"))
    with open(directory + "/user_mark.facts", encoding="utf-8") as file:
        facts = dict(line.split() for line in file)
    wanted = 65534 if uid == 0 else uid
    checks.equal((facts["uid"], facts["marked"]), (str(wanted), "0"), "--user: the command runs as the caller and its marks arrive")
    texts = [e["text"] for e in Recording(path).events("mark")]
    checks.equal(texts, ["user-1", "user-2"], "--user: the marks are in the recording")
    checks.equal(oct(os.stat(path).st_mode & 0o777), "0o600", "a recording is readable by its owner only, whatever the umask")


def main():
    kernel = kernel_argument()
    checks = Checks()
    for part in (passes_through, killed_by_signal, on_a_terminal, same_seconds, chosen_by_itself, interrupted, hung_up, recorder_killed, odd_descriptors, not_random,
                 out_of_memory, collector_killed, as_ordinary_user):
        checks.attempt(part.__name__, part, kernel)
    checks.end()


if __name__ == "__main__":
    main()
