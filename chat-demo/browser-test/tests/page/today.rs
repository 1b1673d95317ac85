//! What people expect of a chat today, beyond that it works.

use serde_json::json;

use crate::rig::{ENTER, Rig, SHIFT_TAB};
use crate::{assert_quiet, page_of_a_fake, two_pages};

/// Makes the page believe that nobody looks, or that somebody does.
const HIDE: &str = "[Object.defineProperty(document, 'hidden', { value: true, configurable: true }), \
    document.dispatchEvent(new Event('visibilitychange')), 0][2]";
const SHOW: &str = "[Object.defineProperty(document, 'hidden', { value: false, configurable: true }), \
    document.dispatchEvent(new Event('visibilitychange')), 0][2]";

#[tokio::test]
async fn addresses_are_links_and_of_three_schemes_alone() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    for (text, links) in [
        ("see https://example.test/?a=1&b=2#c, or not", json!(["https://example.test/?a=1&b=2#c"])),
        ("(http://example.test/a_(b)).", json!(["http://example.test/a_(b)"])),
        ("mailto:ada@example.test!", json!(["mailto:ada@example.test"])),
        ("\"https://a.test\" <https://b.test>", json!(["https://a.test", "https://b.test"])),
        ("https://a.test/ü HTTPS://B.test", json!(["https://a.test/ü", "HTTPS://B.test"])),
        ("https://a.test/\u{202e}gpj.exe", json!(["https://a.test/"])),
        ("javascript:alert(1) JavaScript:https://", json!([])),
        ("data:text/html,x file:///etc/passwd ftp://a.test xhttps://a.test", json!([])),
        ("https:// http://[ ]", json!([])),
        ("[here](https://a.test)", json!(["https://a.test"])),
        ("`https://a.test`", json!([])),
        ("a@example.test", json!([])),
    ] {
        page.eval(&format!("server({{ new: messages(['Ben', {}, performance.now()]) }})", json!(text))).await;
        let shown = page
            .eval(
                "[document.querySelector('#log li:last-child p')].map((p) => [p.textContent, [...p.querySelectorAll('a')] \
                   .map((a) => a.textContent)])[0]",
            )
            .await;
        let text = text.trim_matches('`');
        assert_eq!(shown, json!([text, links]));
    }
    let all = page
        .eval(
            "[...document.querySelectorAll('#log a')].every((a) => a.rel === 'noopener noreferrer nofollow' && \
               a.target === '_blank' && /^(https?|mailto):$/.test(a.protocol) && a.getAttributeNames().length === 3)",
        )
        .await;
    assert_eq!(all, true);
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn code_is_set_as_code() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.eval(
        "server({ new: messages(['Ben', 'Try `a < b` and:\\n```rust\\nfn main() {}\\n  // <b>\\n```\\nthen `that', 1]) })",
    )
    .await;
    let shown = "[...document.querySelectorAll('#log code')].map((c) => [c.textContent, c.classList.contains('block')])";
    assert_eq!(page.eval(shown).await, json!([["a < b", false], ["fn main() {}\n  // <b>", true]]));
    assert_eq!(
        page.eval("document.querySelector('#log p').textContent").await,
        "Try a < b and:\nfn main() {}\n  // <b>then `that"
    );
    assert_eq!(page.eval("document.querySelectorAll('#log b').length").await, 0);
    page.sees("getComputedStyle(document.querySelector('#log code')).fontFamily.includes('monospace')").await;
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn emoji_alone_are_large() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    let sizes = async |text: &str| {
        page.eval(&format!("server({{ new: messages(['Ben', {}, performance.now()]) }})", json!(text))).await;
        let size = page
            .eval("parseFloat(getComputedStyle(document.querySelector('#log li:last-child p')).fontSize)")
            .await;
        size.as_f64().expect("a size")
    };
    for text in ["👍", "🎉 🎉", "👩\u{200d}👩\u{200d}👧 👋🏽", "🇨🇭", "❤\u{fe0f}"] {
        assert!(sizes(text).await > 40.0, "{text}");
    }
    for text in ["👍 ok", "12", "#", "*", &"👍".repeat(25)] {
        assert!(sizes(text).await < 20.0, "{text}");
    }
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn the_title_counts_what_was_missed() {
    let rig = Rig::start().await;
    let (page, other) = two_pages(&rig).await;
    other.say("Ben", "seen").await;
    page.shows("log", "seen").await;
    page.eval(HIDE).await;
    other.say("Ben", "missed").await;
    page.sees("document.title === '(1) Chat'").await;
    page.posts_as("Cleo", &["missed, too"]).await;
    page.sees("document.title === '(2) Chat'").await;
    page.eval(SHOW).await;
    page.sees("document.title === 'Chat'").await;
    page.say("Ada", "all read").await;
    other.shows("log", "all read").await;
    assert_eq!(page.eval("document.title").await, "Chat");
    assert_quiet(&[&page, &other]).await;
}

