#!/usr/bin/env bash
# Installs the programs that tests/interop runs into target/interop, from lock files; what is there
# already stays. Needs Node 20 with npm, and Python 3 with venv. Installs the shells that tests/cli asks
# for completions, where a package manager may be used without a password.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
there="$here/../../target/interop"

# The newest wrangler runs on the Node of node22.
for folder in node20 node22 latest; do
  mkdir -p "$there/$folder"
  if ! cmp -s "$here/$folder/package-lock.json" "$there/$folder/installed.json"; then
    cp "$here/$folder"/package*.json "$there/$folder"
    (cd "$there/$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent)
    cp "$here/$folder/package-lock.json" "$there/$folder/installed.json"
  fi
done

if ! cmp -s "$here/python/requirements.txt" "$there/python/installed.txt"; then
  python3 -m venv "$there/python"
  "$there/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$here/python/requirements.txt"
  cp "$here/python/requirements.txt" "$there/python/installed.txt"
fi

for shell in zsh fish; do
  if ! command -v "$shell" >/dev/null; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    { timeout 120 $as_root apt-get update -qq && timeout 120 $as_root apt-get install -qq -y "$shell"; } >/dev/null 2>&1 \
      || echo "$shell is not installed, so its completions are not tested" >&2
  fi
done
