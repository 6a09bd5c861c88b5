#!/usr/bin/env bash
# Takes the pictures of the page anew: starts the demo, waits until all of the season is there, and looks at it.
set -euo pipefail
out=${1:-docs/screenshots}
port=${PORT:-8099}
page=http://127.0.0.1:$port
work=$(mktemp -d)
go build -o "$work/musette" ./cmd/musette
"$work/musette" demo --port "$port" --data "$work/data" 2>"$work/log" &
demo=$!
trap 'kill "$demo" 2>/dev/null; wait "$demo" 2>/dev/null || true; rm -rf "$work"' EXIT

for _ in $(seq 120); do
	kill -0 "$demo" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	if curl -fs "$page/v1/status" | grep -q '"state":"ok"'; then
		go run ./e2e/screenshots -url "$page/" -out "$out"
		exit
	fi
	sleep 0.5
done
echo "the demo had not fetched everything after a minute:" >&2
tail -n 5 "$work/log" >&2
exit 1
