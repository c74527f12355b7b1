#!/usr/bin/env python3
"""The tool and the module by hand inside the guest: unloading, failing loads, hostile writes, --local, a full disk, lockdown (inside.sh)."""
import os

from guest import BUILD, ROOT, VMATLAS, WORKLOADS, Checks, Guest, guest_log_is_clean, kernel_argument, relay, scaled


def main():
    kernel = kernel_argument()
    checks = Checks()
    module = os.path.join(BUILD, "module", kernel, "vmatlas.ko")
    script = os.path.join(ROOT, "tests", "kernel", "inside.sh")
    guest = Guest(kernel, "inside", ["sh", script, "@", module, VMATLAS, WORKLOADS, str(scaled(3, 4, 300))], limit=scaled(300, 600, 3600),
                  environment={"VMATLAS_VM_BARE": "1"})
    relay(checks, guest)
    checks.equal(guest.status, 0, "a guest without recording passes the status through")
    checks.attempt("log", lambda c, g: guest_log_is_clean(c, g, "the guest's kernel log is clean"), guest)
    checks.end()


if __name__ == "__main__":
    main()
