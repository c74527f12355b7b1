#!/bin/bash
# The pictures of the documentation are what the program draws today; every one that is shown is made, and none is made that nothing shows.
. "$(dirname "$0")/lib.sh"
unset DISPLAY
cd "$ROOT" || exit 1
pictures=docs/pictures

docs/pictures/make.sh "$WORK/made" 2>"$WORK/stderr"
ok $? "all pictures can be made"
sed "s/^/# /" "$WORK/stderr"
for made in "$WORK"/made/*.png; do
	name=$(basename "$made")
	[ -e "$pictures/$name" ] && [ "$(different_pixels "$made" "$pictures/$name")" -le $(($(identify -format '%w*%h' "$made") * TOLERANCE / 1000000)) ]
	ok $? "$name is up to date ('make docs-pictures')"
	grep -rqF "pictures/$name" README.md docs --include=*.md
	ok $? "$name is shown somewhere"
done
shown=0 missing=0
for name in $(grep -rhoE 'pictures/[a-z0-9-]+\.png' README.md docs --include=*.md | sort -u); do
	shown=$((shown + 1))
	[ -e "docs/$name" ] || missing=$((missing + 1))
done
[ $shown -gt 0 ] && [ $missing -eq 0 ]
ok $? "every picture that is shown is there"
echo "1..$N"
