#!/bin/sh
# Flashes a board: the engine where it is needed, the bundle, rooms and radio settings. See ./flash.sh --help.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
if ! command -v node >/dev/null 2>&1; then
  echo "Error: node is not installed" >&2
  echo "Try: install Node.js 20.19 or newer (https://nodejs.org)" >&2
  exit 1
fi
case " $* " in
  *" --help "* | *" -h "*) node "$here/.ci/ready.mjs" >&2 ;;
  *) node "$here/.ci/ready.mjs" build >&2 ;;
esac
exec node --import "$here/node_modules/tsx/dist/loader.mjs" "$here/host-bridge/flash/cli.ts" "$@"
