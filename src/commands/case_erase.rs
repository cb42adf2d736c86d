//! `amanat case erase`: first the proposal, then, once the admins have signed it, the stand-ins.

use std::path::{Path, PathBuf};

use amanat_keys::{erasure::Erasure, fingerprint::CaseId};
use serde_json::json;

use super::{
    book::Book,
    context::Context,
    output::{Report, one_line},
    typed,
};
use crate::{failure::Failure, model, runtime::homes::pack};

pub(super) fn run(
    context: &Context,
    id: &str,
    order: Option<&str>,
    signed: Option<&Path>,
    out: Option<&Path>,
) -> Result<Report, Failure> {
    match (order, signed) {
        (_, Some(signed)) => carry_out(context, id, signed),
        (Some(order), None) => propose(context, id, order, out),
        (None, None) => {
            Err(Failure::usage("erasing — neither an order nor a signed proposal was given", "See --help."))
        }
    }
}

fn propose(context: &Context, id: &str, order: &str, out: Option<&Path>) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    let proposal = home.propose_erasure(case.into(), order)?;
    let out = out.map_or_else(|| PathBuf::from(format!("erasure-{}", case.short())), Path::to_path_buf);
    pack::write_statement(&proposal.statement, &out, "proposal")?;
    let roster = home.trust()?.roster();
    let signed = home.signatures(&proposal.statement)?;
    let admins: Vec<String> = roster
        .admins
        .iter()
        .filter_map(|admin| roster.member(&admin.member))
        .map(|member| one_line(&member.name))
        .collect();
    let (contents, slips) = (proposal.contents, proposal.order.targets.len() - proposal.contents);
    let mut text = format!(
        "Proposed; nothing is erased yet.\n{}\n  of them  {contents} with content, {slips} slips\n  file     {}\n\
         {} of {} admins must sign ({}): amanat roster sign FILE",
        told(&proposal.order, &roster.name),
        out.display(),
        signed.need,
        signed.of,
        admins.join(", "),
    );
    if proposal.left_out > 0 {
        text.push_str(&format!(
            "\n  ! {} entries are left out: another custodian must propose them",
            proposal.left_out
        ));
    }
    Ok(Report::new(
        text,
        json!({
            "case": case.to_string(), "file": out, "entries": proposal.order.targets.len(), "contents": contents,
            "slips": slips, "left_out": proposal.left_out, "needed": signed.need, "admins": admins,
            "reason": proposal.order.reason.to_string(),
        }),
    ))
}

fn carry_out(context: &Context, id: &str, file: &Path) -> Result<Report, Failure> {
    let statement = pack::read_statement(file, "signed order")?;
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    let stood = home.stand_in(case.into(), &statement)?;
    let mut text = format!(
        "Stood in for {} entries; {} are erased here. The next sync carries order and stand-ins to the hub and everybody.",
        stood.kept + stood.before,
        stood.gone.len(),
    );
    if stood.not_held > 0 {
        text.push_str(&format!("\n  ! {} entries are not held here: sync, then run this again", stood.not_held));
    }
    if stood.left_out > 0 {
        text.push_str(&format!("\n  ! {} entries need another custodian to run this as well", stood.left_out));
    }
    Ok(Report::new(
        text,
        json!({
            "case": case.to_string(), "entries": stood.order.targets.len(), "stood_in": stood.kept, "before": stood.before,
            "not_held": stood.not_held, "left_out": stood.left_out, "erased_here": stood.gone.len(),
        }),
    ))
}

/// A case by the beginning of its id.
fn case_id(book: &Book, asked: &str) -> Result<model::CaseId, Failure> {
    typed::one_id("case", asked, book.casebook.cases().map(|case| case.id))
}

/// An order in three lines.
pub(super) fn told(order: &Erasure, agency: &str) -> String {
    let case: CaseId = order.case;
    format!("  agency   {}\n  case     {case}\n  erases   {} entries", one_line(agency), order.targets.len())
}
