//! What is sealed opens again for whom it was sealed, at its own place, and for nobody and nowhere else.

use std::io::Read;

use amanat_keys::dictionary::Effort;
use amanat_keys::envelope::{self, EnvelopeFault, Folded, Reader};
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use amanat_keys::parcel::{self, ParcelFault};
use amanat_keys::payload::PayloadFault;
use amanat_keys::recipient::{ReadIdentity, Recipient};
use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, Sealed, Slip, SlipFault, SlipMaker, padding, slip};

const JSON: &[u8] = r#"{"kind":"note","text":"پناہ گاہ میں ملاقات"}"#.as_bytes();

fn place() -> Place {
    Place {
        agency: AgencyId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([2; 32]),
        journal: JournalId::from_bytes([3; 16]),
        seq: 7,
        case: CaseId::from_bytes([4; 16]),
        key: 5,
    }
}

fn seal(json: &[u8], key: &CaseKey) -> Result<Sealed, EnvelopeFault> {
    let nonce_key = NonceKey::from_bytes([9; 32]);
    envelope::seal(json, &place(), key, &NonceHedge { key: &nonce_key, link: Digest::of(b"link") })
}

fn open(sealed: &Sealed, place: &Place, key: &CaseKey) -> Result<Vec<u8>, EnvelopeFault> {
    envelope::open(&sealed.envelope, place, key, &sealed.commitment, &sealed.digest).map(|json| json.to_vec())
}

#[test]
fn an_entry_opens_at_its_place_and_at_no_other() {
    let key = CaseKey::generate();
    let sealed = seal(JSON, &key).unwrap();
    let json = open(&sealed, &place(), &key).unwrap();
    assert!(json.starts_with(b"{\"slot\":\"") && json.ends_with(&JSON[1..]));

    let elsewhere = [
        Place { agency: AgencyId::from_bytes([9; 32]), ..place() },
        Place { device: DeviceId::from_bytes([9; 32]), ..place() },
        Place { journal: JournalId::from_bytes([9; 16]), ..place() },
        Place { seq: 8, ..place() },
        Place { case: CaseId::from_bytes([9; 16]), ..place() },
        Place { key: 6, ..place() },
    ];
    for other in elsewhere {
        assert_eq!(open(&sealed, &other, &key), Err(EnvelopeFault::WrongSlot), "{other:?}");
    }
}

