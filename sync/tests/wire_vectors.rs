//! Bodies, messages, signed requests, bundles and join packs against vectors that `vectors/wire.py` wrote from `WIRE.md` and
//! `BUNDLE.md`: read to the same values, and written to the same bytes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a vector that cannot be read is a failed test")]

use std::io::Read as _;

use amanat_keys::canonical;
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_keys::parcel;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::verifying_key::VerifyingKey;
use amanat_sync::batch::{Item, Run};
use amanat_sync::bundle::{self, BundleFault, Cargo, Manifest};
use amanat_sync::entry::{EntryRef, SealedEntry};
use amanat_sync::pack::Pack;
use amanat_sync::signature::{self, Claim};
use amanat_sync::wire::codec::{self, Frames};
use amanat_sync::wire::messages::{
    DocumentsReply, DocumentsRequest, HeadLine, PullRequest, PushReply, RostersRequest, RunAnswer,
};
use amanat_sync::wire::parts::{PartAt, PartState, PartsCall, PartsReply, PartsRequest};
use amanat_sync::wire::team::{SelfReport, TeamLine, TeamReply, TeamRequest};
use amanat_sync::wire::v1::PullManifest;
use serde_json::Value;

#[path = "museum/covered.rs"]
mod covered;
#[path = "../../keys/tests/vectors/digits.rs"]
mod digits;

use covered::covered;
use digits::{bytes, hex};

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn agency(value: &Value) -> AgencyId {
    AgencyId::from_bytes(bytes(value))
}

fn digest(value: &Value) -> Digest {
    Digest::from_bytes(bytes(value))
}

fn all_bytes(value: &Value) -> Vec<Vec<u8>> {
    list(value).iter().map(hex).collect()
}

fn run(v: &Value) -> Run {
    let items = list(&v["items"]).iter().flat_map(|item| match item.get("elided") {
        Some(hashes) => {
            hex(hashes).chunks(32).map(|h| Item::Elided(Digest::from_bytes(h.try_into().unwrap()))).collect()
        }
        None => {
            let envelope = (!item["envelope"].is_null()).then(|| hex(&item["envelope"]));
            let entry = SealedEntry::from_parts(hex(&item["bytes"]), bytes(&item["signature"]), envelope).unwrap();
            vec![Item::Entry(Box::new(entry))]
        }
    });
    Run {
        agency: agency(&v["agency"]),
        device: DeviceId::from_bytes(bytes(&v["device"])),
        journal: JournalId::from_bytes(bytes(&v["journal"])),
        first: number(&v["first"]),
        before: digest(&v["before"]),
        items: items.collect(),
    }
}

fn runs(v: &Value) -> Vec<Run> {
    list(v).iter().map(run).collect()
}

fn bodies() -> Value {
    serde_json::from_str(include_str!("vectors/bodies.json")).unwrap()
}

#[test]
fn a_push_is_spelt_and_read_as_the_document_says() {
    let file = bodies();
    let agency = agency(&file["agency"]);
    assert_eq!(list(&file["pushes"]).len(), 5);
    for v in list(&file["pushes"]) {
        let (body, sent) = (hex(&v["body"]), runs(&v["runs"]));
        let (manifest, arrived, whole) = codec::read_push(&body).unwrap();
        assert!(whole && manifest.agency == agency, "{}", v["name"]);
        assert_eq!(arrived, sent, "{}", v["name"]);
        assert_eq!(codec::push_body(&agency, &sent), body, "{}", v["name"]);
        // What arrives in pieces of any size is cut into the same frames.
        let (mut frames, mut whole, mut again) = (Frames::default(), Vec::new(), Vec::new());
        for piece in body.chunks(7) {
            frames.feed(piece).unwrap();
            while let Some(content) = frames.next(1 << 20).unwrap() {
                again.extend_from_slice(&codec::frame(&content));
                whole.push(content);
            }
        }
        assert!(frames.is_empty() && again == body, "{}", v["name"]);
        assert_eq!(codec::manifest_of(&body), whole.first().map(Vec::as_slice));
    }
}

