# shellcheck shell=bash
# Sourced by node.sh: host name, mounts, kernel settings and network of the node, all of them inside its namespaces.

mkdir -p "$CLUSTER_DIR"/{log,pki,cni,containerd,kubelet,sysctl,bin}
hostname node
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/netns
mount --bind "$CLUSTER_DIR/kubelet" /var/lib/kubelet
mount --make-shared /var/lib/kubelet
for folder in /var/lib/cni /var/log/pods /var/log/containers; do mount -t tmpfs tmpfs $folder; done
# kubelet would set these for the whole machine: it finds files that already have the values it wants.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$CLUSTER_DIR/sysctl/${setting//[\/=]/_}
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

ip link set lo up
# A bridge without ports carries the node's address: not every kernel has dummy interfaces.
ip link add node0 type bridge
ip address add $NODE_IP/24 dev node0
ip link set node0 up
ip route add default via 10.99.0.2
sysctl -qw net.ipv4.ip_forward=1
# Packets between pods of the node must pass iptables, or Services do not work between them.
sysctl -qw net.bridge.bridge-nf-call-iptables=1 || say 'bridged packets do not pass iptables: load the module br_netfilter'

printf '#!/bin/sh\nexec "%s" kubectl "$@"\n' "$KUBE" > "$CLUSTER_DIR/bin/kubectl"
chmod +x "$CLUSTER_DIR/bin/kubectl"
export PATH=$CLUSTER_DIR/bin:$PATH