/// What is written while a person reads is looked through harder: fewer bytes of the same content, opened by whatever opens the other.
#[test]
fn what_is_folded_with_time_is_the_same_content_in_fewer_bytes() {
    let key = CaseKey::generate();
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let words = ["kar", "lut", "mis", "ben", "dor", "sha", "vim", "pel", "tog", "nir"];
    let text: String =
        (0..300_usize).map(|n| format!("{}{} ", words[n * n % 10], words[(n * 7 + n / 9) % 10])).collect();
    let json = format!(r#"{{"kind":"note","text":"{text}"}}"#);
    let folded = |effort| Folded::new(json.as_bytes(), &place(), effort).unwrap().seal(&key, &hedge);
    let (quick, thorough) = (folded(Effort::Quick), folded(Effort::Thorough));
    assert!(thorough.envelope.len() < quick.envelope.len(), "{} {}", thorough.envelope.len(), quick.envelope.len());
    assert_eq!(open(&thorough, &place(), &key).unwrap(), open(&quick, &place(), &key).unwrap());
    assert_eq!(quick.envelope.len(), seal(json.as_bytes(), &key).unwrap().envelope.len());
}

#[test]
fn every_flipped_byte_is_noticed_and_by_the_digest_first() {
    let key = CaseKey::generate();
    let sealed = seal(JSON, &key).unwrap();
    for at in 0..sealed.envelope.len() {
        let mut broken = sealed.clone();
        broken.envelope[at] ^= 1;
        assert_eq!(open(&broken, &place(), &key), Err(EnvelopeFault::WrongDigest));
        broken.digest = Digest::of(&broken.envelope);
        assert_eq!(open(&broken, &place(), &key), Err(EnvelopeFault::Payload(PayloadFault::Chunk(0))));
    }
    let other = Sealed { commitment: Digest::of(b"something else"), ..sealed };
    assert_eq!(open(&other, &place(), &key), Err(EnvelopeFault::WrongCommitment));
}

/// Whoever opens thousands opens the same, whatever came before in the same buffers, and is told of the same faults: all of them but the
/// digest's, which was compared when the envelope came.
#[test]
fn a_reader_of_many_opens_each_as_if_it_were_alone() {
    let key = CaseKey::generate();
    let large = format!("{{\"text\":\"{}\"}}", "word ".repeat(200_000));
    let mut reader = Reader::default();
    for json in [JSON, large.as_bytes(), JSON, b"{}", large.as_bytes(), b"{\"a\":1}"] {
        let sealed = seal(json, &key).unwrap();
        let mut read = |sealed: &Sealed, place: &Place, key: &CaseKey| {
            reader.open(&sealed.envelope, place, key, &sealed.commitment).map(<[u8]>::to_vec)
        };
        assert_eq!(read(&sealed, &Place { seq: 8, ..place() }, &key), Err(EnvelopeFault::WrongSlot));
        let chunk = EnvelopeFault::Payload(PayloadFault::Chunk(0));
        assert_eq!(read(&sealed, &place(), &CaseKey::generate()), Err(chunk));
        let other = Sealed { commitment: Digest::of(b"something else"), ..sealed.clone() };
        assert_eq!(read(&other, &place(), &key), Err(EnvelopeFault::WrongCommitment));
        let mut broken = sealed.clone();
        broken.envelope[20] ^= 1;
        assert_eq!(read(&broken, &place(), &key), Err(chunk));
        assert_eq!(read(&sealed, &place(), &key), open(&sealed, &place(), &key));
    }
}

#[test]
fn what_is_no_object_or_brings_its_own_slot_is_not_sealed() {
    let key = CaseKey::generate();
    for text in ["", "[]", "{", "text", "{\"slot\":1}", "{ \"slot\":\"x\"}", " {}"] {
        assert_eq!(seal(text.as_bytes(), &key), Err(EnvelopeFault::NotAnObject), "{text}");
    }
    for text in ["{}", "{ }", "{\"a\":{\"slot\":1}}"] {
        let json = open(&seal(text.as_bytes(), &key).unwrap(), &place(), &key).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert!(value["slot"].is_string(), "{text}");
    }
    let huge = format!("{{\"text\":\"{}\"}}", "x".repeat(4 * 1024 * 1024));
    assert_eq!(seal(huge.as_bytes(), &key), Err(EnvelopeFault::TooLarge));
}

#[test]
fn a_thread_forgets_a_large_entry_and_seals_small_ones_after_it() {
    let key = CaseKey::generate();
    let large = format!("{{\"text\":\"{}\"}}", "word ".repeat(600_000));
    for json in [large.as_bytes(), JSON, large.as_bytes(), JSON] {
        let opened = open(&seal(json, &key).unwrap(), &place(), &key).unwrap();
        assert!(opened.ends_with(&json[1..]));
    }
}

#[test]
fn a_reseal_keeps_the_commitment_and_opens_under_the_new_key_alone() {
    let (old, new) = (CaseKey::generate(), CaseKey::generate());
    let sealed = seal(JSON, &old).unwrap();
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"later") };
    let again = |key| Folded::again(&sealed.envelope, &sealed.commitment, &sealed.digest, key);
    let resealed = again(&old).unwrap().seal(&new, &hedge);
    assert_eq!(again(&new).err(), Some(EnvelopeFault::Payload(PayloadFault::Chunk(0))));
    assert_eq!(resealed.commitment, sealed.commitment);
    assert_ne!(resealed.envelope, sealed.envelope);
    assert_eq!(open(&resealed, &place(), &new), open(&sealed, &place(), &old));
    assert_eq!(open(&resealed, &place(), &old), Err(EnvelopeFault::Payload(PayloadFault::Chunk(0))));
}

