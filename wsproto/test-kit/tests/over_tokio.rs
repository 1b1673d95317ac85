//! Pipes and faults as tokio's streams.
#![cfg(feature = "tokio")]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wsproto_test::{Faulty, pipe, pipe_with};

#[tokio::test]
async fn a_full_pipe_waits_for_its_reader() {
    let (mut left, mut right) = pipe_with(4);
    let write = async {
        left.write_all(&[7; 1000]).await.unwrap();
        left.shutdown().await.unwrap();
    };
    let mut all = Vec::new();
    let read = right.read_to_end(&mut all);
    let (n, ()) = tokio::join!(read, write);
    assert_eq!((n.unwrap(), all), (1000, vec![7; 1000]));

    let (mut left, right) = pipe_with(4);
    let full = tokio::time::timeout(Duration::from_millis(20), left.write_all(b"12345")).await;
    assert!(full.is_err(), "nobody reads");
    assert_eq!(right.unread(), 4);
}

#[tokio::test]
async fn a_bytewise_transport_takes_its_time_and_loses_nothing() {
    let (left, mut right) = pipe();
    let mut left = Faulty::bytewise(left);
    left.write_all(b"Hello").await.unwrap();
    right.write_all(b"World").await.unwrap();
    right.end();
    let mut all = Vec::new();
    left.read_to_end(&mut all).await.unwrap();
    assert_eq!((right.take_unread(), all), (b"Hello".to_vec(), b"World".to_vec()));
}
