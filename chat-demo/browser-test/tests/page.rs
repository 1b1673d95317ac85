//! The chat page in real browsers, against the real server.
//!
//! Needs Chromium and its driver (Debian: `apt-get install chromium chromium-driver`), and the server:
//!
//! ```text
//! cargo build -p chat-demo
//! CHAT_DEMO_BIN=$PWD/target/debug/chat-demo cargo test --manifest-path chat-demo/browser-test/Cargo.toml
//! ```
//!
//! With `SCREENSHOT_DIR` set to a folder, pictures of the page are written there, also the README's `page.png`.

mod rig;

use std::path::PathBuf;

use rig::{ENTER, Page, Rig, SHIFT_TAB, TAB};
use serde_json::json;

const AT_BOTTOM: &str = "[document.getElementById('log')] \
    .every((log) => log.scrollHeight - log.clientHeight - log.scrollTop < 2)";

/// Two people, both connected.
async fn two_pages(rig: &Rig) -> (Page, Page) {
    let (ada, ben) = (rig.page().await, rig.page().await);
    for page in [&ada, &ben] {
        page.is_online().await;
        page.shows("online", "2 people").await;
    }
    (ada, ben)
}

async fn assert_quiet(pages: &[&Page]) {
    for page in pages {
        assert_eq!(page.complaints().await, [""; 0], "the console must stay empty");
    }
}

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
    page.is_online().await;
    page.say("Ada", "first").await;
    page.say("Ada", "second").await;
    page.shows("log", "second").await;
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

    for complaint in [ada.complaints().await, ben.complaints().await].concat() {
        assert!(
            complaint.contains("WebSocket connection to"),
            "only failed attempts are excused: {complaint}"
        );
    }
}

#[tokio::test]
async fn a_text_that_got_lost_comes_back() {
    let rig = Rig::start().await;
    let page = rig.browser().await;
    // The connection breaks at the first post, before the server has it.
    page.before_the_page_runs(
        "window.WebSocket = class extends WebSocket {
           send(post) { sent++ ? super.send(post) : this.close(); }
         };
         window.sent = 0;",
    )
    .await;
    page.goto(&rig.url()).await;
    page.is_online().await;

    page.say("Ada", "hello?").await;
    page.sees("document.getElementById('text').value === 'hello?'").await;
    page.is_online().await;
    page.press(ENTER).await;
    page.shows("log", "hello?").await;
    assert_eq!(page.messages().await.as_array().map(Vec::len), Some(1));
    assert_eq!(page.eval("document.getElementById('text').value").await, "");
    assert_quiet(&[&page]).await;
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
    let page = rig.browser().await;
    // A connection that never opens and never fails.
    page.before_the_page_runs("window.WebSocket = class { static OPEN = 1; }").await;
    page.goto(&rig.url()).await;

    page.shows("presence", "🟡").await;
    page.shows("presence", "connecting").await;
    page.say("Ada", "too early").await;
    page.shows("notice", "Not connected").await;
    assert_eq!(page.eval("document.getElementById('text').value").await, "too early");
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let rig = Rig::start().await;
    let (page, other) = two_pages(&rig).await;
    let focus = async |id: &str| {
        assert_eq!(page.eval("document.activeElement.id").await, id);
        let outline = page.eval("getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(outline, "solid", "the focus on #{id} is seen");
    };

    focus("name").await;
    page.press("Ada").await;
    page.press(TAB).await;
    focus("text").await;
    page.press("typed, not clicked").await;
    page.press(ENTER).await;
    other.shows("log", "typed, not clicked").await;
    focus("text").await;
    page.press(TAB).await;
    focus("send").await;
    for id in ["text", "name", "log"] {
        page.press(SHIFT_TAB).await;
        focus(id).await;
    }
    assert_quiet(&[&page, &other]).await;
}

#[tokio::test]
async fn the_server_s_objection_stands_near_the_input() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    let long = "x".repeat(501);

    ada.say("Ada", &long).await;
    ada.sees("document.getElementById('notice').textContent !== ''").await;
    assert_eq!(
        ada.eval("document.getElementById('text').value").await,
        json!(long),
        "to be shortened, not retyped"
    );
    assert_eq!(ada.eval("document.getElementById('presence').textContent.includes('🟢')").await, true);

    ada.say("Ada", "shorter").await;
    ben.shows("log", "shorter").await;
    ada.sees("document.getElementById('notice').textContent === ''").await;
    assert_eq!(ben.messages().await.as_array().map(Vec::len), Some(1));
    assert_quiet(&[&ada, &ben]).await;
}

#[tokio::test]
async fn the_newest_message_stays_in_sight_unless_the_reader_scrolled_up() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    ben.look(360, 640, "light").await;
    for n in 1..=30 {
        ada.say(if n % 4 == 0 { "Ada" } else { "Eve" }, &format!("message {n}.")).await;
    }
    ben.shows("log", "message 30.").await;
    ben.sees("document.getElementById('log').scrollTop > 100").await;
    ben.sees(AT_BOTTOM).await;
    // The phone's keyboard comes and goes, and the phone is turned.
    for (width, height) in [(360, 300), (360, 640), (480, 320), (360, 640)] {
        ben.look(width, height, "light").await;
        ben.sees(AT_BOTTOM).await;
    }

    ben.eval("document.getElementById('log').scrollTo(0, 0)").await;
    ben.is_drawn().await;
    ada.say("Ada", "below the fold").await;
    ben.shows("log", "below the fold").await;
    ben.sees("document.getElementById('latest').checkVisibility()").await;
    assert_eq!(ben.eval("document.getElementById('log').scrollTop").await, 0);
    assert_eq!(
        ben.eval("document.documentElement.scrollHeight - innerHeight").await,
        0,
        "only the list scrolls"
    );

    ben.eval("document.getElementById('latest').click()").await;
    ben.sees(AT_BOTTOM).await;
    ben.sees("!document.getElementById('latest').checkVisibility()").await;
    assert_quiet(&[&ada, &ben]).await;
}

