#!/usr/bin/env bash
# Looks for the programs that tests start, and installs the Debian packages of those that are missing where it may:
# as root, or in CI with a sudo that doesn't ask. Elsewhere it says what is missing and what that costs; only in CI
# is it a failure, because a suite that quietly skips proves nothing.
set -euo pipefail

postgres() {
	command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
		compgen -G '/opt/homebrew/opt/postgresql*/bin/initdb' >/dev/null
}
pgbouncer() {
	command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] # which isn't on everybody's PATH
}
chromium() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
		command -v "$name" >/dev/null && return
	done
	[ -x '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' ]
}
fonts() {
	command -v fc-list >/dev/null || return 1
	# Kept whole before it is searched: grep -q would leave its pipe early, and fc-list would die of that, now and then.
	local fonts
	fonts=$(fc-list)
	grep -qi emoji <<<"$fonts" && grep -qi dejavu <<<"$fonts"
}
javascript() { command -v node >/dev/null && command -v npm >/dev/null; }

missing() {
	local packages=()
	postgres || packages+=(postgresql)
	pgbouncer || packages+=(pgbouncer)
	chromium || packages+=(chromium)
	javascript || packages+=(nodejs npm)
	[ "$(uname)" = Darwin ] || fonts || packages+=(fontconfig fonts-dejavu-core fonts-noto-color-emoji)
	echo "${packages[*]}"
}

wanted=$(missing)
[ -z "$wanted" ] && exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	as_root=(sudo -n)
	{ [ "${CI:-}" = true ] && "${as_root[@]}" true 2>/dev/null; } || as_root=(no)
fi
if [ "${as_root[*]}" != no ] && command -v apt-get >/dev/null; then
	echo "installing $wanted" >&2
	if [[ $wanted == *postgresql* ]]; then # only its programs, no database of the system's own
		"${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
		echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/musette.conf >/dev/null
	fi
	log=$(mktemp)
	# shellcheck disable=SC2086 # the packages are words
	if ! { "${as_root[@]}" apt-get update -q && DEBIAN_FRONTEND=noninteractive \
		"${as_root[@]}" apt-get install -y -q --no-install-recommends $wanted; } >"$log" 2>&1; then
		tail -n 5 "$log" >&2
	fi
	rm -f "$log"
	wanted=$(missing)
	[ -z "$wanted" ] && exit 0
fi

cat >&2 <<TXT
missing for some tests: $wanted
  Debian, Ubuntu   sudo apt-get install $wanted
  macOS            brew install postgresql pgbouncer; brew install --cask google-chrome
without them the tests of Postgres, of the page in a browser or of a client of Strava's are skipped, all others run
TXT
[ "${CI:-}" != true ]
