//! The small server: its cap, its end.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_wsproto::wsproto::handshake::Answer;
use tokio_wsproto::{Accept, Handshake, Opening, Serve, Served, Trouble};
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode as Code;

/// An echo server; and how to end it.
async fn serve(cap: usize, grace: Duration) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<Served>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let handler = |handshake: Handshake<TcpStream>| async move {
        let is_stubborn = handshake.path() == "/stubborn";
        let Ok(mut socket) = handshake.accept(Accept::new()).await else { return };
        while let Ok(Some(message)) = socket.recv().await {
            let _ = socket.feed(message);
        }
        if is_stubborn {
            std::future::pending::<()>().await;
        }
    };
    let server = Serve::new(listener).with_max_connections(cap).with_grace(grace);
    let running = tokio::spawn(server.run(handler, stopped));
    (address, stop, running)
}

/// In a thread of its own: what is said, what is heard up to the end.
fn talk(address: SocketAddr, path: &'static str) -> std::thread::JoinHandle<Vec<Message>> {
    std::thread::spawn(move || {
        let (mut client, _) = tungstenite::connect(format!("ws://{address}{path}")).unwrap();
        client.send(Message::text("Hello")).unwrap();
        let mut heard = Vec::new();
        while let Ok(message) = client.read() {
            heard.push(message);
        }
        heard
    })
}

#[tokio::test]
async fn all_connections_end_with_1001_and_the_server_with_them() {
    let (address, stop, running) = serve(10, Duration::from_secs(10)).await;
    let clients = [talk(address, "/"), talk(address, "/"), talk(address, "/")];
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.send(()).unwrap();
    let served = timeout(Duration::from_secs(5), running).await.expect("nobody is waited for").unwrap();
    assert_eq!((served.connections, served.dropped), (3, 0));
    for client in clients {
        let heard = client.join().unwrap();
        assert_eq!(heard[0], Message::text("Hello"));
        assert!(matches!(&heard[1], Message::Close(Some(close)) if close.code == Code::Away), "{heard:?}");
    }
    assert!(TcpStream::connect(address).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn handlers_that_go_on_are_dropped_after_the_grace() {
    let (address, stop, running) = serve(10, Duration::from_millis(300)).await;
    let client = talk(address, "/stubborn");
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    let served = timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!((served.connections, served.dropped), (1, 1));
    assert_eq!(client.join().unwrap().len(), 2);
}

#[tokio::test]
async fn more_connections_than_the_cap_are_told_503() {
    let (address, stop, running) = serve(1, Duration::from_secs(10)).await;
    let first = talk(address, "/");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut told = String::new();
    TcpStream::connect(address).await.unwrap().read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 503 ") && told.ends_with("too many connections\n"), "{told}");
    stop.send(()).unwrap();
    let served = timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!(served.connections, 1);
    first.join().unwrap();
}

/// `accept` fails for want of descriptors, and then there are some again: nothing that a test can bring about
/// for one server alone. That nothing else ends it is.
#[tokio::test]
async fn clients_that_go_at_once_or_say_nonsense_do_not_end_the_server() {
    let (address, stop, running) = serve(10, Duration::from_secs(10)).await;
    for _ in 0..5 {
        drop(TcpStream::connect(address).await.unwrap());
        let mut told = String::new();
        let mut nonsense = TcpStream::connect(address).await.unwrap();
        nonsense.write_all(b"\x16\x03\x01").await.unwrap();
        nonsense.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    }
    let client = talk(address, "/");
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!(client.join().unwrap()[0], Message::text("Hello"));
}

#[tokio::test]
async fn a_client_that_has_asked_for_nothing_keeps_no_server_from_ending() {
    let (address, stop, running) = serve(10, Duration::from_secs(10)).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"GET / HT").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    let served = timeout(Duration::from_secs(5), running).await.expect("it is not waited for").unwrap();
    assert_eq!((served.connections, served.dropped), (1, 0));
}

#[tokio::test]
async fn pages_live_on_the_same_port_and_sockets_beside_them_end_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let handler = |opening: Opening<TcpStream>| async move {
        match opening {
            Opening::Http(page) => page.answer(Answer::new(200, &[], b"a page").unwrap()).await.unwrap(),
            Opening::WebSocket(handshake) => {
                let mut socket = handshake.accept(Accept::new()).await.unwrap();
                while let Some(message) = socket.recv().await.unwrap() {
                    socket.feed(message).unwrap();
                }
            }
        }
    };
    let running = tokio::spawn(Serve::new(listener).run_http(handler, stopped));
    let mut page = TcpStream::connect(address).await.unwrap();
    page.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut told = String::new();
    page.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 200 ") && told.ends_with("a page"), "{told}");
    let client = talk(address, "/");
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.send(()).unwrap();
    let served = timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!((served.connections, served.dropped), (2, 0));
    assert!(
        matches!(&client.join().unwrap()[..], [_, Message::Close(Some(close))] if close.code == Code::Away)
    );
}

#[tokio::test]
async fn what_no_handler_sees_is_reported_at_once() {
    static REPORTS: std::sync::Mutex<Option<mpsc::Sender<Trouble>>> = std::sync::Mutex::new(None);
    let (reports, reported) = mpsc::channel();
    *REPORTS.lock().unwrap() = Some(reports);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = |_: Handshake<TcpStream>| async { panic!("as told") };
    let server = Serve::new(listener)
        .with_report(|trouble| REPORTS.lock().unwrap().as_ref().unwrap().send(trouble).unwrap());
    let running = tokio::spawn(server.run(handler, std::future::pending::<()>()));
    let next = async || loop {
        if let Ok(trouble) = reported.try_recv() {
            return trouble;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };

    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let trouble = timeout(Duration::from_secs(5), next()).await.expect("a report");
    assert!(matches!(trouble, Trouble::Request(peer, _) if peer == plain.local_addr().unwrap()), "{trouble}");

    let client = std::thread::spawn(move || tungstenite::connect(format!("ws://{address}/")).is_err());
    let trouble = timeout(Duration::from_secs(5), next()).await.expect("a report");
    assert!(matches!(&trouble, Trouble::Handler(error) if error.is_panic()), "{trouble}");
    assert!(client.join().unwrap());
    running.abort();
}
