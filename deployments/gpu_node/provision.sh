#!/usr/bin/env bash
# Makes a GPU node of a fresh Ubuntu 24.04: pinned driver, CUDA toolkit, container toolkit,
# DCGM, persistence mode, system tuning. Run as root; run again after a restart until it
# says that the node is as asked. Versions stand in versions.env.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deployments/gpu_node/versions.env
source "${VERSIONS:-$here/versions.env}"
# shellcheck source=deployments/gpu_node/checks.sh
source "$here/checks.sh"

stop() {
  printf 'stopped: %s\n' "$1" >&2
  exit 1
}

check_machine() {
  ((EUID == 0)) || stop "this installs packages: run it as root"
  # shellcheck source=/dev/null
  source /etc/os-release
  [[ ${ID-} == ubuntu && ${VERSION_ID-} == 24.04 ]] ||
    stop "Ubuntu 24.04 is asked for, this is ${PRETTY_NAME:-unknown}"
  [[ $(uname -m) == x86_64 ]] || stop "x86_64 is asked for, this is $(uname -m)"
  lspci -d 10de: | grep -qE 'VGA|3D' || stop "no NVIDIA device is on the PCI bus"
}

add_repositories() {
  local base=https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2404/x86_64
  local ring=/usr/share/keyrings
  apt-get update
  apt-get install --yes --no-install-recommends ca-certificates curl gnupg pciutils
  curl --fail --silent --show-error --location "$base/cuda-archive-keyring.gpg" \
    --output "$ring/cuda-archive-keyring.gpg"
  printf 'deb [signed-by=%s] %s/ /\n' "$ring/cuda-archive-keyring.gpg" "$base" \
    >/etc/apt/sources.list.d/cuda.list
  curl --fail --silent --show-error --location \
    https://nvidia.github.io/libnvidia-container/gpgkey |
    gpg --dearmor --yes --output "$ring/nvidia-container-toolkit.gpg"
  # shellcheck disable=SC2016 # apt expands $(ARCH), the shell must not
  printf 'deb [signed-by=%s] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n' \
    "$ring/nvidia-container-toolkit.gpg" >/etc/apt/sources.list.d/nvidia-container-toolkit.list
  apt-get update
}

# package NAME VERSION: installs the newest build of exactly that version, or stops.
package() {
  local name=$1 wanted=$2 found
  found=$(apt-cache madison "$name" | awk '{print $3}' |
    grep -E "^([0-9]+:)?${wanted//./\\.}([-~+.]|$)" | head -n 1) || true
  [[ -n $found ]] || stop "$name has no version $wanted; the repository has: $(
    apt-cache madison "$name" | awk '{print $3}' | head -n 5 | paste -sd' ' -
  )"
  apt-mark unhold "$name" >/dev/null 2>&1 || true
  apt-get install --yes --no-install-recommends --allow-downgrades "$name=$found"
  apt-mark hold "$name"
}

install_packages() {
  package "nvidia-driver-pinning-$NVIDIA_DRIVER_VERSION" "$NVIDIA_DRIVER_BRANCH"
  package nvidia-open "$NVIDIA_DRIVER_VERSION"
  apt-get install --yes --no-install-recommends "cuda-toolkit-${CUDA_TOOLKIT_VERSION//./-}"
  package nvidia-container-toolkit "$CONTAINER_TOOLKIT_VERSION"
  package datacenter-gpu-manager-"$DCGM_MAJOR"-core "$DCGM_VERSION"
  local found
  found=$(installed_dcgm) || stop "DCGM was installed and does not answer"
  [[ $found == "$DCGM_VERSION" ]] || stop "DCGM $DCGM_VERSION is asked for, $found answers"
}

tune() {
  cat >/etc/sysctl.d/90-gpu-node.conf <<'SYSCTL'
vm.swappiness = 10
vm.max_map_count = 262144
kernel.numa_balancing = 0
SYSCTL
  sysctl --system >/dev/null
  cat >/etc/security/limits.d/90-gpu-node.conf <<'LIMITS'
* soft memlock unlimited
* hard memlock unlimited
* soft nofile 1048576
* hard nofile 1048576
LIMITS
  local governor
  for governor in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do
    [[ -w $governor ]] && printf 'performance\n' >"$governor"
  done
  return 0
}

start_services() {
  systemctl enable --now nvidia-persistenced nvidia-dcgm
  if command -v docker >/dev/null; then
    nvidia-ctk runtime configure --runtime=docker
    systemctl restart docker
  fi
  nvidia-smi --persistence-mode=1
}

main() {
  check_machine
  add_repositories
  install_packages
  tune
  if ! nvidia-smi >/dev/null 2>&1; then
    printf 'the driver is installed and not loaded: restart, then run this again\n'
    exit 0
  fi
  start_services
  "$here/verify.sh"
}

main "$@"
