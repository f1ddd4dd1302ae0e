#!/usr/bin/env bash
# Runs every benchmark of the module, one package after the other, so that they don't take each other's processor.
# BENCH names those to run instead of all; BENCHFLAGS is handed on, as in:
#   BENCH='BenchmarkExporter/^midnight$/past' BENCHFLAGS='-count 3' make bench
# internal/bench/README.md lists the rows that need a server or the built collector, and further variables.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly bench=${BENCH:-.}

# The packages that have such a benchmark: a pattern's first part is for the function's name.
mapfile -t packages < <(git grep -oE --untracked '^func Benchmark\w+' -- '*_test.go' | awk -F ':func ' -v name="${bench%%/*}" '$2 ~ name {print $1}' |
	xargs -rn1 dirname | sort -u | sed 's#^#./#')
if ((${#packages[@]} == 0)); then
	echo "make bench: no benchmark $bench in this checkout" >&2
	exit 1
fi
# Without -v the tables that a benchmark logs are cut after ten lines.
# shellcheck disable=SC2086 # BENCHFLAGS is a list
exec go test -p 1 -timeout 0 -v -run '^$' -bench "$bench" -benchmem ${BENCHFLAGS:-} "${packages[@]}"
