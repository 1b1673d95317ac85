#!/bin/bash -eu
# As OSS-Fuzz builds a project: each target goes to $OUT, with its seeds, dictionary and options. Also by hand, with a
# nightly toolchain and cargo-fuzz: OUT=FOLDER bash fuzz/build.sh
#
#   OUT                 where to
#   SANITIZER           address unless told, as OSS-Fuzz names them
#   CARGO_TARGET_DIR    where it is built
: "${OUT:?set it to the folder that is to have the fuzz targets}"
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
cd "$(dirname "$0")/.."
. fuzz/options.sh
target=${CARGO_TARGET_DIR:-target}/fuzz

cargo +nightly fuzz build -O --debug-assertions --sanitizer "${SANITIZER:-address}" --target-dir "$target"
for source in fuzz/fuzz_targets/*.rs; do
  name=$(basename "$source" .rs)
  cp "$target"/*/release/"$name" "$OUT/"
  cp "fuzz/$(dictionary "$name").dict" "$OUT/$name.dict"
  printf '[libfuzzer]\nmax_len = %s\ntimeout = 10\n' "$(max_len "$name")" >"$OUT/$name.options"
  python3 -m zipfile -c "$OUT/${name}_seed_corpus.zip" "fuzz/seeds/$name"/*
done
