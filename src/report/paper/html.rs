//! One HTML page, piece by piece: whatever a person typed reaches it as letters and never as markup.

use crate::model::Lang;

/// What every page begins with. Nothing can be loaded from it or run in it, and the title that a browser prints at the edge says nothing.
const HEAD: &str = concat!(
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    "<title>–</title>\n<style>",
    "@page{size:A4;margin:18mm}",
    "body{margin:0 auto;max-width:174mm;font:11pt/1.45 'Noto Sans','DejaVu Sans',sans-serif;color:#000;background:#fff}",
    "[lang=ur]{font-family:'Noto Nastaliq Urdu','Jameel Noori Nastaleeq','Noto Naskh Arabic','Noto Sans Arabic',serif;line-height:2.1}",
    "article{break-after:page}article:last-child{break-after:auto}",
    "h1{font-size:15pt;margin:0 0 4mm;border-bottom:.4mm solid;padding-bottom:2mm}",
    "h2{font-size:12pt;margin:5mm 0 1.5mm}",
    "p{margin:0 0 2.5mm}ol{margin:0 0 3mm;padding-inline-start:7mm}",
    "table{width:100%;border-collapse:collapse;margin:0 0 3mm}",
    "th{width:42%;font-weight:normal;color:#333}td,th{text-align:start;vertical-align:top;padding:1mm 2mm;border-bottom:.2mm solid #999}",
    ".box{white-space:nowrap;padding-inline-end:6mm}",
    ".told{white-space:pre-wrap}",
    ".warn{border:.5mm solid;padding:2mm 3mm}",
    ".sign{margin-top:13mm;border-top:.3mm solid;width:75mm;padding-top:1mm}",
    ".card{width:85mm;min-height:54mm;box-sizing:border-box;border:.2mm dashed #666;padding:4mm;margin:0 0 6mm}",
    ".card p{margin:0 0 1.5mm}.blank{border-bottom:.2mm solid #666;height:7mm}",
    "</style></head><body>\n"
);

/// A page that is being written, in one language at a time.
pub(super) struct Page {
    out: String,
    open: bool,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { out: HEAD.to_owned(), open: false }
    }

    /// Begins the part in a language.
    pub(super) fn begin(&mut self, lang: Lang, heading: &str) {
        self.end();
        let (name, way) = way(lang);
        self.out.push_str(&format!("<article lang=\"{name}\" dir=\"{way}\"><h1>{}</h1>\n", escaped(heading)));
        self.open = true;
    }

    fn end(&mut self) {
        if self.open {
            self.out.push_str("</article>\n");
        }
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.out.push_str(&format!("<h2>{}</h2>\n", escaped(text)));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.out.push_str(&format!("<p>{}</p>\n", escaped(text)));
    }

    /// Something that must not be overlooked.
    pub(super) fn warning(&mut self, text: &str) {
        self.out.push_str(&format!("<p class=\"warn\">{}</p>\n", escaped(text)));
    }

    /// What somebody said or wrote, lines kept, in its own direction.
    pub(super) fn told(&mut self, text: &str) {
        self.out.push_str(&format!("<p class=\"told\" dir=\"auto\">{}</p>\n", escaped(text)));
    }

    pub(super) fn list(&mut self, items: impl Iterator<Item = String>) {
        let items: String = items.map(|item| format!("<li>{}</li>", escaped(&item))).collect();
        self.out.push_str(&format!("<ol>{items}</ol>\n"));
    }

    /// Labels and what they say; what was not said is a line to write on.
    pub(super) fn rows(&mut self, rows: &[(String, String)]) {
        let row = |(label, told): &(String, String)| {
            let told = if told.is_empty() { "&nbsp;".to_owned() } else { escaped(told) };
            format!("<tr><th>{}</th><td><bdi>{told}</bdi></td></tr>", escaped(label))
        };
        let rows: String = rows.iter().map(row).collect();
        self.out.push_str(&format!("<table>{rows}</table>\n"));
    }

    /// Questions with boxes to tick: label, and the answers with whether each was given.
    pub(super) fn boxes(&mut self, rows: &[(String, Vec<(String, bool)>)]) {
        let sign = |ticked: bool| if ticked { "☒" } else { "☐" };
        let row = |(label, answers): &(String, Vec<(String, bool)>)| {
            let boxes = answers
                .iter()
                .map(|(answer, ticked)| format!("<span class=\"box\">{} {}</span> ", sign(*ticked), escaped(answer)));
            format!("<tr><th>{}</th><td>{}</td></tr>", escaped(label), boxes.collect::<String>())
        };
        let rows: String = rows.iter().map(row).collect();
        self.out.push_str(&format!("<table>{rows}</table>\n"));
    }

    /// A line to sign on.
    pub(super) fn signature(&mut self, whose: &str) {
        self.out.push_str(&format!("<div class=\"sign\">{}</div>\n", escaped(whose)));
    }

    /// A card to cut out, with so many empty lines at its end.
    pub(super) fn card(&mut self, lines: &[String], blank: usize) {
        let lines: String = lines.iter().map(|line| format!("<p>{}</p>", escaped(line))).collect();
        let blank = "<div class=\"blank\"></div>".repeat(blank);
        self.out.push_str(&format!("<div class=\"card\">{lines}{blank}</div>\n"));
    }

    pub(super) fn finish(mut self) -> String {
        self.end();
        self.out.push_str("</body></html>\n");
        self.out
    }
}

const fn way(lang: Lang) -> (&'static str, &'static str) {
    match lang {
        Lang::En => ("en", "ltr"),
        Lang::Ur => ("ur", "rtl"),
    }
}

/// Text as letters: markup spelt out, control characters and marks of direction left out, lines kept.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}
