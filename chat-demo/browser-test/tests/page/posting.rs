//! What one posts: pending, sent or failed, and never lost.

use serde_json::json;

use crate::rig::{ENTER, Rig, SHIFT_ENTER};
use crate::{AT_BOTTOM, assert_quiet, assert_quiet_but_for_attempts, page_of_a_fake, tapped_page, two_pages};

const STATES: &str = "[...document.querySelectorAll('#log li.mine')].map((li) => li.dataset.state)";
const SEND_AGAIN: &str = "document.querySelector('.actions button:first-child').click()";
const EDIT: &str = "document.querySelector('.actions button:last-child').click()";

fn are(states: &str) -> String {
    format!("{STATES}.join() === '{states}'")
}

#[tokio::test]
async fn a_post_is_pending_until_the_server_has_shown_it_to_all() {
    let rig = Rig::start().await;
    let (page, other) = (tapped_page(&rig).await, rig.page().await);
    page.eval("tap.holds = true").await;

    page.say("Ada", "on its way").await;
    page.sees(&are("pending")).await;
    page.shows("log", "Sending…").await;
    // Others are heard meanwhile, and stand before it.
    other.say("Ben", "I am here").await;
    page.shows("log", "I am here").await;
    page.sees("document.querySelector('#log li:last-child p').textContent === 'on its way'").await;
    assert_eq!(page.eval("document.getElementById('text').value").await, "");

    page.eval("tap.release()").await;
    page.sees(&are("sent")).await;
    page.shows("log", "Sent").await;
    other.shows("log", "on its way").await;
    assert_eq!(page.messages().await, other.messages().await, "the same order, the server's times");
    assert_quiet(&[&page, &other]).await;
}

#[tokio::test]
async fn a_post_that_got_lost_is_sent_again_by_itself() {
    let rig = Rig::start().await;
    let (page, other) = (tapped_page(&rig).await, rig.page().await);
    // The connection breaks before the server has it.
    page.eval("tap.holds = true").await;
    page.say("Ada", "hello?").await;
    page.sees(&are("pending")).await;
    page.eval("tap.holds = tap.cut()").await;
    page.shows("presence", "offline").await;
    page.eval("tap.mend()").await;
    page.is_online().await;

    page.sees(&are("sent")).await;
    other.shows("log", "hello?").await;
    assert_eq!(page.messages().await, other.messages().await);
    assert_eq!(page.messages().await.as_array().map(Vec::len), Some(1));
    assert_quiet_but_for_attempts(&[&page, &other]).await;
}

/// In their order, and not faster than the server takes them.
#[tokio::test]
async fn many_posts_that_got_lost_are_all_sent_again() {
    let rig = Rig::start_with(&["--burst", "6"]).await;
    let (page, other) = (tapped_page(&rig).await, rig.page().await);
    page.eval("tap.holds = true").await;
    let said: Vec<String> = (0..14).map(|n| format!("message {n}.")).collect();
    for text in &said {
        page.say("Ada", text).await;
    }
    page.eval("[tap.held.length = 0, tap.holds = tap.cut(), tap.mend()]").await;
    other.sees("document.querySelectorAll('#log li').length === 14").await;
    let heard = other.messages().await;
    let heard: Vec<_> = heard.as_array().expect("a list").iter().map(|message| &message["text"]).collect();
    assert_eq!(heard, said.iter().collect::<Vec<_>>());
    page.sees("document.querySelectorAll('[data-state=sent]').length === 14").await;
    assert_quiet_but_for_attempts(&[&page, &other]).await;
}

#[tokio::test]
async fn a_post_that_was_refused_can_be_sent_again() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.say("Ada", "hello?").await;
    page.eval("server({ error: 'Too much.', key: sent[0].key })").await;
    page.sees(&are("failed")).await;
    page.shows("log", "Not sent").await;
    page.eval("server({ new: messages(['Ben', 'Anybody?', 1]) })").await;
    page.eval(SEND_AGAIN).await;
    page.sees(&are("pending")).await;
    page.sees("document.activeElement.id === 'text'").await;
    page.sees("!document.querySelector('.actions')").await;
    page.sees("sent.length === 2 && sent[0].key === sent[1].key").await;
    page.sees("document.querySelector('#log li:last-child p').textContent === 'hello?'").await;
    assert_quiet(&[&page]).await;
}

/// The server had it, and nobody could tell.
#[tokio::test]
async fn a_post_whose_answer_got_lost_was_sent() {
    let rig = Rig::start().await;
    let (page, other) = (tapped_page(&rig).await, rig.page().await);
    page.eval("tap.sockets[0].onmessage = null").await;
    page.say("Ada", "heard").await;
    other.shows("log", "heard").await;
    page.sees(&are("pending")).await;

    page.eval("tap.cut()").await;
    page.shows("presence", "offline").await;
    page.eval("tap.mend()").await;
    page.sees(&are("sent")).await;
    assert_eq!(page.messages().await, other.messages().await);
    assert_quiet_but_for_attempts(&[&page, &other]).await;
}

