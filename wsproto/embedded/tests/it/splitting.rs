//! Two tasks on one connection.

use embassy_futures::block_on;
use embassy_futures::join::join;
use embedded_io_async::{Read, Write};
use wsproto_embedded::{BlockingClock, CloseCode, Connect, Error, Moment, NoClock, ProtocolError, accept};

use crate::transport::{Counter, REQUEST, RESPONSE, pipe};

/// Both peers send much more than the pipe holds before they read: with halves nobody waits for the other for ever.
#[test]
fn each_half_goes_on_while_the_other_waits() {
    let (one, other) = pipe(16, 16);
    let server = async {
        let memory = ([0; 512], [0; 200]);
        let mut split = accept(one.halves(), memory, NoClock).await.unwrap().split();
        let (mut reader, mut writer) = split.halves();
        let read = async {
            let mut count = 0;
            while let Some(message) = reader.read().await.unwrap() {
                assert_eq!(message.len(), 100);
                count += 1;
            }
            assert_eq!(reader.close_code(), Some(CloseCode::NORMAL));
            count
        };
        let write = async {
            for _ in 0..50 {
                writer.send(&[1; 100]).await.unwrap();
            }
        };
        assert_eq!(join(read, write).await.0, 50);
        drop(split.join());
    };
    let client = async {
        let connect = Connect::new("example.com", "/");
        let mut split = connect.connect(other.halves(), [0; 512], NoClock, Counter(3)).await.unwrap().split();
        let (mut reader, mut writer) = split.halves();
        let done = std::cell::Cell::new(false);
        let read = async {
            let mut count = 0;
            while let Some(message) = reader.read().await.unwrap() {
                assert_eq!(message.len(), 100);
                count += 1;
                done.set(count == 50);
            }
            count
        };
        let write = async {
            for _ in 0..50 {
                writer.send(&[1; 100]).await.unwrap();
                writer.ping().await.unwrap();
            }
            while !done.get() {
                embassy_futures::yield_now().await;
            }
            writer.close(CloseCode::NORMAL, "").await.unwrap();
        };
        assert_eq!(join(read, write).await.0, 50);
    };
    block_on(join(server, client));
}

/// The half that reads answers a Ping while the other one waits for something to send.
#[test]
fn a_ping_is_answered_while_nothing_is_sent() {
    let (one, other) = pipe(64, 64);
    let server = async {
        let mut split = accept(one.halves(), [0; 512], NoClock).await.unwrap().split();
        let (mut reader, mut writer) = split.halves();
        assert!(matches!(reader.read().await, Ok(Some(_))));
        writer.send("there").await.unwrap();
        assert_eq!(reader.read().await, Ok(None));
    };
    let client = async {
        let connect = Connect::new("example.com", "/");
        let clock = BlockingClock(|| Moment::from_millis(0));
        let mut socket = connect.connect(other, [0; 512], &clock, Counter(3)).await.unwrap();
        socket.ping().await.unwrap();
        socket.send("here").await.unwrap();
        assert!(socket.read().await.unwrap().is_some());
        assert!(socket.latency().is_some(), "the answer came first");
        socket.close(CloseCode::NORMAL, "").await.unwrap();
    };
    block_on(join(server, client));
}

#[test]
fn a_peer_is_told_of_its_fault_before_the_reader_is() {
    let (one, mut other) = pipe(1024, 1024);
    let server = async {
        let mut split = accept(one.halves(), [0; 512], NoClock).await.unwrap().split();
        let (mut reader, _writer) = split.halves();
        let error = reader.read().await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Protocol(ProtocolError::NotUtf8)));
    };
    let client = async {
        other.write_all(&[REQUEST, b"\x81\x81\0\0\0\0\xff"].concat()).await.unwrap();
        let mut answer = vec![0; RESPONSE.len() + 4];
        other.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer[RESPONSE.len()], 0x88);
        assert_eq!(answer[RESPONSE.len() + 2..], [0x03, 0xef]);
    };
    block_on(join(server, client));
}