#[test]
fn slips_made_for_the_same_readers_again_and_again_give_each_key_to_each_of_them_and_share_nothing() {
    let readers: Vec<ReadIdentity> = (0..2).map(|_| ReadIdentity::generate().unwrap()).collect();
    let audience: Vec<Recipient> = readers.iter().map(|reader| reader.recipient().clone()).collect();
    let makers = [SlipMaker::new(&audience).unwrap(), SlipMaker::for_many(&audience).unwrap()];
    let mut shares = std::collections::HashSet::new();
    for maker in makers.iter().cycle().take(40) {
        let key = CaseKey::generate();
        let bytes = maker.make(&key).unwrap();
        for reader in &readers {
            let opened = Slip::parse(&bytes, 2).unwrap().open([reader], &place(), &key.id(&place())).unwrap();
            assert_eq!(opened.expose(), key.expose());
        }
        let lines = String::from_utf8(bytes).unwrap();
        for share in lines.lines().filter_map(|line| line.strip_prefix("-> X25519 ")) {
            assert!(shares.insert(share.to_owned()), "an ephemeral share came twice");
        }
    }
    assert_eq!(shares.len(), 80);
    assert_eq!(SlipMaker::new(&[]).err(), Some(SlipFault::BadAudience));
    assert_eq!(SlipMaker::new(&[&audience[..], &audience[..1]].concat()).err(), Some(SlipFault::BadAudience));
}

#[test]
fn two_seals_of_one_text_share_nothing() {
    let key = CaseKey::generate();
    let (one, two) = (seal(JSON, &key).unwrap(), seal(JSON, &key).unwrap());
    assert_ne!(one.commitment, two.commitment);
    assert_ne!(one.envelope[..16], two.envelope[..16]);
    assert_eq!(one.envelope.len(), two.envelope.len());
}

#[test]
fn a_slip_gives_its_key_to_each_reader_and_to_nobody_else() {
    let readers: Vec<ReadIdentity> = (0..3).map(|_| ReadIdentity::generate().unwrap()).collect();
    let audience: Vec<Recipient> = readers.iter().map(|reader| reader.recipient().clone()).collect();
    let key = CaseKey::generate();
    let id = key.id(&place());
    let bytes = Slip::make(&key, &audience).unwrap();
    let parsed = Slip::parse(&bytes, 3).unwrap();
    for reader in &readers {
        let opened = parsed.open(std::slice::from_ref(reader), &place(), &id).unwrap();
        assert_eq!(opened.expose(), key.expose());
    }
    let stranger = ReadIdentity::generate().unwrap();
    assert_eq!(parsed.open(std::slice::from_ref(&stranger), &place(), &id).unwrap_err(), SlipFault::NotForUs);
    let elsewhere = Place { case: CaseId::from_bytes([9; 16]), ..place() };
    assert_eq!(parsed.open(&readers, &elsewhere, &id).unwrap_err(), SlipFault::KeyIdMismatch);
    assert_eq!(Slip::parse(&bytes, 2).unwrap_err(), SlipFault::Audience { found: 3, audience: 2 });

    let more: Vec<Recipient> = vec![audience[0].clone(), stranger.recipient().clone()];
    let rewrapped = slip::rewrap(&bytes, 3, &readers, &place(), &id, &more).unwrap();
    let opened = Slip::parse(&rewrapped, 2).unwrap().open(&[stranger], &place(), &id).unwrap();
    assert_eq!(opened.expose(), key.expose());
}

#[test]
fn a_slip_needs_readers_each_once_and_no_more_than_sixty_four() {
    let key = CaseKey::generate();
    let many: Vec<Recipient> = (0..65).map(|_| ReadIdentity::generate().unwrap().recipient().clone()).collect();
    assert_eq!(Slip::make(&key, &[]).unwrap_err(), SlipFault::BadAudience);
    assert_eq!(Slip::make(&key, &[many[0].clone(), many[0].clone()]).unwrap_err(), SlipFault::BadAudience);
    assert_eq!(Slip::make(&key, &many).unwrap_err(), SlipFault::TooManyReaders);
    assert!(Slip::parse(&Slip::make(&key, &many[..64]).unwrap(), 64).is_ok());
}

