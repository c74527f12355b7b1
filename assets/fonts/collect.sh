#!/bin/sh
# usage: collect.sh LIST DIR: copies the fonts that LIST names and their licences to DIR. Missing ones are named, and are an error only when
# no font at all was found.
set -eu

list=$1
dir=$2
found=0
mkdir -p "$dir"
while IFS='|' read -r family package file rest; do
	case $family in '#'* | '') continue ;; esac
	package=$(echo $package)
	file=$(echo $file)
	if [ -r "$file" ]; then
		cp "$file" "$dir/"
		[ ! -r "/usr/share/doc/$package/copyright" ] || cp "/usr/share/doc/$package/copyright" "$dir/$package.copyright"
		found=$((found + 1))
	else
		echo "fonts: $file of the package $package is not installed; another font will be used" >&2
	fi
done <"$list"
[ "$found" -gt 0 ] || { echo "fonts: none of the fonts in $list is installed" >&2; exit 1; }
