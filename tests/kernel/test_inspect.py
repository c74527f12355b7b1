#!/usr/bin/env python3
"""test_inspect.py KERNEL: which code called and faulted, by name and line; what an access would do, asked before each fault of what was just recorded.

The workload tells the lines its calls and accesses stand on; `vmatlas events --symbols` must name the same from the recording and the program's file.
"""
import json
import os
import shutil
import subprocess

import guest


def facts(text, what):
    return [line.split()[1:] for line in text.splitlines() if line.startswith(what + " ")]


def symbols(checks, recording, text):
    lines = {name: int(line) for name, line in facts(text, "line")}
    done = guest.run([guest.VMATLAS, "events", recording, "--type", "op,fault", "--symbols", "--format", "json"])
    events = [json.loads(line) for line in done.stdout.splitlines()]
    by = {}
    for event in events:
        code = event.get("code") or {}
        if code.get("source", "").endswith("inspect.c") and code.get("function") in lines:
            by.setdefault(code["function"], set()).add((event.get("call") or event["type"], code["line"]))
    checks.equal(by.get("reserve"), {("mmap", lines["reserve"])}, "mmap was called by reserve(), on its line")
    checks.equal(by.get("protect"), {("mprotect", lines["protect"])}, "mprotect was called by protect(), on its line")
    checks.equal(by.get("touch"), {("fault", lines["touch"])}, "touch() faulted on its line")


def other_build(checks, recording, program):
    """The same path, another build: no name is given."""
    copy = program + ".kept"
    shutil.move(program, copy)
    try:
        subprocess.run(["cc", "-x", "c", "-", "-o", program, "-Wl,--build-id"], input=b"int main(void) { return 0; }\n", check=True)
        done = guest.run([guest.VMATLAS, "events", recording, "--type", "op", "--symbols"]).stdout.decode()
        mine = [line for line in done.splitlines() if " mmap(0x360000000000," in line]
        checks.ok(len(mine) == 1 and mine[0].endswith("(the file here is another build)") and "reserve" not in mine[0],
                  "a file of another build is not believed", "\n".join(mine))
    finally:
        shutil.move(copy, program)


def main():
    checks = guest.Checks()
    kernel = guest.kernel_argument()
    work = os.path.join(guest.BUILD, "tests", "kernel", kernel, "inspect")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    program = os.path.join(work, "inspect")
    shutil.copy(os.path.join(guest.WORKLOADS, "inspect"), program)
    recording = os.path.join(work, "inspect.vmatlas")
    done = guest.run([guest.VMATLAS, "record", "--vm=" + kernel, "-o", recording, "--", "sh", "-c",
                      "%s -; %s -" % (program, os.path.join(guest.WORKLOADS, "bad_access"))], guest.BOOT_LIMIT)
    if checks.ok(done.returncode == 0, "the workload is recorded", done.stderr.decode(errors="replace")):
        checks.attempt("symbols", symbols, recording, done.stdout.decode())
        checks.attempt("another build", other_build, recording, program)
        asked = guest.run([os.path.join(guest.BUILD, "tests", "unit", "test_expect"), recording])
        checks.ok(asked.returncode == 0, "no fault comes otherwise than foretold", asked.stdout.decode() + asked.stderr.decode())
    checks.end()


main()
