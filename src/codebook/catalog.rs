//! Every version of every form ever used: the built-in ones as the floor, those that headquarters signed above.
//!
//! Whether a document is signed is decided before it comes here; what is decided here is whether it would break what
//! was asked before. Old entries are always shown in the words they were asked in, so nothing is ever taken out.

use std::sync::Arc;

use crate::model::FormRef;

use super::{
    check::{Finding, check},
    form::{CodeList, Codebook, Form},
};

/// Why a codebook is not adopted: all of it, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Vec<Finding>);

/// The layers of codebooks as one.
#[derive(Clone, Debug)]
pub struct Catalog {
    merged: Codebook,
}

impl Catalog {
    /// A catalog that has only this floor.
    pub const fn new(floor: Codebook) -> Self {
        Self { merged: floor }
    }

    /// Puts a codebook above all there is. Taking the same one twice changes nothing.
    ///
    /// # Errors
    /// [`Refused`] where it redefines a form version, drops a code, or where the whole would break a promise.
    pub fn adopt(&mut self, above: &Codebook) -> Result<(), Refused> {
        let mut findings = Vec::new();
        let mut merged = self.merged.clone();
        for (id, form) in &above.forms {
            let old = merged.forms.insert(id.clone(), Arc::clone(form));
            if old.is_some_and(|old| old != *form) {
                let what = "this version is in use with other questions; a change is a new version".to_owned();
                findings.push(Finding { place: format!("form {id}"), what });
            }
        }
        for (name, list) in &above.lists {
            if let Some(old) = merged.lists.insert(name.clone(), Arc::clone(list)) {
                findings.extend(dropped(&old, list));
            }
        }
        findings.extend(check(&merged));
        if !findings.is_empty() {
            return Err(Refused(findings));
        }
        self.merged = merged;
        Ok(())
    }

    /// All layers as one codebook.
    pub const fn codebook(&self) -> &Codebook {
        &self.merged
    }

    /// The form version an entry was asked in.
    pub fn form(&self, form: &FormRef) -> Option<&Arc<Form>> {
        self.merged.form(form)
    }

    /// The newest version of a form, for a new draft.
    pub fn newest(&self, id: &str) -> Option<&Arc<Form>> {
        self.merged.newest(id)
    }
}

fn dropped<'a>(old: &'a CodeList, new: &'a CodeList) -> impl Iterator<Item = Finding> + 'a {
    old.items.iter().filter(|item| new.item(item.code.as_str()).is_none()).map(|item| Finding {
        place: format!("list {}", old.name),
        what: format!("code `{}` is gone; old answers still need its words", item.code),
    })
}

#[cfg(test)]
mod tests {
    use super::super::load::Sources;
    use super::*;

    const LIST: &str = "list = \"yes\"\nitems = [{ code = \"Y\", en = \"Yes\", ur = \"ہاں\" }]\n";

    fn codebook(version: u16, label: &str, list: &str) -> Codebook {
        let form = format!(
            "form = \"f\"\nversion = {version}\ntitle = {{ en = \"F\", ur = \"ف\" }}\n[[section]]\n\
             title = {{ en = \"S\", ur = \"س\" }}\n[[section.question]]\nid = \"q\"\nkind = \"choice\"\nlist = \"yes\"\n\
             label = {{ en = \"{label}\", ur = \"ق\" }}\n"
        );
        Codebook::load(&Sources { forms: vec![("f", &form)], lists: vec![("l", list)] }).unwrap()
    }

    #[test]
    fn a_new_version_stands_beside_the_old() {
        let mut catalog = Catalog::new(codebook(1, "Old", LIST));
        let longer = LIST.replace("}]", "}, { code = \"N\", en = \"No\", ur = \"نہیں\" }]");
        let above = codebook(2, "New", &longer);
        catalog.adopt(&above).unwrap();
        catalog.adopt(&above).unwrap();
        let label = |version| {
            let form = catalog.form(&FormRef { id: "f".into(), version }).unwrap();
            form.question("q").unwrap().label.en.clone()
        };
        assert_eq!((&*label(1), &*label(2)), ("Old", "New"));
        assert_eq!(catalog.newest("f").unwrap().form.version, 2);
    }

    #[test]
    fn what_would_break_old_entries_is_refused_whole() {
        let mut catalog = Catalog::new(codebook(1, "Old", LIST));
        let Refused(findings) = catalog.adopt(&codebook(1, "Other words", LIST)).unwrap_err();
        assert!(findings[0].what.contains("a change is a new version"));
        let Refused(findings) = catalog.adopt(&codebook(2, "New", &LIST.replace("\"Y\"", "\"N\""))).unwrap_err();
        assert!(findings[0].what.contains("code `Y` is gone"));
        assert_eq!(catalog.codebook().forms.len(), 1);
    }
}
