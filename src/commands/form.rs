//! `amanat form check|import|publish`: the promises of the codebook, other people's form files, and an agency's own codebook.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};

use super::{
    args::FormVerb,
    book::codebook,
    context::Context,
    later,
    output::{Report, put},
    roster,
};
use crate::{
    codebook::{Catalog, Codebook, CodebookFiles, LoadError, QuestionKind, Refused, Required},
    failure::Failure,
    runtime::pack,
};

pub(super) fn run(context: &Context, verb: &FormVerb) -> Result<Report, Failure> {
    match verb {
        FormVerb::Check { files } if files.is_empty() => check(codebook()?),
        FormVerb::Check { files } => check(&with_files(files)?),
        FormVerb::Import { file, .. } if is_workbook(file) => Err(later("form import xlsform")),
        FormVerb::Import { file, workbook: None } => import(context, file),
        FormVerb::Import { workbook: Some(_), .. } => {
            Err(Failure::usage("taking in a form — two files were named", "Take them in one by one."))
        }
        FormVerb::Publish { source } => publish(context, source.as_deref()),
    }
}

fn is_workbook(file: &Path) -> bool {
    let ends = file.extension().is_some_and(|end| end == "xlsx" || end == "xls");
    ends || file.as_os_str() == "xlsform"
}

/// The built-in codebook with these files above.
fn with_files(files: &[PathBuf]) -> Result<Codebook, Failure> {
    let mut read = CodebookFiles::default();
    for file in files {
        add(&mut read, file)?;
    }
    above(codebook()?, &read, "checking forms")
}

fn above(below: &Codebook, files: &CodebookFiles, doing: &str) -> Result<Codebook, Failure> {
    let mut catalog = Catalog::new(below.clone());
    let read = files.codebook().map_err(|error| unread(doing, &error))?;
    match catalog.adopt(&read) {
        Ok(()) => Ok(catalog.codebook().clone()),
        Err(Refused(findings)) => {
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            Err(broken(doing, &findings).unwrap_or_else(|| Failure::refused(doing, "")))
        }
    }
}

fn add(files: &mut CodebookFiles, file: &Path) -> Result<String, Failure> {
    let text = text(file)?;
    files.add(&file.display().to_string(), &text).map_err(|error| unread("checking forms", &error))
}

fn text(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::disk(format!("reading the form {}", file.display()), &error))
}

fn unread(doing: &str, error: &LoadError) -> Failure {
    Failure::refused(format!("{doing} — {error}"), "Correct the line.")
}

fn broken(doing: &str, broken: &[String]) -> Option<Failure> {
    let first = broken.first()?;
    let more = if broken.len() > 1 { format!(" (and {} more)", broken.len() - 1) } else { String::new() };
    Some(Failure::refused(format!("{doing} — {first}{more}"), broken.join("\n  ")))
}

