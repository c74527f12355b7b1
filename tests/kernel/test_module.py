#!/usr/bin/env python3
"""The module's own test (tests/module/) in the guest: it reads the records itself, without the core, so that neither hides the other's mistakes."""
import os

from guest import BUILD, SEED, Checks, Guest, guest_log_is_clean, kernel_argument, relay

SCRIPT = """insmod $1 || exit
$2 all $3 || echo "not ok status $? of all"
rmmod vmatlas && insmod $1 subbuf_size=4096 subbuf_count=2 fault_subbuf_count=2 || exit
$2 loss || echo "not ok status $? of loss"
rmmod vmatlas && echo done"""


def main():
    kernel = kernel_argument()
    checks = Checks()
    module = os.path.join(BUILD, "module", kernel, "vmatlas.ko")
    program = os.path.join(BUILD, "tests", "module", "modtest")
    for levels in (4, 5):
        guest = Guest(kernel, "module%d" % levels, ["sh", "-c", SCRIPT, "sh", module, program, str(SEED % 100000)], ["--levels=%d" % levels],
                      environment={"VMATLAS_VM_BARE": "1"})
        relay(checks, guest)
        guest_log_is_clean(checks, guest, "the guest's kernel log is clean")
    checks.end()


if __name__ == "__main__":
    main()
