#!/usr/bin/env bash
# Makes the vendored code anew, from the versions below. Only whoever raises a
# version needs npm; the bundles are committed, and VERSIONS tells their sums.
set -euo pipefail
cd "$(dirname "$0")"
target=$PWD
preact=11.2.0 signals=2.11.4 core=1.14.5 htm=3.1.1 uplot=1.6.32 esbuild=v0.28.2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund "preact@$preact" "@preact/signals@$signals" "@preact/signals-core@$core" "htm@$htm" "uplot@$uplot"

cat >entry.js <<'JS'
export { h, render, Fragment } from 'preact';
export { useState, useEffect, useRef, useMemo, useCallback, useId } from 'preact/hooks';
export { signal, computed, effect, batch, useSignal, useComputed, useSignalEffect } from '@preact/signals';
import { h } from 'preact';
import htm from 'htm';
export const html = htm.bind(h);
JS
bundle() { go run "github.com/evanw/esbuild/cmd/esbuild@$esbuild" "$@" --minify --format=esm --target=es2022 --legal-comments=none --log-level=warning; }
bundle entry.js --bundle --outfile="$target/preact.js"
bundle node_modules/uplot/dist/uPlot.esm.js --outfile="$target/uPlot.js"
cp node_modules/uplot/dist/uPlot.min.css "$target/uPlot.css"

license() { printf '== %s %s ==\n\n' "$1" "$2"; cat "node_modules/$1/LICENSE"; printf '\n'; }
{ license preact $preact; license @preact/signals $signals; license @preact/signals-core $core
  license htm $htm; license uplot $uplot; } >"$target/LICENSES"

cd "$target"
{ echo "preact.js: preact $preact with hooks, @preact/signals $signals (core $core), htm $htm"
  echo "uPlot.js, uPlot.css: uplot $uplot"
  echo "bundled by esbuild $esbuild; sha256:"
  sha256sum preact.js uPlot.js uPlot.css; } >VERSIONS
