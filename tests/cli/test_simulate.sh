#!/bin/sh
# SPDX-License-Identifier: MIT
# test_simulate.sh HOPSACK: the command simulate, right and wrong.
set -u
hopsack=$(realpath "$1")
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99
failed=0

# expect CODE WORDS ARGUMENTS...: exit code, and words of the last output (stdout or stderr)
expect() {
    code=$1 words=$2
    shift 2
    "$hopsack" simulate "$@" >out.txt 2>err.txt
    got=$?
    if [ $got -ne "$code" ] || ! grep -qF -e "$words" out.txt err.txt; then
        echo "simulate $*: exit code $got, not $code, or '$words' is missing:"
        cat out.txt err.txt
        failed=1
    fi
}
same() {
    cmp -s "$1" "$2" || { echo "$1 and $2 differ"; failed=1; }
}

cat >small.yaml <<'END'
seed: 5
simulate: {n_bag: 10, n_seq: 200, motifs: [LDR, SZN], rate: 0.02, position: anywhere}
END
expect 0 "10 bags, 2000 sequences; 5 bags are positive, with 4 carriers each" small.yaml -o a.h5
[ "$(gzip -dc a.truth.tsv.gz | wc -l)" -eq 21 ] || { echo "truth has not a line for each of 20 carriers"; failed=1; }
gzip -dc a.truth.tsv.gz | head -n 1 | grep -qx "bag	instance	signal	motif	offset	original	junction_aa" || failed=1
for threads in 1 2 3 4; do
    expect 0 "wrote" small.yaml -o t$threads.h5 --threads=$threads
    same a.h5 t$threads.h5
    same a.truth.tsv.gz t$threads.truth.tsv.gz
done
expect 0 "wrote" --seed=5 --simulate.n_bag=10 --simulate.n_seq=200 --motif=LDR --motif=SZN --rho=0.02 \
    --simulate.position=anywhere -o flags.h5
same a.h5 flags.h5
expect 0 "200 bags, 400000 sequences; 100 bags are positive, with 20 carriers each" \
    "$HOPSACK_TEST_SOURCE/configs/simulate-one.yaml" -o one.h5
expect 0 "wrote" -o standard.h5
same one.h5 standard.h5 # it spells out the defaults
expect 0 '"n_carrier": 0' small.yaml --rho 0 --json -o zero.h5
expect 0 "would write" small.yaml --dry-run -o none.h5
[ ! -e none.h5 ] && [ ! -e none.truth.tsv.gz ] || { echo "--dry-run wrote a file"; failed=1; }

expect 0 "200 sequences; 5 bags are positive, with 420 shifted probabilities" --simulate.signal=dense \
    --simulate.shift=0.1 --simulate.dense=composition --simulate.spread=0.05 --simulate.n_bag=10 --simulate.n_seq=20 -o dense.h5
gzip -dc dense.truth.tsv.gz | head -n 1 | grep -qx "signal	kind	feature	negative	positive	factor" || failed=1
[ "$(gzip -dc dense.truth.tsv.gz | wc -l)" -eq 421 ] || { echo "truth has not a line for each transition"; failed=1; }
expect 0 '"n_shifted": 820' small.yaml --simulate.signal=dense --json -o both.h5
expect 0 "would write" small.yaml --simulate.signal=dense --simulate.dense=prefix --dry-run -o none.h5

cp a.h5 kept.h5
expect 6 "a.h5: exists; --force overwrites it" small.yaml --seed=6 -o a.h5
same a.h5 kept.h5
expect 0 "wrote" small.yaml --seed=6 --force -o a.h5
cmp -s a.h5 kept.h5 && { echo "another seed, the same file"; failed=1; }

printf 'simulate:\n  n_bag: ten\n' >wrong.yaml
expect 2 "wrong.yaml:2" wrong.yaml -o bad.h5
[ -z "$(ls -A | grep -e bad -e tmp)" ] || { echo "something was left behind:"; ls -A; failed=1; }
exit $failed
