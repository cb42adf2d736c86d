//! `amanat status --team`: a supervisor's people as the hub knows them. Every number is what a device said with its last contact.

use serde_json::json;

use super::{context::Context, output::Report};
use crate::{
    failure::Failure,
    model::Moment,
    runtime::road::{
        carrier::Carrier,
        team::{self, TeamPage, TeamRow, TeamWord},
    },
};

pub(super) fn run(context: &Context) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let trust = home.trust()?;
    let reply = Carrier::new(&home)?.team()?.ok_or_else(|| {
        Failure::refused(
            "asking for the team — you are not the supervisor of any unit",
            "Ask your supervisor; your own numbers are in amanat status.",
        )
    })?;
    let page = team::page(trust, &home.device(), &reply);
    let time = |moment: Moment| moment.to_string();
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|row| {
            let said = row.said.as_ref();
            json!({
                "member": row.member, "roles": row.roles, "device": row.device.map(|device| device.to_string()), "me": row.me,
                "last_contact": row.contact.map(time), "unsent_at_least": said.map(|said| said.waiting),
                "roster_version": said.map(|said| said.roster), "quarantined": said.map(|said| said.aside),
                "clock_ahead_seconds": said.and_then(|said| said.ahead_ms).map(|ms| ms / 1_000),
            })
        })
        .collect();
    Ok(Report::new(
        text(&page),
        json!({"asked": time(page.asked), "hub_remembers_since": time(page.since), "newest_roster": page.roster, "team": rows}),
    ))
}

fn text(page: &TeamPage) -> String {
    let mut text = format!("As the hub knew it on {}; it remembers since {}.", page.asked, page.since);
    for row in &page.rows {
        text.push_str(&format!("\n  {} ({})  {}", row.member, row.roles.join(", "), told(row)));
    }
    text.push_str("\nWhat a device has kept since its last contact, nobody knows but its officer.");
    text
}

fn told(row: &TeamRow) -> String {
    match (row.device, row.contact, row.said) {
        (None, ..) => "no device in use".to_owned(),
        (_, None, _) => "no contact; what waits there is unknown".to_owned(),
        (_, Some(contact), None) => format!("{contact}  what waits there is unknown"),
        (_, Some(contact), Some(TeamWord { roster, waiting, aside, ahead_ms })) => {
            let clock = ahead_ms.map_or_else(|| "unknown".to_owned(), |ms| format!("{:+} s", ms / 1_000));
            format!("{contact}  unsent at least {waiting}  roster {roster}  set aside {aside}  clock {clock}")
        }
    }
}
