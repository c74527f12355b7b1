#!/bin/sh
# The module alone, read by a decoder of its own. usage: test_module.sh KERNEL [LEVELS]
#
# Putting all hooks on and off takes longer than most of what is then recorded, and has nothing to do with the number of levels: with five, but in full counts, they
# stay on from one test to the next.
set -eu

words=
[ "${2:-4}" = 4 ] || [ "${VMATLAS_TEST_SIZE:-normal}" = long ] || words=steady=1
exec "$(dirname "$0")/guest.sh" "${1:?usage: test_module.sh KERNEL [LEVELS]}" "${2:-4}" "levels-${2:-4}" 800 "$words"
