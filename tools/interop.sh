#!/usr/bin/env bash
# Installs clients of Google's APIs for tests/interop that the lock of the tests cannot hold: the npm packages
# of tests/interop/npm into build/npm, and gglsbl, which asks for an older version of a client that the tests
# run in its newest one, into build/gglsbl. Node comes from Debian where there is none. Repeated, it does
# nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

npm_packages() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    tools/debian.sh nodejs npm
  fi
  mkdir -p build/npm
  cmp --silent tests/interop/npm/package-lock.json build/npm/.installed && return
  cp tests/interop/npm/package.json tests/interop/npm/package-lock.json build/npm/
  # No package may run a program of its own while it is installed.
  (cd build/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp build/npm/package-lock.json build/npm/.installed
}

gglsbl() {
  cmp --silent tests/interop/gglsbl.txt build/gglsbl/.installed && return
  rm -rf build/gglsbl
  .venv/bin/python -m pip --disable-pip-version-check --no-input -qq install --no-deps --require-hashes \
    --target build/gglsbl --requirement tests/interop/gglsbl.txt
  cp tests/interop/gglsbl.txt build/gglsbl/.installed
}

gglsbl
npm_packages
