#!/usr/bin/env bash
# Compares search/inverted with bleve. Arguments are handed to the program:
# ./run.sh --rows 20000 --rounds 3
set -euo pipefail
cd "$(dirname "$0")"
command -v go >/dev/null || { echo 'run.sh: the Go toolchain is missing; see go.mod for its version' >&2; exit 1; }
export CGO_ENABLED=0
exec go run . "$@"
