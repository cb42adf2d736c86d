//! A case for another agency and the reply to it, as `keys/tests/museum/transfers.py` wrote them from `TRANSFER.md`: read to the same values,
//! written to the same bytes, and no byte of them is another.
#![expect(clippy::unwrap_used, reason = "a vector that cannot be read is a failed test")]

use amanat_keys::canonical;
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, UnitId};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::statement::Statement;
use amanat_keys::transfer::{Along, Offer, Reply, Withdrawal};
use amanat_keys::trust::Trust;
use amanat_keys::words::Words;
use amanat_sync::transfer::{self, Parcel, Proven, Told, TransferFault};
use serde_json::Value;
use zeroize::Zeroizing;

#[path = "../../keys/tests/vectors/digits.rs"]
mod digits;

use digits::{bytes, hex};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/transfer.json")).unwrap()
}

fn text<'a>(v: &'a Value, name: &str) -> &'a str {
    v[name].as_str().unwrap()
}

fn identity(v: &Value) -> ReadIdentity {
    ReadIdentity::from_text(text(v, "identity")).unwrap()
}

fn along(v: &Value) -> Vec<Along> {
    let one = |e: &Value| Along { header: Digest::from_bytes(bytes(&e["hash"])), names: e["names"].as_bool().unwrap() };
    v["entries"].as_array().unwrap().iter().map(one).collect()
}

fn offer(v: &Value) -> Offer {
    let o = &v["offer"];
    Offer {
        from: AgencyId::from_bytes(bytes(&o["agency"])),
        device: DeviceId::from_bytes(bytes(&o["device"])),
        unit: UnitId::from_bytes(bytes(&o["unit"])),
        to: AgencyId::from_bytes(bytes(&o["to"])),
        roster: Digest::from_bytes(bytes(&o["roster"])),
        to_unit: UnitId::from_bytes(bytes(&o["to_unit"])),
        nonce: bytes(&o["nonce"]),
        case: CaseId::from_bytes(bytes(&o["case"])),
        reason: text(o, "reason").to_owned(),
        note: text(o, "note").to_owned(),
        time: o["time"].as_u64().unwrap(),
        left_behind: o["left_behind"].as_u64().unwrap(),
        entries: along(v),
    }
}

/// All that the other side does with what lies inside.
fn taken(inside: &[u8], words: &Words) -> Option<(Offer, Vec<Proven>)> {
    let parcel = Parcel::read(inside).ok()?;
    let theirs = Trust::pin(&parcel.roster, words).ok()?;
    let offer = Offer::verify(&parcel.statement, &theirs).ok()?.into_value();
    let proven = parcel.prove(&offer, &theirs).ok()?;
    Some((offer, proven))
}

#[test]
fn a_transfer_reads_to_what_was_written_and_is_written_to_the_same_bytes() {
    let v = vectors();
    let (whole, words) = (&v["transfer"], text(&v["transfer"], "words").parse().unwrap());
    let (parcel, inside) = transfer::open([&identity(whole)], hex(&whole["file"]).as_slice()).unwrap();
    assert_eq!(
        (&inside[..], &parcel.statement, &parcel.roster),
        (&hex(&whole["inside"])[..], &hex(&whole["statement"]), &hex(&whole["roster"]))
    );
    let (read, proven) = taken(&inside, &words).unwrap();
    assert_eq!(read, offer(&v));
    assert_eq!(canonical::encode(&offer(&v)), hex(&v["offer"]["payload"]));
    assert_eq!(Statement::from_bytes(&parcel.statement).unwrap().payload_hash().to_string(), text(&v["offer"], "id"));
    let entries = v["entries"].as_array().unwrap();
    assert_eq!((proven.len(), entries.len()), (3, 3));
    for (proven, entry) in proven.iter().zip(entries) {
        let json = std::str::from_utf8(&proven.json).unwrap();
        assert!(json.ends_with(&format!(",{}}}", text(entry, "says"))), "{json}");
        assert_eq!(
            (proven.hash.to_string().as_str(), proven.names),
            (text(entry, "hash"), entry["names"].as_bool().unwrap())
        );
    }
    let told = |e: &Value| Told {
        header: hex(&e["header"]),
        signature: bytes(&e["signature"]),
        plaintext: Zeroizing::new(hex(&e["content"])),
    };
    let again = Parcel { entries: entries.iter().map(told).collect(), ..parcel };
    assert_eq!(again.inside().unwrap()[..], inside[..], "what we write is what the page says");
}

