//! What those who run the machine may ask, at an address of this machine alone: alive, ready, and numbers for Prometheus. No id of a
//! device, a journal or a case stands in any of it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::get;

use crate::Hub;
use crate::store::Depth;

/// The pages of whoever watches the hub.
pub fn watch_router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/alive", get(async || "alive\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(hub)
}

/// Ready means that the store answers and takes what is new.
async fn ready(State(hub): State<Arc<Hub>>) -> (StatusCode, &'static str) {
    match hub.store.depth().await {
        Err(_fault) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
        Ok(_) if hub.is_full() => (StatusCode::SERVICE_UNAVAILABLE, "the disk is full: nothing new is taken\n"),
        Ok(_) => (StatusCode::OK, "ready\n"),
    }
}

async fn metrics(State(hub): State<Arc<Hub>>) -> Response<Body> {
    let depth = hub.store.depth().await.ok();
    let checkpoint = hub.keeper.newest().await.map_or((0, 0), |(it, _)| (it.checkpoint.epoch, it.checkpoint.number));
    let mut response = Response::new(Body::from(page(&hub, depth, checkpoint)));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert("content-type", kind);
    response
}

/// A page in Prometheus' text format.
struct Page(String);

impl Page {
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _written = writeln!(self.0, "# HELP amanat_hub_{name} {help}\n# TYPE amanat_hub_{name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &str, value: u64) {
        let _written = writeln!(self.0, "amanat_hub_{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.about(name, kind, help);
        self.value(name, "", value);
    }
}

fn page(hub: &Hub, depth: Option<Depth>, (epoch, checkpoint): (u64, u64)) -> String {
    let (mut page, count) = (Page(String::new()), |n: usize| u64::try_from(n).unwrap_or(u64::MAX));
    let counters = &hub.counters;
    page.about("answers_total", "counter", "Requests answered, by route and status.");
    for ((route, status), answers) in counters.answers() {
        page.value("answers_total", &format!("{{route=\"{route}\",status=\"{status}\"}}"), answers);
    }
    page.one("entries_accepted_total", "counter", "Entries kept that were not held before.", counters.accepted.now());
    page.one("bytes_again_total", "counter", "Bytes of entries brought although they were held.", counters.again.now());
    page.one("entries_served_total", "counter", "Entries given out.", counters.served.now());
    page.one("strangers_cut_total", "counter", "Connections of strangers cut off to make room.", counters.cut.now());
    page.one("sent_away_total", "counter", "Connections for which there was no place.", counters.sent_away.now());
    let (devices, strangers) = hub.seats.count();
    page.about("connections", "gauge", "Connections open, by who holds them.");
    page.value("connections", "{of=\"devices\"}", count(devices));
    page.value("connections", "{of=\"strangers\"}", count(strangers));
    page.one("requests_under_way", "gauge", "Requests of devices under way.", count(hub.turns.count()));
    page.one("room_free_bytes", "gauge", "Room left for bodies and answers.", count(hub.bodies.available_permits()));
    let contacts = hub.contacts.all();
    page.one("devices_heard", "gauge", "Devices ever heard of.", count(contacts.len()));
    let newest = contacts.values().map(|contact| contact.last).max().unwrap_or(0) / 1_000;
    page.one("last_contact_seconds", "gauge", "When a device was last heard, in Unix time.", newest);
    let backlog = contacts.values().fold(0_u64, |sum, contact| sum.saturating_add(contact.backlog));
    page.one("backlog_entries", "gauge", "Entries announced by devices and not here yet.", backlog);
    page.one("roster_version", "gauge", "The adopted roster.", hub.standing().trust.roster_version());
    page.one("epoch", "gauge", "The epoch.", epoch);
    page.one("checkpoint", "gauge", "Number of the newest checkpoint in it.", checkpoint);
    page.one("disk_full", "gauge", "1 while nothing new is taken because the disk is full.", u64::from(hub.is_full()));
    page.one("store_up", "gauge", "1 while the store answers.", u64::from(depth.is_some()));
    if let Some(Depth { journals, entries, missing, evidence, erased }) = depth {
        page.one("journals", "gauge", "Journals held.", journals);
        page.one("entries", "gauge", "Entries held.", entries);
        page.one("missing", "gauge", "Entries held without their envelope.", missing);
        page.one("evidence", "gauge", "Entries kept as evidence of forks.", evidence);
        page.one("erased", "gauge", "Entries erased by order.", erased);
    }
    page.0
}
