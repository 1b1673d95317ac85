//! How the page looks, and how it is used without eyes or a mouse; and what it may not do.

use serde_json::{Value, json};

use crate::rig::{ENTER, Page, Rig, SHIFT_TAB, TAB};
use crate::{assert_quiet, page_of_a_fake, two_pages};

/// A page with everything in it that can be seen: messages in all states, an objection, a counter, the way down.
async fn full_page(rig: &Rig) -> Page {
    let page = page_of_a_fake(rig).await;
    page.eval("server({ new: messages(...Array(20).fill().map((_, n) => ['Ben', `number ${n}`, n])) })")
        .await;
    page.eval("server({ new: messages(['Ben', 'and another', Date.now()]) })").await;
    for text in ["sent", "failed", "pending"] {
        page.say("Ada", text).await;
    }
    page.eval("server({ new: [{ ...sent[0], time: Date.now(), id: '2-0' }] })").await;
    page.eval("server({ error: 'An objection.', key: sent[1].key })").await;
    page.fill("text", &"x".repeat(495)).await;
    page.scroll_up().await;
    page.eval(
        "server({ new: messages(...Array(3).fill().map((_, n) => ['Ben', `late ${n}`, Date.now()])) })",
    )
    .await;
    page.shows("latest", "3 new messages").await;
    page.sees("document.querySelectorAll('[data-state]').length === 3").await;
    page
}

#[tokio::test]
async fn nothing_sticks_out_on_a_small_phone() {
    let rig = Rig::start().await;
    let page = full_page(&rig).await;
    page.say(&"W".repeat(32), &"unbroken".repeat(62)).await;
    page.shows("log", "unbroken").await;
    page.eval("server({ error: 'An objection that is long enough to take more than one line.' })").await;
    page.fill("text", &"x".repeat(503)).await;

    page.look(320, 568, "light").await;
    for element in
        ["document.documentElement", "document.getElementById('log')", "document.getElementById('form')"]
    {
        let width = page.eval(&format!("{element}.scrollWidth")).await;
        assert!(width.as_u64().is_some_and(|px| px <= 320), "{element} is {width} px wide");
    }
    let outside = page
        .eval(
            "[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()).filter((e) => {
               const { left, right } = e.getBoundingClientRect();
               return left < 0 || right > innerWidth;
             }).map((e) => e.outerHTML)",
        )
        .await;
    assert_eq!(outside, json!([]));
    let sizes = page
        .eval(
            "[...document.querySelectorAll('input, textarea, form button')]
               .filter((e) => e.checkVisibility() && e.id !== 'rename')
               .map((e) => [getComputedStyle(e).fontSize, e.offsetHeight >= 44])",
        )
        .await;
    assert_eq!(
        sizes,
        json!([["16px", true], ["16px", true]]),
        "a phone zooms in on smaller inputs, and a finger misses them"
    );
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn lines_stay_short_on_a_large_screen() {
    let rig = Rig::start().await;
    let page = full_page(&rig).await;
    page.eval("server({ new: messages(['Ben', 'word '.repeat(100), Date.now()]) })").await;
    page.look(1440, 900, "light").await;
    let widths = page.eval("[...document.querySelectorAll('#log li div')].map((e) => e.offsetWidth)").await;
    let widest = widths.as_array().expect("a list").iter().filter_map(Value::as_u64).max();
    assert!(widest.is_some_and(|px| (400..=560).contains(&px)), "{widest:?} px for a line");
    let margins = page
        .eval("[document.body.getBoundingClientRect()].map(({ left, right }) => left === innerWidth - right && left > 300)[0]")
        .await;
    assert_eq!(margins, true, "in the middle");
    assert_quiet(&[&page]).await;
}

