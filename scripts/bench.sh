#!/usr/bin/env bash
# Prints the table of figures: the end-to-end ones by their own test, then Go's benchmarks. nginx, which the feed is compared
# with, is installed where that may be done without asking: as root. Elsewhere its rows say that it isn't there.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v nginx >/dev/null && [ ! -x /usr/sbin/nginx ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo 'installing nginx' >&2
	# Its package would start a server of the system's own; a policy keeps it from that.
	policy=/usr/sbin/policy-rc.d
	[ -e "$policy" ] && policy='' || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; }
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nginx; } >/dev/null 2>&1 || true
	[ -z "$policy" ] || rm -f "$policy"
fi
go test ./e2e -run '^$' -bench . -benchtime 1x -count 1
