#!/usr/bin/env bash
# cluster.sh COMMAND...: runs COMMAND beside a one-node Kubernetes in network, mount, process, IPC and host name namespaces of
# its own. KUBECONFIG is set for it. The cluster reaches no network, the machine's own is not touched, and everything ends with
# COMMAND. Needs root on Linux. KUBE: the binary of build-kube.sh. IMAGES: a docker-archive with the images that pods use.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
: "${KUBE:?} ${IMAGES:?}"

mkdir -p "$CACHE_DIR"
CLUSTER_DIR=$(mktemp -d "$CACHE_DIR/cluster-XXXXXX")
# One group in every hierarchy of cgroup v1; in the only one of v2.
CGROUP=/sentiment-kubernetes-$$
export CLUSTER_DIR CGROUP
hierarchies=()
for folder in /sys/fs/cgroup/{cpu,cpuacct,cpuset,memory,pids,blkio,devices,freezer,hugetlb,systemd}; do
  [ ! -d "$folder" ] || hierarchies+=("$(readlink -f "$folder")")
done
[ ${#hierarchies[@]} -gt 0 ] || hierarchies=(/sys/fs/cgroup)
# Mount points that kubelet, containerd and the network plugins have fixed names for.
created=()
for folder in /var/lib/kubelet /var/lib/cni /var/log/pods /var/log/containers; do
  [ -d $folder ] || created+=("$folder")
done

# Cgroups outlive the processes, which end a moment after their namespaces; kubelet makes its own in the hierarchy of v2 as well.
remove_cgroups () {
  local folder left
  for _ in {1..50}; do
    left=0
    for folder in /sys/fs/cgroup"$CGROUP" /sys/fs/cgroup/*"$CGROUP"; do
      [ -d "$folder" ] || continue
      find "$folder" -depth -type d -exec rmdir {} \; 2> /dev/null || true
      [ ! -d "$folder" ] || left=1
    done
    [ $left = 1 ] || return 0
    sleep 0.2
  done
  say "these cgroups cannot be removed: $(echo /sys/fs/cgroup/*"$CGROUP")"
}

clean_up () {
  local folder
  remove_cgroups
  for folder in "${created[@]}"; do rmdir "$folder" 2> /dev/null || true; done
  rm -rf "$CLUSTER_DIR"
}
trap clean_up EXIT

[ ${#created[@]} -eq 0 ] || mkdir -p "${created[@]}"
for folder in "${hierarchies[@]}"; do
  mkdir -p "$folder$CGROUP"
  for file in cpuset.cpus cpuset.mems; do
    [ ! -w "$folder$CGROUP/$file" ] || cat "$folder/$file" > "$folder$CGROUP/$file" || true
  done
done

unshare --mount --net --pid --ipc --uts --fork --mount-proc --kill-child "$here/node.sh" "$@" &
cluster=$!
# unshare ignores SIGTERM; its end is the end of everything inside.
trap 'kill -KILL $cluster' INT TERM
status=0
wait $cluster || status=$?
# A signal interrupts the first wait.
wait $cluster 2> /dev/null || true
if [ "$status" -ne 0 ] && [ -n "${CLUSTER_LOGS:-}" ]; then mkdir -p "$CLUSTER_LOGS"; cp "$CLUSTER_DIR"/log/* "$CLUSTER_LOGS"; fi
exit "$status"
