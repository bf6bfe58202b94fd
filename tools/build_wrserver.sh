#!/usr/bin/env bash
# Builds Google's own Web Risk server for `make bench-lookup WRSERVER=...` from a checkout of
# github.com/google/webrisk, with Go and its libraries from Debian packages. The one change: its upstream is
# the mailrisk that the benchmark starts on loopback, where Google's address stands as a constant.
#
#   tools/build_wrserver.sh CHECKOUT PROGRAM
set -euo pipefail
checkout=${1:?usage: tools/build_wrserver.sh CHECKOUT PROGRAM}
program=$(realpath -m "${2:?usage: tools/build_wrserver.sh CHECKOUT PROGRAM}")
"$(dirname "$0")/debian.sh" golang-go golang-golang-x-net-dev golang-google-protobuf-dev golang-github-rakyll-statik-dev

path=$(mktemp -d)
trap 'rm -rf "$path"' EXIT
source=$path/src/github.com/google/webrisk
mkdir -p "$(dirname "$source")"
cp -r "$checkout" "$source"
sed -i 's#DefaultServerURL = "webrisk.googleapis.com"#DefaultServerURL = "http://127.0.0.1:18025"#' "$source/webrisk_client.go"
cd "$source"
GO111MODULE=off GOPATH=$path:/usr/share/gocode go build -o "$program" ./cmd/wrserver