#[tokio::test]
async fn nothing_sticks_out_on_a_small_phone() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.look(320, 568, "light").await;
    page.is_online().await;

    page.say(&"W".repeat(32), &"unbroken".repeat(62)).await;
    page.shows("log", "unbroken").await;
    for element in ["document.documentElement", "document.getElementById('log')"] {
        let width = page.eval(&format!("{element}.scrollWidth")).await;
        assert!(width.as_u64().is_some_and(|px| px <= 320), "{element} is {width} px wide");
    }
    let font = page.eval("getComputedStyle(document.getElementById('text')).fontSize").await;
    assert_eq!(font, "16px", "a phone zooms in on smaller inputs");
    assert_quiet(&[&page]).await;
}

/// WCAG 2.2 asks for 4.5 to 1. A name may have any hue.
#[tokio::test]
async fn every_text_can_be_read_in_light_and_dark() {
    let rig = Rig::start().await;
    let (ada, ben) = two_pages(&rig).await;
    ben.say("Ben", "of somebody else").await;
    ada.say("Ada", "one's own").await;
    ada.sees("document.querySelectorAll('#log li').length === 2").await;
    ada.eval("document.getElementById('notice').textContent = 'An objection.'").await;
    ada.eval("document.getElementById('latest').hidden = false").await;
    for scheme in ["light", "dark"] {
        ada.look(1000, 800, scheme).await;
        let (weakest, contrast) = ada.weakest_contrast().await;
        assert!(contrast >= 4.5, "{weakest} has a contrast of {contrast} in the {scheme}");
    }
    assert_quiet(&[&ada, &ben]).await;
}

/// Our page also speaks the older subprotocol, which sends the whole list each time.
#[tokio::test]
async fn the_page_speaks_plain_json_too() {
    let rig = Rig::start().await;
    let page = rig.browser().await;
    page.before_the_page_runs(
        "window.WebSocket = class extends WebSocket { constructor(url) { super(url, ['json']); } }",
    )
    .await;
    page.goto(&rig.url()).await;
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
    assert_quiet(&[&ada, &ben]).await;
}

/// Not a check: the pictures of the README, for eyes.
#[tokio::test]
async fn pictures() {
    let Some(folder) = std::env::var_os("SCREENSHOT_DIR").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("the folder of the pictures");
    let rig = Rig::start().await;
    let names = ["Ada", "Linus", "Grace", "Mallory"];
    let pages = [rig.page().await, rig.page().await, rig.page().await, rig.page().await];
    let conversation = [
        ("Grace", "Good morning! Is the new server up?"),
        ("Ada", "It is. You are on it 🙂"),
        ("Ada", "And its engine allocates nothing."),
        ("Linus", "And what if I pull the plug?"),
        ("Grace", "The light turns red, your text stays in the box, and the page comes back by itself."),
        ("Mallory", "<script>alert(\"hi\")</script>"),
        ("Linus", "It even works on my phone 🎉"),
    ];
    for (name, text) in conversation {
        let page = &pages[names.iter().position(|n| *n == name).expect("one of them")];
        page.is_online().await;
        page.say(name, text).await;
        page.shows("log", text).await;
    }
    for (page, name, width, height, scheme) in [
        (&pages[0], "1440-light.png", 1440, 900, "light"),
        (&pages[0], "1440-dark.png", 1440, 900, "dark"),
        (&pages[0], "320-light.png", 320, 640, "light"),
        (&pages[0], "320-dark.png", 320, 640, "dark"),
        (&pages[0], "desktop.png", 580, 640, "light"),
        (&pages[1], "phone.png", 320, 640, "dark"),
    ] {
        page.look(width, height, scheme).await;
        // Now that the page knows its name, it tells its own messages from those of others.
        page.reload().await;
        page.is_online().await;
        page.shows("online", "4 people").await;
        page.sees(&format!("document.querySelectorAll('#log li').length === {}", conversation.len())).await;
        page.sees(AT_BOTTOM).await;
        std::fs::write(folder.join(name), page.picture().await).expect("written");
    }

    let frame = folder.join("page.html");
    std::fs::write(
        &frame,
        "<!doctype html><title>Both</title><style>
           body { margin: 0; height: 100vh; display: flex; justify-content: center; align-items: center;
                  gap: 20px; background: #d5e2df; }
           img { height: 640px; border-radius: 12px; box-shadow: 0 2px 6px #0003; }
         </style><img src=desktop.png><img src=phone.png>",
    )
    .expect("written");
    let both = rig.browser().await;
    both.look(960, 680, "light").await;
    both.goto(&format!("file://{}", frame.canonicalize().expect("a path").display())).await;
    std::fs::write(folder.join("page.png"), both.picture().await).expect("written");
}
