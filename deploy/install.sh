#!/bin/sh
# Installs MeshCore Room from a built checkout. See --help. Undo: uninstall.sh.
set -eu
umask 022
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

usage() {
  cat <<'END'
Usage: deploy/install.sh [--root DIR] [--dry-run] [--start] [--node FILE]

Installs the daemon of this checkout (build it first: npm run build), or upgrades an installed one:
  /opt/meshcore-room                    the program; the one before stays as /opt/meshcore-room.previous
  /usr/local/bin/meshcore-room          the command, and its shell completion under /usr/local/share
  /etc/meshcore/room-server.yaml        the configuration; one that is there is never touched
  /etc/systemd/system, /etc/udev/rules.d, /etc/sysusers.d
                                        the service, the boards' serial ports, the user meshcore-room
  /var/lib/meshcore-room                history, tokens and keys: made by systemd at the first start

  --root DIR   fill a directory tree instead (packaging, tests); touches nothing outside of DIR
  --dry-run    print each step, do none
  --start      enable and start the service at the end
  --node FILE  the Node.js to run with, 20.19 or newer (default: the one in PATH)

A service that runs is restarted with the new version. deploy/uninstall.sh takes everything away again.
END
}

fail() {
  echo "Error: $1" >&2
  echo "Try: $2" >&2
  exit "${3:-1}"
}

root="" dry="" start="" node=""
while [ $# -gt 0 ]; do
  case "$1" in
    --root) [ $# -gt 1 ] || fail "--root: expected a directory" "deploy/install.sh --help" 2; root=${2%/}; [ -n "$root" ] || root=/; shift ;;
    --node) [ $# -gt 1 ] || fail "--node: expected a file" "deploy/install.sh --help" 2; node=$2; shift ;;
    --dry-run) dry=1 ;;
    --start) start=1 ;;
    --help | -h) usage; exit 0 ;;
    *) fail "unknown option $1" "deploy/install.sh --help" 2 ;;
  esac
  shift
done
[ "$root" != / ] || root=""

# Only what changes the machine goes through here.
run() {
  echo "  $*"
  [ -n "$dry" ] || "$@"
}
say() { echo "$*"; }
# write FILE MODE: standard input becomes the file.
write() {
  echo "  write $1 (mode $2)"
  if [ -n "$dry" ]; then cat >/dev/null; else cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"; fi
}

