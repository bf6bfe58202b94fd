#!/usr/bin/env bash
# `make lock`: requirements/*.in -> requirements/*.txt with hashes, for every platform, naming no
# registry. Versions that are locked stay unless the .in file rules them out; `UPGRADE=1 make lock`
# takes the newest ones.
set -euo pipefail
cd "$(dirname "$0")/.."

for name in build run dev train; do
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url ${UPGRADE:+--upgrade} \
    "requirements/$name.in" --output-file "requirements/$name.txt"
done
