//! What is said: heard by all, as it was written, also in the other subprotocol.

use crate::rig::Rig;
use crate::{assert_quiet, page_of_a_fake, two_pages};

#[tokio::test]
async fn two_people_chat() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;

    ada.say("Ada", "Hello, Ben 👋").await;
    for page in [&ada, &ben] {
        page.shows("log", "Hello, Ben 👋").await;
        let messages = page.messages().await;
        assert_eq!(messages[0]["user"], "Ada");
        let age = page.eval(&format!("Date.now() - Date.parse({})", messages[0]["time"])).await;
        assert!(
            age.as_f64().is_some_and(|ms| ms.abs() < 60_000.0),
            "stamped with the time of now, not {age} ms ago"
        );
        assert_ne!(page.eval("document.querySelector('#log time').textContent").await, "");
    }
    ben.say("Ben", "Hello, Ada").await;
    ada.shows("log", "Hello, Ada").await;
    assert_eq!(ada.messages().await, ben.messages().await);
    assert_quiet(&[&ada, &ben]).await;
}

#[tokio::test]
async fn a_reload_keeps_the_name_and_brings_the_history_back() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.say("Ada", "first").await;
    page.say("Ada", "second").await;
    page.sees("document.querySelectorAll('[data-state=sent]').length === 2").await;
    let before = page.messages().await;

    page.reload().await;
    page.shows("log", "second").await;
    assert_eq!(page.messages().await, before);
    assert_eq!(page.eval("document.getElementById('name').value").await, "Ada");
    page.shows("online", "only you").await;
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn markup_stays_text() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    let attacks = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b>&amp;</b>"];

    for attack in attacks {
        ada.say("<i>Ada</i>", attack).await;
        ben.shows("log", attack).await;
    }
    let messages = ben.messages().await;
    for (i, attack) in attacks.iter().enumerate() {
        assert_eq!(messages[i]["text"], *attack);
        assert_eq!(messages[i]["user"], "<i>Ada</i>");
    }
    assert_eq!(ben.eval("document.querySelectorAll('body script, img, b, i').length").await, 0);
    let policy = ben.eval("fetch('/').then((page) => page.headers.get('Content-Security-Policy'))").await;
    assert!(
        policy.as_str().is_some_and(|policy| policy.contains("default-src 'none'")),
        "the second wall: {policy}"
    );
    assert_quiet(&[&ada, &ben]).await;
}

/// By what was posted, not by a name that anybody may take.
#[tokio::test]
async fn one_s_own_messages_are_told_apart() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    let sides = "[...document.querySelectorAll('#log li')].map((li) => li.classList.contains('mine'))";
    let left_of =
        "[...document.querySelectorAll('#log li div')].map((bubble) => bubble.getBoundingClientRect().left)";

    ada.say("Ada", "by Ada").await;
    ben.shows("log", "by Ada").await;
    ben.say("Ada", "by somebody who says so").await;
    ada.shows("log", "who says so").await;
    ada.say("Augusta", "by Ada, too").await;
    ben.shows("log", "too").await;
    for _ in ["at once", "after a reload"] {
        ada.sees(&format!("{sides}.join() === 'true,false,true'")).await;
        ben.sees(&format!("{sides}.join() === 'false,true,false'")).await;
        ada.sees(&format!("(([own, other]) => own > other + 100)({left_of})")).await;
        ada.reload().await;
    }
    assert_quiet(&[&ada, &ben]).await;
}

/// A server may learn to say more.
#[tokio::test]
async fn what_the_page_does_not_know_does_not_trouble_it() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;

    page.eval("server({ typing: ['Ben'] })").await;
    page.eval("server({})").await;
    page.eval(
        "server({ new: [{ ...messages(['Ben', 'Hello', Date.now()])[0], colour: 'red' }], more: { n: 1 } })",
    )
    .await;
    page.eval("server({ error: 'Somebody else did that.', key: 'of nobody' })").await;
    page.shows("log", "Hello").await;
    page.shows("notice", "Somebody else did that.").await;
    assert_quiet(&[&page]).await;
}

/// Our page also speaks the older subprotocol, which sends the whole list each time.
#[tokio::test]
async fn the_page_speaks_plain_json_too() {
    let rig = Rig::start().await;
    let page = rig
        .page_after(
            "window.WebSocket = class extends WebSocket { constructor(url) { super(url, ['json']); } }",
        )
        .await;
    let other = rig.page().await;

    page.is_online().await;
    other.is_online().await;
    page.say("Ada", "one").await;
    other.shows("log", "one").await;
    other.say("Ben", "two").await;
    page.shows("log", "two").await;
    assert_eq!(page.messages().await, other.messages().await);
    assert_eq!(page.messages().await.as_array().map(Vec::len), Some(2), "replaced, not added");
    assert_quiet(&[&page, &other]).await;
}

/// The page of the lesson that this chat comes from, as a learner would have written it.
#[tokio::test]
async fn the_lesson_s_page_works_unchanged() {
    let assets = tempfile::tempdir().expect("a temporary folder");
    let rig = Rig::start_with(&["--assets", assets.path().to_str().expect("UTF-8")]).await;
    let lesson = r#"<!doctype html><meta charset="utf-8"><title>Lesson</title><link rel="icon" href="data:,">
        <span id="presence">🔴</span><ul id="list"></ul>
        <script>
          const ws = new WebSocket("ws://localhost:PORT", ["json"]);
          ws.onopen = () => { document.getElementById("presence").innerText = "🟢"; };
          ws.onmessage = (event) => {
            const data = JSON.parse(event.data);
            document.getElementById("list").innerHTML =
              data.msg.map(({ user, text }) => `<li>${user}: ${text}</li>`).join("");
          };
          const post = (user, text) => ws.send(JSON.stringify({ user, text }));
        </script>"#;
    std::fs::write(assets.path().join("index.html"), lesson.replace("PORT", &rig.port().to_string()))
        .expect("written");
    let (ada, ben) = (rig.browser().await, rig.browser().await);
    for page in [&ada, &ben] {
        page.goto(&format!("http://localhost:{}/", rig.port())).await;
        page.shows("presence", "🟢").await;
    }

    ada.eval("post('Ada', 'one')").await;
    ben.shows("list", "Ada: one").await;
    ben.eval("post('Ben', 'two')").await;
    for page in [&ada, &ben] {
        page.sees("document.getElementById('list').innerText === 'Ben: two\\nAda: one'").await;
    }
    // A word that it does not know is no reason to throw.
    ada.eval("post('', '')").await;
    ben.eval("post('Ben', 'three')").await;
    ada.shows("list", "Ben: three").await;
    assert_quiet(&[&ada, &ben]).await;
}