#[tokio::test]
async fn who_is_here_stands_behind_the_count() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    ada.shows("names", "2 without a name").await;
    ada.fill("name", "Ada").await;
    ada.fill("text", "").await;
    ben.shows("names", "Ada\u{2069} and 1 without a name").await;
    ben.say("<b>Ben</b>", "Hello").await;
    ada.sees(
        "document.getElementById('names').textContent === '\\u2068<b>Ben</b>\\u2069 and \\u2068Ada\\u2069'",
    )
    .await;
    assert_eq!(ada.eval("document.getElementById('names').checkVisibility()").await, false);
    ada.eval("document.getElementById('online').focus()").await;
    ada.press(ENTER).await;
    ada.sees("document.getElementById('names').checkVisibility()").await;
    ada.eval("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))").await;
    ada.sees("!document.getElementById('names').checkVisibility()").await;
    ben.reload().await;
    ada.sees("document.getElementById('names').textContent.includes('Ben')").await;
    assert_quiet(&[&ada, &ben]).await;
}

#[tokio::test]
async fn who_types_is_shown_to_others() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    ada.fill("name", "Ada").await;
    ada.fill("text", "").await;
    ada.press("Hm").await;
    ben.sees("document.getElementById('typing').textContent === '\\u2068Ada\\u2069 is typing…'").await;
    assert_eq!(ada.eval("document.getElementById('typing').textContent").await, "", "one knows that oneself");
    ada.press(ENTER).await;
    ben.shows("log", "Hm").await;
    ben.sees("document.getElementById('typing').textContent === ''").await;
    ada.press("Hm").await;
    ben.shows("typing", "Ada").await;
    ada.fill("text", "").await;
    ben.sees("document.getElementById('typing').textContent === ''").await;
    assert_quiet(&[&ada, &ben]).await;
}

#[tokio::test]
async fn several_who_type_are_one_line() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    let line = async |names: &str| {
        page.eval(&format!("server({{ typing: {names} }})")).await;
        page.eval("document.getElementById('typing').textContent.replace(/[\\u2068\\u2069]/g, '')").await
    };
    assert_eq!(line("['Ben', 'Cleo']").await, "Ben and Cleo are typing…");
    assert_eq!(line("['Ben', 'Cleo', 'Dora']").await, "Several people are typing…");
    assert_eq!(line("[]").await, "");
    assert_quiet(&[&page]).await;
}