# --- May it work at all? ---
builder=$(command -v node) || fail "node is not installed" "install Node.js 20.19 or newer (https://nodejs.org)"
[ -n "$node" ] || node=$builder
"$builder" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "Node.js $("$builder" --version) is too old" "install Node.js 20.19 or newer (https://nodejs.org)"
case "$node" in
  /home""/* | /root""/*) [ -n "$root" ] || fail "the service cannot see $node: home directories are closed to it" "install Node.js for all users, or name one with --node" ;;
esac
[ -f "$here/dist/meshcore-room.mjs" ] && [ -d "$here/node_modules" ] || fail "this checkout is not built" "npm run build"
if [ -z "$root" ] && [ -z "$dry" ] && [ "$(id -u)" != 0 ]; then
  fail "only root can install for the whole machine" "sudo deploy/install.sh, or --dry-run to see what it would do"
fi
if [ -z "$root" ] && [ ! -d /run/systemd/system ]; then
  say "This machine does not run systemd: the files are installed, nothing is started."
fi
systemd=""
[ -n "$root" ] || [ ! -d /run/systemd/system ] || systemd=1

program=$root/opt/meshcore-room
config=$root/etc/meshcore/room-server.yaml

say "Program: $program"
[ -n "$dry" ] || trap 'rm -rf "$program.new"' EXIT
run rm -rf "$program.new"
run mkdir -p "$program.new/host-bridge" "$program.new/node_modules"
run cp -R "$here/dist" "$program.new/dist"
run cp "$here/host-bridge/meshcore-room.mjs" "$here/host-bridge/demo.yaml" "$program.new/host-bridge/"
run cp "$here/package.json" "$here/package-lock.json" "$here/LICENSE" "$here/CHANGELOG.md" "$here/docs/operate.md" "$here/deploy/uninstall.sh" "$program.new/"
say "  copy the packages that it needs at run time"
if [ -z "$dry" ]; then
  "$builder" "$here/deploy/packages.mjs" | while read -r path; do
    mkdir -p "$program.new/$(dirname "$path")"
    cp -R "$here/$path" "$program.new/$path"
  done
  # The checkout's owner and its umask are not the machine's.
  chmod -R u=rwX,go=rX "$program.new"
  [ "$(id -u)" != 0 ] || chown -R 0:0 "$program.new"
fi
# The new one is whole before the old one goes.
if [ -d "$program" ]; then
  run rm -rf "$program.previous"
  run mv "$program" "$program.previous"
fi
run mv "$program.new" "$program"

say "Command: $root/usr/local/bin/meshcore-room"
run mkdir -p "$root/usr/local/bin" "$root/usr/local/share/bash-completion/completions" \
  "$root/usr/local/share/zsh/site-functions" "$root/usr/local/share/fish/vendor_completions.d"
write "$root/usr/local/bin/meshcore-room" 755 <<END
#!/bin/sh
# The daemon and its command line. exec: systemd watches this process.
exec $node /opt/meshcore-room/host-bridge/meshcore-room.mjs "\$@"
END
complete() {
  script=$("$builder" "$here/host-bridge/meshcore-room.mjs" completion "$1")
  printf '%s\n' "$script" | write "$2" 644
}
complete bash "$root/usr/local/share/bash-completion/completions/meshcore-room"
complete zsh "$root/usr/local/share/zsh/site-functions/_meshcore-room"
complete fish "$root/usr/local/share/fish/vendor_completions.d/meshcore-room.fish"

say "System: user, serial ports, service"
run mkdir -p "$root/etc/sysusers.d" "$root/etc/udev/rules.d" "$root/etc/systemd/system"
write "$root/etc/sysusers.d/meshcore-room.conf" 644 <"$here/deploy/sysusers.conf"
write "$root/etc/udev/rules.d/60-meshcore-room.rules" 644 <"$here/deploy/60-meshcore-room.rules"
write "$root/etc/systemd/system/meshcore-room.service" 644 <"$here/deploy/meshcore-room.service"
if [ -z "$root" ]; then
  if command -v systemd-sysusers >/dev/null; then
    run systemd-sysusers /etc/sysusers.d/meshcore-room.conf
  elif ! id meshcore-room >/dev/null 2>&1; then
    run useradd --system --home-dir /var/lib/meshcore-room --shell /usr/sbin/nologin --groups dialout meshcore-room
  fi
fi

say "Configuration: $config"
run mkdir -p "$root/etc/meshcore"
if [ -e "$config" ]; then
  say "  is there, and stays as it is"
else
  write "$config" 640 <"$here/deploy/room-server.yaml"
fi
# It holds the rooms' keys: for root to change, for the daemon to read.
run chmod 750 "$root/etc/meshcore"
[ -n "$root" ] || run chgrp meshcore-room /etc/meshcore "$config"

if [ -n "$systemd" ]; then
  say "Taking effect"
  run udevadm control --reload
  run udevadm trigger --subsystem-match=tty
  run systemctl daemon-reload
  [ -z "$start" ] || run systemctl enable meshcore-room
  if [ -n "$start" ] || systemctl is-active --quiet meshcore-room; then
    run systemctl restart meshcore-room
  fi
fi

if [ -n "$dry" ]; then
  say "Dry run: nothing was touched."
elif [ -z "$root" ]; then
  say "Installed. Next:"
  say "  edit $config"
  say "  meshcore-room check"
  [ -n "$start" ] || say "  systemctl enable --now meshcore-room"
  say "  meshcore-room doctor"
else
  say "Installed below $root."
fi
