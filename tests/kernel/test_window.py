#!/usr/bin/env python3
"""The window while a command runs in the VM, under Xvfb: live, the process gone, the VM killed. It says so and keeps what it has."""
import os
import select
import signal
import subprocess
import time

from guest import BOOT_LIMIT, BUILD, VMATLAS, Checks, kernel_argument


class Display:
    """An X server of our own."""

    def __init__(self):
        told, tell = os.pipe()
        self.server = subprocess.Popen(["Xvfb", "-displayfd", str(tell), "-screen", "0", "1400x800x24", "-nolisten", "tcp", "-noreset"],
                                       pass_fds=(tell,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(tell)
        self.name = ":" + os.read(told, 16).decode().strip()

    def close(self):
        self.server.terminate()
        self.server.wait()


class Window:
    """vmatlas run, and the texts its window shows once it stands still (gui/window_rest.h)."""

    def __init__(self, display, kernel, command):
        asked, self.ask = os.pipe()
        self.answer, answered = os.pipe()
        env = dict(os.environ, DISPLAY=display.name, VMATLAS_REST_FDS="%d,%d" % (asked, answered), XDG_CONFIG_HOME=os.path.join(BUILD, "tests"))
        env.pop("WAYLAND_DISPLAY", None)
        self.program = subprocess.Popen([VMATLAS, "run", "--quiet", "--vm=" + kernel, "--size", "1280x720", "--"] + command, env=env,
                                        pass_fds=(asked, answered), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.display = display

    def texts(self, limit=20):
        os.write(self.ask, b"t")
        said, end = b"", time.monotonic() + limit
        while not said.endswith(b"\n") and time.monotonic() < end:
            if select.select([self.answer], [], [], 0.2)[0]:
                said += os.read(self.answer, 65536)
        return said.decode(errors="replace").rstrip("\n").split("\t")[1:]

    def waits_for(self, good, limit=BOOT_LIMIT):
        """The texts of the first picture at rest for which good(texts) holds; the last ones otherwise."""
        texts, end = [], time.monotonic() + limit
        while time.monotonic() < end and self.program.poll() is None:
            texts = self.texts()
            if good(texts):
                break
            time.sleep(0.3)
        return texts

    def close(self):
        """As the user does; status and stderr."""
        self.program.send_signal(signal.SIGTERM)
        try:
            stderr = self.program.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            self.program.kill()
            stderr = self.program.communicate()[1] + b"[did not end]"
        return self.program.returncode, stderr.decode(errors="replace")


def emulator_of(pid):
    """The QEMU somewhere below this process."""
    for line in subprocess.run(["ps", "-eo", "pid,ppid,comm"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()[1:]:
        child, parent, name = line.split(None, 2)
        if int(parent) == pid:
            found = int(child) if name.startswith("qemu") else emulator_of(int(child))
            if found:
                return found
    return 0


def has(texts, part):
    return any(part in text for text in texts)


def process_vanishes(checks, display, kernel):
    window = Window(display, kernel, ["sh", "-c", "sleep 1; kill -KILL $$"])
    texts = window.waits_for(lambda t: has(t, "the command ended"))
    checks.ok(has(texts, "the command ended"), "a command that is killed: the window says that it ended", texts)
    checks.ok(has(texts, "stack") and has(texts, "PGD"), "and keeps its map and its last walk", texts)
    status, stderr = window.close()
    checks.equal((status, stderr), (128 + signal.SIGKILL, ""), "closing it ends with the command's status")


def machine_is_unplugged(checks, display, kernel):
    window = Window(display, kernel, ["sh", "-c", "while :; do sleep 0.2; /bin/true; done"])
    texts = window.waits_for(lambda t: has(t, "stack") and has(t, "PGD"))
    checks.ok(has(texts, "live"), "a running command is shown live", texts)
    emulator = emulator_of(window.program.pid)
    checks.ok(emulator, "its VM runs")
    if emulator:
        os.kill(emulator, signal.SIGKILL)
    texts = window.waits_for(lambda t: has(t, "broke off"), 60)
    checks.ok(has(texts, "the source broke off; this is what came"), "the VM is killed: the window says that the source broke off", texts)
    checks.ok(has(texts, "stack") and has(texts, "Events so far"), "and keeps what came", texts)
    status, stderr = window.close()
    checks.ok(status == 7 and len(stderr.strip().splitlines()) == 1, "closing it ends with 7 and one sentence", "%d: %s" % (status, stderr))


def main():
    checks = Checks()
    kernel = kernel_argument()
    display = Display()
    try:
        checks.attempt("process vanishes", process_vanishes, display, kernel)
        checks.attempt("machine is unplugged", machine_is_unplugged, display, kernel)
    finally:
        display.close()
    checks.end()


main()
