#!/usr/bin/env python3
"""The command line: what is wrong with it is said in one sentence that names it, with the documented exit code, before anything is started."""
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kernel"))
from guest import Checks, run  # noqa: E402  pylint: disable=wrong-import-position

VMATLAS = os.path.join(ROOT, "build", "vmatlas-san")
RECORDING = os.path.join(ROOT, "tests", "data", "tour.vmatlas")
FAILURE, USAGE, VM = 1, 2, 7

# Options of record, and a word the sentence must have.
RECORD = [("--bogus", "'--bogus'"), ("--bogus=3", "'--bogus'"), ("-x", "'-x'"), ("-qx", "'-x'"), ("--mo x", "'--mo'"), ("--quiet=3", "'--quiet'"),
          ("--vm --local", "--local"), ("--local --cpus 2", "--cpus"), ("--local --mem 1G", "--mem"), ("--vm --module x.ko", "--module"),
          ("--numa 0", "--numa"), ("--numa 9", "--numa"), ("--numa 3", "--numa"), ("--numa 3 --cpus 3", "--mem"), ("--numa 2 --cpus 3", "--numa"),
          ("--local --numa 2", "--numa"), ("--cpus 0", "--cpus"), ("--cpus many", "--cpus"), ("--levels 3", "--levels"), ("--mem much", "--mem"), ("--share /", "--share"),
          ("--classes foo", "foo"), ("--classes fault,foo", "foo"), ("--classes fa", "fa"), ("--module-param nothing=1", "nothing=1"),
          ("--module-param subbuf_size", "subbuf_size"), ("--module-param subbuf_count=x", "subbuf_count=x"), ("--module-param sub=1", "sub=1"),
          ("--module-param without=", "without="), ("--module-param without=d_move;x", "without=d_move;x")]
OTHERS = [("attach", "--vm 1", "--vm"), ("attach", "--no-aslr 1", "--no-aslr"), ("attach", "x", "process"), ("stats", "--bogus f", "'--bogus'"),
          ("dump", "--bogus f", "'--bogus'"), ("dump", "--pid", "'--pid'"), ("events", "--type", "'--type'"), ("events", "-z f", "'-z'"),
          ("render", "--fps", "'--fps'"), ("render", "-z f", "'-z'"), ("replay", "--at", "'--at'"), ("replay", "--bogus f", "'--bogus'"),
          ("vm", "--local -- true", "--local"), ("vm", "--title x -- true", "--title"), ("vm", "-o x -- true", "--output"), ("vm", "", "command"), ("print", "", "process"),
          ("print", "x", "process"), ("print", "--addr x 1", "--addr"), ("print", "--bogus 1", "'--bogus'")]


def one_sentence(checks, done, code, word, name):
    lines = done.stderr.decode(errors="replace").splitlines()
    checks.ok(done.returncode == code and len(lines) == 1 and word in lines[0], name, "status %d\n%s" % (done.returncode, "\n".join(lines)))


def wrong_usage(checks, directory):
    out = os.path.join(directory, "out")
    for options, word in RECORD:
        one_sentence(checks, run([VMATLAS, "record", "-o", out, *options.split(), "--", "true"]), USAGE, word, "record %s" % options)
    for command, options, word in OTHERS:
        one_sentence(checks, run([VMATLAS, command, *options.split()]), USAGE, word, "%s %s" % (command, options))
    one_sentence(checks, run([VMATLAS, "record", "-o", out, "--title"]), USAGE, "'--title'", "an option at the end that lacks its value")
    checks.ok(not os.path.exists(out), "none of them made a file")


def one_file_for_two(checks, directory):
    there, link, new = (os.path.join(directory, name) for name in ("there", "link", "new"))
    with open(there, "w", encoding="ascii") as file:
        file.write("precious")
    os.link(there, link)
    for log, out, name in ((there, there, "the same name"), (link, there, "another name of the same file"),
                           (directory + "/../" + os.path.basename(directory) + "/new", new, "a file that is not there yet, by two paths")):
        one_sentence(checks, run([VMATLAS, "record", "-o", out, "--guest-log", log, "--", "true"]), USAGE, "log", "recording and guest log: " + name)
    with open(there, encoding="ascii") as file:
        checks.equal(file.read(), "precious", "and the file is as it was")


def no_directory(checks, directory):
    gone = os.path.join(directory, "gone")
    os.mkdir(gone)
    script = 'cd %s && rmdir %s && exec "$0" record -o %s/x --vm -- pwd' % (gone, gone, directory)
    done = run(["sh", "-c", script, VMATLAS], env=dict(os.environ, VMATLAS_DIR=os.path.join(ROOT, "build")))
    one_sentence(checks, done, FAILURE if os.path.isdir(os.path.join(ROOT, "build", "vm")) else VM, "", "a directory that is no more is not taken for /")


def full_output(checks):
    for argv in (["--help"], ["--version"], ["record", "--help"], ["stats", "--help"], ["dump", "--help"], ["events", "--help"], ["render", "--help"],
                 ["replay", "--help"], ["stats", RECORDING]):
        done = run(["sh", "-c", 'exec "$0" "$@" >/dev/full', VMATLAS, *argv])
        one_sentence(checks, done, FAILURE, "standard output", "standard output is full: " + argv[0] + (" " + argv[1] if argv[1:] == ["--help"] else ""))


def main():
    checks = Checks()
    built = run(["make", "-s", "-C", ROOT, "build/vmatlas-san"], 900)
    checks.equal(built.returncode, 0, "the program builds with ASan and UBSan")
    with tempfile.TemporaryDirectory() as directory:
        checks.attempt("wrong usage", wrong_usage, directory)
        checks.attempt("one file for two", one_file_for_two, directory)
        checks.attempt("no directory", no_directory, directory)
    checks.attempt("full output", full_output)
    checks.end()


if __name__ == "__main__":
    main()
