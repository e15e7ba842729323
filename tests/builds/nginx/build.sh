#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A page of each text, with its first line as the title.
set -eu
mkdir -p "$2"
for text in "$1"/*.txt; do
	name=$(basename "$text" .txt)
	{
		printf '<!doctype html>\n<title>%s</title>\n' "$(head -n 1 "$text")"
		sed 1d "$text" | sed 's,^.*$,<p>&</p>,'
	} >"$2/$name.html"
done
