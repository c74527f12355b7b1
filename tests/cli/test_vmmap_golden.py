#!/usr/bin/env python3
"""vmmap on saved real inputs: its outputs are those that were approved. --approve writes them anew; then read the difference before it is committed."""
import difflib
import glob
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vmmaplib import ROOT, columns, finish, ok, vmmap  # noqa: E402

DATA = os.path.join(ROOT, "tests", "data", "vmmap")


def said(path):
    with open(path, "rb") as file:
        data = file.read()
    texts = [vmmap(*args, "-", input=data) for args in ([], ["--flat"])]
    whole = json.loads(vmmap("--json", "-", input=data).stdout)
    texts = [run.stdout.decode("utf-8", "surrogateescape") for run in texts]
    rows = ["%s %s %s %s %s" % (r["start"], r["zone"], "lib" if r["lib"] else "-", r["group"], r["description"]) for r in whole["regions"]]
    return texts, "\n".join([*texts, *rows, json.dumps(whole["totals"], sort_keys=True)]) + "\n", whole, data


for path in sorted(glob.glob(os.path.join(DATA, "*.smaps"))):
    name = os.path.basename(path)[:-6]
    texts, text, whole, data = said(path)
    golden = path[:-6] + ".txt"
    if sys.argv[1:] == ["--approve"]:
        with open(golden, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
    with open(golden, encoding="utf-8", errors="surrogateescape") as file:
        approved = file.read()
    ok(text == approved, "%s: as approved" % name, "\n".join(difflib.unified_diff(approved.splitlines(), text.splitlines(), "approved", "now", lineterm="", n=0)))
    ok(max(columns(t) for t in texts) <= 101, "%s: in 100 columns" % name, max(texts[0].splitlines(), key=len))
    rss = sum(int(line.split()[1]) for line in data.decode("utf-8", "replace").splitlines() if line.startswith("Rss:")) * 1024
    ok(whole["totals"]["rss"] == rss, "%s: the sum of RSS" % name)
    only_maps = b"\n".join(line for line in data.split(b"\n") if b"-" in line.split(b" ")[0] and b":" in line) + b"\n"
    run = vmmap("-", input=only_maps)
    ok(run.returncode == 0 and b"hidden  (a maps file does not tell; smaps does)" in run.stdout and not run.stderr, "%s: maps alone, RSS is not known" % name, run)
with open(os.path.join(DATA, "names.smaps"), "rb") as file:
    names = {r["name"] for r in json.loads(vmmap("--json", "-", input=file.read()).stdout)["regions"]}
for name in ("/opt/demo/a dir/with spaces", "/opt/demo/new\\012line", "/opt/demo/gone (deleted)", "/memfd:a memfd (deleted)"):
    ok(name in names, "the name %s" % name, names)
ok(max(map(len, names)) > 3900, "a name of 4,000 characters is whole")
finish()
