#!/bin/sh
# Installs pycortex as requirements.txt names it. It is the one requirement that builds from source
# (C extensions), so that it comes last and may fail: everything else works without it.
#   sh scripts/install-pycortex.sh PYTHON
set -u
python=${1:?"usage: sh scripts/install-pycortex.sh PYTHON"}
log=$(dirname "$(dirname "$python")")/pycortex-build.log
wanted=$(grep '^pycortex==' requirements.txt)
"$python" -c "
import importlib.metadata, sys
try:
    sys.exit(importlib.metadata.version('pycortex') != '${wanted#*==}')
except importlib.metadata.PackageNotFoundError:
    sys.exit(1)" && exit 0
echo "Building $wanted from source (about a minute) ..."
# The pins stay as they are: the lock constrains what pycortex brings along (requirements.txt cannot,
# since constraints have no extras).
if "$python" -m pip install --disable-pip-version-check --constraint requirements.lock "$wanted" >"$log" 2>&1; then
  exit 0
fi
cat <<EOF
$wanted could not be installed; everything but its maps works without it.
  The log: $log
  Its errors:
$(grep -iE '^ *(error|fatal)[: ]' "$log" | head -n 5 | cut -c1-120 | sed 's/^ */    /')
  It is built by a C compiler (Debian and Ubuntu: apt-get install build-essential; macOS:
  xcode-select --install). Then: sh scripts/install-pycortex.sh $python
EOF
# What is left out is no error of the setup.
exit 0