/// Not named again, and close together, unless some time has passed.
#[tokio::test]
async fn messages_of_one_author_are_a_group() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.eval("window.noon = new Date().setHours(12, 0, 0, 0)").await;
    page.eval(
        "server({ new: messages(...[['A', 0], ['A', 4], ['A', 12], ['B', 13], ['B', 14]] \
           .map(([user, minute]) => [user, 'x', noon + minute * 60_000])) })",
    )
    .await;
    let groups = "[...document.querySelectorAll('#log li')].map((li) => [li.classList.contains('continued'), \
        getComputedStyle(li, '::after').content !== 'none'])";
    let expected = json!([[false, false], [true, true], [false, true], [false, false], [true, true]]);
    assert_eq!(page.eval(groups).await, expected, "named at the first, a face at the last");
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn nothing_rings_unless_it_was_asked_for() {
    let rig = Rig::start().await;
    let page = rig
        .page_after(
            "window.rung = 0; window.told = [];
             window.AudioContext = class extends AudioContext { createOscillator() { rung++; return super.createOscillator(); } };
             window.Notification = class {
               static permission = 'default';
               static requestPermission() { told.push('asked'); this.permission = 'granted'; }
               constructor(title, { body }) { told.push(`${title}: ${body}`.replace(/[\\u2068\\u2069]/g, '')); }
             };",
        )
        .await;
    page.is_online().await;
    page.eval(HIDE).await;
    page.posts_as("Ben", &["one"]).await;
    page.sees("document.title === '(1) Chat'").await;
    assert_eq!(page.eval("[rung, told]").await, json!([0, []]));
    page.eval(SHOW).await;

    page.eval("document.getElementById('bell').focus()").await;
    page.press(ENTER).await;
    page.sees("document.getElementById('bell').ariaPressed === 'true'").await;
    page.sees("rung === 2 && told[0] === 'asked'").await;
    page.posts_as("Ben", &["two"]).await;
    page.shows("log", "two").await;
    assert_eq!(page.eval("told.length").await, 1, "not while one looks");
    rig.wait_a_second().await;
    rig.wait_a_second().await;
    page.eval(HIDE).await;
    page.posts_as("Ben", &["three"]).await;
    page.sees("told[1] === 'Ben: three' && rung === 4").await;
    page.posts_as("Ben", &["four"]).await;
    page.sees("told[2] === 'Ben: four'").await;
    assert_eq!(page.eval("rung").await, 4, "no storm");
    page.reload().await;
    page.sees("document.getElementById('bell').ariaPressed === 'true'").await;
    page.eval("document.getElementById('bell').click()").await;
    page.eval(HIDE).await;
    page.posts_as("Ben", &["five"]).await;
    page.sees("document.title === '(1) Chat'").await;
    assert_eq!(page.eval("[rung, told]").await, json!([0, []]));
}

#[tokio::test]
async fn a_click_on_the_time_copies_the_text() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.eval(
        "[window.copied = [], Object.defineProperty(navigator, 'clipboard', { configurable: true, \
           value: { writeText: async (text) => copied.push(text) } }), 0][2]",
    )
    .await;
    page.eval("server({ new: messages(['Ben', '`one`\\ntwo', 1], ['Ben', 'three', 2]) })").await;
    page.eval("document.querySelector('#log time').click()").await;
    page.sees("copied[0] === '`one`\\ntwo'").await;
    page.sees("document.querySelector('#log time').textContent === 'Copied'").await;
    page.sees("/\\d/.test(document.querySelector('#log time').textContent)").await;
    // By the keyboard: the newest is one step from the input, the others are by arrows.
    page.press(SHIFT_TAB).await;
    page.press(ENTER).await;
    page.sees("copied[1] === 'three'").await;
    page.press("\u{E013}").await; // up
    page.press(ENTER).await;
    page.sees("copied.length === 3 && copied[2] === copied[0]").await;
    // Where there is no clipboard, as without https.
    page.eval(
        "[delete navigator.clipboard, Object.defineProperty(navigator, 'clipboard', { value: undefined }), \
           document.execCommand = (command) => copied.push(`${command} ${getSelection()}`), 0][3]",
    )
    .await;
    page.press("\u{E015}").await; // down
    page.press(ENTER).await;
    page.sees("copied[3] === 'copy three'").await;
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn the_name_folds_away_once_it_is_chosen() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    let shown = "[document.getElementById('name').checkVisibility(), document.getElementById('rename').checkVisibility()]";
    assert_eq!(page.eval(shown).await, json!([true, false]));
    page.press("Ada").await;
    page.press(ENTER).await;
    page.sees("document.activeElement.id === 'text'").await;
    assert_eq!(page.eval(shown).await, json!([false, true]));
    page.shows("rename", "Ada").await;
    page.reload().await;
    page.is_online().await;
    assert_eq!(page.eval(shown).await, json!([false, true]));
    page.press(SHIFT_TAB).await;
    page.press(ENTER).await;
    page.sees("document.activeElement.id === 'name'").await;
    page.press("Augusta").await;
    page.press(ENTER).await;
    page.shows("rename", "Augusta").await;
    page.shows("names", "Augusta").await;
    // An empty one is none.
    page.press(SHIFT_TAB).await;
    page.press(ENTER).await;
    page.press("\u{E017}").await; // delete: it was selected
    page.fill("text", "x").await;
    assert_eq!(page.eval(shown).await, json!([true, false]));
    assert_quiet(&[&page]).await;
}
