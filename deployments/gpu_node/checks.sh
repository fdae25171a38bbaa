# shellcheck shell=bash
# Read by provision.sh and verify.sh: what is installed, and one comparison.

installed_driver() {
  nvidia-smi --query-gpu=driver_version --format=csv,noheader | sort -u | paste -sd, -
}

installed_toolkit() {
  "/usr/local/cuda-${1:?}/bin/nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p'
}

installed_container_toolkit() {
  nvidia-ctk --version | sed -n 's/.*version \([0-9.]*\).*/\1/p' | head -n 1
}

installed_dcgm() {
  dcgmi --version | sed -n 's/.*[Vv]ersion *: *\([0-9.]*\).*/\1/p' | head -n 1
}

persistence_mode() {
  nvidia-smi --query-gpu=persistence_mode --format=csv,noheader | sort -u | paste -sd, -
}

# compare NAME ASKED FOUND: says both and returns 1 where they differ or nothing is found.
compare() {
  local name=${1:?} asked=${2:?} found=${3-}
  if [[ $found == "$asked" ]]; then
    printf 'as asked   %-24s %s\n' "$name" "$found"
    return 0
  fi
  printf 'DIFFERENT  %-24s asked %s, found %s\n' "$name" "$asked" "${found:-nothing}"
  return 1
}
