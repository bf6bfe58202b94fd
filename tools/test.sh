#!/usr/bin/env bash
# `make test`: set-up, then pytest. tests/conftest.py prints at the end what ran and how long each part
# took; the parts done here are handed to it in MAILRISK_TEST_SETUP ("name=milliseconds;...").
# Arguments go to pytest: tools/test.sh tests/model -k punycode
set -euo pipefail
cd "$(dirname "$0")/.."

now() { date +%s%N; }
parts=""
part() { # part NAME COMMAND...
  local name=$1 began code=0
  shift
  began=$(now)
  "$@" || code=$?
  parts+="$name=$((($(now) - began) / 1000000));"
  return $code
}

part "set-up: Python environment" make .venv/.installed-dev
# A missing package does not stop the run: the tests that need it fail and name the line that installs it.
part "set-up: Debian packages" tools/debian.sh --file requirements/debian-test.txt || true
part "set-up: clients of Google's APIs" tools/interop.sh || true

export MAILRISK_TEST_SETUP=$parts
exec .venv/bin/python -m pytest "$@"
