//! What the program prints: how deep the stack was, and how large the types are.

use cortex_m_rt::entry;
use wsproto::connection::{Client, Connection, Receiver, Reply, Sender, Server};
use wsproto::handshake::{RequestDecoder, RequestHead};
use wsproto::session::Session;
use wsproto_embedded::{NoClock, WebSocket};

use crate::board::{print, stack_used, stop};
use crate::script;

#[entry]
fn main() -> ! {
    let result = script::run();
    print("RAM, stack: ", stack_used());
    print("Connection<Server>: ", size_of::<Connection<Server>>());
    print("Connection<Client>: ", size_of::<Connection<Client>>());
    print("Receiver<Server>: ", size_of::<Receiver<Server>>());
    print("Sender<Server>: ", size_of::<Sender<Server>>());
    print("Reply: ", size_of::<Reply>());
    print("Session<Server, [u8; 131]>: ", size_of::<Session<Server, [u8; 131]>>());
    print("Session<Server, [u8; 1024]>: ", size_of::<Session<Server, [u8; 1024]>>());
    print("RequestDecoder: ", size_of::<RequestDecoder>());
    print("RequestHead: ", size_of::<RequestHead>());
    print(
        "WebSocket<(), &mut [u8; 1024], [u8; 131], NoClock>: ",
        size_of::<WebSocket<(), &mut [u8; 1024], [u8; 131], NoClock>>(),
    );
    stop(result);
}
