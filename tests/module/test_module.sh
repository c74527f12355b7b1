#!/bin/sh
# The module alone, read by a decoder of its own. usage: test_module.sh KERNEL [LEVELS]
set -eu

exec "$(dirname "$0")/guest.sh" "${1:?usage: test_module.sh KERNEL [LEVELS]}" "${2:-4}" "levels-${2:-4}" 600
