#!/usr/bin/env bash
# install-tool.sh PACKAGE@VERSION PATH builds a Go program and puts it at PATH, whole or not at all.
set -euo pipefail
package=$1 path=$2

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo "building ${package##*/} (once)" >&2
# Outside the checkout, so that our go.mod has no say in the tool's dependencies.
(cd "$dir" && GOFLAGS=-buildvcs=false GOBIN=$dir go install "$package")
mkdir -p "$(dirname "$path")"
name=${package%@*}
mv "$dir/${name##*/}" "$path.$$"
mv "$path.$$" "$path"
