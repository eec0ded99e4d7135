#!/bin/bash
# Runs upstream's tests of the command line in a copy of its tree, on loopback of a network namespace of its own.
#   commands.sh TREE PROGRAMS FAILURES [FUNCTION…]
# PROGRAMS holds kube-apiserver, kube-controller-manager and kubectl. A step that fails is written to FAILURES, and the next one is taken.
tree=$1 programs=$2 failures=$3
shift 3
wanted=" $* "
ip link set lo up
export PATH=$programs:$PATH TERM=xterm EDITOR=vi
cd "$tree" || exit
KUBE_ROOT=$tree
make() { :; }
. hack/lib/init.sh
. hack/lib/test.sh
export -n ETCD_VERSION
export KUBE_OUTPUT_HOSTBIN=$programs ALLOW_SKEW=y
. test/cmd/legacy-script.sh

# Upstream's stops at the first step that fails.
set +o errexit +o nounset
record_command() {
  [ "$wanted" = "  " ] || [[ $wanted == *" $1 "* ]] || return 0
  printf '\n=== %s\n' "$1"
  recording=$1
  # Fails only where the function says exit by itself, which the trap then tells of.
  (
    "$@"
    exit 0
  )
  recording=runTests
}

# Read whole before it begins: the file may change while it runs.
main() {
  eval "$(sed -n '/^function run_kube_apiserver/,/^}/p; /^function run_kube_controller_manager/,/^}/p' hack/make-rules/test-cmd.sh)"
  SERVICE_ACCOUNT_LOOKUP=true SERVICE_ACCOUNT_KEY=$TMPDIR/sa.key
  openssl genrsa -out "$SERVICE_ACCOUNT_KEY" 2048 2> /dev/null
  setup
  run_kube_apiserver
  run_kube_controller_manager
  kubectl create -f - <<< '{"kind":"Node","apiVersion":"v1","metadata":{"name":"127.0.0.1"},"status":{"capacity":{"memory":"1Gi"}}}'
  SUPPORTED_RESOURCES=("*")
  # Some steps are in no function of their own.
  recording=runTests
  set -E
  trap 'echo "$recording ${BASH_SOURCE[0]##*/}:$LINENO: ${BASH_COMMAND%%$'"'\\n'"'*}" >> "$failures"' ERR
  runTests
}
main
exit
