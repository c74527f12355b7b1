#!/usr/bin/env python3
"""Runs as root inside the guest: lets the module print processes, and saves what it printed beside what /proc says, for test_print.py.

usage: print_inside.py DIR MODULE.ko HELLO.ko BRD.ko TARGET APP VMATLAS VMAS PRINTS
BRD.ko: the RAM disk of this kernel; - = it is part of it.
VMAS: of the large maps; 0 = only what differs with the paging levels. PRINTS: while a process storms.
"""
import ctypes
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

OUT, MODULE, HELLO, BRD, TARGET, APP, VMATLAS = sys.argv[1:8]
VMAS, PRINTS = int(sys.argv[8]), int(sys.argv[9])
PRINT = "/proc/vmatlas/print"
RESTRICT = "/proc/sys/kernel/dmesg_restrict"
LIBC = ctypes.CDLL(None, use_errno=True)
READ_CLEAR = 4
BUFFER = ctypes.create_string_buffer(4 << 20)
RESULT = {"errors": {}, "insmod": {}}


def put(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def get(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def log():
    """The kernel log since the last call, the times cut off."""
    size = LIBC.klogctl(READ_CLEAR, BUFFER, len(BUFFER))
    return [re.sub(r"^<\d+>(\[ *[\d.]+\](\[[^]]*\])? )?", "", line) for line in BUFFER.raw[:size].decode(errors="surrogateescape").split("\n") if line]


def ours(lines):
    return [line[len("vmatlas: "):] for line in lines if line.startswith("vmatlas: ")]


def report(lines):
    """Without what the kernel says of any module that is not its own."""
    lines = ours(lines)
    return lines[[line.startswith("begin:") for line in lines].index(True):]


def ask(text):
    """0, or the error number of the write."""
    fd = os.open(PRINT, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
        return 0
    except OSError as error:
        return error.errno
    finally:
        os.close(fd)


def printed(text):
    log()
    code = ask(text)
    return code, ours(log())


def insmod(parameters):
    """As insmod does it: init_module gives the error itself."""
    fd = os.open(MODULE, os.O_RDONLY)
    code = LIBC.syscall(313, fd, parameters.encode(), 0)
    os.close(fd)
    return ctypes.get_errno() if code else 0


def rmmod():
    subprocess.run(["rmmod", "vmatlas"], check=True)


class Target:
    """A print_target that is ready."""

    def __init__(self, *kind, before=()):
        self.process = subprocess.Popen([*before, TARGET, *kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.at, self.tid, self.pid = {}, 0, self.process.pid
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "at":
                self.at[words[1]] = int(words[2], 16)
            elif words[0] == "tid":
                self.tid = int(words[1])
            elif words[0] == "pid":
                self.pid = int(words[1])
            else:
                break

    def end(self):
        self.process.stdin.close()
        return self.process.wait()

    def proc(self, name):
        return get("/proc/%d/%s" % (self.pid, name))

    def pagemap(self):
        """Of each mapping its entries, but the gate page's; and of the addresses told."""
        entries, fd = [], os.open("/proc/%d/pagemap" % self.pid, os.O_RDONLY)
        for line in self.proc("maps").splitlines():
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if start < 1 << 56:
                entries.append(os.pread(fd, (end - start) // 512, start // 512))
        words = [int.from_bytes(some[i:i + 8], "little") for some in entries for i in range(0, len(some), 8)]
        at = {name: int.from_bytes(os.pread(fd, 8, addr // 4096 * 8), "little") for name, addr in self.at.items()}
        os.close(fd)
        return {"present": sum(word >> 63 for word in words), "swapped": sum(word >> 62 & 1 for word in words), "at": at}


def compared():
    """One of each kind of mapping, by insmod and by the file."""
    target = Target("map")
    log()
    case = {"insmod": insmod("pid=%d" % target.pid), "at_insmod": report(log()), "files": {}, "at": target.at, "walks": {}, "pid": target.pid}
    for name in ("maps", "stat", "statm", "status", "smaps_rollup"):
        case["files"][name] = target.proc(name)
    case["pagemap"] = target.pagemap()
    for name, addr in target.at.items():
        case["walks"][name] = printed("pid=%d addr=0x%x tree=1" % (target.pid, addr))
    case["by_tid"] = printed("pid=%d" % target.tid)
    case["maps_again"] = target.proc("maps")
    RESULT["compared"] = case
    RESULT["hooks"] = [get("/sys/kernel/debug/kprobes/list"), get("/sys/kernel/tracing/enabled_functions"), get("/proc/vmatlas/enable").strip(),
                       get("/proc/vmatlas/stats")]
    return target


def hidden(target):
    """Who may read the log decides what it says."""
    put(RESTRICT, "0")
    text = "pid=%d addr=0x%x tree=1" % (target.pid, target.at["written"])
    RESULT["hidden"] = printed(text)
    RESULT["shown"] = printed(text + " phys=1")
    put(RESTRICT, "1")
    script = "mount -t tmpfs none /proc/sys && mkdir /proc/sys/kernel && echo 1 >/proc/sys/kernel/dmesg_restrict && echo %s >%s" % (text, PRINT)
    log()
    RESULT["fooled"] = subprocess.run(["unshare", "-m", "sh", "-c", script], check=False).returncode, ours(log())


def errors(target):
    zombie = os.fork()
    if not zombie:
        os._exit(0)
    while get("/proc/%d/stat" % zombie).split()[2] != "Z":
        time.sleep(0.01)
    for text in ("pid=2", "pid=%d" % zombie, "pid=4194000", "pid=0", "pid=-1", "pid=x", "", "tree=1", "nonsense", "pid=%d tree=2" % target.pid,
                 "pid=%d addr=0xffff800000000000" % target.pid, "pid=%d addr=zero" % target.pid, "pid=99999999999999", "pid"):
        RESULT["errors"][text.replace(str(zombie), "ZOMBIE").replace(str(target.pid), "N")] = printed(text)
    os.waitpid(zombie, 0)
    rmmod()
    for text in ("pid=2", "pid=4194000", "pid=x", "addr=0x1000", "pid=%d addr=0xffff800000000000" % target.pid):
        log()
        RESULT["insmod"][text.replace(str(target.pid), "N")] = insmod(text), ours(log()), os.path.exists("/proc/vmatlas")
    insmod("")


def command(*arguments):
    """vmatlas print: its status, and lines of output and of error output."""
    done = subprocess.run([VMATLAS, "print", *arguments], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, *(text.decode(errors="surrogateescape").split("\n")[:-1] for text in (done.stdout, done.stderr))


def by_command(target):
    addr = target.at["written"]
    RESULT["command"] = {"print": command("--tree", "--addr", "0x%x" % addr, str(target.pid)), "same": printed("pid=%d tree=1 addr=%d" % (target.pid, addr)),
                         "nobody": command("4194000"), "kernel thread": command("2"), "no number": command("x"), "no address": command("--addr", "x", "1")}


def recorded():
    """The walks the module records for faults of a process, and those it prints of the same."""
    target = Target("map", before=[VMATLAS, "record", "--local", "-q", "-o", os.path.join(OUT, "recording.vmatlas"), "--",
                                   "sh", "-c", 'echo pid $$; exec "$0" "$@"'])
    walks = {name: printed("pid=%d addr=0x%x" % (target.pid, addr))[1] for name, addr in target.at.items()}
    target.end()
    RESULT["recorded"] = {"pid": target.pid, "at": target.at, "walks": walks}


def app():
    """The lab program asks for itself."""
    log()
    done = subprocess.run([APP, "-s", "alloc 100k; print; quit"], check=False, stdout=subprocess.PIPE, text=True)
    RESULT["app"] = done.stdout, ours(log())


def large():
    quiet = Target("many", str(VMAS))
    code, lines = printed("pid=%d" % quiet.pid)
    RESULT["many"] = {"code": code, "lines": lines, "maps": quiet.proc("maps")}
    RESULT["many"]["command"] = command(str(quiet.pid))
    RESULT["killed"] = killed(quiet)
    quiet.end()
    busy = Target("busy", str(VMAS))
    # On a machine with much else to do the target may just not have had its turn.
    for _ in range(30):
        RESULT["busy"] = printed("pid=%d" % busy.pid)
        if any("THE MAP CHANGED" in line for line in RESULT["busy"][1]):
            break
    busy.end()


def killed(target):
    """Printing ends with its writer. Where it is too fast to be caught: the last attempt."""
    lines = []
    for pause in (0.1, 0.05, 0.02, 0.01, 0.005):
        log()
        writer = subprocess.Popen(["sh", "-c", "echo pid=%d >%s" % (target.pid, PRINT)])
        while not any(line.startswith("begin:") or line.startswith("VMA") for line in lines) and writer.poll() is None:
            time.sleep(pause / 10)
            lines = ours(log())
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        lines = ours(log())
        if any("killed" in line for line in lines):
            break
    return lines


def storm():
    """Printed without rest while it changes all the time, its children too."""
    target, counts = Target("storm"), {"codes": {}, "begin": 0, "end": 0, "children": 0}
    put(RESTRICT, "0")
    log()
    for i in range(PRINTS):
        children = get("/proc/%d/task/%d/children" % (target.pid, target.pid)).split() if i % 2 else []
        pid = int(children[0]) if children else target.pid
        counts["children"] += pid != target.pid
        code = ask("pid=%d tree=1 addr=0x%x" % (pid, random.getrandbits(46)))
        counts["codes"][code] = counts["codes"].get(code, 0) + 1
        if i % 10 == 9 or i == PRINTS - 1:
            lines = ours(log())
            counts["begin"] += sum(line.startswith("begin:") for line in lines)
            counts["end"] += sum(line.startswith("end:") for line in lines)
    put(RESTRICT, "1")
    counts["target"] = target.end()
    RESULT["storm"] = counts


def tables():
    """The most entries a print says it has seen, of a process whose page tables come and go, and the most pages it ever had."""
    target, most, gone = Target("tables"), 0, 0
    for _ in range(PRINTS):
        lines = printed("pid=%d tree=1 addr=0x%x" % (target.pid, random.getrandbits(46)))[1]
        most = max([most] + [int(re.search("([0-9]+) entries", line)[1]) for line in lines if line.startswith("tree PTE:")])
        gone += any("were gone" in line for line in lines)
    pages = int(re.search("VmHWM:\\s+([0-9]+)", target.proc("status"))[1]) // 4
    RESULT["tables"] = {"most": most, "gone": gone, "pages": pages, "status": target.end()}


def hello():
    log()
    subprocess.run(["insmod", HELLO], check=True)
    subprocess.run(["rmmod", "hello"], check=True)
    RESULT["hello"] = [line for line in log() if line.startswith("hello:")]


def main():
    # Not the lines we ask for, but all that warns: the console is searched for that.
    put("/proc/sys/kernel/printk", "5")
    put(RESTRICT, "1")  # as Debian has it; debug kernels do not
    put("/proc/sys/vm/nr_hugepages", "2")
    if BRD != "-":
        subprocess.run(["insmod", BRD, "rd_nr=1", "rd_size=16384"], check=True)
    subprocess.run(["mkswap", "/dev/ram0"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["swapon", "/dev/ram0"], check=True)
    target = compared()
    if VMAS:
        hello()
        hidden(target)
        by_command(target)
        errors(target)
        app()
        large()
        storm()
        tables()
    target.end()
    recorded()
    rmmod()
    RESULT["no module"] = command("1")
    with open(os.path.join(OUT, "print.json"), "w", encoding="utf-8") as file:
        json.dump(RESULT, file)
    print("done")


main()
