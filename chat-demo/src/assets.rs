//! The pages: those in the binary, or a folder's.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

/// A page of ours needs nothing from elsewhere, and nobody else may put it into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) enum Assets {
    BuiltIn,
    /// An absolute path, without symbolic links.
    Folder(PathBuf),
}

pub(crate) struct Asset {
    pub(crate) content_type: &'static str,
    /// Only for our own page. A folder's page may hold inline scripts or load what it likes: we can't know, and its
    /// owner can say it in a `<meta>`.
    pub(crate) policy: Option<&'static str>,
    pub(crate) body: Cow<'static, [u8]>,
}

impl Assets {
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self, String> {
        let Some(folder) = folder else { return Ok(Self::BuiltIn) };
        match folder.canonicalize() {
            Ok(path) if path.is_dir() => Ok(Self::Folder(path)),
            Ok(_) => Err(format!("--assets: {} is not a folder", folder.display())),
            Err(error) => Err(format!("--assets: {}: {error}", folder.display())),
        }
    }

    /// Finds what a request's path names.
    pub(crate) async fn get(&self, path: &str) -> Option<Asset> {
        let name = match path {
            "/" => "index.html",
            _ => path.strip_prefix('/')?,
        };
        let (body, policy) = match self {
            Self::BuiltIn => (Cow::Borrowed(built_in(name)?), Some(POLICY)),
            Self::Folder(folder) => (Cow::Owned(read_inside(folder, name).await?), None),
        };
        Some(Asset { content_type: content_type(name), policy, body })
    }
}

fn built_in(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "index.html" => include_str!("../web/index.html").as_bytes(),
        "chat.js" => include_str!("../web/chat.js").as_bytes(),
        "style.css" => include_str!("../web/style.css").as_bytes(),
        _ => return None,
    })
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
