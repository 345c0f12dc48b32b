#!/usr/bin/env bash
# Runs the Kubernetes tests: on the cluster of KUBECONFIG, or else on one of its own that ends with them. Arguments go to vitest:
# test.sh rollout
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/cluster/common.sh"
cd "$here/../.."

unset MAKEFLAGS MAKELEVEL MFLAGS
tag=kubernetes-test
vitest=(node_modules/.bin/vitest run --config tests/kubernetes/vitest.config.ts "$@")

# The image is the one of `make image`, under the tag that the test overlay names.
load_image () {
  local image=sentiment-service:$tag context
  docker tag "sentiment-service:${IMAGE_TAG:-latest}" "$image"
  context=$(kubectl config current-context)
  case $context in
    kind-*) kind load docker-image "$image" --name "${context#kind-}" ;;
    k3d-*) k3d image import "$image" --cluster "${context#k3d-}" ;;
    minikube) minikube image load "$image" ;;
    *) say "using $image as the nodes of $context have it" ;;
  esac
}

if [ -n "${KUBECONFIG:-}" ]; then
  load_image
  exec "${vitest[@]}"
fi

[ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ] ||
  fail 'only root on Linux can start a cluster: set KUBECONFIG to one that runs (kind, k3d, minikube)'
"$here/cluster/packages.sh"
KUBE=$("$here/cluster/build-kube.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
IMAGES=$work/images.tar
KUBERNETES_CRDS=$("$here/cluster/crds.sh")
export KUBE IMAGES KUBERNETES_CRDS
"$here/cluster/images.sh" $tag "$IMAGES"
say 'images saved'
"$here/cluster/cluster.sh" "${vitest[@]}"
