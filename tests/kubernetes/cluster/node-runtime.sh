# shellcheck shell=bash
# Sourced by node.sh: configuration of containerd, the pod network and kubelet.

# restrict_oom_score_adj: a machine without CAP_SYS_RESOURCE cannot lower a score.
cat > "$CLUSTER_DIR/containerd.toml" << TOML
version = 2
root = "$CLUSTER_DIR/containerd"
state = "/run/containerd"
[grpc]
  address = "$CONTAINERD"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/sentiment-pause:test"
  disable_apparmor = true
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$CLUSTER_DIR/cni"
TOML
cat > "$CLUSTER_DIR/cni/10-bridge.conflist" << JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "${PODS%/*}/24"}]], "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "/run/cni-ipam"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
# kubelet has no authentication of its own: nobody but this cluster reaches it.
cat > "$CLUSTER_DIR/kubelet.yaml" << YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: $CGROUP
failCgroupV1: false
containerRuntimeEndpoint: unix://$CONTAINERD
failSwapOn: false
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
resolvConf: ""
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 0%, imagefs.available: 0%, nodefs.inodesFree: 0%}
nodeStatusUpdateFrequency: 5s
YAML