#[test]
fn a_parcel_streams_to_its_readers_and_a_cut_one_gives_its_good_beginning() {
    let reader = ReadIdentity::generate().unwrap();
    let text: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n % 253).unwrap()).collect();
    let readers = [reader.recipient().clone()];
    let (bytes, ()) = parcel::write(&readers, Vec::new(), |out| out.write_all(&text)).unwrap();
    let mut opened = Vec::new();
    parcel::open(std::slice::from_ref(&reader), bytes.as_slice()).unwrap().read_to_end(&mut opened).unwrap();
    assert_eq!(opened, text);

    let mut beginning = Vec::new();
    let cut = parcel::open(std::slice::from_ref(&reader), &bytes[..200_000]).unwrap().read_to_end(&mut beginning);
    assert!(cut.is_err());
    assert_eq!(beginning.len() % 65_536, 0);
    assert!(beginning.len() >= 65_536 && text.starts_with(&beginning));

    let stranger = ReadIdentity::generate().unwrap();
    assert!(matches!(parcel::open(&[stranger], bytes.as_slice()), Err(ParcelFault::NotForUs)));
    let failed = parcel::write(&readers, Vec::new(), |_| Err::<(), _>(std::io::Error::other("disk")));
    assert!(matches!(failed, Err(ParcelFault::Io(_))));
}

#[test]
fn a_parcel_s_header_is_judged_before_age_sees_it() {
    let reader = ReadIdentity::generate().unwrap();
    let open = |text: &str| parcel::open([&reader], text.as_bytes()).map(drop).unwrap_err();
    let body = "A".repeat(43);
    let stanza = format!("-> X25519 {body}\n{body}\n");
    let header = |stanzas: &str| format!("age-encryption.org/v1\n{stanzas}--- {body}\n{}", "x".repeat(32));

    let scrypt = format!("-> scrypt AAAA 30\n{body}\n");
    assert!(matches!(open(&header(&scrypt)), ParcelFault::Passphrase));
    assert!(matches!(open(&header(&stanza.repeat(66))), ParcelFault::TooManyStanzas));
    let long = format!("-> X25519 {}\n", "A".repeat(70_000));
    assert!(matches!(open(&header(&long)), ParcelFault::NotAParcel));
    let endless = format!("age-encryption.org/v1\n-> X25519 {body}\n{}", format!("{}\n", "A".repeat(64)).repeat(2_000));
    assert!(matches!(open(&endless), ParcelFault::NotAParcel));
    for text in ["", "age-encryption.org/v1", "age-encryption.org/v2\n", "text\n--- x\n"] {
        assert!(matches!(open(text), ParcelFault::NotAParcel), "{text}");
    }
    assert!(matches!(open(&header(&stanza)), ParcelFault::Damaged));
}

#[test]
fn a_parcel_needs_readers_and_no_more_than_sixty_four() {
    let many: Vec<Recipient> = (0..65).map(|_| ReadIdentity::generate().unwrap().recipient().clone()).collect();
    let write = |readers: &[Recipient]| parcel::write(readers, Vec::new(), |_| Ok(()));
    assert!(matches!(write(&[]), Err(ParcelFault::Recipients(SlipFault::BadAudience))));
    assert!(matches!(write(&many), Err(ParcelFault::Recipients(SlipFault::TooManyReaders))));
    let (bytes, ()) = write(&many[..64]).unwrap();
    assert!(bytes.len() < 64 * 1024);
}

#[test]
fn padding_costs_at_most_twelve_percent_and_never_shrinks() {
    for len in (0..100_000_u64).chain([u64::MAX - 1, u64::MAX]) {
        let padded = padding::padme(len);
        assert!(padded >= len && padding::padme(padded) == padded, "{len}");
        assert!(padded - len <= len / 8, "{len} → {padded}");
    }
}
