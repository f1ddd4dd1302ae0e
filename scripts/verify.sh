#!/usr/bin/env bash
# Generates what is generated and fails where that changes a file. What was already changed and not committed is
# compared as it is, so that verify also works in the middle of other work.
set -euo pipefail
cd "$(dirname "$0")/.."

# A line per file that git would track: its hash and its name.
snapshot() {
	git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
		[[ ! -f $file ]] || sha256sum -- "$file"
	done
}

before=$(snapshot)
go generate ./...
after=$(snapshot)
if [[ $before != "$after" ]]; then
	echo 'make verify: generated files differ from what their generators write; run `make generate` and commit:' >&2
	diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | awk '/^[<>]/ {print "  " $3}' | sort -u >&2 || true
	exit 1
fi
echo 'verify: what is generated is up to date'
