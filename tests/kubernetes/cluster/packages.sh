#!/usr/bin/env bash
# Installs what the test cluster takes from Debian: the container runtime, its network plugins, iptables and openssl.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../container/host/common.sh"

mkdir -p "$RUN_DIR"
packages=()
[ -z "$(missing containerd ctr)" ] || packages+=(containerd)
[ -z "$(missing runc)" ] || packages+=(runc)
[ -z "$(missing iptables)" ] || packages+=(iptables)
[ -z "$(missing openssl)" ] || packages+=(openssl)
[ -z "$(missing ip)" ] || packages+=(iproute2)
[ -x /usr/lib/cni/bridge ] || packages+=(containernetworking-plugins)
[ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"
