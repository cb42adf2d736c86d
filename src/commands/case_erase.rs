//! `amanat case erase`: first the proposal, then, once the admins have signed it, the stand-ins; afterwards the receipt.

use std::path::{Path, PathBuf};

use amanat_keys::{erasure::Erasure, fingerprint::CaseId};
use serde_json::json;

use super::{
    book::Book,
    context::Context,
    output::{Report, one_line},
    typed,
};
use crate::{
    failure::Failure,
    model::{self, NoReason},
    runtime::{
        homes::{home::Home, pack},
        screen::printing,
    },
};

/// What of an erasure is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Erasing<'a> {
    /// Propose it, because of this order: of these entries, or of all.
    Order(&'a str, &'a [String]),
    /// Propose it, because this entry says that consent was withdrawn.
    Consent(&'a str),
    /// Carry out what was signed.
    Signed(&'a Path),
    /// Say what became of it.
    Receipt(&'a Path),
}

impl<'a> Erasing<'a> {
    /// Whichever was given.
    ///
    /// # Errors
    /// Usage where none was.
    pub(super) fn asked(
        order: Option<(&'a str, &'a [String])>,
        consent: Option<&'a str>,
        signed: Option<&'a Path>,
        receipt: Option<&'a Path>,
    ) -> Result<Self, Failure> {
        let order = order.map(|(text, only)| Self::Order(text, only)).or(consent.map(Self::Consent));
        let asked = order.or(signed.map(Self::Signed)).or(receipt.map(Self::Receipt));
        asked.ok_or_else(|| Failure::usage("erasing — neither a reason nor a signed proposal was given", "See --help."))
    }
}

pub(super) fn run(context: &Context, id: &str, what: Erasing<'_>, out: Option<&Path>) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    match what {
        Erasing::Order(order, only) => {
            let of_case = book.casebook.case(&case).map(|case| case.entries.clone()).unwrap_or_default();
            let one = |asked: &String| typed::one_id("entry", asked, of_case.iter().copied());
            let only = only.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            propose(&mut home, case, (order, &only), out)
        }
        Erasing::Consent(entry) => {
            let reason = withdrawn_consent(&book, case, entry)?;
            propose(&mut home, case, (&reason, &[]), out)
        }
        Erasing::Signed(signed) => carry_out(&mut home, case, signed),
        Erasing::Receipt(file) => receipt(&home, case, file),
    }
}

/// What an order says whose reason is that consent was withdrawn.
fn withdrawn_consent(book: &Book, case: model::CaseId, asked: &str) -> Result<String, Failure> {
    const DOING: &str = "proposing the erasure";
    let entries = book.casebook.case(&case).map(|case| case.entries.clone()).unwrap_or_default();
    let entry = typed::one_id("entry", asked, entries.into_iter())?;
    match model::withdrawn(&book.casebook, &case, &entry) {
        Ok(day) => Ok(format!("Consent withdrawn on {day} (entry {})", entry.short())),
        Err(NoReason::NotWithdrawn) => Err(Failure::refused(
            format!("{DOING} — that entry does not say that consent was withdrawn"),
            "Correct the interview first: the day on which consent was withdrawn.",
        )),
        Err(NoReason::ByLaw(other)) => Err(Failure::refused(
            format!(
                "{DOING} — entry {} is kept by law, whatever is consented to (CrPC ss.154, 161, 164)",
                other.short()
            ),
            "A case that holds an FIR or a statement is erased by a court's order only: --order TEXT.",
        )),
    }
}

/// What became of it, into a new file and onto the screen.
fn receipt(home: &Home, case: model::CaseId, file: &Path) -> Result<Report, Failure> {
    let receipts = home.erasure_receipts(case.into())?;
    let agency = one_line(&home.trust()?.roster().name);
    let (mut text, mut orders) = (String::new(), Vec::new());
    for it in &receipts {
        let (received, own) = it.at_hub;
        let since = it.since.map_or_else(|| "not known".to_owned(), |since| since.to_string());
        text.push_str(&format!(
            "Order {}\n  names    {} entries\n  stood in {} of them\n  gone here {} of them, since {since} by the hub's clock\n  \
             hub      has signed for {received} of {own} stand-ins of this device\n",
            it.order, it.named, it.stood_in, it.gone,
        ));
        let statement: String = it.statement.iter().map(|byte| format!("{byte:02x}")).collect();
        orders.push(json!({
            "order": it.order.to_string(), "reason": it.reason.to_string(), "entries": it.named, "stood_in": it.stood_in,
            "gone_here": it.gone, "since": it.since.map(|since| since.to_string()), "received_by_hub": received,
            "own_stand_ins": own, "statement": statement,
        }));
    }
    text.push_str(&format!(
        "Written to {}. What was copied out of this program before, it cannot know.",
        file.display()
    ));
    let all =
        json!({"agency": agency, "case": case.to_string(), "device": home.device().to_string(), "orders": orders});
    printing::to_file("the receipt", file, &format!("{all:#}\n"))?;
    Ok(Report::new(text, all))
}

fn propose(
    home: &mut Home,
    case: model::CaseId,
    (order, only): (&str, &[model::EntryId]),
    out: Option<&Path>,
) -> Result<Report, Failure> {
    let proposal = home.propose_erasure(case.into(), order, only)?;
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

fn carry_out(home: &mut Home, case: model::CaseId, file: &Path) -> Result<Report, Failure> {
    let statement = pack::read_statement(file, "signed order")?;
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
