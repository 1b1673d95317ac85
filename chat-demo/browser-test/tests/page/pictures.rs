//! What the page looks like, for eyes.

use std::path::PathBuf;

use serde_json::json;

use crate::AT_BOTTOM;
use crate::rig::Rig;

/// Not a check: the pictures of the READMEs, for eyes. The same ones each time: only the clock is not the real one.
#[tokio::test]
async fn pictures() {
    let Some(folder) = std::env::var_os("SCREENSHOT_DIR").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("the folder of the pictures");
    // Who, what, and when: days ago, hour, minute.
    let conversation = json!([
        ["Grace", "The new server goes up tomorrow. Ada, will it hold?", -1, 17, 40],
        ["Ada", "It will. Its engine allocates nothing.", -1, 17, 42],
        ["Grace", "Good morning! You are all on it 🙂", 0, 9, 2],
        ["Linus", "And what if I pull the plug?", 0, 9, 14],
        [
            "Grace",
            "The light turns red, your text stays in the box, and the page comes back by itself.",
            0,
            9,
            15
        ],
        ["Mallory", "<script>alert(\"hi\")</script>", 0, 9, 21],
        ["Linus", "`tc qdisc add dev lo root netem loss 100%`", 0, 9, 28],
        ["Linus", "… and back: nothing was lost.", 0, 9, 29],
        ["Linus", "🎉", 0, 9, 29],
        ["Ada", "Then let us write that down: https://www.rfc-editor.org/rfc/rfc6455", 0, 9, 31],
    ]);
    let rig = Rig::start().await;
    let (ada, others) = (rig.browser().await, rig.page().await);
    ada.before_the_page_runs(&format!(
        "const conversation = {conversation};
         window.WebSocket = class extends WebSocket {{
           set onmessage(receive) {{
             super.onmessage = ({{ data }}) => {{
               const parsed = JSON.parse(data);
               for (const message of [...(parsed.msg ?? []), ...(parsed.new ?? [])]) {{
                 const [, , day, hour, minute] = conversation.find(([, text]) => text === message.text);
                 message.time = new Date().setHours(24 * day + hour, minute, 0, 0);
               }}
               receive({{ data: JSON.stringify(parsed) }});
             }};
           }}
         }};"
    ))
    .await;
    ada.cdp("Emulation.setTimezoneOverride", json!({ "timezoneId": "UTC" })).await;
    ada.cdp("Emulation.setLocaleOverride", json!({ "locale": "en-GB" })).await;
    ada.goto(&rig.url()).await;
    ada.is_online().await;
    ada.shows("online", "2 people").await;
    others.posts_as("Linus", &[]).await;
    others.posts_as("Mallory", &[]).await;
    for message in conversation.as_array().expect("a list") {
        let (user, text) = (message[0].as_str().expect("a name"), message[1].as_str().expect("a text"));
        if user == "Ada" {
            ada.say(user, text).await;
        } else {
            others.posts_as(user, &[text]).await;
        }
        ada.shows("log", text.trim_matches('`')).await;
    }
    ada.shows("online", "5 people").await;
    ada.sees("document.querySelectorAll('[data-state=sent]').length === 2").await;
    for scheme in ["light", "dark"] {
        for (width, height) in [(320, 640), (1440, 900)] {
            ada.look(width, height, scheme).await;
            others
                .eval(
                    "['{\"here\":\"Grace\"}', '{\"typing\":true}'].forEach((word) => window.others.get('Grace').send(word))",
                )
                .await;
            ada.shows("typing", "Grace").await;
            ada.sees(AT_BOTTOM).await;
            ada.eval("document.activeElement.blur()").await; // no caret that blinks
            std::fs::write(folder.join(format!("page-{width}-{scheme}.png")), ada.picture().await)
                .expect("written");
        }
    }
}