/// Its user has chosen a size for texts, or has zoomed in: there is room for the messages, and nothing is out of reach.
#[tokio::test]
async fn large_texts_leave_room_for_messages() {
    let rig = Rig::start().await;
    for (font, width, height, name, least) in [
        (32, 320, 568, "Ada", 260),
        (32, 320, 568, "", 150),
        (16, 160, 284, "Ada", 130),
        (24, 844, 390, "Ada", 180),
        (16, 640, 320, "Ada", 180),
    ] {
        let page = rig.browser_with_font(font).await;
        page.before_the_page_runs(crate::FAKE).await;
        page.goto(&rig.url()).await;
        page.eval(
            "server({ msg: messages(['Ben', 'Hello there, how are you?', 1]), online: 3, names: ['Ben'] })",
        )
        .await;
        page.fill("name", name).await;
        page.fill("text", "").await;
        assert_eq!(
            page.eval("getComputedStyle(document.documentElement).fontSize").await,
            format!("{font}px")
        );
        page.look(width, height, "light").await;
        let room = page.eval("document.getElementById('log').clientHeight").await;
        assert!(room.as_u64().is_some_and(|px| px >= least), "{room} px at {font} px on {width} by {height}");
        let outside = page
            .eval(
                "['text', 'send', 'online', 'bell'].filter((id) => { \
                   const { left, right, top, bottom } = document.getElementById(id).getBoundingClientRect(); \
                   return left < 0 || right > innerWidth || top < 0 || bottom > innerHeight; })",
            )
            .await;
        assert_eq!(outside, json!([]), "at {font} px on {width} by {height}");
        assert!(page.eval("document.getElementById('text').clientWidth").await.as_u64() > Some(40));
        assert_quiet(&[&page]).await;
    }
    // Where even that is too little, what does not fit can be scrolled to.
    let page = rig.browser_with_font(48).await;
    page.goto(&rig.url()).await;
    page.is_online().await;
    page.look(480, 320, "light").await;
    page.eval("document.getElementById('send').scrollIntoView({ block: 'end' })").await;
    page.sees("document.getElementById('send').getBoundingClientRect().bottom <= innerHeight").await;
}

/// Also of several lines, in either script.
#[tokio::test]
async fn each_line_begins_where_its_script_does() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    let hebrew = "שלום לכולם, זה ארוך";
    page.eval(&format!(
        "server({{ new: messages(['Ben', 'שלום\\nEnglish\\n{hebrew}', 1], ['Ben', 'abc\\u202edef https://a.test/x', 2]) }})"
    ))
    .await;
    let edges = page
        .eval(
            "[document.querySelector('#log p')].map((p) => { const range = document.createRange(); \
               range.selectNodeContents(p); \
               return [...range.getClientRects()].filter((r) => r.width > 1).map((r) => [r.left, r.right].map(Math.round)); })[0]",
        )
        .await;
    let edge = |line: usize, side: usize| edges[line][side].as_i64().expect("a line");
    assert_eq!(edge(0, 1), edge(2, 1), "both from the right: {edges}");
    assert!(edge(0, 0) > edge(2, 0) + 20, "{edges}");
    assert!(edge(1, 0) + 40 < edge(0, 0) && edge(1, 0) <= edge(2, 0), "and English from the left: {edges}");

    // What turns a text around ends with it, and is not in a link.
    let order = "[...document.querySelectorAll('#log time, #log a')].map((e) => { const range = document.createRange(); \
        const at = (n) => (range.setStart(e.firstChild, n), range.setEnd(e.firstChild, n + 1), range.getBoundingClientRect().left); \
        return at(0) < at(1); }).join()";
    assert_eq!(page.eval(order).await, "true,true,true");
    for id in ["name", "text"] {
        page.fill(id, hebrew).await;
        assert_eq!(
            page.eval(&format!("getComputedStyle(document.getElementById('{id}')).direction")).await,
            "rtl"
        );
    }
    assert_quiet(&[&page]).await;
}

