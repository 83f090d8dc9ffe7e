#!/usr/bin/env bash
# Installs the programs that tests/interop runs into target/interop, from lock files; what is there
# already stays. Needs Node 20 with npm, and Python 3 with venv.
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
