#!/usr/bin/env python3
"""`make bench` in guests takes too long for a test: here is what it makes of what a guest said (saved from a real one), and that the guest's program says what is understood."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "kernel"), os.path.join(ROOT, "tests", "bench")]
from guest import Checks  # noqa: E402  pylint: disable=wrong-import-position
import kernel  # noqa: E402  pylint: disable=wrong-import-position

WORK = os.path.join(ROOT, "build", "bench", "work")
MORE = """noise of the console
# missing bpftrace bpftrace is not installed (make bench-deps)
# growth vmas 1000 fault 7000.0 8500.5 pair 10000.0 16000.0 fork 1000000.0 2000000.0 exec 500000.0 600000.0 lost 3
# compile 1 nothing 1000 101000
# compile 1 watched 200000 304000
# compile 2 nothing 1000 201000
# compile 2 watched 300000 520000
# seen watched.1 77 lost 0
"""


def saved(t):
    with open(os.path.join(ROOT, "tests", "data", "bench", "costs-6.1.txt"), encoding="utf-8") as file:
        said = kernel.parse(file.read())
    t.equal(sorted(said["cost"]), sorted(["nothing", *(tool for tool, _ in kernel.TOOLS)]), "each tool of a guest's output is found")
    t.equal(set(map(tuple, map(sorted, said["cost"].values()))), {tuple(sorted(kernel.KINDS))}, "with all kinds of events")
    t.equal((kernel.added(said, "trace-cmd", "fault"), kernel.added(said, "stopped", "fault")), (said["cost"]["trace-cmd"]["fault"][0] - said["cost"]["nothing"]["fault"][0], 0.0),
            "what a tool adds is the difference, and nothing where it is noise")
    t.ok(all(seen[0] > 9000 and seen[1] == 0 for tool, seen in said["seen"].items() if not tool.startswith("unwatched")), "who was to record has recorded, without loss", said["seen"])
    figure = kernel.verdict(said, "watched", "fault", 1.0, True)[0]
    t.equal([kernel.verdict(said, "watched", "fault", limit, True)[1] for limit in (figure, figure - 0.01)], ["met", "missed"], "a target is met up to its limit")
    rows = kernel.cost_rows(said)
    t.equal((len(rows), {len(row) for row in rows}), (len(kernel.TOOLS) + 1, {9}), "a row a tool, as wide as the head")
    del said["cost"]["trace-cmd"]
    t.equal((kernel.verdict(said, "watched", "fault", 1.0, True), {row[6] for row in kernel.cost_rows(said)[1:]}), (None, {"-"}), "without the peer there is no ratio, and no verdict")


def other_lines(t):
    said = kernel.parse(MORE)
    t.equal(said["missing"], {"bpftrace": "bpftrace is not installed (make bench-deps)"}, "a tool that gave no figures says why")
    t.equal(said["growth"], [("vmas", 1000, {"fault": (7000.0, 8500.5), "pair": (10000.0, 16000.0), "fork": (1e6, 2e6), "exec": (5e5, 6e5)}, 3)], "a point of growth")
    t.equal(kernel.slowdowns(said, "watched"), [1.04, 1.1], "slowdowns of a compile, part by part")


def program(t):
    done = subprocess.run([WORK, "costs", "here"], stdout=subprocess.PIPE, text=True, check=False)
    t.equal({kind: task > 0 for kind, (task, _) in kernel.parse(done.stdout)["cost"].get("here", {}).items()}, dict.fromkeys(kernel.KINDS, True), "the guest's program measures all kinds of events")
    with open(os.path.join(ROOT, "tests", "bench", "kernel", "init"), encoding="utf-8") as file:
        text = file.read()
    defined, called = re.findall(r"^(\w+)\(\)", text, re.M), re.findall(r"^\tsettled (\w+)", text, re.M)
    t.equal((len(defined), set(called) - set(defined)), (len(set(defined)), {"work"}), "each step of the guest's script is a function, defined once")
    for script in ("init", "guest.sh", "project.sh"):
        t.equal(subprocess.run(["sh", "-n", os.path.join(ROOT, "tests", "bench", "kernel", script)], check=False).returncode, 0, script + " parses")


def main():
    t = Checks()
    saved(t)
    other_lines(t)
    program(t)
    sys.exit(t.failed != 0)


main()
