#!/bin/bash -eu
# As OSS-Fuzz builds a project: each target goes to $OUT, with its seeds, dictionary and options. It is run from the repository's
# root, wherever it lies itself. By hand, with a nightly toolchain and cargo-fuzz:
# RUSTUP_TOOLCHAIN=nightly OUT=FOLDER bash fuzz/build.sh
#
#   OUT                 where to
#   SANITIZER           address unless told; what Rust has no sanitizer for (coverage, undefined) builds without
#   CARGO_TARGET_DIR    where it is built
: "${OUT:?set it to the folder that is to have the fuzz targets}"
mkdir -p "$OUT"

main() {
  case ${SANITIZER:=address} in address | memory | thread) ;; *) SANITIZER=none ;; esac
  target=${CARGO_TARGET_DIR:-target}/fuzz
  # cargo-fuzz takes one relative to fuzz/.
  mkdir -p "$target"
  target=$(cd "$target" && pwd)
  cargo fuzz build -O --debug-assertions --sanitizer "$SANITIZER" --target-dir "$target"

  for source in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$source" .rs)
    cp "$target"/*/release/"$name" "$OUT/"
    cp "fuzz/$(dictionary "$name").dict" "$OUT/$name.dict"
    printf '[libfuzzer]\nmax_len = %s\ntimeout = 10\n' "$(max_len "$name")" >"$OUT/$name.options"
    python3 -m zipfile -c "$OUT/${name}_seed_corpus.zip" "fuzz/seeds/$name"/*
  done
}

dictionary() {
  case $1 in
    request | response | handshake | extensions | deflate_negotiation | subprotocols) echo http ;;
    *) echo frames ;;
  esac
}

# The oracles of the first two look at each cut of the whole input: their cost is its square.
max_len() {
  case $1 in
    utf8) echo 120 ;;
    connection) echo 500 ;;
    header) echo 20 ;;
    close | extensions | deflate_negotiation | subprotocols | mask) echo 400 ;;
    *) echo 1500 ;;
  esac
}

main
