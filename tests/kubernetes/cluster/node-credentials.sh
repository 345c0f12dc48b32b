# shellcheck shell=bash
# Sourced by node.sh: certificates, tokens and kubeconfig files. They are valid inside the namespaces only and removed with the
# cluster.

PKI=$CLUSTER_DIR/pki
export KUBECONFIG=$PKI/admin.conf
{
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$PKI/ca.key" -out "$PKI/ca.crt" -days 2 \
    -subj /CN=test-ca
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$PKI/api.key" -out "$PKI/api.csr" \
    -subj /CN=kube-apiserver
  openssl x509 -req -in "$PKI/api.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -out "$PKI/api.crt" -days 2 \
    -extfile <(echo "subjectAltName=IP:127.0.0.1,IP:$NODE_IP,IP:${SERVICES%.0/*}.1,DNS:localhost,DNS:kubernetes.default.svc")
  openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/sa.key"
  openssl ec -in "$PKI/sa.key" -pubout -out "$PKI/sa.pub"
} 2> "$CLUSTER_DIR/log/openssl"

# credentials NAME USER [GROUP]: a token for USER, and NAME.conf to use it with.
credentials () {
  echo "$1-token,$2,$1,${3:-}" >> "$PKI/tokens.csv"
  cat > "$PKI/$1.conf" << YAML
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: 'https://127.0.0.1:6443', certificate-authority: $PKI/ca.crt}}]
users: [{name: $1, user: {token: $1-token}}]
contexts: [{name: test, context: {cluster: test, user: $1}}]
current-context: test
YAML
}
credentials admin admin system:masters
credentials kubelet system:node:node system:nodes
credentials controllers system:kube-controller-manager
credentials scheduler system:kube-scheduler
credentials proxy system:kube-proxy
