#!/usr/bin/env bash
# Compares search/graph with hnswlib from PyPI, in an environment of its own that
# is gone afterwards: run.sh FOLDER [PASSES]. FOLDER is what scripts/vectors made.
# PYTHON_ENV=/path keeps the environment there for the next run.
set -euo pipefail
folder=$(cd "${1:?the folder that scripts/vectors made}" && pwd)
cd "$(dirname "$0")"

missing() { echo "run.sh: $1 is missing; $2" >&2; exit 1; }
command -v go >/dev/null || missing 'the Go toolchain' 'see go.mod for its version'
command -v python3 >/dev/null || missing python3 'on Debian: apt-get install python3-venv'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
environment=${PYTHON_ENV:-$dir/python}
if [ ! -x "$environment/bin/pip" ]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" --quiet install numpy hnswlib==0.8.0 || missing 'hnswlib 0.8.0' 'pip builds it from source: it needs g++ and the headers of Python'
fi
CGO_ENABLED=0 go build -o "$dir/ours" .
"$environment/bin/python" compare.py "$folder" "$dir/ours" "${2:-9}"