#[test]
fn a_reply_reads_to_what_was_written_and_is_written_to_the_same_bytes() {
    let v = vectors();
    let (whole, said) = (&v["answer"], &v["reply"]);
    let (parcel, inside) = transfer::open([&identity(whole)], hex(&whole["file"]).as_slice()).unwrap();
    assert_eq!((&inside[..], parcel.brings_nothing().is_ok()), (&hex(&whole["inside"])[..], true));
    assert_eq!(parcel.inside().unwrap()[..], inside[..]);
    let theirs = Trust::pin_hash(&parcel.roster, &Digest::from_bytes(bytes(&whole["roster_hash"]))).unwrap();
    assert_eq!(theirs.fingerprint_words(), text(whole, "words").parse().unwrap(), "by its words or by its hash");
    let unit = UnitId::from_bytes(bytes(&said["unit"]));
    let reply = Reply::verify(&parcel.statement, &theirs, &unit).unwrap().into_value();
    let expected = Reply {
        from: AgencyId::from_bytes(bytes(&said["agency"])),
        device: DeviceId::from_bytes(bytes(&said["device"])),
        offer: text(&v["offer"], "id").parse().unwrap(),
        accepted: true,
        note: String::new(),
        time: said["time"].as_u64().unwrap(),
    };
    assert_eq!(reply, expected);
    assert_eq!(canonical::encode(&expected), hex(&said["payload"]));
    let (parcel, _) = transfer::open([&identity(whole)], hex(&v["refusal"]["file"]).as_slice()).unwrap();
    let no = Reply::verify(&parcel.statement, &theirs, &unit).unwrap().into_value();
    assert_eq!((no.accepted, no.note.as_str()), (false, text(&v["refusal"], "note")));
}

#[test]
fn a_withdrawal_reads_to_what_was_written_and_is_written_to_the_same_bytes() {
    let v = vectors();
    let (whole, said) = (&v["transfer"], &v["withdrawal"]);
    let (parcel, inside) = transfer::open([&identity(whole)], hex(&said["file"]).as_slice()).unwrap();
    assert_eq!((&inside[..], parcel.brings_nothing().is_ok()), (&hex(&said["inside"])[..], true));
    assert_eq!(parcel.inside().unwrap()[..], inside[..]);
    let theirs = Trust::pin(&parcel.roster, &text(whole, "words").parse().unwrap()).unwrap();
    let o = offer(&v);
    let expected = Withdrawal {
        from: o.from,
        device: o.device,
        unit: o.unit,
        offer: text(&v["offer"], "id").parse().unwrap(),
        note: text(said, "note").to_owned(),
        time: said["time"].as_u64().unwrap(),
    };
    assert_eq!(Withdrawal::verify(&parcel.statement, &theirs).unwrap().into_value(), expected);
    assert_eq!(canonical::encode(&expected), hex(&said["payload"]));
}

/// Whoever can open the file can write it again; whoever finds it can change it. Neither gets a changed one taken.
#[test]
fn one_byte_changed_anywhere_in_the_file_or_in_what_lies_inside_it_and_nothing_is_taken() {
    let v = vectors();
    let (whole, words) = (&v["transfer"], text(&v["transfer"], "words").parse().unwrap());
    let (inside, file, identity) = (hex(&whole["inside"]), hex(&whole["file"]), identity(whole));
    for at in 0..inside.len() {
        let mut bent = inside.clone();
        bent[at] ^= 0x01;
        assert!(taken(&bent, &words).is_none(), "byte {at} of {} inside", inside.len());
    }
    // Behind its header all of the file is one sealed chunk.
    let header = file.windows(5).position(|five| five == b"\n--- ").unwrap() + 49;
    for at in (0..header).chain((header..file.len()).step_by(16)).chain([file.len() - 1]) {
        let mut bent = file.clone();
        bent[at] ^= 0x01;
        assert!(transfer::open([&identity], bent.as_slice()).is_err(), "byte {at} of {} of the file", file.len());
    }
}

#[test]
fn half_a_file_at_every_length_is_nothing() {
    let v = vectors();
    let (inside, file, identity) =
        (hex(&v["transfer"]["inside"]), hex(&v["transfer"]["file"]), identity(&v["transfer"]));
    for end in 0..inside.len() {
        assert!(Parcel::read(&inside[..end]).is_err(), "{end} of {} bytes inside", inside.len());
    }
    for end in (0..file.len()).step_by(7).chain([file.len() - 1]) {
        assert!(transfer::open([&identity], &file[..end]).is_err(), "{end} of {} bytes of the file", file.len());
    }
}

#[test]
fn a_reply_that_brings_entries_is_none() {
    let v = vectors();
    let read = |name: &str| Parcel::read(&hex(&v[name]["inside"])).unwrap();
    assert!(read("answer").brings_nothing().is_ok());
    assert!(matches!(
        read("transfer").brings_nothing(),
        Err(TransferFault::Malformed("a word alone brings no entries"))
    ));
}
