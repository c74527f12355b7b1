#!/bin/sh
# The module alone, read by a decoder of its own. usage: test_module.sh KERNEL [LEVELS]
#
# Putting all hooks on and off takes longer than most of what is then recorded, and has nothing to do with the number of levels: with five, but in full counts, they
# stay on from one test to the next.
set -eu

case "${VMATLAS_TEST_SIZE:-normal} ${2:-4}" in
long*) words=full=1 ;;
*5) words=steady=1 ;;
*) words= ;;
esac
exec "$(dirname "$0")/guest.sh" "${1:?usage: test_module.sh KERNEL [LEVELS]}" "${2:-4}" "levels-${2:-4}" 800 "$words"
