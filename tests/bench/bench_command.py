# SPDX-License-Identifier: MIT
"""bench_command.py HOPSACK: `hopsack bench` on simulated data of the published size, both modes, 1 and all threads."""
import json
import os
import subprocess
import sys
import tempfile

hopsack = os.path.abspath(sys.argv[1])
with tempfile.TemporaryDirectory(prefix="hopsack-bench-") as folder:
    data = os.path.join(folder, "c.h5")
    subprocess.run([hopsack, "simulate", "--simulate.n_bag=20", "--simulate.n_seq=100000", "--motif=SFZEN", "--rho=0.01",
                    "--compress=none", "--quiet", "-o", data], check=True, stdout=subprocess.DEVNULL)
    for threads in (1, 0):
        for compat in ("none", "deeprc"):
            words = [hopsack, "bench", data, "--json", "--quiet", f"--data.compat={compat}", f"--threads={threads}"]
            result = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
            passed, update, machine = result["pass"], result["update"], result["machine"]
            print(f"compat {compat:6} {machine['threads']} threads: "
                  f"pass {passed['sequences_per_s'] / 1e6:6.2f} M sequences/s (best {passed['sequences_per_s_best'] / 1e6:6.2f}), "
                  f"update {update['seconds'] * 1e3:6.2f} ms (best {update['seconds_min'] * 1e3:6.2f}), "
                  f"kernels {machine['kernels']}, BLAS {machine['blas_kernel']}, load {machine['load_average']:.2f}", flush=True)
