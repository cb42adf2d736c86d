//! `amanat status`: what is kept, what is received, how fresh the roster is. Needs no passphrase for the little that a locked
//! home shows, and says so.

use amanat_keys::trust::{Age, Trust};
use amanat_sync::{bundle, courier::Trouble, journal::Status, road::Road};
use serde_json::json;

use super::{context::Context, output::Report};
use crate::{
    failure::Failure,
    model::Moment,
    runtime::{
        fault,
        homes::home::Home,
        road::network,
        roster::{release, revocation::Revoked},
        screen::tellings::{carrier_words, rivals_words},
    },
};

pub(super) fn run(context: &Context) -> Result<Report, Failure> {
    let home = context.unlock()?;
    if !home.has_joined() {
        return Ok(Report::new(
            format!("Device {} has not joined an agency yet.", home.device()),
            json!({"device": home.device().to_string(), "joined": false}),
        ));
    }
    status(&home)
}

fn status(home: &Home) -> Result<Report, Failure> {
    let (trust, status) = (home.trust()?, home.status()?);
    let kept: u64 = status.own.iter().map(|own| own.kept.seq).sum();
    let received: u64 = status.own.iter().map(|own| own.received).sum();
    let handed = Road::carrying(home.journal()).map_err(|error| fault::sync("reading the journal", &error))?;
    // Arithmetic: on a stick, and not signed for yet.
    let handed_over: u64 = status
        .own
        .iter()
        .map(|own| handed.handed(&(home.device(), own.journal)).min(own.kept.seq).saturating_sub(own.received))
        .sum();
    let carried = bundle::carried(home.journal(), &handed, &status)
        .map_err(|error| fault::sync("reading the journal", &error))?;
    let carried: u64 = carried.iter().map(|it| it.known.head.seq.saturating_sub(it.there)).sum();
    let confirmed = home.confirmed()?;
    let hub_time = status.checkpoint.as_ref().map(|(checkpoint, ..)| checkpoint.hub_time);
    let contact = hub_time.and_then(|ms| i64::try_from(ms).ok()).map(|ms| Moment::pkt(ms).to_string());
    let journals: Vec<_> = status
        .own
        .iter()
        .map(|own| {
            json!({"journal": own.journal.to_string(), "kept": own.kept.seq, "received": own.received,
                   "state": format!("{:?}", own.state).to_lowercase(), "link": own.kept.link.to_string()})
        })
        .collect();
    let unit = home.unit().map(|unit| unit.name.clone()).unwrap_or_default();
    let roster = trust.roster();
    let mut text = format!(
        "{}, {unit}\n  kept       {kept}\n  handed over {handed_over}\n  received   {received}\n  waiting    {}\n  others'    {}\n  carried    {carried}\n  set aside  {}\n  drafts     \
         {}\n  roster     {}, confirmed {}\n  last hub   {}",
        roster.name,
        status.waiting(),
        status.others,
        status.quarantined,
        status.drafts,
        roster.version,
        confirmed.told(),
        contact.clone().unwrap_or_else(|| "never".to_owned()),
    );
    let fallen: u64 = status.own.iter().map(|own| own.once.saturating_sub(own.received)).sum();
    let revoked = home.revoked()?;
    let least = release::least(trust).filter(|least| *least > release::running());
    let (attached, bytes) = home.parts_on_their_way()?;
    let heard = network::is_heard();
    if !heard {
        text.push_str(
            "\n  network    one that is back is noticed by the clock alone here: tries are at most 15 minutes apart",
        );
    }
    for warning in warnings(home, &status, fallen, revoked.as_ref())? {
        text.push_str(&format!("\n  ! {warning}"));
    }
    Ok(Report::new(
        text,
        json!({
            "joined": true, "agency": trust.agency().to_string(), "device": home.device().to_string(), "unit": unit,
            "practice": home.practice(), "kept": kept, "handed_over": handed_over, "received": received, "waiting": status.waiting(),
            "others": status.others, "carried": carried, "elided": status.elided, "quarantined": status.quarantined, "drafts": status.drafts,
            "attachments_waiting": {"entries": attached, "bytes": bytes},
            "roster": {"version": roster.version, "confirmed_days_ago": confirmed.days, "withheld": confirmed.withheld,
                       "age": age(trust, home.least_now()), "forks": home.rivals()},
            "hub": home.hub().map(|hub| json!({"id": hub.id.to_string(), "name": hub.name, "url": hub.url})),
            "last_hub_time": contact, "network_heard": heard, "fallen": fallen, "epoch": {"seen": status.epoch, "vouched": status.vouched},
            "waiting_for_keys": home.waiting_units().len(), "journals": journals,
            "program": {"version": release::running().to_string(), "wanted": least.map(|least| least.to_string())},
            "revoked": revoked.map(|it| json!({"state": it.state, "roster": it.roster, "counts_up_to": it.up_to})),
        }),
    ))
}

/// How old the roster is, in the design's words: nothing it signs for ends by it.
fn age(trust: &Trust, now: u64) -> &'static str {
    match trust.age(now) {
        Age::Current => "current",
        Age::Expired => "amber",
        Age::LongExpired => "red",
    }
}

fn age_words(trust: &Trust, now: u64) -> Option<String> {
    let since = i64::try_from(trust.roster().expires).ok().map(|seconds| Moment::pkt(seconds.saturating_mul(1000)));
    let since = since.map_or_else(String::new, |since| since.to_string().chars().take(10).collect());
    match trust.age(now) {
        Age::Current => None,
        Age::Expired => {
            Some(format!("the roster has been stale since {since} (amber): sync, or ask your admin for a new one"))
        }
        Age::LongExpired => Some(format!(
            "the roster has been stale since {since} (red): who reads may have changed by now. What you keep is kept; ask your admin"
        )),
    }
}

/// What somebody must look into.
fn warnings(home: &Home, status: &Status, fallen: u64, revoked: Option<&Revoked>) -> Result<Vec<String>, Failure> {
    let trust = home.trust()?;
    let mut warnings = Vec::new();
    if status.epoch > status.vouched {
        warnings.push(carrier_words(&Trouble::NewEpoch { epoch: status.epoch }));
    }
    warnings.extend(age_words(trust, home.least_now()));
    warnings.extend(home.confirmed()?.warning());
    if fallen > 0 {
        warnings.push(format!(
            "the hub has lost {fallen} entries that it had signed for; they are kept here and offered again"
        ));
    }
    warnings.extend(revoked.map(Revoked::words));
    for unit in home.still_opens()? {
        warnings.push(format!(
            "this device is only to write, and was given the key of {unit} before, which opens cases here: have a supervisor give that unit a \
             new key (amanat keys rotate unit)"
        ));
    }
    if let Some(least) = release::least(trust).filter(|least| *least > release::running()) {
        warnings.push(format!(
            "this program is {} and the agency wants {least} or newer: amanat update check FILE --install PATH",
            release::running()
        ));
    }
    let (attached, bytes) = home.parts_on_their_way()?;
    if attached > 0 {
        warnings.push(format!("attachments of {attached} entries, {bytes} bytes, are not at headquarters yet"));
    }
    if home.rivals() > 0 {
        warnings.push(rivals_words(trust.roster_version()));
    }
    Ok(warnings)
}
