//! Codebooks that headquarters signed: the statement's payload, what an admin publishes, what a device asks by.
//!
//! The built-in forms and lists are the floor; each codebook on the shelf stands above it. Its signatures were checked when it was
//! filed (`sync::proof`), against the roster of that day.

use amanat_keys::{
    canonical,
    error::{Forgery, Malformed},
    fingerprint::AgencyId,
    statement::{Purpose, Statement},
};
use amanat_sync::{
    documents::{Document, DocumentKind},
    journal::Journal as _,
    proof,
    wire::limits::MAX_STATEMENT,
};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::enrol::Admin;
use crate::{
    codebook::{Catalog, Codebook, CodebookFiles, Refused},
    failure::Failure,
    runtime::{erasure::order::Signed, fault, homes::home::Home},
};

/// The one codebook of an agency. Readers take any name; a second one is a matter of saying so.
const NAME: &str = "agency";
/// Longest name of a codebook or file, bytes.
const MAX_NAME: usize = 256;
/// Files in a codebook.
const MAX_FILES: u64 = 4096;

/// What a codebook statement says (`keys/STATEMENTS.md`): forms and lists as text, each under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Payload {
    agency: AgencyId,
    name: String,
    version: u64,
    files: Vec<(String, String)>,
}

impl<C> Encode<C> for Payload {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(5)?.u8(1)?.encode(self.agency)?.str(&self.name)?.u64(self.version)?;
        e.array(u64::try_from(self.files.len()).unwrap_or(u64::MAX))?;
        for (name, text) in &self.files {
            e.array(2)?.str(name)?.str(text)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Payload {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 5)?;
        canonical::version(d)?;
        let (agency, name, version) = (d.decode()?, canonical::text(d, MAX_NAME)?, d.u64()?);
        let count = d.array()?.filter(|count| *count <= MAX_FILES);
        let count = count.ok_or_else(|| decode::Error::message("files of a codebook"))?;
        let mut files = Vec::new();
        for _ in 0..count {
            canonical::array(d, 2)?;
            files.push((canonical::text(d, MAX_NAME)?, canonical::text(d, MAX_STATEMENT)?));
        }
        if !canonical::strictly_rising(files.iter().map(|(name, _)| name)) {
            return Err(decode::Error::message("files of a codebook are not sorted"));
        }
        Ok(Self { agency, name, version, files })
    }
}

impl Payload {
    fn read(document: &Document) -> Result<Self, Malformed> {
        canonical::decode(Statement::from_bytes(&document.bytes)?.payload())
    }

    /// Its files, under the names that their contents give them.
    fn files(&self) -> Result<CodebookFiles, String> {
        let mut files = CodebookFiles::default();
        for (name, text) in &self.files {
            files.add(name, text).map_err(|error| error.to_string())?;
        }
        Ok(files)
    }
}

/// A codebook on the shelf that this program does not ask by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Its version.
    pub version: u64,
    /// Why not, in words.
    pub why: String,
}

/// What a device asks by.
#[derive(Clone, Debug)]
pub struct InUse {
    /// The built-in codebook with the adopted ones above.
    pub codebook: Codebook,
    /// Name and version of each adopted one.
    pub adopted: Vec<(String, u64)>,
    /// Those that would break what was asked before; they take no part.
    pub unfit: Vec<Unfit>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The version; the same as before where nothing is new.
    pub version: u64,
    /// Whether it says anything that the version before did not.
    pub new: bool,
    /// What other admins must sign before it is in force.
    pub waits: Option<Statement>,
}

impl Home {
    /// The forms and lists that are in use on this device.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn codebook_in_use(&self) -> Result<InUse, Failure> {
        let mut catalog = Catalog::new(floor()?);
        let mut in_use = InUse { codebook: Codebook::default(), adopted: Vec::new(), unfit: Vec::new() };
        for document in self.codebooks()? {
            match adopt(&mut catalog, &document) {
                Ok(name) => in_use.adopted.push((name, document.version)),
                Err(why) => in_use.unfit.push(Unfit { version: document.version, why }),
            }
        }
        in_use.codebook = catalog.codebook().clone();
        Ok(in_use)
    }

    /// [`Self::codebook_in_use`] without its history.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn codebook(&self) -> Result<Codebook, Failure> {
        Ok(self.codebook_in_use()?.codebook)
    }

    /// The newest of each codebook on the shelf, in a fixed order.
    fn codebooks(&self) -> Result<Vec<Document>, Failure> {
        let filed = self.journal.documents().map_err(|error| fault::sync("reading the codebooks", &error))?;
        let filed = filed.into_iter().filter(|filed| !filed.rival).map(|filed| filed.document);
        let mut codebooks: Vec<Document> = filed.filter(|document| document.kind == DocumentKind::Codebook).collect();
        codebooks.sort_by_key(|document| (document.about, document.version));
        Ok(codebooks)
    }
}

