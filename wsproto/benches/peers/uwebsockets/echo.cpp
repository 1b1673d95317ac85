// uWebSockets' own EchoServer example, without TLS and compression, on a port of the system's choice.
#include "App.h"

int main() {
    struct PerSocketData {};
    uWS::App().ws<PerSocketData>("/*", {
        .compression = uWS::DISABLED,
        .maxPayloadLength = 1024 * 1024,
        .idleTimeout = 120,
        .maxBackpressure = 100 * 1024 * 1024,
        .message = [](auto *ws, std::string_view message, uWS::OpCode opCode) { ws->send(message, opCode); },
    }).listen("127.0.0.1", 0, [](auto *socket) {
        if (!socket) std::exit(1);
        std::cout << "listening on ws://127.0.0.1:" << us_socket_local_port(0, (us_socket_t *) socket) << std::endl;
    }).run();
}
