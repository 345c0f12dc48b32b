#!/usr/bin/env bash
# Checks the manifests without a cluster, in seconds: every component and overlay is rendered, validated strictly against the
# schemas of the oldest and the newest supported Kubernetes, and compared with the Compose files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/cluster/common.sh"
cd "$here/../.."

mkdir -p "$CACHE_DIR/bin"
if ! command -v kubectl > /dev/null; then
  # The test cluster's binary contains it.
  kube=$("$here/cluster/build-kube.sh")
  printf '#!/bin/sh\nexec "%s" kubectl "$@"\n' "$kube" > "$CACHE_DIR/bin/kubectl"
  chmod +x "$CACHE_DIR/bin/kubectl"
  export PATH=$PATH:$CACHE_DIR/bin
fi

# The schemas come as a Python package, once; without it, that one test is skipped with a message.
validator=kubernetes-validate==1.37.0
venv=$CACHE_DIR/${validator//=/-}
if [ ! -x "$venv/bin/kubernetes-validate" ]; then
  { rm -rf "$venv" && python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check $validator; } \
    > "$CACHE_DIR/venv.log" 2>&1 || { rm -rf "$venv"; say "SKIPPED: $validator cannot be installed ($(tail -n 1 "$CACHE_DIR/venv.log"))"; }
fi
[ ! -x "$venv/bin/kubernetes-validate" ] || export KUBERNETES_VALIDATE=$venv/bin/kubernetes-validate

if command -v shellcheck > /dev/null; then shellcheck -x -P SCRIPTDIR "$here"/*.sh "$here"/cluster/*.sh; fi
node_modules/.bin/vitest run --config tests/kubernetes/lint/vitest.config.ts "$@"
