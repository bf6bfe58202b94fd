#!/usr/bin/env bash
# Installs the locked npm packages of tests/interop/npm into build/npm, for the tests that run Google's
# own client for Node.js. Node comes from Debian where there is none. Repeated, it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  tools/debian.sh nodejs npm
fi
mkdir -p build/npm
if cmp --silent tests/interop/npm/package-lock.json build/npm/.installed; then
  exit 0
fi
cp tests/interop/npm/package.json tests/interop/npm/package-lock.json build/npm/
# No package may run a program of its own while it is installed.
(cd build/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
cp build/npm/package-lock.json build/npm/.installed