#[test]
fn a_push_that_asks_and_its_answer_are_spelt_and_read_as_the_document_says() {
    let file = bodies();
    let (agency, v) = (agency(&file["agency"]), &file["asking"]);
    let (body, sent, asked) = (hex(&v["body"]), runs(&v["runs"]), list(&v["question"]));
    let question = PullRequest {
        agency,
        heads: list(&asked[0]).iter().map(line).collect(),
        again: list(&asked[1]).iter().map(|l| (line(l), number(&l[3]))).collect(),
        items: number(&asked[2]),
        bytes: number(&asked[3]),
    };
    assert_eq!(codec::push_and_ask(&agency, &sent, Some(question.clone())), body);
    let (manifest, arrived, whole) = codec::read_push(&body).unwrap();
    assert!(whole && arrived == sent && manifest.question == Some(question), "{manifest:?}");
    let (answer, reply, page) = (hex(&v["answer"]), hex(&v["reply"]), hex(&v["page"]));
    assert_eq!(codec::answer_and_page(&PushReply::from_bytes(&reply).unwrap(), &page), answer);
    assert_eq!(codec::read_answer_and_page(&answer).unwrap(), (&reply[..], &page[..]));
    assert!(codec::read_answer_and_page(&answer[..reply.len()]).is_err(), "no reply whole");
}

#[test]
fn a_push_that_is_cut_gives_its_good_prefix() {
    let file = bodies();
    let v = &file["pushes"][0];
    let (body, sent) = (hex(&v["body"]), runs(&v["runs"]));
    let first = body.len() - codec::push_body(&sent[0].agency, &[]).len();
    let mut most = 0;
    for cut in 0..body.len() {
        match codec::read_push(&body[..cut]) {
            Err(_) => assert!(cut < first, "{cut}"),
            Ok((_, arrived, whole)) => {
                assert!(!whole && sent[0].items.starts_with(&arrived[0].items), "{cut}");
                assert!(arrived[0].items.len() >= most, "what came stays");
                most = arrived[0].items.len();
            }
        }
    }
    assert_eq!(most, sent[0].items.len() - 1);
}

#[test]
fn an_answer_to_a_pull_is_spelt_and_read_as_the_document_says() {
    let file = bodies();
    for v in list(&file["pulls"]) {
        let (body, sent) = (hex(&v["body"]), runs(&v["runs"]));
        let (manifest, arrived, whole) = codec::read_pull(&body).unwrap();
        assert!(whole && arrived == sent, "{}", v["name"]);
        assert_eq!(manifest.more, v["more"].as_bool().unwrap());
        assert_eq!((&manifest.statements, &manifest.heads), (&all_bytes(&v["statements"]), &hex(&v["heads"])));
        assert_eq!(codec::pull_body(PullManifest { runs: Vec::new(), ..manifest }, &sent), body, "{}", v["name"]);
    }
}

#[test]
fn the_head_of_a_frame_is_the_shortest() {
    for v in list(&bodies()["frames"]) {
        let content = vec![7; usize::try_from(number(&v["size"])).unwrap()];
        assert_eq!(codec::frame(&content), [hex(&v["head"]), content].concat());
    }
}

/// The message of these elements in our bytes; and read from `theirs` and written again.
fn spelt(message: &str, e: &[Value], theirs: &[u8]) -> [Vec<u8>; 2] {
    macro_rules! both {
        ($shape:ident $made:expr) => {{
            let made: $shape = $made;
            let read = $shape::from_bytes(theirs).unwrap();
            assert_eq!(read, made, "{message}");
            [made.to_bytes(), read.to_bytes()]
        }};
    }
    match message {
        "push reply" => both!(PushReply PushReply {
            answers: list(&e[1]).iter().map(answer).collect(),
            refused: list(&e[2]).iter().map(|r| (number(&r[0]), number(&r[1]), number(&r[2]))).collect(),
            statements: all_bytes(&e[3]),
        }),
        "pull request" => both!(PullRequest PullRequest {
            agency: agency(&e[1]),
            heads: list(&e[2]).iter().map(line).collect(),
            again: list(&e[3]).iter().map(|l| (line(l), number(&l[3]))).collect(),
            items: number(&e[4]),
            bytes: number(&e[5]),
        }),
        "documents request" => both!(DocumentsRequest DocumentsRequest {
            agency: agency(&e[1]),
            held: list(&e[2]).iter().map(|d| (number(&d[0]), digest(&d[1]), number(&d[2]))).collect(),
            offered: all_bytes(&e[3]),
        }),
        "documents reply" => {
            both!(DocumentsReply DocumentsReply { statements: all_bytes(&e[1]), more: e[2].as_bool().unwrap() })
        }
        "rosters request" => {
            both!(RostersRequest RostersRequest { agency: agency(&e[1]), version: number(&e[2]), hash: digest(&e[3]) })
        }
        "parts request" => both!(PartsRequest PartsRequest { agency: agency(&e[1]), call: call(e) }),
        "parts reply" => both!(PartsReply PartsReply {
            states: list(&e[1]).iter().map(state).collect(),
            bytes: hex(&e[2]),
            statements: all_bytes(&e[3]),
        }),
        "team request" => both!(TeamRequest TeamRequest { agency: agency(&e[1]) }),
        // The last kind of them: whatever is called otherwise does not read as one.
        _ => both!(TeamReply TeamReply {
            since: number(&e[1]),
            now: number(&e[2]),
            lines: list(&e[3]).iter().map(team_line).collect(),
        }),
    }
}