/// It came after all: one message, for those who sent it twice and for those who hear it.
#[tokio::test]
async fn what_was_sent_twice_is_shown_once() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.say("Ada", "twice").await;
    page.eval("server({ error: 'Try again.', key: sent[0].key })").await;
    page.sees(&are("failed")).await;
    page.eval("server({ new: [{ ...sent[0], time: 1, id: '1-0' }] })").await;
    page.sees(&are("sent")).await;
    page.eval("server({ new: [{ ...sent[0], time: 2, id: '2-0' }] })").await;
    page.eval("server({ new: messages(['Ben', 'x', 3, 'a'], ['Ben', 'x', 4, 'a'], ['Ben', 'x', 5, 'b']) })")
        .await;
    page.sees("document.querySelectorAll('#log li').length === 3").await;
    assert_quiet(&[&page]).await;
}

/// Half-open: the connection seems to stand, and nothing comes back.
#[tokio::test]
async fn a_connection_that_swallows_a_post_is_given_up() {
    let rig = Rig::start().await;
    let page = tapped_page(&rig).await;
    page.eval("[tap.isPatient = false, tap.sockets[0].send = () => 0, 0][2]").await;
    page.say("Ada", "into the void").await;
    page.sees(&are("pending")).await;
    page.sees("tap.sockets.length === 2").await;
    let waited = page.eval("tap.since[1] - tap.since[0]").await;
    assert!(waited.as_f64().is_some_and(|ms| ms > 10_000.0), "given up after {waited} ms");
    page.sees(&are("sent")).await;
    assert_quiet_but_for_attempts(&[&page]).await;
}

/// 5 a second and 10 at once are allowed.
#[tokio::test]
async fn who_is_too_fast_is_told_politely_and_loses_nothing() {
    let rig = Rig::start().await;
    let (page, other) = two_pages(&rig).await;
    page.fill("name", "Ada").await;
    page.eval(
        "[...Array(14).keys()].forEach((n) => {
           document.getElementById('text').value = `message ${n}.`;
           document.getElementById('form').requestSubmit();
         })",
    )
    .await;
    page.shows("notice", "too fast").await;
    page.sees(
        "document.querySelector('[data-state=failed]') && !document.querySelector('[data-state=pending]')",
    )
    .await;
    page.shows("presence", "🟢").await;

    for _ in 0..14 {
        page.sees("!document.querySelector('[data-state=pending]')").await;
        if page.eval("document.querySelector('.actions') === null").await == true {
            break;
        }
        rig.wait_a_second().await;
        page.eval(SEND_AGAIN).await;
    }
    page.sees("document.querySelectorAll('[data-state=sent]').length === 14").await;
    other.sees("document.querySelectorAll('#log li').length === 14").await;
    other
        .sees("new Set([...document.querySelectorAll('#log p')].map((p) => p.textContent)).size === 14")
        .await;
    assert_quiet(&[&page, &other]).await;
}

/// The page counts itself, so a server that objects is one that counts otherwise.
#[tokio::test]
async fn the_server_s_objection_stands_near_the_input() {
    let rig = Rig::start().await;
    let page = rig
        .page_after(
            "window.WebSocket = class extends WebSocket {
           send(post) { super.send(JSON.stringify({ ...JSON.parse(post), text: 'x'.repeat(501) })); }
         };",
        )
        .await;
    page.is_online().await;

    page.say("Ada", "I thought it was short").await;
    page.shows("notice", "The text is too long: 500 characters are the most.").await;
    page.sees("document.querySelector('[data-state=failed]')").await;
    page.shows("presence", "🟢").await;
    page.eval(EDIT).await;
    page.sees("document.getElementById('text').value === 'I thought it was short'").await;
    assert_eq!(page.messages().await, json!([]));
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn unsent_text_survives_a_reconnect_and_a_reload() {
    let rig = Rig::start().await;
    let page = tapped_page(&rig).await;
    page.eval("tap.holds = true").await;
    page.say("Ada", "on its way").await;
    page.sees(&are("pending")).await;
    page.fill("text", "half a thou").await;

    page.eval("tap.cut()").await;
    page.shows("presence", "offline").await;
    page.press(ENTER).await;
    page.shows("notice", "Not connected").await;
    page.sees("document.getElementById('text').value === 'half a thou'").await;

    page.reload().await;
    page.is_online().await;
    page.sees("document.getElementById('text').value === 'half a thou'").await;
    // By itself: it was asked for.
    page.sees(&are("sent")).await;
    page.reload().await;
    page.sees(&are("sent")).await;
    assert_eq!(page.eval("document.getElementById('text').value").await, "half a thou");
    assert_quiet_but_for_attempts(&[&page]).await;
}

