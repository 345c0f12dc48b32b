#!/usr/bin/env bash
# The inside of cluster.sh: etcd, control plane, container runtime, kubelet, kube-proxy, cluster DNS and network policies, then
# COMMAND.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
NODE_IP=10.99.0.1
SERVICES=10.96.0.0/16
PODS=10.244.0.0/16
CONTAINERD=/run/containerd/containerd.sock

# start NAME COMMAND...: runs a program of the cluster in the background.
start () {
  local name=$1
  shift
  "$@" > "$CLUSTER_DIR/log/$name" 2>&1 < /dev/null &
  pids[$name]=$!
}
declare -A pids

# until_true PROGRAM COMMAND...: waits until COMMAND succeeds, at most two minutes, and no longer than PROGRAM runs.
until_true () {
  local program=$1 end=$((SECONDS + 120))
  shift
  until "$@" > /dev/null 2>&1; do
    if ! kill -0 "${pids[$program]}" 2> /dev/null || [ $SECONDS -gt $end ]; then
      tail -n 20 "$CLUSTER_DIR/log/$program" >&2
      fail "$program does not serve: $*"
    fi
    sleep 0.2
  done
}

. "$here/node-system.sh"
. "$here/node-credentials.sh"
. "$here/node-runtime.sh"

start etcd "$KUBE" etcd --data-dir "$CLUSTER_DIR/etcd" --unsafe-no-fsync --log-level warn
start apiserver "$KUBE" apiserver --etcd-servers http://127.0.0.1:2379 --secure-port 6443 --advertise-address $NODE_IP \
  --tls-cert-file "$PKI/api.crt" --tls-private-key-file "$PKI/api.key" --client-ca-file "$PKI/ca.crt" \
  --token-auth-file "$PKI/tokens.csv" --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
  --service-cluster-ip-range $SERVICES --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --allow-privileged=true --kubelet-preferred-address-types InternalIP --enable-aggregator-routing=true
start containerd containerd --config "$CLUSTER_DIR/containerd.toml"
until_true containerd ctr --address $CONTAINERD version
ctr --address $CONTAINERD --namespace k8s.io images import --all-platforms "$IMAGES" > "$CLUSTER_DIR/log/import" 2>&1 ||
  { cat "$CLUSTER_DIR/log/import" >&2; fail 'the images cannot be imported'; }
say 'images imported'
until_true apiserver kubectl get --raw /readyz

# The autoscaler looks every 5 s instead of 15: a test waits for it.
start controllers "$KUBE" controllers --kubeconfig "$PKI/controllers.conf" --service-account-private-key-file "$PKI/sa.key" \
  --root-ca-file "$PKI/ca.crt" --leader-elect=false --use-service-account-credentials=false \
  --horizontal-pod-autoscaler-sync-period 5s --horizontal-pod-autoscaler-initial-readiness-delay 5s
start scheduler "$KUBE" scheduler --kubeconfig "$PKI/scheduler.conf" --leader-elect=false
start kubelet "$KUBE" kubelet --kubeconfig "$PKI/kubelet.conf" --config "$CLUSTER_DIR/kubelet.yaml" --hostname-override node \
  --node-ip $NODE_IP
# Connection tracking limits belong to the machine: 0 leaves them alone.
start proxy "$KUBE" proxy --kubeconfig "$PKI/proxy.conf" --cluster-cidr $PODS --proxy-mode iptables --hostname-override node \
  --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0
kubectl create clusterrolebinding controllers --clusterrole cluster-admin --user system:kube-controller-manager > /dev/null

export CLUSTER_API=https://127.0.0.1:6443 CLUSTER_TOKEN=admin-token NODE_EXTRA_CA_CERTS=$PKI/ca.crt
start dns node --import tsx "$here/dns.ts" $NODE_IP
start policies node --import tsx "$here/network-policies.ts"
until_true kubelet kubectl wait node/node --for condition=Ready --timeout 1s
until_true controllers kubectl get serviceaccount default
say 'the cluster is ready'
status=0
"$@" || status=$?
exit $status