fn answer(v: &Value) -> RunAnswer {
    let (n, link) = (number(&v[1]), digest(&v[2]));
    match number(&v[0]) {
        0 => RunAnswer::Accepted(n, link),
        1 => RunAnswer::AlreadyHeld(n, link),
        2 => RunAnswer::Gap(n, link),
        3 => RunAnswer::Fork(n, link),
        _ => RunAnswer::Refused(n, link),
    }
}

fn place(v: &Value) -> EntryRef {
    EntryRef {
        device: DeviceId::from_bytes(bytes(&v[0])),
        journal: JournalId::from_bytes(bytes(&v[1])),
        seq: number(&v[2]),
    }
}

fn line(v: &Value) -> HeadLine {
    let EntryRef { device, journal, seq } = place(v);
    HeadLine { device, journal, seq }
}

fn part(v: &Value) -> PartAt {
    PartAt { entry: place(v), digest: digest(&v[3]) }
}

fn call(e: &[Value]) -> PartsCall {
    match number(&e[2]) {
        0 => PartsCall::Ask(list(&e[3]).iter().map(part).collect()),
        1 => PartsCall::Bring(part(&e[3]), number(&e[4]), hex(&e[5])),
        _ => PartsCall::Fetch(part(&e[3]), number(&e[4]), number(&e[5])),
    }
}

fn state(v: &Value) -> PartState {
    match number(&v[0]) {
        0 => PartState::Unknown,
        1 => PartState::Wanted(number(&v[1])),
        2 => PartState::Held,
        3 => PartState::Gone,
        4 => PartState::Refused,
        _ => PartState::Waits,
    }
}

fn team_line(v: &Value) -> TeamLine {
    let said = v.get(2).map(|_roster| SelfReport {
        roster: number(&v[2]),
        waiting: number(&v[3]),
        aside: number(&v[4]),
        clock: number(&v[5]),
    });
    TeamLine { device: DeviceId::from_bytes(bytes(&v[0])), contact: number(&v[1]), said }
}

#[test]
fn every_message_is_spelt_and_read_as_the_document_says() {
    let file: Value = serde_json::from_str(include_str!("vectors/messages.json")).unwrap();
    assert!(list(&file["messages"]).len() >= 15);
    for v in list(&file["messages"]) {
        let theirs = hex(&v["bytes"]);
        let [made, read] = spelt(v["message"].as_str().unwrap(), list(&v["elements"]), &theirs);
        assert_eq!((&made, &read), (&theirs, &theirs), "{}", v["message"]);
    }
    let said = &file["said"];
    let report = SelfReport {
        roster: number(&said["roster"]),
        waiting: number(&said["waiting"]),
        aside: number(&said["aside"]),
        clock: number(&said["clock"]),
    };
    assert_eq!(report.spelt(), said["query"].as_str().unwrap());
    assert_eq!(SelfReport::read(said["query"].as_str().unwrap()), Some(report));
}

#[test]
fn a_request_is_signed_over_the_base_that_the_document_says() {
    let file: Value = serde_json::from_str(include_str!("vectors/requests.json")).unwrap();
    let signer = Signer::from_seed(&bytes(&file["seed"])).unwrap();
    let key = VerifyingKey::from_bytes(&bytes(&file["public"])).unwrap();
    assert_eq!(signer.verifying_key(), key);
    assert_eq!(list(&file["requests"]).len(), 5);
    for v in list(&file["requests"]) {
        let parts = covered(v);
        // Of a push the manifest alone is signed, of all else the whole body.
        let body = hex(&v["body"]);
        let signed = if v["path"] == "/v1/push" { codec::manifest_of(&body).unwrap() } else { &body };
        assert_eq!(signed, hex(&v["signed_body"]));
        assert_eq!(signature::content_digest(signed), parts.content_digest);
        let (device, nonce) = (DeviceId::from_bytes(bytes(&v["device"])), bytes(&v["nonce"]));
        let base = parts.base(&device, &nonce);
        assert_eq!(base, v["base"].as_str().unwrap());
        let ours = signer.sign_request(base.as_bytes()).unwrap();
        let fields = signature::fields(&device, &nonce, &ours);
        assert_eq!(fields.input, v["signature_input"].as_str().unwrap());
        assert_eq!(fields.signature, v["signature"].as_str().unwrap());
        let claim = signature::parse(&fields.input, &fields.signature).unwrap();
        assert_eq!(claim, Claim { device, nonce, signature: ours });
        assert_eq!(key.verify_request(base.as_bytes(), &claim.signature), Ok(()));
        let short = v["short"].as_str().unwrap();
        assert_eq!(signature::short(&device, &nonce, &ours), short);
        assert_eq!(signature::parse_short(short), Ok(claim));
    }
    let given: Vec<signature::Nonce> = list(&file["nonces"]["given"]).iter().map(bytes).collect();
    assert_eq!(signature::encode_nonces(&given), file["nonces"]["field"].as_str().unwrap());
    assert_eq!(signature::decode_nonces(file["nonces"]["field"].as_str().unwrap()), given);
}