/// The files of a folder, its `forms` and its `lists`, in the order of their names; or one file.
fn read(source: &Path) -> Result<CodebookFiles, Failure> {
    let mut files = CodebookFiles::default();
    if source.is_dir() {
        for folder in [source.to_path_buf(), source.join("forms"), source.join("lists")] {
            for file in toml_files(&folder)? {
                add(&mut files, &file)?;
            }
        }
    } else {
        add(&mut files, source)?;
    }
    if files.is_empty() {
        return Err(Failure::usage(
            format!("reading forms and lists — {} holds no TOML file", source.display()),
            "Name a folder or a file, or take one in with: amanat form import FILE.toml",
        ));
    }
    Ok(files)
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let doing = |error: &std::io::Error| Failure::disk(format!("reading the folder {}", folder.display()), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| doing(&error))? {
        let path = entry.map_err(|error| doing(&error))?.path();
        if path.is_file() && path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn import(context: &Context, file: &Path) -> Result<Report, Failure> {
    let doing = "taking in the form";
    let paths = context.paths()?;
    let draft = paths.codebook_draft();
    let mut files = CodebookFiles::default();
    let name = add(&mut files, file)?;
    let mut all = files.clone();
    if draft.is_dir()
        && (!toml_files(&draft.join("forms"))?.is_empty() || !toml_files(&draft.join("lists"))?.is_empty())
    {
        all.above(&read(&draft)?);
    }
    above(codebook()?, &all, doing)?;
    let to = draft.join(&name);
    let disk = |error| Failure::disk(format!("{doing} {}", to.display()), &error);
    paths.make()?;
    fs::create_dir_all(to.parent().unwrap_or(&draft)).map_err(disk)?;
    fs::write(&to, text(file)?).map_err(disk)?;
    let text = format!("Kept as a draft: {name}. Nobody is asked by it before: amanat form publish");
    Ok(Report::new(text, json!({"draft": name, "path": to, "drafts": all.texts().len()})))
}

fn publish(context: &Context, source: Option<&Path>) -> Result<Report, Failure> {
    let source = source.map_or_else(|| Ok(context.paths()?.codebook_draft()), |source| Ok(source.to_path_buf()))?;
    let files = read(&source)?;
    let mut admin = roster::admin(context)?;
    let published = admin.publish_codebook(files)?;
    let version = published.version;
    if let Some(waits) = &published.waits {
        let file = admin.home.paths().folder().join(format!("codebook-{version}"));
        pack::write_statement(waits, &file, "proposal")?;
        let text = format!(
            "Codebook {version} is signed, and other admins must sign it too: amanat roster sign FILE\n  file  {}",
            file.display()
        );
        return Ok(Report::new(text, json!({"codebook": version, "new": true, "proposal": file})));
    }
    let forms: Vec<String> = admin.home.codebook()?.forms.values().map(|form| form.form.to_string()).collect();
    let mut report = json!({"codebook": version, "new": published.new, "forms": forms});
    let signed = if published.new { "is signed" } else { "says all of this already" };
    if admin.home.hub().is_none() {
        put(&mut report, "hub", Json::Null);
        let text = format!("Codebook {version} {signed}. The roster names no hub; it goes there with the first sync.");
        return Ok(Report::new(text, report));
    }
    let hub = super::sync::carry_documents(context, &mut admin.home)?;
    put(&mut report, "hub", json!(hub));
    Ok(Report::new(format!("Codebook {version} {signed} and is handed to {hub}."), report))
}

fn check(codebook: &Codebook) -> Result<Report, Failure> {
    let found: Vec<String> = crate::codebook::check(codebook).iter().map(ToString::to_string).collect();
    if let Some(failure) = broken("checking forms", &found) {
        return Err(failure);
    }
    let forms: Vec<Json> = codebook
        .forms
        .values()
        .map(|form| {
            let questions: Vec<Json> = form.questions().map(|question| json!({
            "id": question.id.as_str(), "kind": kind(&question.kind), "list": list(&question.kind),
            "required": !matches!(question.required, Required::No), "sealed": question.sealed, "local": question.local,
            "derived": question.derived, "label": question.label.en,
        })).collect();
            json!({"form": form.form.to_string(), "title": form.title.en, "questions": questions})
        })
        .collect();
    let text = format!("{} forms and {} lists hold.", codebook.forms.len(), codebook.lists.len());
    Ok(Report::new(text, json!({"forms": forms, "lists": codebook.lists.keys().collect::<Vec<_>>()})))
}

fn kind(kind: &QuestionKind) -> &'static str {
    match kind {
        QuestionKind::Text => "text",
        QuestionKind::LongText => "long text",
        QuestionKind::Number { .. } => "number",
        QuestionKind::Money => "money",
        QuestionKind::Flag => "flag",
        QuestionKind::Date => "date",
        QuestionKind::PartialDate => "partial date",
        QuestionKind::Moment => "moment",
        QuestionKind::Choice { .. } => "choice",
        QuestionKind::Choices { .. } => "choices",
        QuestionKind::Cnic => "cnic",
        QuestionKind::Phone => "phone",
        QuestionKind::Entry { .. } => "entry",
        QuestionKind::Map { .. } => "map",
    }
}

fn list(kind: &QuestionKind) -> Option<&str> {
    match kind {
        QuestionKind::Choice { list } | QuestionKind::Choices { list } | QuestionKind::Map { keys: list, .. } => {
            Some(list)
        }
        _ => None,
    }
}
