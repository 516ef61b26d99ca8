#!/bin/sh
# Installs the clients, trackers and web server that tools/interop runs, and the C compiler of tools/bench. Debian 12, root, safe to run again; starts no service.
set -eu

packages="transmission-daemon transmission-cli aria2 python3-libtorrent qbittorrent-nox rtorrent opentracker nginx iproute2 gcc libc6-dev"

missing=""
for package in $packages; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "install-interop.sh: needs root to install:$missing" >&2
    exit 1
  fi
  # While policy-rc.d answers 101, the packages' scripts start no service. One that is already there stays as it is.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get -o DPkg::Lock::Timeout=300 update -q
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing
fi

dpkg-query -W -f '${Package} ${Version}\n' $packages
