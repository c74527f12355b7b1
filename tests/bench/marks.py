#!/usr/bin/env python3
"""Sends lines to standard output, five a second until it is killed, and writes the moment (CLOCK_MONOTONIC, ns) before each to FILE. usage: marks.py FILE"""
import os
import sys
import time

with open(sys.argv[1], "w") as file:
    number = 0
    try:
        while True:
            moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            os.write(1, b"sent %d\n" % number)
            file.write("%d\n" % moment)
            file.flush()
            number += 1
            time.sleep(0.2)
    except BrokenPipeError:
        pass
