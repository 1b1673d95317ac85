//! The chat page in real browsers, against the real server.
//!
//! Needs Chromium and its driver (Debian: `apt-get install chromium chromium-driver`), and the server:
//!
//! ```text
//! cargo build -p chat-demo
//! CHAT_DEMO_BIN=$PWD/target/debug/chat-demo cargo test --manifest-path chat-demo/browser-test/Cargo.toml
//! ```
//!
//! With `SCREENSHOT_DIR` set to a folder, pictures of the page are written there: those of the READMEs to `chat-demo/docs`.

mod connection;
mod look;
mod pictures;
mod posting;
mod reading;
mod rig;
mod talk;
mod today;

use rig::{Page, Rig};

const AT_BOTTOM: &str = "[document.getElementById('log')] \
    .every((log) => log.scrollHeight - log.clientHeight - log.scrollTop < 2)";

/// A connection that a test can cut, and whose posts it can hold back. The page waits for their answers as long as it
/// takes on a slow machine, unless it is made impatient.
const TAP: &str = "window.tap = { sockets: [], since: [], held: [], isCut: false, holds: false, isPatient: true };
    const later = window.setTimeout;
    window.setTimeout = (act, ms) => (ms === 10_000 && tap.isPatient) || later(act, ms);
    window.WebSocket = class extends WebSocket {
      constructor(url, protocols) {
        super(tap.isCut ? new URL('/nothing', url) : url, protocols);
        tap.sockets.push(this);
        tap.since.push(performance.now());
      }
      send(post) { tap.holds ? tap.held.push(post) : super.send(post); }
    };
    tap.cut = () => { tap.isCut = true; tap.sockets.at(-1).close(); };
    tap.mend = () => { tap.isCut = false; dispatchEvent(new Event('online')); };
    tap.release = () => { tap.holds = false; tap.held.splice(0).forEach((post) => tap.sockets.at(-1).send(post)); };";

/// A server in the page, which says what a test has it say; `sent` is what it was sent. It is waited for, too.
const FAKE: &str = "window.sent = [];
    const later = window.setTimeout;
    window.setTimeout = (act, ms) => ms === 10_000 || later(act, ms);
    window.WebSocket = class {
      static OPEN = 1;
      readyState = 1;
      constructor() { window.server = (data) => this.onmessage({ data: JSON.stringify(data) }); }
      send(post) { sent.push(JSON.parse(post)); }
      close() {}
    };
    window.messages = (...list) => list.map(([user, text, time, key], i) => ({ user, text, time, key, id: `${time}-${i}` }));";

/// Waits that are long for a test, made short.
const HURRY: &str = "const late = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => late(act, { 10_000: 400, 15_000: 400 }[ms] ?? ms, ...more);";

/// Two people, both connected.
async fn two_pages(rig: &Rig) -> (Page, Page) {
    let (ada, ben) = (rig.page().await, rig.page().await);
    for page in [&ada, &ben] {
        page.shows("online", "2 people").await;
    }
    (ada, ben)
}

/// One person whose connection is [`TAP`]ped.
async fn tapped_page(rig: &Rig) -> Page {
    let page = rig.page_after(TAP).await;
    page.is_online().await;
    page
}

/// One person who hears the [`FAKE`] server, which has nothing in its history.
async fn page_of_a_fake(rig: &Rig) -> Page {
    let page = rig.page_after(FAKE).await;
    page.eval("server({ msg: [], online: 1 })").await;
    page.is_online().await;
    page
}

async fn assert_quiet(pages: &[&Page]) {
    for page in pages {
        assert_eq!(page.complaints().await, [""; 0], "the console must stay empty");
    }
}

/// The browser itself logs attempts to connect that fail.
async fn assert_quiet_but_for_attempts(pages: &[&Page]) {
    for page in pages {
        for complaint in page.complaints().await {
            assert!(
                complaint.contains("WebSocket connection to"),
                "only failed attempts are excused: {complaint}"
            );
        }
    }
}
