//! The connection: the light that tells of it, and what happens when it is lost.

use serde_json::{Value, json};

use crate::rig::{ENTER, Rig};
use crate::{assert_quiet, assert_quiet_but_for_attempts, tapped_page, two_pages};

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
