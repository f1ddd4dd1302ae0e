#!/usr/bin/env bash
# Runs every benchmark of the module, one package after the other, so that they don't take each other's processor.
# BENCHFLAGS is handed on, as in: BENCHFLAGS='-benchtime 3s -count 5' make bench
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t packages < <(git grep -lE --untracked '^func Benchmark' -- '*_test.go' | xargs -rn1 dirname | sort -u | sed 's#^#./#')
if ((${#packages[@]} == 0)); then
	echo 'make bench: no benchmarks in this checkout' >&2
	exit 1
fi
# shellcheck disable=SC2086 # BENCHFLAGS is a list
exec go test -p 1 -run '^$' -bench . -benchmem ${BENCHFLAGS:-} "${packages[@]}"
