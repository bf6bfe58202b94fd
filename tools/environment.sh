#!/usr/bin/env bash
# Makes .venv and installs the locked requirements and mailrisk itself (editable) into it.
#
#   tools/environment.sh run   what the service needs
#   tools/environment.sh dev   that and what tests, lint, types and `make lock` need
#   tools/environment.sh train what `make train` needs beside that, into the same .venv
#
# Plain pip, hashes required. setuptools is locked and installed first, and then build isolation is off,
# so that no build step fetches anything that the lock does not name.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?usage: tools/environment.sh run|dev|train}

suitable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local name
  for name in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3.14 python3; do
    if suitable "$name"; then
      command -v "$name"
      return
    fi
  done
  echo "mailrisk needs Python 3.11 or newer and found none (PYTHON=/path/to/python names another one)." >&2
  echo "On Debian 12 or newer: apt-get install --yes python3 python3-venv" >&2
  return 1
}

make_venv() {
  local python version
  python=$(find_python)
  # Debian ships ensurepip apart from Python; without it `python -m venv` makes an environment without pip.
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    tools/debian.sh "python$version-venv"
  fi
  echo "Making .venv with $("$python" --version) ($python)"
  rm -rf .venv
  "$python" -m venv .venv
}

suitable .venv/bin/python || make_venv
.venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip --default-pip >/dev/null

echo "Installing requirements/$what.txt (hash-locked) into .venv"
# -qq: errors alone; a notice for every package that one of several indexes lacks helps nobody.
pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input -qq install)
"${pip[@]}" --require-hashes --requirement requirements/build.txt
"${pip[@]}" --no-build-isolation --require-hashes --requirement "requirements/$what.txt"
"${pip[@]}" --no-build-isolation --no-deps --editable .
# pip compiles what it installs, but not what it leaves in its place; where nothing is written at run time
# (PYTHONDONTWRITEBYTECODE, a read-only tree), every start would compile all of it again: half of a start's work.
.venv/bin/python -m compileall -q -j 0 src

# 7z, RAR, ISO and CAB archives are opened by a library of the system; without it mailrisk tells that they are not.
if ! .venv/bin/python -c 'import libarchive' 2>/dev/null; then
  tools/debian.sh libarchive13 || echo "Without libarchive, 7z, RAR, ISO and CAB archives are not opened." >&2
fi

# What tests need holds what the service needs.
touch .venv/.installed-run
[ "$what" != dev ] || touch .venv/.installed-dev
[ "$what" != train ] || touch .venv/.installed-train
