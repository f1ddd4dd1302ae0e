#!/usr/bin/env bash
# Runs the tests: test.sh [go test's flags and packages]. First it looks whether the machine has what they need, and says
# which package to install where not. RACE is the race detector's flag, empty without it.
set -euo pipefail
cd "$(dirname "$0")/.."
race=${RACE--race}

fail() {
	printf 'make test: %s\n' "$@" >&2
	exit 1
}

command -v go >/dev/null || fail "Go is missing; see https://go.dev/doc/install"

# can_link succeeds where there is a C compiler with its library.
can_link() {
	local dir
	dir=$(mktemp -d)
	printf '#include <stdlib.h>\nint main(void) { return 0; }\n' >"$dir/probe.c"
	# Words: CC may have flags.
	# shellcheck disable=SC2046
	$(go env CC) -o "$dir/probe" "$dir/probe.c" 2>/dev/null
	local status=$?
	rm -rf "$dir"
	return $status
}

if [[ -n $race ]]; then
	can_link || fail 'the race detector needs a C compiler. Install one (Debian, Ubuntu: the package build-essential;' \
		'  Fedora: gcc; Alpine: build-base; macOS: xcode-select --install), or test without the detector: make test RACE='
	export CGO_ENABLED=1
fi
if ! programs=$(scripts/postgres.sh); then
	fail 'the tests start PostgreSQL servers, and there are no programs for that; the line above says why. Install them' \
		'  (Debian, Ubuntu: the package postgresql; Fedora: postgresql-server; macOS: brew install postgresql), or name' \
		'  their directory: COSTKEY_POSTGRES_BIN=/path/to/bin make test'
fi
echo "make test: $("$programs/postgres" --version), $programs"
# shellcheck disable=SC2086 # no word where RACE is empty
exec go test $race "$@"
