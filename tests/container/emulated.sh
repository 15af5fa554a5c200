#!/usr/bin/env bash
# Smoke-test the image for Arm on a machine that only emulates it, and compare what every workload generates there with
# what it generates here, natively. Needs qemu-user's binfmt handler, .venv and bench:arm64 (make image ARCH=arm64).
#
# oneDNN reads which CPU it is on from a file that only an Arm kernel has, and crashes without it: the emulated
# containers are shown one.
set -euo pipefail
image=${1:-bench:arm64}
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
for cpu in $(seq 0 $(($(nproc) - 1))); do
    mkdir -p "$folder/cpu/cpu$cpu/regs/identification"
    echo 0x00000000410fd0c0 >"$folder/cpu/cpu$cpu/regs/identification/midr_el1"
done
for list in online possible present; do
    cp "/sys/devices/system/cpu/$list" "$folder/cpu/$list"
done
chmod -R a+rX "$folder"

inside() {
    docker run --rm --interactive --platform linux/arm64 --read-only --network none --cap-drop ALL \
        --security-opt no-new-privileges --tmpfs /tmp:rw,exec,nosuid,nodev \
        --volume "$folder/cpu:/sys/devices/system/cpu:ro" "$@"
}
python() {
    inside --env PYTHONPATH=/opt/bench --env OMP_NUM_THREADS=1 --entrypoint /opt/bench/venv/bin/python "$image" -
}

echo "bench detect says that it is emulated:"
inside "$image" detect --json | grep '"emulated": true'
echo "torch computes:"
python <<<'import torch; print(torch.nn.Conv2d(3, 8, 3)(torch.ones(1, 3, 16, 16)).shape)'
echo "a run ends well and states that it is emulated, but never qualifies:"
mkdir --mode 1777 "$folder/results"
# All CPUs: the emulator has a thread of its own that no worker can bind, and bench would say so.
inside --volume "$folder/results:/results" "$image" run --suite smoke --workload basic_gnn_gcn --mode inference \
    --layout latency --repetitions 1:1 --timeout 30m || [ $? = 3 ] # an emulator's numbers may well be too noisy
cat >"$folder/policy.toml" <<'POLICY'
name = "policy"
summary = "Asks for next to nothing"
[rules.none-failed]
check = "correctness.failed_cells"
at_most = 1
POLICY
bundle=$(echo "$folder"/results/*.bench.tar)
.venv/bin/bench verify "$bundle" | grep EMULATED
if .venv/bin/bench qualify "$bundle" --policy "$folder/policy.toml" --output "$folder" >"$folder/qualified" 2>&1; then
    cat "$folder/qualified"
    exit 1
fi
grep never-emulated "$folder/qualified"
echo "what workloads generate:"
python <tests/container/generated.py >"$folder/emulated"
.venv/bin/python tests/container/generated.py >"$folder/native"
diff "$folder/native" "$folder/emulated"
echo "$(wc -l <"$folder/native") pairs of workload and mode, weights and inputs equal on both"
