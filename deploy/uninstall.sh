#!/bin/sh
# Takes away what install.sh put on the machine. See --help.
set -eu

usage() {
  cat <<'END'
Usage: uninstall.sh [--root DIR] [--dry-run] [--purge]

Stops the service and removes program, command, service, udev rule. Your data stays:
  /etc/meshcore              configuration
  /var/lib/meshcore-room     history, tokens, keys

  --purge      remove these too, and the user meshcore-room. There is no way back
  --root DIR   work in a directory tree that install.sh --root filled
  --dry-run    print each step, do none
END
}

fail() {
  echo "Error: $1" >&2
  echo "Try: $2" >&2
  exit "${3:-1}"
}

root="" dry="" purge=""
while [ $# -gt 0 ]; do
  case "$1" in
    --root) [ $# -gt 1 ] || fail "--root: expected a directory" "uninstall.sh --help" 2; root=${2%/}; shift ;;
    --dry-run) dry=1 ;;
    --purge) purge=1 ;;
    --help | -h) usage; exit 0 ;;
    *) fail "unknown option $1" "uninstall.sh --help" 2 ;;
  esac
  shift
done

run() {
  echo "  $*"
  [ -n "$dry" ] || "$@"
}

if [ -z "$root" ] && [ -z "$dry" ] && [ "$(id -u)" != 0 ]; then
  fail "only root can uninstall" "sudo uninstall.sh, or --dry-run to see what it would do"
fi
systemd=""
[ -n "$root" ] || [ ! -d /run/systemd/system ] || systemd=1

if [ -n "$systemd" ]; then
  echo "Service"
  run systemctl disable --now meshcore-room || echo "  it was not running"
fi

echo "Program and system files"
for path in \
  /etc/systemd/system/meshcore-room.service \
  /etc/udev/rules.d/60-meshcore-room.rules \
  /etc/sysusers.d/meshcore-room.conf \
  /usr/local/bin/meshcore-room \
  /usr/local/share/bash-completion/completions/meshcore-room \
  /usr/local/share/zsh/site-functions/_meshcore-room \
  /usr/local/share/fish/vendor_completions.d/meshcore-room.fish \
  /opt/meshcore-room.previous \
  /opt/meshcore-room; do
  [ ! -e "$root$path" ] || run rm -rf "$root$path"
done

if [ -n "$systemd" ]; then
  run systemctl daemon-reload
  run udevadm control --reload
fi

if [ -n "$purge" ]; then
  echo "Data"
  for path in /etc/meshcore /var/lib/meshcore-room; do
    [ ! -e "$root$path" ] || run rm -rf "$root$path"
  done
  if [ -z "$root" ] && id meshcore-room >/dev/null 2>&1; then run userdel meshcore-room; fi
else
  echo "Kept: $root/etc/meshcore and $root/var/lib/meshcore-room (--purge removes them too)"
fi
[ -z "$dry" ] || echo "Dry run: nothing was touched."
