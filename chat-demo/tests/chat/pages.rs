//! What is served to a browser before it connects.

use std::io::{Read, Write};
use std::path::PathBuf;

use crate::rig::{Server, read_head};

const PAGES: &[(&str, &str)] = &[
    ("/", include_str!("../../web/index.html")),
    ("/chat.js", include_str!("../../web/chat.js")),
    ("/messages.js", include_str!("../../web/messages.js")),
    ("/browser.js", include_str!("../../web/browser.js")),
    ("/words.js", include_str!("../../web/words.js")),
    ("/style.css", include_str!("../../web/style.css")),
];

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chat-demo-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join("assets/more")).expect("made");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("written");
    }

    fn assets(&self) -> PathBuf {
        self.0.join("assets")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn parts(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").expect("a blank line")
}

#[test]
fn the_page_is_in_the_binary() {
    let server = Server::start(&[]);
    for (path, content_type, file) in [
        ("/", "text/html; charset=utf-8", PAGES[0].1),
        ("/index.html", "text/html; charset=utf-8", PAGES[0].1),
        ("/chat.js?v=1", "text/javascript; charset=utf-8", PAGES[1].1),
        ("/style.css", "text/css; charset=utf-8", PAGES[5].1),
    ] {
        let answer = server.get(path);
        let (head, body) = parts(&answer);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for field in [
            &format!("Content-Type: {content_type}"),
            &format!("Content-Length: {}", file.len()),
            "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cache-Control: no-cache",
        ] {
            assert!(head.lines().any(|line| line == field), "{field:?} is missing: {head}");
        }
        assert_eq!(body, file);
    }
}

fn get_with(server: &Server, path: &str, fields: &str) -> (String, Vec<u8>) {
    let mut stream = server.connect();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").expect("sent");
    let head = read_head(&mut stream);
    let mut body = Vec::new();
    stream.read_to_end(&mut body).expect("a clean end");
    (head, body)
}

#[test]
fn it_is_compressed_for_those_who_take_that() {
    let server = Server::start(&[]);
    let mut len = 0;
    for (path, file) in PAGES {
        for fields in ["Accept-Encoding: gzip, deflate, br\r\n", "Accept-Encoding: br;q=1.0, GZIP;q=0.5\r\n"]
        {
            let (head, body) = get_with(&server, path, fields);
            assert!(
                head.contains("\r\nContent-Encoding: gzip\r\n")
                    && head.contains("\r\nVary: Accept-Encoding\r\n")
            );
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
            let mut plain = String::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut plain).expect("gzip");
            assert_eq!(plain, *file);
            len += body.len();
        }
        for fields in [
            "",
            "Accept-Encoding: br\r\n",
            "Accept-Encoding: gzip;q=0, *\r\n",
            "Accept-Encoding: gzip; q=0.0\r\n",
        ] {
            let (head, body) = get_with(&server, path, fields);
            assert!(
                !head.contains("Content-Encoding") && head.contains("\r\nVary: Accept-Encoding\r\n"),
                "{head}"
            );
            assert_eq!(body, file.as_bytes());
        }
    }
    assert!(len / 2 < 14 * 1024, "{} bytes", len / 2);
    assert!(PAGES.iter().map(|(_, file)| file.len()).sum::<usize>() < 40 * 1024);
}

#[test]
fn what_a_browser_has_already_is_not_sent_again() {
    let server = Server::start(&[]);
    let tag =
        |head: &str| head.lines().find_map(|line| line.strip_prefix("ETag: ")).expect("a tag").to_owned();
    let gzip = "Accept-Encoding: gzip\r\n";
    let plain = tag(&get_with(&server, "/", "").0);
    let packed = tag(&get_with(&server, "/", gzip).0);
    assert_ne!(plain, packed, "they differ byte by byte");
    assert_ne!(plain, tag(&get_with(&server, "/chat.js", "").0));
    assert_eq!(plain, tag(&get_with(&Server::start(&[]), "/", "").0), "behind another server, too");
    for (accepted, known) in [
        ("", plain.clone()),
        (gzip, packed.clone()),
        ("", format!("\"other\", W/{plain}")),
        ("", "*".to_owned()),
    ] {
        let (head, body) = get_with(&server, "/", &format!("{accepted}If-None-Match: {known}\r\n"));
        assert!(head.starts_with("HTTP/1.1 304 Not Modified\r\n") && head.contains("\r\nETag: \""), "{head}");
        assert!(body.is_empty());
    }
    for (accepted, known) in [(gzip, &*plain), ("", &packed), ("", "\"other\"")] {
        let head = get_with(&server, "/", &format!("{accepted}If-None-Match: {known}\r\n")).0;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
}

#[test]
fn it_is_healthy() {
    let server = Server::start(&[]);
    let answer = server.get("/healthz");
    let (head, body) = parts(&answer);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, "ok");
}

#[test]
fn there_is_nothing_else() {
    let server = Server::start(&[]);
    for path in ["/nothing", "/ws", "/Cargo.toml", "/../Cargo.toml", "/chat.js/", "//", "*"] {
        let answer = server.get(path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}

#[test]
fn only_get_and_head_are_served() {
    let server = Server::start(&[]);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = server
            .request(&format!("{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"));
        assert!(
            answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nAllow: GET, HEAD\r\n"),
            "{answer}"
        );
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = Server::start(&[]);
    for path in ["/", "/chat.js", "/healthz", "/nothing"] {
        let answer = server.get(path);
        let head = server.request(&format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(head, format!("{}\r\n\r\n", parts(&answer).0));
    }
}

#[test]
fn a_folder_takes_the_page_s_place() {
    let folder = Folder::new("place");
    folder.write("assets/index.html", "<script>lesson()</script>");
    folder.write("assets/more/data.json", "{}");
    let server = Server::start(&["--assets", folder.assets().to_str().expect("UTF-8")]);
    let answer = server.get("/");
    let (head, body) = parts(&answer);
    assert_eq!(body, "<script>lesson()</script>");
    assert!(!head.contains("Content-Security-Policy"), "an inline script has to run: {head}");
    assert!(server.get("/more/data.json").contains("\r\nContent-Type: application/json\r\n"));
    assert!(server.get("/chat.js").starts_with("HTTP/1.1 404 "), "the built-in page is not mixed in");
    assert!(server.get("/healthz").ends_with("ok"));
}

#[test]
fn nothing_outside_of_the_folder_is_served() {
    let folder = Folder::new("outside");
    folder.write("secret.txt", "secret");
    folder.write("assets/.hidden", "secret");
    let server = Server::start(&["--assets", folder.assets().to_str().expect("UTF-8")]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.0.join("secret.txt"), folder.assets().join("link.txt"))
        .expect("linked");
    let absolute = format!("/{}", folder.0.join("secret.txt").display());
    for path in [
        "/../secret.txt",
        "/more/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..\\secret.txt",
        "/.hidden",
        "/link.txt",
        "/more",
        "/",
        "/%00",
        &absolute,
    ] {
        let answer = server.get(path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}
