#!/usr/bin/env bash
# Makes sure that Debian packages are installed: with apt-get where root or password-less sudo is
# available; where not, prints the one line to run and ends with 1.
#
#   tools/debian.sh PACKAGE...
#   tools/debian.sh --file FILE   one package a line, # starts a comment
set -euo pipefail

if [ "${1:-}" = --file ]; then
  mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "${2:?usage: tools/debian.sh --file FILE}")
else
  wanted=("$@")
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "Debian packages are missing. Run as root: ${install[*]}" >&2
  exit 1
fi

echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Services of these packages are started by the tests, with their own configuration, and never by Debian.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}")
if ! "${apt[@]}" >/dev/null 2>&1; then
  # The usual cause is a package list that is old or was never fetched.
  "${as_root[@]}" apt-get update >/dev/null
  "${apt[@]}" >/dev/null && exit 0
  # One that cannot be had shall not keep the others out; what it is missing for says so itself.
  failed=()
  for package in "${missing[@]}"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install --yes --no-install-recommends "$package" >/dev/null || failed+=("$package")
  done
  [ ${#failed[@]} -eq 0 ] || { echo "Not installed: ${failed[*]}" >&2; exit 1; }
fi
