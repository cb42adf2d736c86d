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
    output::{Report, put},
    roster_next,
};
use crate::{
    codebook::{Catalog, Codebook, CodebookFiles, LoadError, QuestionKind, Refused, Required},
    failure::Failure,
    intake::{MAX_WORKBOOK, Sheets, XlsFormError, convert},
    runtime::homes::pack,
};

pub(super) fn run(context: &Context, verb: &FormVerb) -> Result<Report, Failure> {
    match verb {
        FormVerb::Check { files } if files.is_empty() => check(codebook()?),
        FormVerb::Check { files } => check(&with_files(files)?),
        FormVerb::Import { file, workbook: Some(workbook), as_version } if file.as_os_str() == "xlsform" => {
            workbook_in(context, workbook, *as_version)
        }
        FormVerb::Import { file, workbook: None, as_version } if is_workbook(file) => {
            workbook_in(context, file, *as_version)
        }
        FormVerb::Import { as_version: Some(_), .. } => Err(Failure::usage(
            "taking in a form — --as-version is for workbooks",
            "A form in TOML says its version itself.",
        )),
        FormVerb::Import { file, workbook: None, .. } => import(context, file),
        FormVerb::Import { workbook: Some(_), .. } => {
            Err(Failure::usage("taking in a form — two files were named", "Take them in one by one."))
        }
        FormVerb::Publish { source } => publish(context, source.as_deref()),
    }
}

fn is_workbook(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "xlsx")
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
    let (names, drafts) = draft(context, &[(file.display().to_string(), text(file)?)])?;
    let name = names.first().cloned().unwrap_or_default();
    let to = context.paths()?.codebook_draft().join(&name);
    let text = format!("Kept as a draft: {name}. Nobody is asked by it before: amanat form publish");
    Ok(Report::new(text, json!({"draft": name, "path": to, "drafts": drafts})))
}

/// Checks files with the drafts that are there and keeps them among those. Gives their names, and how many drafts there are.
fn draft(context: &Context, texts: &[(String, String)]) -> Result<(Vec<String>, usize), Failure> {
    let doing = "taking in the form";
    let paths = context.paths()?;
    let folder = paths.codebook_draft();
    let mut files = CodebookFiles::default();
    let mut names = Vec::new();
    for (file, text) in texts {
        names.push(files.add(file, text).map_err(|error| unread(doing, &error))?);
    }
    let mut all = files.clone();
    if folder.is_dir()
        && (!toml_files(&folder.join("forms"))?.is_empty() || !toml_files(&folder.join("lists"))?.is_empty())
    {
        all.above(&read(&folder)?);
    }
    above(codebook()?, &all, doing)?;
    paths.make()?;
    for (name, (_, text)) in names.iter().zip(texts) {
        let to = folder.join(name);
        let disk = |error| Failure::disk(format!("{doing} {}", to.display()), &error);
        fs::create_dir_all(to.parent().unwrap_or(&folder)).map_err(disk)?;
        fs::write(&to, text).map_err(disk)?;
    }
    Ok((names, all.texts().len()))
}

/// An XLSForm becomes drafts; what has no counterpart is named with its row.
fn workbook_in(context: &Context, file: &Path, version: Option<u16>) -> Result<Report, Failure> {
    let doing = || format!("taking in the workbook {}", file.display());
    let size = fs::metadata(file).map_err(|error| Failure::disk(doing(), &error))?.len();
    let refused = |error: XlsFormError| Failure::refused(format!("{} — {error}", doing()), "Correct the workbook.");
    if usize::try_from(size).is_ok_and(|size| size > MAX_WORKBOOK) {
        return Err(refused(XlsFormError::TooLarge(format!("{size} bytes, {MAX_WORKBOOK} at most"))));
    }
    let bytes = fs::read(file).map_err(|error| Failure::disk(doing(), &error))?;
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let converted = Sheets::read(&bytes).and_then(|sheets| convert(&sheets, &name, version)).map_err(refused)?;
    let texts: Vec<(String, String)> =
        converted.files.iter().map(|text| (file.display().to_string(), text.clone())).collect();
    let (names, drafts) = draft(context, &texts)?;
    let mut lines = vec![format!(
        "Kept as drafts: {} ({} questions). Nobody is asked by them before: amanat form publish",
        converted.forms.join(", "),
        converted.questions
    )];
    if converted.untranslated > 0 {
        lines.push(format!("{} texts stand in one language, and are shown so in both.", converted.untranslated));
    }
    if !converted.notes.is_empty() {
        lines.push(format!("Left out or taken otherwise: {}", converted.notes.len()));
        lines.extend(converted.notes.iter().map(|note| format!("  {note}")));
    }
    let notes: Vec<Json> =
        converted.notes.iter().map(|note| json!({"sheet": note.sheet, "row": note.row, "what": note.what})).collect();
    let json = json!({
        "forms": converted.forms, "questions": converted.questions, "files": names, "drafts": drafts,
        "untranslated": converted.untranslated, "left_out": notes,
    });
    Ok(Report::new(lines.join("\n"), json))
}

fn publish(context: &Context, source: Option<&Path>) -> Result<Report, Failure> {
    let source = source.map_or_else(|| Ok(context.paths()?.codebook_draft()), |source| Ok(source.to_path_buf()))?;
    let files = read(&source)?;
    let mut admin = roster_next::admin(context)?;
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
