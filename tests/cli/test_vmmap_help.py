#!/usr/bin/env python3
"""Every example of vmmap's help and manual runs as it is written; the manual, the completions and the help know the same options; make install and uninstall."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vmmaplib import ROOT, end, finish, ok, stands_still, vmmap  # noqa: E402

HELP = vmmap("--help").stdout.decode()
BUILD = os.path.join(ROOT, "build")


def options_of(text):
    return set(re.findall(r"--[a-z]+", text))


def examples(text):
    found = []
    for line in text.splitlines():
        line = re.sub(r"   +.*", "", line.strip())
        if line.startswith("vmmap "):
            found.append(line)
    return found


def run_examples(name, lines, program, place):
    """In a directory where the files they name are, with 4711 and its stack being those of a process that lives, a command for make."""
    child = stands_still(["bash", "-c", "echo x; read x"])
    with open("/proc/%d/maps" % child.pid, encoding="utf-8") as file:
        stack = [line.split("-")[0] for line in file if "[stack]" in line][0]
    for saved in ("saved-smaps.txt", "before.txt", "after.txt"):
        shutil.copyfile("/proc/%d/smaps" % child.pid, os.path.join(place, saved))
    with open(os.path.join(place, "Makefile"), "w", encoding="utf-8") as file:
        file.write("all:\n\t@true\n")
    other = os.path.join(place, "programs", "vmmapexample") # a file of that name in the directory itself would be meant
    os.makedirs(os.path.dirname(other), exist_ok=True)
    shutil.copy("/usr/bin/bash", other)
    named = stands_still([other, "-c", "echo x; read x"])
    for line in lines:
        command = re.sub(r"\b4711\b", str(child.pid), line)
        span = re.search(r"0x7[0-9a-f]{11}-0x7[0-9a-f]{11}", command)
        command = command.replace(span.group(), "0x%s-0x%x" % (stack, int(stack, 16) + 3 * 4096)) if span else re.sub(r"0x7[0-9a-f]{11}", "0x" + stack, command)
        command = re.sub(r"\bbash\b", "vmmapexample", command)
        if "--watch" in command:
            command += " --interval 0.05 --times 2"
        ran = subprocess.run(["sh", "-c", command], cwd=place, env={**os.environ, "PATH": os.path.dirname(program) + ":" + os.environ["PATH"]}, capture_output=True,
                             timeout=120, check=False)
        ok(ran.returncode == 0 and ran.stdout + ran.stderr, "%s: %s" % (name, line), (command, ran.returncode, ran.stderr))
    end(child, named)


def manual(place):
    with open(os.path.join(ROOT, "docs", "man", "vmmap.1"), encoding="utf-8") as file:
        text = file.read().replace("\\-", "-")
    ok(options_of(text) == options_of(HELP), "the manual has the options of the help", options_of(text) ^ options_of(HELP))
    lines = text.split(".SH EXAMPLES")[1].split(".fi")[0]
    run_examples("manual", sorted(set(examples(lines)) - set(examples(HELP))), os.path.join(BUILD, "vmmap"), place)
    with open(os.path.join(ROOT, "docs", "man", "vmatlas.1"), encoding="utf-8") as file:
        text = file.read()
    commands = re.findall(r"^  ([a-z]+) ", subprocess.run([os.path.join(BUILD, "vmatlas"), "--help"], capture_output=True, check=True, text=True).stdout.split("Commands")[1], re.M)
    ok([word for word in commands if ".B %s\n" % word not in text] == [], "vmatlas(1) has its commands", commands)
    if shutil.which("groff"):
        for page in ("vmmap.1", "vmatlas.1"):
            ran = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-b", os.path.join(ROOT, "docs", "man", page)], capture_output=True, check=False)
            ok(ran.returncode == 0 and not ran.stderr and len(ran.stdout) > 2000, "%s is a manual page without a warning" % page, ran.stderr)


def complete(script, function, words):
    code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); %s; printf "%%s\\n" "${COMPREPLY[@]}"' % function
    ran = subprocess.run(["bash", "-c", code, "bash", os.path.join(ROOT, "docs", "completions", script), *words], capture_output=True, check=False, text=True)
    return set(ran.stdout.split())


def completions():
    program = os.path.join(BUILD, "vmmap")
    ok(complete("vmmap", "_vmmap", [program, "--"]) == options_of(HELP), "completion: all options")
    ok(complete("vmmap", "_vmmap", [program, "--fault", "w"]) == {"write-readonly"}, "completion: types of faults")
    listed = vmmap("--fault", "nonsense").stderr.decode().split("there are: ")[1].replace(",\n", ",").split()
    listed = [word.strip(",") for word in listed]
    ok(complete("vmmap", "_vmmap", [program, "--fault", ""]) == set(listed), "… all of them", listed)
    for kind in complete("vmmap", "_vmmap", [program, "--type", ""]):
        ran = vmmap("--flat", "--type", kind, "--self")
        ok(ran.returncode == 0, "--type %s" % kind, ran.stderr)
    ok(str(os.getpid()) in complete("vmmap", "_vmmap", [program, str(os.getpid())]), "completion: processes")
    program = os.path.join(BUILD, "vmatlas")
    ok({"record", "replay", "render", "redact"} == complete("vmatlas", "_vmatlas", [program, "re"]), "completion: commands of vmatlas")
    ok("--format" in complete("vmatlas", "_vmatlas", [program, "dump", "--"]), "completion: options of a command")


def colour():
    plain, painted = (vmmap("--fault", "write-readonly", "--color=" + when).stdout.decode() for when in ("auto", "always"))
    strip = re.sub("\033\\[[0-9]*m", "", painted)
    shape = lambda text: re.sub("[0-9a-f]+", "N", text)  # noqa: E731
    ok("\033[" in painted and "\033[" not in plain and shape(strip) == shape(plain), "colour changes no word; none where the output is no terminal", painted)
    ok("\033" not in vmmap("--json", "--color=always", "--self").stdout.decode(), "none in JSON")


def columns_of_modes():
    child = stands_still([sys.executable, "-uc", "print('x'); input()"])
    pid = str(child.pid)
    with open("/proc/%s/maps" % pid, encoding="utf-8") as file:
        lines = file.read().splitlines()
    heap = [line.split("-")[0] for line in lines if "[heap]" in line][0]
    code = [line.split("-")[0] for line in lines if "libc.so" in line and " r-xp " in line][0]
    for args in (["--detail", heap, pid], ["--detail", code, pid], ["--tables", pid], ["--tables", "0x" + heap, pid], ["--pagemap", heap, pid], ["--files", pid], ["--numa", pid],
                 ["--shared", pid, str(os.getpid())], ["--compare", pid, str(os.getpid())], ["--faults", "true"], ["--demand", "1M"], ["--cow"], ["--fault", "all"], ["--aslr"],
                 ["--tlb", "--", "true"], ["--fault", "nonsense"], ["--help"]):
        ran = vmmap(*args)
        long = [line for line in (ran.stdout + ran.stderr).decode("utf-8", "replace").splitlines() if len(line.rsplit("\r")[-1]) > 100]
        ok(not long, "%s: in 100 columns" % " ".join(args[:1]), long)
    end(child)


def json_of_changes():
    child = stands_still([sys.executable, "-uc", "import mmap\nprint('x'); input(); m = mmap.mmap(-1, 5 << 20); m.write(b'x' * (2 << 20)); print('y'); input(); del m; print('z'); input()"])
    before = vmmap("-V") and open("/proc/%d/smaps" % child.pid, "rb").read()
    child.stdin.write(b"\n")
    child.stdin.flush()
    child.stdout.readline()
    with tempfile.NamedTemporaryFile() as saved:
        saved.write(before)
        saved.flush()
        told = json.loads(vmmap("--json", "--compare", saved.name, child.pid).stdout)
    new = [row for row in told["rows"] if row["change"] == "new" and int(row["end"], 16) - int(row["start"], 16) >= 5 << 20]
    ok(len(new) == 1 and new[0]["from"] is None and new[0]["to"]["rss"] >= 2 << 20, "--compare --json: the new mapping and what of it is there", told["rows"])
    ok(told["to"]["size"] - told["from"]["size"] >= 5 << 20 and told["from"]["source"] == saved.name and told["to"]["pid"] == child.pid, "… and both sides", told["from"])
    watch = subprocess.Popen([os.path.join(BUILD, "vmmap"), "--json", "--watch", "--interval", "0.1", str(child.pid)], stdout=subprocess.PIPE)
    time.sleep(0.5)
    child.stdin.write(b"\n")
    child.stdin.flush()
    gone = []
    for line in watch.stdout:
        told = json.loads(line)
        gone = [row for row in told["rows"] if row["change"] == "gone" and row["from"]["rss"] >= 2 << 20]
        if gone:
            break
    ok(told["ms"] >= 100 and gone and gone[0]["to"] is None, "--watch --json: an object a change", told)
    end(child)
    ok(watch.wait(timeout=10) == 0, "… until the process ends")


def sampled():
    run = vmmap("--json", "--faults", "--", sys.executable, "-c", "x = bytearray(30 << 20)")
    told = json.loads(run.stderr)
    if told["sampled"] is None:
        ok("not to be had" in vmmap("--faults", "--", "true").stderr.decode(), "--faults: no perf events here, and that is said")
        return
    anon = sum(region["faults"] for region in told["sampled"]["regions"] if region["name"] == "[anon]")
    every = sum(function["faults"] for function in told["sampled"]["functions"])
    ok(told["sampled"]["lost"] or every == told["sampled"]["faults"] == sum(region["faults"] for region in told["sampled"]["regions"]), "--faults: each fault is in one region, of one function", told["sampled"])
    ok(told["sampled"]["lost"] or told["sampled"]["user_only"] or told["sampled"]["faults"] <= told["minor"] + told["major"] <= told["sampled"]["faults"] + 400, "… and there are as many as counted", told)
    ok(told["sampled"]["lost"] or anon >= (30 << 20) // 4096 or anon >= 15, "30 MB: in anonymous memory", anon)


def installed(place):
    where = os.path.join(place, "root")
    make = ["make", "-s", "-C", ROOT, "PREFIX=/usr", "DESTDIR=" + where]
    ran = subprocess.run([*make, "install"], capture_output=True, check=False, env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")})
    ok(ran.returncode == 0, "make install", ran.stderr)
    there = {os.path.relpath(os.path.join(d, f), where) for d, _, files in os.walk(where) for f in files}
    ok({"usr/bin/vmmap", "usr/bin/vmatlas", "usr/libexec/vmatlas/vmatlas-collect", "usr/share/man/man1/vmmap.1", "usr/share/bash-completion/completions/vmmap",
        "usr/include/vmatlas/mark.h"} <= there, "programs, manuals, completions, the header of marks", there)
    run_examples("installed", examples(HELP.split("Examples:")[1].split("Usage:")[0]), os.path.join(where, "usr", "bin", "vmmap"), place)
    recording = os.path.join(ROOT, "tests", "data", "tour.vmatlas")
    picture = subprocess.run([os.path.join(where, "usr/bin/vmatlas"), "render", recording, "-o", os.path.join(place, "x.png")], capture_output=True, check=False)
    ok(picture.returncode == 0, "the installed vmatlas renders: its fonts are found", picture.stderr)
    ran = subprocess.run([*make, "uninstall"], capture_output=True, check=False)
    left = [os.path.join(d, f) for d, _, files in os.walk(where) for f in files]
    ok(ran.returncode == 0 and not left, "make uninstall leaves no file", left)


with tempfile.TemporaryDirectory() as directory:
    installed(directory)
    manual(directory)
completions()
colour()
columns_of_modes()
json_of_changes()
sampled()
finish()
