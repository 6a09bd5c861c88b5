#!/usr/bin/env bash
# Prints the table of figures: the end-to-end ones by their own test, then Go's benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."
go test ./e2e -run '^$' -bench . -benchtime 1x -count 1
