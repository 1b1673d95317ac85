//! What is told of a connection: a span, and one event for its end.
#![cfg(feature = "tracing")]

mod common;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use common::pair;
use tokio_wsproto::CloseCode;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Notes each span and event, as text.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("tokio_wsproto")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.lock().unwrap().push(format!("span {}", span.metadata().name()));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} in {:?}", event.metadata().level(), event.parent()));
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_connection_has_a_span_and_its_end_an_event() {
    let notes = Notes::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(notes.clone(), || {
        runtime.block_on(async {
            let (mut server, mut client) = pair(64);
            client.feed("Hello").unwrap();
            let closing = client.close(CloseCode::GOING_AWAY, "\x1b[31m");
            let receiving = async {
                while server.recv().await.unwrap().is_some() {}
                server.recv().await.unwrap();
            };
            let ((), outcome) = tokio::join!(receiving, closing);
            outcome.unwrap();
            drop(server);
            let dropped = pair(64);
            drop(dropped.0);
            std::mem::forget(dropped.1);
        });
    });
    let notes = notes.0.lock().unwrap();
    let of_server: Vec<_> = notes.iter().filter(|note| note.contains("31m")).collect();
    let [told] = of_server[..] else { panic!("{notes:#?}") };
    assert!(told.starts_with("INFO in Some(Id(1)) "), "{told}");
    for field in [
        "message=closed",
        "code=1001",
        "reason=\"\\u{1b}[31m\"",
        "received=24",
        "received_messages=1",
        "sent=4",
    ] {
        assert!(told.contains(field), "{field} in {told}");
    }
    assert_eq!(notes.iter().filter(|note| *note == "span websocket").count(), 4);
    assert_eq!(notes.iter().filter(|note| note.contains("message=dropped")).count(), 1);
    assert_eq!(notes.len(), 4 + 3, "{notes:#?}");
}
