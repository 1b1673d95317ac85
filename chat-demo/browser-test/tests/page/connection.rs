//! The connection: the light that tells of it, and what happens when it is lost.

use serde_json::{Value, json};

use crate::rig::{ENTER, Rig};
use crate::{HURRY, assert_quiet, assert_quiet_but_for_attempts, tapped_page, two_pages};

#[tokio::test]
async fn the_light_tells_when_the_server_goes_and_returns() {
    let mut rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    assert_quiet(&[&ada, &ben]).await;

    rig.stop_server().await;
    for page in [&ada, &ben] {
        page.shows("presence", "🔴").await;
        page.shows("presence", "offline").await;
        page.sees("document.getElementById('online').textContent === ''").await;
    }
    // What was written meanwhile is not lost, and not sent by itself.
    ada.say("Ada", "still there?").await;
    ada.shows("notice", "Not connected").await;

    rig.start_server().await;
    for page in [&ada, &ben] {
        page.is_online().await;
        page.shows("online", "2 people").await;
    }
    ada.shows("notice", "").await;
    assert_eq!(ada.eval("document.getElementById('text').value").await, "still there?");
    ada.press(ENTER).await;
    ben.shows("log", "still there?").await;

    assert_quiet_but_for_attempts(&[&ada, &ben]).await;
}

#[tokio::test]
async fn attempts_to_reconnect_grow_rarer() {
    let rig = Rig::start().await;
    let page = rig.browser().await;
    page.before_the_page_runs(
        "window.attempts = [];
         window.WebSocket = class {
           constructor() { attempts.push(performance.now()); queueMicrotask(() => this.onclose()); }
         };",
    )
    .await;
    page.goto(&rig.url()).await;

    page.shows("presence", "🔴").await;
    page.sees("attempts.length >= 4").await;
    for (n, least) in [250, 500, 1000].iter().enumerate() {
        // The other half is left to chance, and how late a timer comes to the machine. It may be 1 ms early.
        let waited = page.eval(&format!("attempts[{n} + 1] - attempts[{n}]")).await;
        assert!(
            waited.as_f64().is_some_and(|ms| ms > f64::from(least - 2)),
            "attempt {n} waited {waited} ms"
        );
    }
    let at_once = "[attempts.length].map((before) => { \
        dispatchEvent(new Event('online')); return attempts.length - before; })[0]";
    assert_eq!(page.eval(at_once).await, 1, "the network is back: no reason to wait");
}

#[tokio::test]
async fn the_light_is_yellow_until_the_server_speaks() {
    let rig = Rig::start().await;
    // A connection that never opens and never fails.
    let page = rig.page_after("window.WebSocket = class { static OPEN = 1; }").await;

    page.shows("presence", "🟡").await;
    page.shows("presence", "connecting").await;
    page.say("Ada", "too early").await;
    page.shows("notice", "Not connected").await;
    assert_eq!(page.eval("document.getElementById('text').value").await, "too early");
}

/// The history of 50 overlaps with what the page has, here by one message.
#[tokio::test]
async fn nothing_is_missed_or_doubled_after_a_reconnect() {
    let rig = Rig::start_with(&["--rate", "1000", "--burst", "1000"]).await;
    let (page, other) = (tapped_page(&rig).await, rig.page().await);
    let said: Vec<String> = (1..=54).map(|n| format!("message {n}.")).collect();
    let post = async |range: std::ops::Range<usize>| {
        let texts: Vec<&str> = said[range].iter().map(String::as_str).collect();
        other.posts_as("Ben", &texts).await;
        other.shows("log", texts[texts.len() - 1]).await;
    };
    let is_all = |count: usize| {
        format!(
            "[...document.querySelectorAll('#log p')].map((p) => p.textContent).join() === '{}'",
            said[..count].join(",")
        )
    };

    post(0..3).await;
    page.sees(&is_all(3)).await;
    page.eval("tap.cut()").await;
    page.shows("presence", "offline").await;
    post(3..52).await;
    page.eval("tap.mend()").await;
    page.is_online().await;
    page.sees(&is_all(52)).await;

    // Nothing was said meanwhile.
    page.eval("tap.cut()").await;
    page.shows("presence", "offline").await;
    page.eval("tap.mend()").await;
    page.is_online().await;
    post(52..54).await;
    page.sees(&is_all(54)).await;
    assert_quiet_but_for_attempts(&[&page, &other]).await;
}

/// Its history ended with it; the page's did not.
#[tokio::test]
async fn what_was_said_before_a_restart_stays_on_the_page() {
    let mut rig = Rig::start().await;
    let page = rig.page().await;
    page.say("Ada", "before").await;
    page.sees("document.querySelector('[data-state=sent]')").await;

    rig.stop_server().await;
    page.shows("presence", "offline").await;
    rig.start_server().await;
    page.is_online().await;
    page.say("Ada", "after").await;
    page.sees("document.querySelectorAll('[data-state=sent]').length === 2").await;
    let texts: Vec<Value> =
        page.messages().await.as_array().expect("a list").iter().map(|m| m["text"].clone()).collect();
    assert_eq!(texts, [json!("before"), json!("after")]);
    assert_quiet_but_for_attempts(&[&page]).await;
}