/// WCAG 2.2 asks for 4.5 to 1 in texts, and for 3 to 1 in borders of inputs and in the focus. A name may have any hue.
#[tokio::test]
async fn everything_can_be_seen_in_light_and_dark() {
    let rig = Rig::start().await;
    let page = full_page(&rig).await;
    for is_too_long in [false, true] {
        page.fill("text", &"x".repeat(if is_too_long { 503 } else { 495 })).await;
        for scheme in ["light", "dark"] {
            page.look(1000, 800, scheme).await;
            let contrasts = page.contrasts().await;
            assert!(contrasts.len() > 150, "everything was measured: {contrasts:?}");
            for (what, contrast) in contrasts {
                let least = if what.starts_with("\"edge") { 3.0 } else { 4.5 };
                assert!(contrast >= least, "{what} has a contrast of {contrast} in the {scheme}");
            }
        }
    }
    assert_quiet(&[&page]).await;
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
    // Without an id it is the newest message's time.
    for id in ["text", "rename", "", "log", "bell", "online"] {
        page.press(SHIFT_TAB).await;
        focus(id).await;
    }
    assert_quiet(&[&page, &other]).await;
}

#[tokio::test]
async fn the_keyboard_reaches_what_comes_and_goes() {
    let rig = Rig::start().await;
    let page = full_page(&rig).await;
    for words in ["Ada", "3 new messages", "Edit", "Send again"] {
        page.press(SHIFT_TAB).await;
        // Of the newest message, which may be one that waits.
        if page.eval("document.activeElement.matches('.meta button')").await == true {
            page.press(SHIFT_TAB).await;
        }
        page.sees(&format!("document.activeElement.textContent === '{words}'")).await;
        page.sees("getComputedStyle(document.activeElement).outlineStyle === 'solid'").await;
    }
    page.press(ENTER).await;
    page.sees("sent.length === 4 && sent[3].text === 'failed'").await;
    page.sees("document.activeElement.id === 'text'").await;
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn a_screen_reader_hears_what_eyes_see() {
    let rig = Rig::start().await;
    let page = full_page(&rig).await;
    let tree = page.cdp("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().expect("a tree");
    let of = |role: &str| -> Vec<&Value> {
        nodes.iter().filter(|node| node["ignored"] == false && node["role"]["value"] == role).collect()
    };
    let names = |role: &str| -> Vec<&str> {
        of(role).iter().filter_map(|node| node["name"]["value"].as_str()).collect()
    };

    assert_eq!(names("RootWebArea"), ["Chat"]);
    assert_eq!(names("log"), ["Messages"]);
    assert_eq!(names("textbox"), ["Message"]);
    assert_eq!(of("textbox")[0]["description"]["value"], "5 left An objection.");
    let mut buttons = names("button");
    buttons.retain(|name| !name.contains(':')); // the times
    buttons.sort_unstable();
    assert_eq!(buttons, ["3 new messages", "Ada", "Edit", "Send", "Send again", "Sound and notifications"]);
    assert_eq!(names("heading")[..1], ["Chat"]);
    assert_eq!(names("heading").last(), Some(&"Today"));
    assert_eq!(of("listitem").len(), 20 + 1 + 3 + 3);
    assert_eq!((of("status").len(), of("alert").len()), (1, 1));
    let texts = names("StaticText");
    for text in ["Ben", "Ada", "Sent", "Not sent", "Sending…", "An objection."] {
        assert!(texts.contains(&text), "{text} is not in {texts:?}");
    }
    assert!(!texts.iter().any(|text| ["🟢", "✓"].contains(text)), "no signs without words: {texts:?}");
    assert_eq!(page.eval("document.documentElement.lang").await, "en");
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn only_what_is_new_is_read_out() {
    let rig = Rig::start().await;
    let page = rig.page_after(crate::FAKE).await;
    let live = "document.getElementById('log').ariaLive";
    let history = "server({ msg: messages(['Ben', 'old', 1]) })";
    assert_eq!(page.eval(live).await, "off");
    assert_eq!(page.eval(&format!("[{history}, {live}][1]")).await, "off", "while the history goes in");
    page.sees(&format!("{live} === 'polite'")).await;
    page.eval("server({ new: messages(['Ben', 'new', 2]) })").await;
    assert_eq!(page.eval(live).await, "polite");
    assert_quiet(&[&page]).await;
}

#[tokio::test]
async fn nothing_moves_for_whom_motion_is_too_much() {
    let rig = Rig::start().await;
    let page = page_of_a_fake(&rig).await;
    page.sees("document.getElementById('log').ariaLive === 'polite'").await;
    let moves = async |preference: &str| {
        let features = json!([{ "name": "prefers-reduced-motion", "value": preference }]);
        page.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        page.eval(&format!(
            "[server({{ new: messages(['Ben', '{preference}', Date.now()]) }}), document.getAnimations().length][1]"
        ))
        .await
    };
    assert_eq!(moves("no-preference").await, 1);
    assert_eq!(moves("reduce").await, 0);
    let moving = "[...document.querySelectorAll('*')].map((e) => getComputedStyle(e)) \
        .filter((s) => s.animationName !== 'none' || s.transitionDuration !== '0s' || s.scrollBehavior !== 'auto').length";
    assert_eq!(page.eval(moving).await, 0);
    assert_quiet(&[&page]).await;
}

/// Whatever got into the page could do nothing there, and tell nobody.
#[tokio::test]
async fn the_policy_holds() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    page.eval("[window.stopped = [], addEventListener('securitypolicyviolation', (v) => stopped.push(v.effectiveDirective))]")
        .await;
    for (attempt, directive) in [
        (
            "document.body.insertAdjacentHTML('beforeend', '<b onclick=\"window.got = 1\">b</b>')",
            "script-src-attr",
        ),
        (
            "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.got = 1' }))",
            "script-src-elem",
        ),
        (
            "document.body.append(Object.assign(document.createElement('script'), { src: 'data:,window.got = 1' }))",
            "script-src-elem",
        ),
        (
            "document.body.append(Object.assign(document.createElement('style'), { textContent: '* { color: red }' }))",
            "style-src-elem",
        ),
        ("document.body.setAttribute('style', 'color: red')", "style-src-attr"),
        ("Object.assign(new Image(), { src: 'http://127.0.0.1:1/' }) && 0", "img-src"),
        ("navigator.sendBeacon('http://127.0.0.1:1/')", "connect-src"),
        ("document.body.append(Object.assign(document.createElement('iframe'), { src: '/' }))", "frame-src"),
        (
            "document.head.append(Object.assign(document.createElement('base'), { href: 'http://127.0.0.1:1/' }))",
            "base-uri",
        ),
    ] {
        page.eval(attempt).await;
        page.sees(&format!("stopped.at(-1) === '{directive}'")).await;
        page.eval("stopped.push('')").await;
    }
    page.eval("document.querySelector('b').click()").await;
    assert_eq!(page.eval("window.got ?? null").await, Value::Null);
    // All that the page itself does is allowed, and it loads nothing from elsewhere.
    let loaded = "performance.getEntriesByType('resource').map((e) => new URL(e.name).host) \
        .filter((host) => host && host !== location.host && host !== '127.0.0.1:1').length";
    assert_eq!(page.eval(loaded).await, 0);
}

/// It comes in one round trip or two, and without a build.
#[tokio::test]
async fn the_page_is_small() {
    let rig = Rig::start().await;
    let page = rig.page().await;
    let bytes = page
        .eval(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation')) \
               .filter((e) => e.name.startsWith('http')) \
               .reduce(([plain, packed], e) => [plain + e.decodedBodySize, packed + e.encodedBodySize], [0, 0])",
        )
        .await;
    let [plain, packed] = [0, 1].map(|part| bytes[part].as_u64().expect("a size"));
    assert!((20_000..40 * 1024).contains(&plain), "{plain} bytes");
    assert!((5_000..14 * 1024).contains(&packed), "{packed} bytes come over the network");
    let loaded = "performance.getEntriesByType('resource').map((e) => new URL(e.name).pathname) \
        .filter((path) => !['/', '/chat.js', '/messages.js', '/words.js', '/browser.js', '/style.css'].includes(path))";
    assert_eq!(page.eval(loaded).await, json!([]), "that is all");
    assert_quiet(&[&page]).await;
}
