#!/usr/bin/env bash
# Runs the tests of what speaks to PostgreSQL on the oldest and the newest version that it may be, without the race
# detector: test-postgres.sh [go test's flags]. A version that isn't on this machine and can't be fetched is reported as
# skipped; the one that `make test` runs on is not tested again.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(./storage/... ./extension/costkeystorage/... ./internal/postgres/...)

usual=$("$(scripts/postgres.sh)/postgres" --version)
for which in oldest newest; do
	if ! programs=$(scripts/postgres.sh -major "$which"); then
		echo "SKIPPED: tests on the $which PostgreSQL, which isn't on this machine and can't be fetched"
		continue
	fi
	version=$("$programs/postgres" --version)
	if [[ $version == "$usual" ]]; then
		echo "the $which, $version, is the one of make test"
		continue
	fi
	echo "the $which: $version, $programs"
	COSTKEY_POSTGRES_BIN=$programs go test "$@" "${packages[@]}"
done
