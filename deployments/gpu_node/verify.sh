#!/usr/bin/env bash
# Compares a GPU node with versions.env. Every difference is named; one fails the script.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deployments/gpu_node/versions.env
source "${VERSIONS:-$here/versions.env}"
# shellcheck source=deployments/gpu_node/checks.sh
source "$here/checks.sh"

differences=0
check() {
  local name=$1 asked=$2
  shift 2
  local found
  found=$("$@" 2>/dev/null) || found=""
  compare "$name" "$asked" "$found" || differences=$((differences + 1))
}
setting() { sysctl -n "$1"; }
runtime_of_docker() { docker info --format '{{if index .Runtimes "nvidia"}}nvidia{{end}}'; }
governor() { sort -u /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor | paste -sd, -; }

check "driver" "$NVIDIA_DRIVER_VERSION" installed_driver
check "CUDA toolkit" "$CUDA_TOOLKIT_VERSION" installed_toolkit "$CUDA_TOOLKIT_VERSION"
check "container toolkit" "$CONTAINER_TOOLKIT_VERSION" installed_container_toolkit
check "DCGM" "$DCGM_VERSION" installed_dcgm
check "persistence mode" "Enabled" persistence_mode
check "runtime of docker" "nvidia" runtime_of_docker
check "DCGM service" "active" systemctl is-active nvidia-dcgm
check "persistence service" "active" systemctl is-active nvidia-persistenced
check "vm.swappiness" "10" setting vm.swappiness
check "vm.max_map_count" "262144" setting vm.max_map_count
check "kernel.numa_balancing" "0" setting kernel.numa_balancing
if [[ -d /sys/devices/system/cpu/cpu0/cpufreq ]]; then
  check "CPU governor" "performance" governor
fi

if ((differences > 0)); then
  printf '%d differences: the node is not as asked; run provision.sh again\n' \
    "$differences" >&2
  exit 1
fi
printf 'the node is as asked\n'
