//! `amanat roster revoke|admin-remove|threshold|grant|withdraw|post|stand-in|leave|split|merge`: people and devices after they were enrolled.

use amanat_keys::{
    fingerprint::Digest,
    roster::{DeviceState, Role, Roster},
};

use super::{args::PeopleVerb, context::Context, output::Report, roster_next::plainly};
use crate::{
    failure::Failure,
    runtime::roster::{
        edit::{find_member, find_unit},
        enrol::Admin,
        moves,
        revocation::{Revocation, UpTo},
    },
};

pub(super) fn run(context: &Context, verb: &PeopleVerb) -> Result<Report, Failure> {
    match verb {
        PeopleVerb::Revoke { device, from, journal, link, lost, left: _, consent } => {
            let state = if *lost { DeviceState::Lost } else { DeviceState::Left };
            let link = link.as_deref().map(read_link).transpose()?;
            let up_to = up_to(from)?;
            let asked = Revocation { device, up_to, journal: journal.as_deref(), link, state };
            plainly(context, consent, |admin| admin.revoked(&asked))
        }
        PeopleVerb::Leave { member, threshold, consent } => {
            plainly(context, consent, |admin| admin.without(member, *threshold))
        }
        PeopleVerb::AdminRemove { member, threshold, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| moves::remove_admin(roster, find_member(roster, member)?, *threshold))
        }),
        PeopleVerb::Threshold { admins, consent } => {
            plainly(context, consent, |admin| edited(admin, |roster| moves::set_threshold(roster, Some(*admins))))
        }
        PeopleVerb::Grant { member, role, unit, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| {
                let at = find_unit(roster, unit.as_deref())?.id;
                moves::grant(roster, find_member(roster, member)?, read_role(role)?, at)
            })
        }),
        PeopleVerb::Withdraw { member, role, unit, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| {
                let at = find_unit(roster, unit.as_deref())?.id;
                moves::withdraw(roster, find_member(roster, member)?, read_role(role)?, at)
            })
        }),
        PeopleVerb::Post { member, to, from, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| {
                let to = find_unit(roster, Some(to))?.id;
                let from = from.as_deref().map(|from| find_unit(roster, Some(from)).map(|unit| unit.id)).transpose()?;
                moves::post(roster, find_member(roster, member)?, from, to)
            })
        }),
        PeopleVerb::StandIn { member, colleague, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| {
                moves::stand_in(roster, find_member(roster, member)?, find_member(roster, colleague)?)
            })
        }),
        PeopleVerb::Split { unit, new, member, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| {
                let unit = find_unit(roster, Some(unit))?.id;
                let members = member.iter().map(|name| find_member(roster, name)).collect::<Result<Vec<_>, _>>()?;
                moves::split(roster, unit, new, &members).map(drop)
            })
        }),
        PeopleVerb::Merge { unit, into, consent } => plainly(context, consent, |admin| {
            edited(admin, |roster| {
                let (old, into) = (find_unit(roster, Some(unit))?.id, find_unit(roster, Some(into))?.id);
                moves::merge(roster, old, into)
            })
        }),
    }
}

/// The next roster after an edit.
fn edited(admin: &Admin, edit: impl FnOnce(&mut Roster) -> Result<(), Failure>) -> Result<Roster, Failure> {
    let mut roster = admin.next()?;
    edit(&mut roster)?;
    Ok(roster)
}

fn up_to(text: &str) -> Result<UpTo, Failure> {
    if text == "now" {
        return Ok(UpTo::Known);
    }
    text.parse().map(UpTo::Number).map_err(|_not_a_number| {
        Failure::usage("revoking a device — --from is neither a number nor `now`", "Give the last number that counts.")
    })
}

fn read_link(text: &str) -> Result<Digest, Failure> {
    text.trim().parse().map_err(|_malformed| {
        Failure::usage(
            "revoking a device — the link is not 64 hex digits",
            "Copy it from: amanat status --json, there.",
        )
    })
}

fn read_role(word: &str) -> Result<Role, Failure> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        Failure::usage(format!("changing roles — there is no role {word}"), format!("Roles: {}.", words.join(", ")))
    })
}
