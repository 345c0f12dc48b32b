#!/usr/bin/env bash
# standin-node.sh IMAGE LABEL: builds a stand-in for Node's slim image: Debian, the Node binary and npm from npm packages, and
# the user `node`. Only this image contains the machine's certificates and npm settings.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
. "$here/standin-root.sh"

image=$1 label=$2
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) fail "no stand-in for $(uname -m)" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
make_root "$root"

# Unpacks an npm package into a directory.
unpack () {
  local archive
  archive=$(cd "$work" && npm pack --silent "$1")
  mkdir -p "$2"
  tar -xzf "$work/$archive" -C "$2" --strip-components=1
}

unpack "node-linux-$arch@24" "$work/node"
install -D -m 755 "$work/node/bin/node" "$root/usr/local/bin/node"
unpack npm@11 "$root/usr/local/lib/node_modules/npm"
chmod 755 "$root"/usr/local/lib/node_modules/npm/bin/*.js
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
chroot "$root" groupadd --gid 1000 node
chroot "$root" useradd --uid 1000 --gid node --shell /bin/bash --create-home node

mkdir -p "$root/usr/local/etc"
echo "registry=$(npm config get registry)" > "$root/usr/local/etc/npmrc"
ca=$(npm config get cafile)
if [ -f "$ca" ]; then
  install -D -m 644 "$ca" "$root/usr/local/share/ca.pem"
  echo 'cafile=/usr/local/share/ca.pem' >> "$root/usr/local/etc/npmrc"
fi

tar -C "$root" -c . | docker import --change 'CMD ["node"]' --change "LABEL $label" \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$image" > /dev/null
