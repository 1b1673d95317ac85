//! WebSocket connections over blocking sockets.
