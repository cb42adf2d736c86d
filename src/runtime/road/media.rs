//! What kind of file something is, by how it begins: the few kinds that officers bring. A name proves nothing, so none is looked at.

/// Bytes that are enough to tell.
pub const SNIFF: usize = 512;

/// What is not known.
const UNKNOWN: &str = "application/octet-stream";

/// Beginnings, and what they are.
const MAGIC: [(&[u8], &str); 15] = [
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"\x89PNG\r\n\x1A\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xFF\xFB", "audio/mpeg"),
    (b"\xFF\xF1", "audio/aac"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1A\x45\xDF\xA3", "video/webm"),
];

/// The media type of a file that begins so.
pub fn sniff(begins: &[u8]) -> &'static str {
    if let Some((_, media)) = MAGIC.iter().find(|(magic, _)| begins.starts_with(magic)) {
        return media;
    }
    match (begins.get(..4), begins.get(4..8), begins.get(8..12)) {
        (Some(b"RIFF"), _, Some(b"WEBP")) => "image/webp",
        (Some(b"RIFF"), _, Some(b"WAVE")) => "audio/wav",
        (_, Some(b"ftyp"), Some(brand)) => match brand {
            b"heic" | b"heix" | b"mif1" => "image/heic",
            b"M4A " | b"M4B " => "audio/mp4",
            brand if brand.starts_with(b"3g") => "video/3gpp",
            _ => "video/mp4",
        },
        _ if is_text(begins) => "text/plain",
        _ => UNKNOWN,
    }
}

/// Whether a person could have typed it; a character may be cut at the end.
fn is_text(begins: &[u8]) -> bool {
    let whole = match std::str::from_utf8(begins) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let (text, _) = begins.split_at(error.valid_up_to());
            std::str::from_utf8(text).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !whole.is_empty() && !whole.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Whether a person may have meant this as a media type: `type/subtype`, in the letters that such names are made of.
pub fn is_media(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    text.len() <= 127 && text.split_once('/').is_some_and(|(kind, name)| word(kind) && word(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_how_they_begin_and_not_by_their_name() {
        for (begins, media) in [
            (&b"\xFF\xD8\xFF\xE0\0\x10JFIF"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1A\n\0\0", "image/png"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x18ftypheic\0\0", "image/heic"),
            (b"\0\0\0\x18ftypM4A \0\0", "audio/mp4"),
            (b"\0\0\0\x18ftyp3gp4\0\0", "video/3gpp"),
            (b"\0\0\0\x18ftypisom\0\0", "video/mp4"),
            (b"%PDF-1.7\n%\xE2", "application/pdf"),
            ("متن".as_bytes(), "text/plain"),
            (&"متن".as_bytes()[..5], "text/plain"),
            (b"text\0with a nought", UNKNOWN),
            (b"\xC3\x28", UNKNOWN),
            (b"", UNKNOWN),
        ] {
            assert_eq!(sniff(begins), media, "{begins:?}");
        }
        assert!(is_media("image/svg+xml") && is_media("audio/x-m4a"));
        for none in ["image", "image/", "/jpeg", "image/jp eg", "image/jpeg; q=1", "a/b/c"] {
            assert!(!is_media(none), "{none}");
        }
    }
}
