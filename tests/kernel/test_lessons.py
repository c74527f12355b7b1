#!/usr/bin/env python3
"""The commands of the lessons that need the VM, run there: recorded instead of shown, the window's options left out (tests/gui/lessons.sh looks them through). Each ends
well, and a lab says the captions of the recording that comes with its lesson. Not all each time: by the seed; `long`: all."""
import glob
import os
import random
import re
import subprocess
import tempfile

from guest import ROOT, SEED, VMATLAS, Checks, Recording, kernel_argument, run, scaled


def commands():
    """Those of blocks ```sh that go to the VM, each once, without what is said behind them."""
    found = []
    for page in sorted(glob.glob(os.path.join(ROOT, "docs", "lessons", "*.md"))):
        with open(page, encoding="utf-8") as text:
            for block in re.findall(r"^```sh\n(.*?)^```", text.read(), re.M | re.S):
                lines = [re.sub(r" +# .*", "", line) for line in block.splitlines()]
                found += [line for line in lines if line.startswith("build/vmatlas vm ") or (line.startswith("build/vmatlas") and " --vm" in line)]
    return list(dict.fromkeys(found))


def in_the_vm(command, kernel):
    if command.startswith("build/vmatlas vm "):
        return command.replace("vmatlas vm ", "vmatlas vm --vm=%s " % kernel).replace("/6.12/", "/%s/" % kernel)
    command = command.replace(" --vm ", " --vm=%s " % kernel)
    if " record " in command:
        return command
    command = re.sub(r" --(theme|tab|scale|size) \S+| --(compact|on-top)", "", command)
    return re.sub(r"^build/vmatlas( run)?", "build/vmatlas record -o made.vmatlas", command)


def captions(path):
    return [event["text"] for event in Recording(path).events("mark")]


def one(checks, command, kernel):
    with tempfile.TemporaryDirectory() as home:
        for name in ("build", "demos", "docs", "tests"):
            os.symlink(os.path.join(ROOT, name), os.path.join(home, name))
        done = run(["bash", "-c", in_the_vm(command, kernel)], 240, cwd=home, env=dict(os.environ, VMATLAS_PACE="0"), stdin=subprocess.DEVNULL)
        if not checks.equal(done.returncode, 0, command):
            print(done.stderr.decode(errors="replace")[-1000:])
            return
        made = glob.glob(os.path.join(home, "*.vmatlas"))
        lab = re.search(r"-- build/demos/(\S+)( .*)?$", command)
        shipped = os.path.join(ROOT, "docs", "lessons", "recordings", "%s.vmatlas" % (lab.group(1) if lab else ""))
        if made and os.path.exists(shipped):
            checks.equal(captions(made[0]), captions(shipped), "%s: the captions of its lesson" % lab.group(1))
        elif not made:
            checks.ok(len(done.stdout.splitlines()) >= 2, "it prints something", done.stdout)


def main():
    kernel = kernel_argument()
    checks = Checks()
    all_of_them = commands()
    checks.ok(len(all_of_them) >= 20 and os.access(VMATLAS, os.X_OK), "the lessons have commands for the VM", all_of_them)
    chosen = random.Random("%d %s" % (SEED, kernel)).sample(all_of_them, min(scaled(1, 1, 1000), len(all_of_them)))
    for command in chosen:
        checks.attempt(command, one, command, kernel)
    checks.end()


if __name__ == "__main__":
    main()
