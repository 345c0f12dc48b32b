#!/usr/bin/env bash
# Prints a folder with the definitions of ServiceMonitor, PrometheusRule and HTTPRoute, which come from the Go modules of their
# projects.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
gateway=sigs.k8s.io/gateway-api@v1.4.0
crds=$CACHE_DIR/crds-${operator##*@}-${gateway##*@}
if [ ! -d "$crds" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  printf 'module example.invalid/crds\n\ngo 1.25.0\n' > go.mod
  folder () { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }
  mkdir crds
  cp "$(folder $operator)"/example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml crds
  cp "$(folder $gateway)"/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml crds
  chmod -R u+w crds
  mv crds "$crds"
fi
echo "$crds"
