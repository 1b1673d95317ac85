//! The pages: those in the binary, or a folder's.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// A page of ours needs nothing from elsewhere, and nobody else may put it into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const BUILT_IN: [(&str, &str); 6] = [
    ("index.html", include_str!("../web/index.html")),
    ("chat.js", include_str!("../web/chat.js")),
    ("messages.js", include_str!("../web/messages.js")),
    ("browser.js", include_str!("../web/browser.js")),
    ("words.js", include_str!("../web/words.js")),
    ("style.css", include_str!("../web/style.css")),
];

pub(crate) enum Assets {
    BuiltIn(Vec<BuiltIn>),
    /// An absolute path, without symbolic links.
    Folder(PathBuf),
}

/// A file in the binary, and what is made of it once, at the start.
pub(crate) struct BuiltIn {
    name: &'static str,
    body: &'static str,
    gzip: Vec<u8>,
    /// Each representation's own: [RFC 9110 §8.8.3].
    tag: String,
    gzip_tag: String,
}

pub(crate) struct Asset<'a> {
    pub(crate) content_type: &'static str,
    /// Only for our own page. A folder's page may hold inline scripts or load what it likes: we can't know, and its
    /// owner can say it in a `<meta>`.
    pub(crate) policy: Option<&'static str>,
    /// What the client may ask by whether it is still the same.
    pub(crate) tag: Option<&'a str>,
    pub(crate) is_gzip: bool,
    pub(crate) body: Cow<'a, [u8]>,
}

impl Assets {
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self, String> {
        let Some(folder) = folder else {
            return Ok(Self::BuiltIn(BUILT_IN.map(|(name, body)| BuiltIn::new(name, body)).into()));
        };
        match folder.canonicalize() {
            Ok(path) if path.is_dir() => Ok(Self::Folder(path)),
            Ok(_) => Err(format!("--assets: {} is not a folder", folder.display())),
            Err(error) => Err(format!("--assets: {}: {error}", folder.display())),
        }
    }

    /// Finds what a request's path names; `takes_gzip`: compressed, if it is one of ours.
    pub(crate) async fn get(&self, path: &str, takes_gzip: bool) -> Option<Asset<'_>> {
        let name = match path {
            "/" => "index.html",
            _ => path.strip_prefix('/')?,
        };
        let content_type = content_type(name);
        Some(match self {
            Self::BuiltIn(files) => {
                let BuiltIn { body, gzip, tag, gzip_tag, .. } =
                    files.iter().find(|file| file.name == name)?;
                let (body, tag) = if takes_gzip { (&gzip[..], gzip_tag) } else { (body.as_bytes(), tag) };
                let (policy, tag, body) = (Some(POLICY), Some(&**tag), Cow::Borrowed(body));
                Asset { content_type, policy, tag, is_gzip: takes_gzip, body }
            }
            Self::Folder(folder) => {
                let body = Cow::Owned(read_inside(folder, name).await?);
                Asset { content_type, policy: None, tag: None, is_gzip: false, body }
            }
        })
    }
}

impl BuiltIn {
    fn new(name: &'static str, body: &'static str) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish());
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let (tag, gzip_tag) =
            (format!("\"{:x}\"", hasher.finish()), format!("\"{:x}-gzip\"", hasher.finish()));
        Self { name, body, gzip: gzip.expect("a Vec takes all"), tag, gzip_tag }
    }
}

/// Reads a file that lies in `folder`, neither above nor behind a link out of it. Hidden files stay hidden.
async fn read_inside(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let is_plain =
        |part| matches!(part, Component::Normal(name) if !name.as_encoded_bytes().starts_with(b"."));
    if name.contains('\\') || !Path::new(name).components().all(is_plain) {
        return None;
    }
    let path = tokio::fs::canonicalize(folder.join(name)).await.ok()?;
    let is_file = tokio::fs::metadata(&path).await.ok()?.is_file();
    if is_file && path.starts_with(folder) { tokio::fs::read(path).await.ok() } else { None }
}

fn content_type(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}
