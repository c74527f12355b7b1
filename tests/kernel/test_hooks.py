#!/usr/bin/env python3
"""A kernel that lacks hooks: what is vital is asked for in a sentence, what is not is left out and said, and the picture claims nothing it cannot know.

The hooks are left out by the module's parameter `without`.
"""
import json
import os

from guest import BUILD, SEED, VMATLAS, WORKLOADS, Checks, guest_log_is_clean, kernel_argument, run, scaled

PROGRAMS = "%s/maps_random /tmp hooks %d %d; %s/fork_cow /tmp hooks2" % (WORKLOADS, SEED, scaled(100, 200, 1000), WORKLOADS)

VITAL = [("exit_mmap", "end of maps"), ("sched_process_exec", "exec")]

# Left out together, whether pages may then change unseen, what is no longer there.
SPARED = [
    ("faults", ["handle_mm_fault"], True, ["end of faults"]),
    ("entries", ["page_fault_user", "unmap_page_range", "change_protection"], True,
     ["faults", "pages that are unmapped", "entries that mprotect, NUMA balancing and userfaultfd change"]),
    ("calls", ["task_rename", "move_page_tables", "__x64_sys_mprotect"], False, ["new names", "pages that mremap moves", "result of mprotect"]),
]


class Console:
    """A guest log, as the checks of a whole guest want it."""

    def __init__(self, path):
        self.console = path


def told(result):
    return json.dumps(result)[:3000] if result else "no verdict"


def verify(kernel, directory, name, hooks):
    path, console = os.path.join(directory, name + ".vmatlas"), os.path.join(directory, name + ".log")
    done = run([VMATLAS, "verify", "--vm=" + kernel, "-q", "--format", "json", "--seed", str(SEED), "--interval", "5", "--pages", "all",
                "--guest-log", console, "--module-param", "without=" + ",".join(hooks), "-o", path, "--", "sh", "-c", PROGRAMS], 280)
    try:
        return done, json.loads(done.stdout.decode(errors="replace").splitlines()[-1]), path, Console(console)
    except (ValueError, IndexError):
        return done, None, path, Console(console)


def without_vital(checks, kernel, hook, what):
    done = run([VMATLAS, "record", "--vm=" + kernel, "-o", "/dev/null", "--module-param", "without=" + hook, "--", "true"], 240)
    said = done.stderr.decode(errors="replace")
    checks.ok(done.returncode == 5 and "%s is left out: no %s" % (hook, what) in said, "without %s nothing is recorded: a sentence, exit code 5" % hook,
              "status %d\n%s" % (done.returncode, said))


def without_some(checks, kernel, directory, spec):
    name, hooks, blind, lost = spec
    done, result, path, console = verify(kernel, directory, name, hooks)
    if not checks.ok(result is not None, "without %s: a verdict" % ", ".join(hooks), done.stderr.decode(errors="replace")[-2000:]):
        return
    checks.ok(done.returncode == 0 and result["differences"] == 0 and result["lines"] > 50,
              "without %s: the maps are the kernel's, no difference" % ", ".join(hooks), told(result))
    if blind:
        checks.ok(result["pages"] == 0 and result["rss"] == 0 and result["uncertain"] > 500, "%s: no page is certain (%d are not)" % (name, result["uncertain"]), told(result))
        checks.ok(result["fault_counts"] == 0 and result["fault_counts_unknown"] > 0, "%s: nor the number of faults" % name, told(result))
    else:
        checks.ok(result["pages"] > 500 and result["fault_counts"] > 0, "%s: pages and faults are compared as ever" % name, told(result))
    said = run([VMATLAS, "stats", path]).stdout.decode(errors="replace")
    missing = ["%s is left out: no %s" % pair for pair in zip(hooks, lost) if "%s is left out: no %s" % pair not in said]
    checks.ok("not seen" in said and not missing, "%s: `vmatlas stats` says what is off" % name, "\n".join(missing) + "\n" + said)
    guest_log_is_clean(checks, console, "%s: the guest's kernel log is clean" % name)


def no_such_hook(checks, kernel, directory):
    log = os.path.join(directory, "none.log")
    done = run([VMATLAS, "record", "--vm=" + kernel, "-o", "/dev/null", "--guest-log", log, "--module-param", "without=d_mover", "--", "true"], 240)
    said, console = done.stderr.decode(errors="replace"), open(log, encoding="utf-8", errors="replace").read()
    checks.ok(done.returncode == 7 and "cannot load vmatlas.ko with without=d_mover" in said and "without=d_mover: there is no such hook" in console,
              "a hook there is not: the module is not loaded, and says why", "status %d\n%s" % (done.returncode, said))


def main():
    kernel = kernel_argument()
    checks = Checks()
    directory = os.path.join(BUILD, "tests", "kernel", kernel, "hooks")
    os.makedirs(directory, exist_ok=True)
    for hook, what in scaled(VITAL[:1], VITAL, VITAL):
        checks.attempt("without " + hook, without_vital, kernel, hook, what)
    checks.attempt("without a hook there is not", no_such_hook, kernel, directory)
    for spec in SPARED:
        checks.attempt("without " + ", ".join(spec[1]), without_some, kernel, directory, spec)
    checks.end()


if __name__ == "__main__":
    main()
