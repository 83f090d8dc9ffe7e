#!/usr/bin/env bash
# Installs the programs that tests/interop runs into target/interop, from lock files; what is there
# already stays. Needs Node 20 with npm, and Python 3 with venv.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
there="$here/../../target/interop"

for node in node20 node22; do
  mkdir -p "$there/$node"
  if ! cmp -s "$here/$node/package-lock.json" "$there/$node/installed.json"; then
    cp "$here/$node"/package*.json "$there/$node"
    (cd "$there/$node" && npm ci --ignore-scripts --no-audit --no-fund --silent)
    cp "$here/$node/package-lock.json" "$there/$node/installed.json"
  fi
done

if ! cmp -s "$here/python/requirements.txt" "$there/python/installed.txt"; then
  python3 -m venv "$there/python"
  "$there/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$here/python/requirements.txt"
  cp "$here/python/requirements.txt" "$there/python/installed.txt"
fi
