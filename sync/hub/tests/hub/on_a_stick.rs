//! A bundle on a medium: written as a device writes it, and read piece by piece. For the tests and the bench that measure it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use amanat_keys::fingerprint::Digest;
use amanat_keys::recipient::ReadIdentity;
use amanat_sync::bundle::{self, Bundle, Cargo};
use amanat_sync::journal::SqliteJournal;
use amanat_sync::stick_file;

use crate::support::Agency;

/// Writes the stick as a device does; how many bytes it has.
pub(crate) fn put(agency: &Agency, journal: &SqliteJournal, reader: &ReadIdentity, stick: &Path) -> u64 {
    let to = vec![Digest::from_bytes(*agency.hub.id.as_bytes())];
    let load = bundle::load(journal, agency.party(0), &agency.trust, to, true).unwrap();
    let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
    let recipients = [reader.recipient().clone()];
    let written = stick_file::write_whole(stick, cargo.most(), |out| {
        bundle::write(cargo, &recipients, &agency.actors[0].signer, out, |run, after| load.items(journal, run, after))
            .map(|(_, sealed)| sealed)
    });
    written.unwrap().1
}

/// The stick, opened.
pub(crate) fn opened(reader: &ReadIdentity, stick: &Path) -> Bundle<BufReader<File>> {
    bundle::open([reader], BufReader::new(File::open(stick).unwrap())).unwrap()
}

/// Reads every piece; how many items there were.
pub(crate) fn all_pieces(reader: &ReadIdentity, stick: &Path) -> usize {
    let (mut bundle, mut items) = (opened(reader, stick), 0);
    while let Some(runs) = bundle.piece().unwrap() {
        items += runs.iter().map(|(_, run)| run.items.len()).sum::<usize>();
    }
    items
}
