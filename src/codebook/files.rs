//! A codebook as its files: what headquarters signs, sends and keeps, each file under the name that its content gives it.

use std::collections::BTreeMap;

use super::{
    form::Codebook,
    load::{LoadError, Sources, is_list},
};

/// Files by name: `forms/ID@VERSION.toml` and `lists/NAME.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodebookFiles {
    texts: BTreeMap<String, String>,
}

impl CodebookFiles {
    /// Takes in one file and gives the name under which it stands here.
    ///
    /// # Errors
    /// [`LoadError`] when it is neither a form nor a list, or when another file here holds the same one in other words.
    pub fn add(&mut self, file: &str, text: &str) -> Result<String, LoadError> {
        let (mut forms, mut lists) = (Vec::new(), Vec::new());
        if is_list(text) { &mut lists } else { &mut forms }.push((file, text));
        let read = Codebook::load(&Sources { forms, lists })?;
        let form = read.forms.keys().next().map(|form| format!("forms/{form}.toml"));
        let name = form.or_else(|| read.lists.keys().next().map(|list| format!("lists/{list}.toml")));
        let name = name.unwrap_or_default();
        match self.texts.insert(name.clone(), text.to_owned()) {
            Some(other) if other != text => {
                let what = format!("another file already holds {name}, in other words");
                Err(LoadError { file: file.to_owned(), line: 1, what })
            }
            _ => Ok(name),
        }
    }

    /// Takes over from an older codebook what is not here: what was asked once is never taken out.
    pub fn above(&mut self, older: &Self) {
        for (name, text) in &older.texts {
            self.texts.entry(name.clone()).or_insert_with(|| text.clone());
        }
    }

    /// The names and texts, sorted by name.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The forms and lists in them.
    ///
    /// # Errors
    /// [`LoadError`] for files that [`Self::add`] would not have taken.
    pub fn codebook(&self) -> Result<Codebook, LoadError> {
        let (lists, forms) = self.texts().partition(|(_, text)| is_list(text));
        Codebook::load(&Sources { forms, lists })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "list = \"hue\"\nitems = [{ code = \"R\", en = \"Red\", ur = \"سرخ\" }]\n";

    fn form(version: u16) -> String {
        format!(
            "form = \"hue\"\nversion = {version}\ntitle = {{ en = \"Hue\", ur = \"رنگ\" }}\n[[section]]\n\
             title = {{ en = \"S\", ur = \"س\" }}\n[[section.question]]\nid = \"hue\"\nkind = \"choice\"\nlist = \"hue\"\n\
             label = {{ en = \"Hue\", ur = \"رنگ\" }}\n"
        )
    }

    #[test]
    fn files_stand_under_what_is_in_them_and_older_versions_stay() {
        let mut files = CodebookFiles::default();
        assert_eq!(files.add("any name", &form(2)).unwrap(), "forms/hue@2.toml");
        assert_eq!(files.add("b.toml", LIST).unwrap(), "lists/hue.toml");
        let mut older = CodebookFiles::default();
        older.add("old", &form(1)).unwrap();
        older.add("old list", &LIST.replace("Red", "Crimson")).unwrap();
        files.above(&older);
        let read = files.codebook().unwrap();
        assert_eq!(read.forms.len(), 2);
        assert_eq!(&*read.list("hue").unwrap().items[0].label.en, "Red", "the newer words of a list count");
    }

    #[test]
    fn two_files_of_one_form_and_what_is_neither_are_refused() {
        let mut files = CodebookFiles::default();
        files.add("a.toml", &form(1)).unwrap();
        files.add("again.toml", &form(1)).unwrap();
        let error = files.add("b.toml", &form(1).replace("Hue", "Colour")).unwrap_err();
        assert!(error.to_string().starts_with("b.toml, line 1: another file"), "{error}");
        assert!(files.add("c.toml", "colour = 3").is_err());
    }
}