fn bundles() -> Value {
    serde_json::from_str(include_str!("vectors/bundles.json")).unwrap()
}

#[test]
fn a_bundle_is_read_as_the_document_says() {
    let file = bundles();
    let reader = ReadIdentity::from_text(file["reader"].as_str().unwrap()).unwrap();
    assert_eq!(list(&file["bundles"]).len(), 3);
    for v in list(&file["bundles"]) {
        let sealed = hex(&v["file"]);
        let mut bundle = bundle::open([&reader], sealed.as_slice()).unwrap();
        assert_eq!(canonical::encode(bundle.manifest()), hex(&v["manifest"]), "{}", v["name"]);
        let mut papers = Vec::new();
        while let Some(paper) = bundle.paper().unwrap() {
            papers.push(paper);
        }
        assert_eq!(papers, all_bytes(&v["papers"]));
        assert_eq!(bundle.heads().unwrap(), hex(&v["heads"]));
        let sent = runs(&v["runs"]);
        let mut arrived: Vec<Vec<Item>> = vec![Vec::new(); sent.len()];
        while let Some(piece) = bundle.piece().unwrap() {
            piece.into_iter().for_each(|(index, run)| arrived[index].extend(run.items));
        }
        assert_eq!(arrived, sent.into_iter().map(|run| run.items).collect::<Vec<_>>(), "{}", v["name"]);
        let mut parts: Vec<Vec<u8>> = Vec::new();
        while let Some((_, from, piece)) = bundle.part().unwrap() {
            if from == 0 {
                parts.push(Vec::new());
            }
            parts.last_mut().unwrap().extend_from_slice(&piece);
        }
        assert_eq!(parts, all_bytes(&v["parts"]));
        assert_eq!((bundle.missing().len(), bundle.parts_missing()), (0, 0));
    }
}

#[test]
fn a_bundle_is_written_as_the_document_says() {
    let file = bundles();
    let reader = ReadIdentity::from_text(file["reader"].as_str().unwrap()).unwrap();
    let signer = Signer::from_seed(&bytes(&file["seed"])).unwrap();
    for v in list(&file["bundles"]) {
        let manifest: Manifest = canonical::decode(&hex(&v["manifest"])).unwrap();
        let (papers, heads, sent, parts) =
            (all_bytes(&v["papers"]), hex(&v["heads"]), runs(&v["runs"]), all_bytes(&v["parts"]));
        let cargo = Cargo { manifest: &manifest, papers: &papers, heads: &heads };
        let from = |n: u64| usize::try_from(n).unwrap();
        let (written, sealed) = bundle::write_with_parts(
            cargo,
            &[reader.recipient().clone()],
            &signer,
            Vec::new(),
            |head, after| {
                let run = sent.iter().find(|run| (run.journal, run.first) == (head.journal, head.first)).unwrap();
                Ok(run.items[from(after + 1 - run.first)..].to_vec())
            },
            |line, at| {
                let part = parts.iter().find(|part| Digest::of(part) == line.at.digest);
                part.map(|part| part[from(at)..].to_vec()).ok_or(BundleFault::Malformed("a part of the vector"))
            },
        )
        .unwrap();
        let mut inside = Vec::new();
        parcel::open([&reader], written.as_slice()).unwrap().read_to_end(&mut inside).unwrap();
        assert_eq!(inside, hex(&v["plaintext"]), "{}", v["name"]);
        assert_eq!(sealed.bytes, u64::try_from(inside.len()).unwrap());
    }
}

#[test]
fn a_join_pack_is_spelt_and_read_as_the_document_says() {
    let v = &bundles()["pack"];
    let e = list(&v["elements"]);
    let pack = Pack { rosters: all_bytes(&e[1]), unit_keys: all_bytes(&e[2]), freshness: all_bytes(&e[3]) };
    assert_eq!(canonical::encode(&pack), hex(&v["bytes"]));
    assert_eq!(canonical::decode::<Pack>(&hex(&v["bytes"])).unwrap(), pack);
}
