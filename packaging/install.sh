#!/bin/sh
# Installs kvctl: downloads the archive of a release for this machine, compares its SHA-256 with
# SHA256SUMS, and puts the program into a directory.
#
#   curl -fsSL @REPOSITORY@/releases/latest/download/install.sh | sh
#
# --to DIR        where to; ~/.local/bin, if it is not given
# --from URL      where releases are, with a directory `v` and the version for each
# --version X     the version
# --source-id ID  only a release of these sources
#
# Exit codes: 0 installed, 1 failed, 2 wrong usage, 3 there is no such release, or none for this machine
set -eu

from=@REPOSITORY@/releases/download
version=@VERSION@
to=
source_id=

fail() {
  echo "kvctl: $2" >&2
  exit "$1"
}

while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || fail 2 "$1 needs a value, or is not an option"
  case $1 in
    --to) to=$2 ;;
    --from) from=$2 ;;
    --version) version=$2 ;;
    --source-id) source_id=$2 ;;
    *) fail 2 "there is no option $1; there are --to, --from, --version and --source-id" ;;
  esac
  shift 2
done
case $from$version in
  *@*) fail 2 "this script is not that of a release; give it --from and --version" ;;
esac
if [ -z "$to" ]; then
  to=${HOME:?}/.local/bin
fi

# Which archive. A Mac that runs this translated has the processor that the program would have too.
program=kvctl
suffix=tar.gz
case "$(uname -s) $(uname -m)" in
  "Linux x86_64" | "Linux amd64") target=x86_64-unknown-linux-musl ;;
  "Linux aarch64" | "Linux arm64") target=aarch64-unknown-linux-musl ;;
  "Darwin x86_64") target=x86_64-apple-darwin ;;
  "Darwin arm64") target=aarch64-apple-darwin ;;
  MINGW*" x86_64" | MSYS*" x86_64" | CYGWIN*" x86_64")
    target=x86_64-pc-windows-msvc
    program=kvctl.exe
    suffix=zip
    ;;
  *)
    fail 3 "there is no release for $(uname -s) on $(uname -m), only for Linux and macOS on x86_64 and arm64 and Windows on x86_64; with Rust, \`cargo install kvctl --locked\` builds it"
    ;;
esac
name=kvctl-$version-$target
archive=$name.$suffix

mkdir -p "$to"
# In the directory itself, so that the last step is a rename.
work=$(mktemp -d "$to/.kvctl.XXXXXX") || fail 1 "cannot write to $to"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# download NAME [yes]: gets a file of the release into the directory. With a second word, one that is not
# there ends this with 3.
download() {
  url=$from/v$version/$1
  code=
  if command -v curl >/dev/null; then
    # Whoever starts at HTTPS is not led elsewhere.
    case $url in https:*) only='=https' ;; *) only='=http,https' ;; esac
    code=$(curl -sSL --proto "$only" --connect-timeout 30 --retry 2 -o "$work/$1" -w '%{http_code}' "$url" 2>"$work/why") && [ "$code" = 200 ] && return
  elif command -v wget >/dev/null; then
    wget -t 3 -T 30 -O "$work/$1" "$url" 2>"$work/why" && return
    code=$(sed -n 's/.* \(404\) .*/\1/p; s/.* \(404\)$/\1/p' "$work/why" | head -n 1)
  else
    fail 1 "neither curl nor wget is installed"
  fi
  [ "$code" != 404 ] || fail 3 "there is no $url"
  why=$(grep -v '^$' "$work/why" | tail -n 1)
  case $code in "" | 000 | 200) ;; *) why="HTTP status $code" ;; esac
  fail 1 "cannot download $url: $why"
}

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  elif command -v shasum >/dev/null; then
    shasum -a 256 "$1"
  elif command -v openssl >/dev/null; then
    openssl dgst -r -sha256 "$1"
  else
    fail 1 "neither sha256sum, shasum nor openssl is installed, and the archive is not used unchecked"
  fi
}

download SHA256SUMS
# verified NAME: gets a file of which SHA256SUMS has the checksum.
verified() {
  expected=$(awk -v name="$1" '$2 == name { print $1 }' "$work/SHA256SUMS")
  [ -n "$expected" ] || fail 3 "the release v$version has no $1"
  download "$1"
  found=$(sha256 "$work/$1")
  found=${found%% *}
  # Before a file whose name has a backslash, as on Windows.
  found=${found#\\}
  [ "$found" = "$expected" ] || fail 1 "the SHA-256 of $from/v$version/$1 is $found, and SHA256SUMS says $expected; nothing was installed"
}

if [ -n "$source_id" ]; then
  verified source-id
  [ "$(cat "$work/source-id")" = "$source_id" ] || fail 3 "the release v$version was built from other sources"
fi
verified "$archive"
case $suffix in
  zip) unzip -q -o "$work/$archive" "$name/$program" -d "$work" ;;
  *) tar -xzf "$work/$archive" -C "$work" "$name/$program" ;;
esac || fail 1 "cannot unpack $archive"
said=$("$work/$name/$program" --version) || fail 1 "the program of $archive does not run on this machine"
mv -f "$work/$name/$program" "$to/$program"
echo "installed $(echo "$said" | head -n 1) as $to/$program"
case :$PATH: in
  *:"$to":*) ;;
  *) echo "$to is not in PATH" ;;
esac