#[tokio::test]
async fn a_post_that_was_refused_survives_a_reload() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.say("Ada", "too much").await;
    page.eval("server({ error: 'Too much.', key: sent[0].key })").await;
    page.sees(&are("failed")).await;
    page.fill("text", "half a thou").await;

    page.reload().await;
    page.eval("server({ msg: [], online: 1 })").await;
    page.sees(&are("failed")).await;
    assert_eq!(page.eval("sent.length").await, 0, "what was refused is not sent again by itself");
    // To be changed: it comes before what is there.
    page.eval(EDIT).await;
    page.sees("document.getElementById('text').value === 'too much\\nhalf a thou'").await;
    page.sees(&are("")).await;
    page.sees("document.activeElement.id === 'text'").await;
    page.press(ENTER).await;
    page.sees("sent.length === 1").await;
    assert_quiet(&[&page]).await;
}

/// Each says one thing, where it can be seen, and until it is mended.
#[tokio::test]
async fn what_is_missing_is_said_until_it_is_there() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.fill("text", "Hello").await;
    page.press(ENTER).await;
    page.shows("notice", "Please choose a name first.").await;
    page.sees("document.activeElement.id === 'name'").await;
    page.press("A").await;
    page.sees("document.getElementById('notice').textContent === ''").await;
    page.fill("text", " ").await;
    page.press(ENTER).await;
    page.shows("notice", "Please write something first.").await;
    page.press("a").await;
    page.sees("document.getElementById('notice').textContent === ''").await;
    page.fill("text", &"x".repeat(503)).await;
    page.press(ENTER).await;
    page.shows("notice", "Please shorten it").await;
    let texts = page.eval("['notice', 'left'].map((id) => document.getElementById(id).textContent)").await;
    assert_eq!(
        texts,
        json!(["Please shorten it before you send it.", "3 too many"]),
        "no text says it twice"
    );
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn the_counter_moves_nothing_and_too_long_is_seen() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.fill("name", "Ada").await;
    for width in [320, 1000] {
        page.look(width, 700, "light").await;
        page.fill("text", &"x".repeat(449)).await;
        let widths = "['text', 'send'].map((id) => document.getElementById(id).offsetWidth)";
        let before = page.eval(widths).await;
        for len in [450, 500, 503] {
            page.fill("text", &"x".repeat(len)).await;
            assert_eq!(page.eval(widths).await, before, "{len} characters");
        }
        page.press("x").await; // the focus is seen
        let colours = "[getComputedStyle(document.getElementById('text'))].map((s) => [s.outlineStyle, s.outlineColor === s.borderTopColor, \
            s.outlineColor === getComputedStyle(document.getElementById('left')).color])[0]";
        assert_eq!(page.eval(colours).await, json!(["solid", true, true]), "the ring is red, too");
    }
    assert_quiet(&[&page]).await;
}

/// In characters, as the server counts them: an emoji is one, and takes two of JavaScript's.
#[tokio::test]
async fn characters_are_counted_near_the_limit() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    let left = async |text: &str| {
        page.fill("text", text).await;
        page.eval(
            "[document.getElementById('left').textContent, document.getElementById('text').ariaInvalid]",
        )
        .await
    };

    assert_eq!(left(&"x".repeat(449)).await, json!(["", "false"]));
    assert_eq!(left(&"x".repeat(450)).await, json!(["50 left", "false"]));
    assert_eq!(left(&"😀".repeat(500)).await, json!(["0 left", "false"]));
    assert_eq!(left(&"😀".repeat(503)).await, json!(["3 too many", "true"]));
    page.say("Ada", &"😀".repeat(503)).await;
    page.shows("notice", "Please shorten it").await;
    assert_eq!(page.messages().await, json!([]), "it was not sent");
    page.say("Ada", &"😀".repeat(500)).await;
    page.sees(&are("sent")).await;
    assert_eq!(page.eval("document.getElementById('left').textContent").await, "");
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn shift_and_enter_begin_a_new_line() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.fill("name", "Ada").await;
    page.fill("text", "").await;
    let height = "document.getElementById('text').clientHeight";
    let one_line = page.eval(height).await.as_u64();

    page.press("one").await;
    page.press(SHIFT_ENTER).await;
    page.press("two").await;
    assert!(page.eval(height).await.as_u64() > one_line, "the input grows with its text");
    page.sees(AT_BOTTOM).await;
    page.press(ENTER).await;
    page.sees(&are("sent")).await;
    assert_eq!(page.messages().await[0]["text"], "one\ntwo");
    assert_eq!(page.eval(height).await.as_u64(), one_line);
    assert_quiet(&[&page]).await;
}
