//! Reading: the newest in sight, or the place where one was; the days between.

use serde_json::json;

use crate::rig::{END, Rig};
use crate::{AT_BOTTOM, assert_quiet, page_of_a_fake};

#[tokio::test]
async fn the_newest_message_stays_in_sight_unless_the_reader_scrolled_up() {
    let rig = Rig::start_with(&["--rate", "1000", "--burst", "1000"]).await;
    let (ben, ada) = (rig.page().await, rig.page().await);
    ben.look(360, 640, "light").await;
    let said: Vec<String> = (1..=30).map(|n| format!("message {n}.")).collect();
    ada.posts_as("Ada", &said.iter().map(String::as_str).collect::<Vec<_>>()).await;
    ben.shows("log", "message 30.").await;
    ben.sees("document.getElementById('log').scrollTop > 100").await;
    ben.sees(AT_BOTTOM).await;
    // The phone's keyboard comes and goes, and the phone is turned.
    for (width, height) in [(360, 300), (360, 640), (480, 320), (360, 640)] {
        ben.look(width, height, "light").await;
        ben.sees(AT_BOTTOM).await;
    }

    let offered = async |words: &str| {
        ben.sees(&format!("document.getElementById('latest').checkVisibility() === {}", !words.is_empty()))
            .await;
        if !words.is_empty() {
            ben.sees(&format!("document.getElementById('latest').textContent === '{words}'")).await;
        }
    };
    ben.scroll_up().await;
    offered("").await;
    ada.posts_as("Ada", &["one more"]).await;
    offered("1 new message").await;
    ada.posts_as("Ada", &["two", "three"]).await;
    offered("3 new messages").await;
    assert_eq!(ben.eval("document.getElementById('log').scrollTop").await, 0);
    assert_eq!(
        ben.eval("document.documentElement.scrollHeight - innerHeight").await,
        0,
        "only the list scrolls"
    );
    ben.eval("document.getElementById('latest').click()").await;
    ben.sees(AT_BOTTOM).await;
    offered("").await;
    ben.sees("document.activeElement.id === 'log'").await;

    // By the keyboard; and by writing.
    ben.scroll_up().await;
    ada.posts_as("Ada", &["four"]).await;
    offered("1 new message").await;
    ben.press(END).await;
    ben.sees(AT_BOTTOM).await;
    offered("").await;
    ben.scroll_up().await;
    ben.say("Ben", "I have read it").await;
    ben.sees(AT_BOTTOM).await;
    offered("").await;
    assert_quiet(&[&ada, &ben]).await;
}

#[tokio::test]
async fn days_are_told_apart() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    let headings =
        "[...document.querySelectorAll('#log li')].map((li) => li.querySelector('h2')?.textContent ?? '')";
    page.eval("window.at = (day, hour) => new Date().setHours(24 * day + hour, 30, 0, 0)").await;

    page.eval("server({ new: messages(['A', 'a', Date.UTC(2020, 1, 29, 12)], ['A', 'b', at(-1, 1)], ['A', 'c', at(-1, 1) + 60_000]) })").await;
    page.eval("server({ new: messages(['A', 'd', at(0, 0)], ['A', 'e', at(0, 0) + 60_000]) })").await;
    let old =
        page.eval("new Date(Date.UTC(2020, 1, 29, 12)).toLocaleDateString([], { dateStyle: 'full' })").await;
    assert_eq!(page.eval(headings).await, json!([old, "Yesterday", "", "Today", ""]));
    // Whoever goes on is not named again, but on a new day.
    let named = "[...document.querySelectorAll('#log li')].map((li) => !li.classList.contains('continued'))";
    assert_eq!(page.eval(named).await, json!([true, true, false, true, false]));
    assert_quiet(&[&page]).await;
}

/// The page is left open over midnight.
#[tokio::test]
async fn today_becomes_yesterday() {
    let rig = Rig::start().await;
    let page = rig.browser().await;
    page.before_the_page_runs(
        "const now = Date.now(), RealDate = Date;
         window.ahead = 0;
         window.Date = class extends RealDate {
           constructor(...parts) { parts.length ? super(...parts) : super(now + ahead); }
         };
         window.setInterval = (act) => (window.nextMinute = act);",
    )
    .await;
    page.before_the_page_runs(crate::FAKE).await;
    page.goto(&rig.url()).await;
    page.eval("server({ msg: messages(['A', 'a', new Date().getTime()]) })").await;
    page.sees("document.querySelector('#log h2').textContent === 'Today'").await;
    page.eval("[window.ahead = 86_400_000, nextMinute()]").await;
    page.sees("document.querySelector('#log h2').textContent === 'Yesterday'").await;
    assert_quiet(&[&page]).await;
}

/// However long it stands open.
#[tokio::test]
async fn the_page_lets_old_messages_go() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.eval(
        "server({ new: messages(...[...Array(520)].map((_, n) => ['A', `message ${n}.`, Date.now()])) })",
    )
    .await;
    page.sees("document.querySelectorAll('#log li').length === 500").await;
    page.sees("document.querySelector('#log li:first-child p').textContent === 'message 20.'").await;
    page.sees("document.querySelector('#log li:first-child h2').textContent === 'Today'").await;
    page.sees("!document.querySelector('#log li:first-child').classList.contains('continued')").await;
    page.sees(AT_BOTTOM).await;
    assert_quiet(&[&page]).await;
}

/// As one goes out for each that comes in, the list's height stays the same.
#[tokio::test]
async fn a_reader_at_the_bottom_stays_there_when_old_messages_go() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.look(360, 640, "light").await;
    page.eval("server({ new: messages(...[...Array(500)].map((_, n) => ['A', `message ${n}.`, n])) })").await;
    page.sees(AT_BOTTOM).await;
    for n in 500..530 {
        page.eval(&format!("server({{ new: messages(['A', 'message {n}.', {n}]) }})")).await;
        page.is_drawn().await;
    }
    page.sees("document.querySelectorAll('#log li').length === 500").await;
    page.sees(AT_BOTTOM).await;
    assert_eq!(page.eval("document.getElementById('latest').hidden").await, true);
    // Who has scrolled up keeps the place.
    page.eval("document.getElementById('log').scrollTo(0, 5000)").await;
    page.is_drawn().await;
    let seen = "[...document.querySelectorAll('#log li')].find((li) => li.getBoundingClientRect().top > 100).textContent";
    let before = page.eval(seen).await;
    for n in 530..540 {
        page.eval(&format!("server({{ new: messages(['A', 'message {n}.', {n}]) }})")).await;
        page.is_drawn().await;
    }
    assert_eq!(page.eval(seen).await, before);
    page.shows("latest", "10 new messages").await;
    assert_quiet(&[&page]).await;
}