#[tokio::test]
async fn a_page_that_was_put_out_says_so_and_rests() {
    let rig = Rig::start().await;
    let page = tapped_page(&rig).await;

    page.eval("[...Array(60)].forEach(() => tap.sockets[0].send('{}'))").await;
    page.shows("notice", "Too many messages").await;
    page.shows("notice", "We reconnect in some seconds.").await;
    page.shows("presence", "🔴").await;
    page.eval("dispatchEvent(new Event('online'))").await;
    page.is_online().await;
    page.sees("document.getElementById('notice').textContent === ''").await;
    let rested = page.eval("tap.since[1] - tap.since[0]").await;
    assert!(rested.as_f64().is_some_and(|ms| ms > 5_000.0), "came back after {rested} ms");
    page.say("Ada", "sorry").await;
    page.sees("document.querySelector('[data-state=sent]')").await;
    assert_quiet(&[&page]).await;
}

/// Wi-Fi gone, a NAT that forgot: both directions are swallowed, and nothing says so.
const SWALLOW: &str = "window.isDead = false; window.sockets = 0;
    window.WebSocket = class extends WebSocket {
      constructor(...about) { super(...about); sockets++; }
      send(post) { isDead || super.send(post); }
      set onmessage(act) { super.onmessage = act && ((event) => isDead || act(event)); }
    };";

#[tokio::test]
async fn a_dead_network_is_noticed_although_nobody_says_anything() {
    let rig = Rig::start().await;
    let page = rig.page_after(&format!("{HURRY}{SWALLOW}")).await;
    page.is_online().await;
    // Silence alone is no reason: each time the server answers.
    rig.wait_a_second().await;
    rig.wait_a_second().await;
    page.is_online().await;
    assert_eq!(page.eval("sockets").await, 1);

    page.eval("window.isDead = true").await;
    page.shows("presence", "offline").await;
    page.eval("window.isDead = false").await;
    page.is_online().await;
    assert_quiet_but_for_attempts(&[&page]).await;
}

#[tokio::test]
async fn the_page_looks_again_when_the_network_or_the_reader_comes_or_goes() {
    let rig = Rig::start().await;
    let hurry = HURRY.replace(", 15_000: 400", "");
    for event in [
        "dispatchEvent(new Event('offline'))",
        "dispatchEvent(new Event('online'))",
        "document.dispatchEvent(new Event('visibilitychange'))",
    ] {
        let page = rig.page_after(&format!("{hurry}{SWALLOW}")).await;
        page.is_online().await;
        page.eval("window.isDead = true").await;
        rig.wait_a_second().await;
        page.is_online().await;
        page.eval(event).await;
        page.shows("presence", "offline").await;
    }
}

/// A server that greets, and hangs up if `ends` is 1006; what is waited for, but for silence, is in `waits`.
const GREETS: &str = "window.attempts = []; window.waits = []; window.ahead = 0;
    const later = window.setTimeout, now = performance.now.bind(performance);
    window.setTimeout = (act, ms) => (ms && ms !== 10_000 && ms !== 15_000 && waits.push(ms), later(act, ms));
    performance.now = () => now() + ahead;
    window.WebSocket = class {
      constructor() {
        attempts.push(now());
        window.hangUp = (code) => this.onclose({ code });
        queueMicrotask(() => { this.onmessage({ data: '{\"msg\":[]}' }); if (hangsUp) hangUp(1006); });
      }
    };";

#[tokio::test]
async fn a_server_that_greets_and_hangs_up_is_left_in_peace() {
    let rig = Rig::start().await;
    let page = rig.page_after(&format!("window.hangsUp = true; {GREETS}")).await;
    page.sees("attempts.length >= 4").await;
    for (n, least) in [250, 500, 1000].iter().enumerate() {
        let waited = page.eval(&format!("attempts[{n} + 1] - attempts[{n}]")).await;
        assert!(
            waited.as_f64().is_some_and(|ms| ms > f64::from(least - 2)),
            "attempt {n} waited {waited} ms"
        );
    }
    // One that has lasted was none of these failures.
    page.eval("[window.hangsUp = false, dispatchEvent(new Event('online'))]").await;
    page.shows("presence", "online").await;
    page.eval("[window.ahead = 11_000, hangUp(1006)]").await;
    page.sees("waits.at(-1) <= 500").await;
}

#[tokio::test]
async fn a_server_that_wants_the_page_to_come_later_is_heeded() {
    let rig = Rig::start().await;
    let page = rig.browser().await;
    page.before_the_page_runs(&format!("window.hangsUp = false; {GREETS}")).await;
    for (code, least, most) in [(1012, 5_000, 30_500), (1013, 30_000, 60_500)] {
        page.goto(&rig.url()).await;
        page.shows("presence", "online").await;
        page.eval(&format!("hangUp({code})")).await;
        let wait = page.eval("waits.at(-1)").await;
        let is_heeded = wait.as_f64().is_some_and(|ms| (f64::from(least)..f64::from(most)).contains(&ms));
        assert!(is_heeded, "{wait} ms after {code}");
        page.shows("notice", "The server is busy.").await;
        // Nor earlier because the network is back.
        page.eval("dispatchEvent(new Event('online'))").await;
        assert_eq!(page.eval("attempts.length").await, 1);
    }
}

#[tokio::test]
async fn two_tabs_of_one_browser_are_one_person() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.fill("name", "Ada").await;
    page.fill("text", "").await;
    page.open_tab(&rig.url()).await;
    page.is_online().await;
    page.say("Augusta", "from the second tab").await;
    page.sees("document.querySelector('.mine[data-state=sent]')").await;

    page.first_tab().await;
    page.shows("log", "from the second tab").await;
    page.sees("document.querySelector('.mine[data-state=sent]')").await;
    page.sees("document.getElementById('name').value === 'Augusta'").await;
    page.shows("rename", "Augusta").await;
    assert_quiet(&[&page]).await;
}
