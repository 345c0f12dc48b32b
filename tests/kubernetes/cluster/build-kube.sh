#!/usr/bin/env bash
# Builds kube/ (etcd, the control plane, kubelet, kube-proxy and kubectl in one binary) from Go modules, unless the cache has
# it, and prints its path. Cold: about 9 CPU minutes, 0.8 GB of modules and 3 GB of build cache. The binary is named by what
# it is built from, so a cached one is never stale. GOFLAGS=-p=1 limits the build to one core.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

source_hash=$(cat "$here"/kube/{go.mod,go.sum,main.go} | sha256sum | cut -c1-16)
kube=$CACHE_DIR/kube-$source_hash
mkdir -p "$CACHE_DIR"
# A second build that starts meanwhile waits, and then finds the binary.
exec 9> "$CACHE_DIR/kube.lock"
flock 9
if [ ! -x "$kube" ]; then
  command -v go > /dev/null || fail 'Go is missing: install Go 1.25 or later (https://go.dev/dl), or set KUBECONFIG to test on a running cluster'
  rm -f "$CACHE_DIR"/kube-*
  say 'building Kubernetes from its Go modules (about 5 minutes on 2 cores, once)'
  version=$(sed -n 's/^\tk8s.io\/kubernetes v//p' "$here/kube/go.mod")
  package=k8s.io/component-base/version
  (cd "$here/kube" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -o "$kube.part" -ldflags "-s -w \
    -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*} -X $package.gitMinor=$(cut -d. -f2 <<< "$version") \
    -X $package.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v$version" .) >&2
  mv "$kube.part" "$kube"
fi
echo "$kube"
