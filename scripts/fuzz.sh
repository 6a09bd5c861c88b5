#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, each for the time given (default 10s).
set -euo pipefail
each=${1:-10s}
go list ./... | while read -r package; do
	go test -list '^Fuzz' "$package" | { grep '^Fuzz' || true; } | while read -r target; do
		echo "$package $target"
		go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$each"
	done
done
