#!/bin/sh
# Chromium renders figures to PNG, SVG and PDF, and runs the browser tests.
set -u
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
how="Install Chromium or Chrome and run this again (Debian and Ubuntu: apt-get install chromium)."
if ! command -v apt-get >/dev/null 2>&1; then
  echo "No Chromium or Chrome was found on the path, and this is not Debian. $how"
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "No Chromium or Chrome was found on the path, and installing it needs root. $how"
  exit 1
fi
echo "Installing Debian's chromium ..."
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null; then
  echo "Debian's chromium could not be installed: is the package mirror within reach? $how"
  exit 1
fi
