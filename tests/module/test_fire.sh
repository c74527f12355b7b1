#!/bin/sh
# Everything at once: the module loaded, steered, read by its collector, killed and unloaded in random order while processes storm; then hostile
# writes; then who may open what; then a recording as ever. usage: test_fire.sh KERNEL
set -eu

cd "$(dirname "$0")/../.."
case ${VMATLAS_TEST_SIZE:-normal} in
fast) fire=3 fuzz=300 limit=300 ;;
long) fire=168 fuzz=20000 limit=7000 ;; # six times 168: a thousand actions in all
*) fire=8 fuzz=1000 limit=800 ;;
esac
seed=$((${VMATLAS_TEST_SEED:-1} % 1000000007))
exec tests/module/guest.sh "${1:?usage: test_fire.sh KERNEL}" 4 fire "$limit" "fire=$fire fuzz=$fuzz seed=$seed"