impl Admin {
    /// Signs these files as the agency's next codebook and files it for the hub. Forms and lists of the version before that are not
    /// among them stay.
    ///
    /// # Errors
    /// Refused where it would break what was asked before, or is too large.
    pub fn publish_codebook(&mut self, mut files: CodebookFiles) -> Result<Published, Failure> {
        let doing = "publishing the codebook";
        let mut before = None;
        for document in self.home.codebooks()? {
            let payload = Payload::read(&document).map_err(|error| fault::keys(doing, &error.into()))?;
            if payload.name == NAME {
                before = Some(payload);
            }
        }
        if let Some(before) = &before {
            let older = before.files().map_err(|why| Failure::refused(format!("{doing} — {why}"), ""))?;
            files.above(&older);
        }
        judge(&self.home, &files)
            .map_err(|why| Failure::refused(format!("{doing} — {why}"), "Correct the files. Nothing was signed."))?;
        let files: Vec<(String, String)> =
            files.texts().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let held = before.as_ref().map_or(0, |before| before.version);
        if before.is_some_and(|before| before.files == files) {
            return Ok(Published { version: held, new: false, waits: None });
        }
        let version = held.saturating_add(1);
        let agency = self.home.agency()?;
        let payload = canonical::encode(&Payload { agency, name: NAME.to_owned(), version, files });
        if payload.len() > MAX_STATEMENT / 2 {
            return Err(Failure::refused(format!("{doing} — larger than two MiB"), "Leave out what is not needed."));
        }
        let (statement, signed) = self.cosign_codebook(Statement::unsigned(Purpose::Codebook, payload))?;
        let waits = (signed.have < signed.need).then_some(statement);
        Ok(Published { version, new: true, waits })
    }

    /// Adds this admin's signature to a codebook. With the last that is needed it is proven as any device will prove it, and filed.
    ///
    /// # Errors
    /// Refused for another agency's, one that would break what is asked by, or a statement that is no codebook.
    pub fn cosign_codebook(&mut self, mut statement: Statement) -> Result<(Statement, Signed), Failure> {
        let refused = |error| fault::keys("signing the codebook", &error);
        self.home.read_codebook(&statement)?;
        let agency = self.home.agency()?;
        self.root().sign_order(&mut statement, &agency).map_err(refused)?;
        let signed = self.home.signatures(&statement)?;
        if signed.have >= signed.need {
            let document = proof::prove(&statement.to_bytes(), self.home.trust()?).map_err(refused)?;
            self.home.file(&document)?;
        }
        Ok((statement, signed))
    }
}

impl Home {
    /// What a proposed codebook says: its version and its files. It must be this agency's, and fit above what is asked by here.
    ///
    /// # Errors
    /// Refused where it is or does not.
    pub fn read_codebook(&self, statement: &Statement) -> Result<(u64, Vec<String>), Failure> {
        let doing = "reading the proposed codebook";
        if statement.purpose() != Purpose::Codebook {
            return Err(fault::keys(doing, &Forgery::OtherPurpose.into()));
        }
        let payload: Payload =
            canonical::decode(statement.payload()).map_err(|error| fault::keys(doing, &error.into()))?;
        if payload.agency != self.agency()? {
            return Err(fault::keys(doing, &Forgery::OtherAgency.into()));
        }
        let unfit = |why| Failure::refused(format!("{doing} — {why}"), "Nothing was signed.");
        judge(self, &payload.files().map_err(unfit)?).map_err(unfit)?;
        Ok((payload.version, payload.files.into_iter().map(|(name, _)| name).collect()))
    }
}

/// Whether these files may stand above everything that is in use here.
fn judge(home: &Home, files: &CodebookFiles) -> Result<(), String> {
    let above = files.codebook().map_err(|error| error.to_string())?;
    let in_use = home.codebook().map_err(|failure| failure.message)?;
    Catalog::new(in_use).adopt(&above).map_err(|refused| told(&refused))
}

fn adopt(catalog: &mut Catalog, document: &Document) -> Result<String, String> {
    let payload = Payload::read(document).map_err(|error| error.to_string())?;
    let above = payload.files()?.codebook().map_err(|error| error.to_string())?;
    catalog.adopt(&above).map_err(|refused| told(&refused))?;
    Ok(payload.name)
}

fn told(refused: &Refused) -> String {
    let Refused(findings) = refused;
    let told: Vec<String> = findings.iter().take(5).map(ToString::to_string).collect();
    let more = if findings.len() > 5 { format!(" (and {} more)", findings.len() - 5) } else { String::new() };
    format!("{}{more}", told.join("; "))
}

fn floor() -> Result<Codebook, Failure> {
    let floor = Codebook::builtin();
    floor.cloned().map_err(|error| Failure::failed(format!("reading the built-in codebook — {error}"), ""))
}
