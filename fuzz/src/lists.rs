//! Tokens, lists of them, and lists of extensions.

/// [RFC 2616 §2.2], which RFC 6455 refers to: any CHAR except CTLs or separators.
pub fn is_token(text: &[u8]) -> bool {
    let is_separator = |byte: &u8| b"()<>@,;:\\\"/[]?={} \t".contains(byte);
    !text.is_empty() && text.iter().all(|byte| (32..127).contains(byte) && !is_separator(byte))
}

/// The elements of lists that are taken for one [RFC 9110 §5.6.1]; empty ones don't count.
pub fn elements<'a>(values: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let elements = values.iter().flat_map(|value| value.split(|&byte| byte == b','));
    elements.map(trim).filter(|element| !element.is_empty()).collect()
}

pub fn trim(mut value: &[u8]) -> &[u8] {
    while value.starts_with(b" ") || value.starts_with(b"\t") {
        value = &value[1..];
    }
    while value.ends_with(b" ") || value.ends_with(b"\t") {
        value = &value[..value.len() - 1];
    }
    value
}

/// An extension's name, and its parameters with their values.
pub type Extension = (String, Vec<(String, Option<String>)>);

/// A lexical element of [RFC 6455 §9.1].
#[derive(Debug, PartialEq)]
enum Word {
    Token(String),
    Quoted(String),
    /// `;`, `=` or `,`
    Sign(u8),
}

/// Reads an `extension-list` [RFC 6455 §9.1] in several values: cut into words first, which are put together then.
pub fn read_extensions(values: &[&[u8]]) -> Option<Vec<Extension>> {
    let mut all = Vec::new();
    for value in values {
        let words = words(value)?;
        let extensions = words.split(|word| *word == Word::Sign(b','));
        for extension in extensions.filter(|words| !words.is_empty()) {
            all.push(read_extension(extension)?);
        }
    }
    (!all.is_empty()).then_some(all)
}

fn read_extension(words: &[Word]) -> Option<Extension> {
    let mut parts = words.split(|word| *word == Word::Sign(b';'));
    let [Word::Token(name)] = parts.next()? else { return None };
    let params = parts.map(|part| match part {
        [Word::Token(name)] => Some((name.clone(), None)),
        [Word::Token(name), Word::Sign(b'='), Word::Token(value) | Word::Quoted(value)] => {
            Some((name.clone(), Some(value.clone())))
        }
        _ => None,
    });
    Some((name.clone(), params.collect::<Option<_>>()?))
}

fn words(mut text: &[u8]) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    while let Some((&first, rest)) = text.split_first() {
        text = rest;
        match first {
            b' ' | b'\t' => {}
            b';' | b'=' | b',' => words.push(Word::Sign(first)),
            b'"' => {
                let mut value = Vec::new();
                loop {
                    let (&byte, rest) = text.split_first()?;
                    text = rest;
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            let (&escaped, rest) = text.split_first()?;
                            text = rest;
                            value.push(escaped);
                        }
                        byte => value.push(byte),
                    }
                }
                // "the value after quoted-string unescaping MUST conform to the 'token' ABNF"
                words.push(Word::Quoted(token(&value)?));
            }
            first => {
                let mut value = vec![first];
                while let Some((&byte, rest)) = text.split_first().filter(|(byte, _)| is_token(&[**byte])) {
                    value.push(byte);
                    text = rest;
                }
                words.push(Word::Token(token(&value)?));
            }
        }
    }
    Some(words)
}

fn token(text: &[u8]) -> Option<String> {
    is_token(text).then(|| String::from_utf8(text.to_vec()).expect("tokens are ASCII"))
}
