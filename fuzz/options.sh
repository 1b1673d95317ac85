# To be sourced: what libFuzzer is told of each target.

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
