//! Arguments of the verbs about cases and their entries.

use std::path::PathBuf;

use clap::Subcommand;

/// `amanat entry …`
#[derive(Debug, Subcommand)]
pub(super) enum EntryVerb {
    /// Keep a filled form
    #[command(after_help = "Examples:\n  amanat entry add --form case --from case.json\n  \
                            amanat entry add --form person --case 5f0c… --from - < person.json\n\n\
                            The JSON is {\"question\": answer, …}: text, number, true/false, \"code\", [\"code\", …], a date as text,\n\
                            or {\"answer\": \"not_asked|refused|unknown\"}, or {\"value\": …, \"lang\": \"en|ur\"}.")]
    Add {
        /// The form
        #[arg(long)]
        form: String,
        /// The answers as JSON; `-` reads stdin
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// The case (left out: a new one)
        #[arg(long, value_name = "ID")]
        case: Option<String>,
    },
    /// Show one entry
    Show {
        /// The entry's id, or its beginning
        id: String,
        /// Show sealed answers (names, phone, home) too; this is kept on record
        #[arg(long)]
        names: bool,
        /// Write its sealed bytes to this folder, for stock age, zstd and jq; this is kept on record
        #[arg(long, value_name = "DIR")]
        files: Option<PathBuf>,
    },
    /// Correct an entry: only the questions that change
    #[command(after_help = "Example:\n  amanat entry amend 91ab… --from changes.json --reason NEWINFO")]
    Amend {
        /// The entry's id, or its beginning
        id: String,
        /// The new answers as JSON; `-` reads stdin
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Why (list amend_reason)
        #[arg(long, default_value = "TYPO")]
        reason: String,
        /// In words
        #[arg(long)]
        note: Option<String>,
    },
    /// Attach files (scan, photo, recording; up to 2 GiB each) to a case, sealed like everything else
    #[command(after_help = "Examples:\n  amanat entry attach 5f0c… passport.jpg\n  \
                            amanat entry attach 5f0c… page1.jpg page2.jpg --note \"Contract, both sides\"\n\n\
                            The files themselves stay where they are, unprotected: delete them when you do not need them.")]
    Attach {
        /// The case's id, or its beginning
        case: String,
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What they are, in words (left out: what kinds of file)
        #[arg(long)]
        note: Option<String>,
        /// Their media type, like audio/mpeg (left out: looked at)
        #[arg(long, value_name = "TYPE")]
        media: Option<String>,
    },
    /// Save an attachment of an entry to a file that nothing protects; this is kept on record
    #[command(after_help = "Example:\n  amanat entry save-part 91ab… 1 --out passport.jpg")]
    SavePart {
        /// The entry's id, or its beginning
        id: String,
        /// Which of its attachments, from 1
        n: usize,
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace what is there
        #[arg(long)]
        force: bool,
    },
    /// Put an entry on paper, as a page of HTML in Urdu and English; this is kept on record
    #[command(after_help = "Examples:\n  amanat entry paper 91ab… --paper consent --print\n  \
                            amanat entry paper 91ab… --paper statement --names --out - | weasyprint - - | lp\n\n\
                            consent: of a person or an interview. letter: of a referral that the person agreed to. card: to take along.\n\
                            statement: of an interview, to be read back. --print uses print_command of settings.toml and leaves no file.\n\
                            A file is protected by nothing: delete it when it is printed.")]
    Paper {
        /// The entry's id, or its beginning
        id: String,
        /// Which paper
        #[arg(long, value_enum)]
        paper: PaperKind,
        /// With the person's name
        #[arg(long)]
        names: bool,
        /// A new file; `-` writes to stdout
        #[arg(long, value_name = "FILE", required_unless_present = "print", conflicts_with = "print")]
        out: Option<PathBuf>,
        /// To the printer's command of the settings
        #[arg(long)]
        print: bool,
    },
    /// List what was set aside because something is wrong with it, and why
    #[command(after_help = "Examples:\n  amanat entry quarantined\n  \
                            amanat entry quarantined save 91ab… --out damaged.entry\n  \
                            amanat entry quarantined retry\n  amanat entry quarantined drop 91ab… --yes\n\n\
                            What came damaged is asked for again with the next syncs, and taken from any stick that brings it.")]
    Quarantined {
        #[command(subcommand)]
        verb: Option<AsideVerb>,
    },
}

/// The papers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PaperKind {
    /// What a person is told and asked before an interview
    Consent,
    /// To who takes somebody in
    Letter,
    /// To take along; gives nothing away
    Card,
    /// To be read back
    Statement,
}

/// `amanat entry quarantined …`
#[derive(Debug, Subcommand)]
pub(super) enum AsideVerb {
    /// Save the sealed bytes of one to a new file: nothing in it is opened
    Save {
        /// Its id in the list, or its beginning
        id: String,
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Look at all of it once more, by the roster of today: what counts by it goes to its place
    Retry,
    /// Drop one from this device. Save it first if anybody is to look into it
    Drop {
        /// Its id in the list, or its beginning
        id: String,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}

/// Which cases are listed: all of it holds at once.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Which {
    /// Begin with the filter that was saved under this name
    #[arg(long, value_name = "NAME")]
    pub(super) filter: Option<String>,
    /// Not closed
    #[arg(long, group = "stands")]
    pub(super) open: bool,
    /// At high risk
    #[arg(long, group = "stands")]
    pub(super) high_risk: bool,
    /// Not yet received by headquarters
    #[arg(long, group = "stands")]
    pub(super) not_received: bool,
    /// With a follow-up that is due, today or before
    #[arg(long)]
    pub(super) due: bool,
    /// Given to whoever sits here
    #[arg(long)]
    pub(super) mine: bool,
    /// Class (list case_class)
    #[arg(long, value_name = "CODE")]
    pub(super) class: Option<String>,
    /// Form of exploitation of one of its persons (list exploitation_type)
    #[arg(long, value_name = "CODE")]
    pub(super) exploitation: Option<String>,
    /// Status (list case_status)
    #[arg(long, value_name = "CODE")]
    pub(super) status: Option<String>,
    /// Station, as it was written
    #[arg(long, value_name = "NAME")]
    pub(super) station: Option<String>,
    /// Unit of the roster that has it, by its name or number
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<String>,
    /// Opened within so many days
    #[arg(long, value_name = "N")]
    pub(super) days: Option<u16>,
    /// Save this filter under a name; one of the same name is replaced
    #[arg(long, value_name = "NAME")]
    pub(super) save: Option<String>,
}

/// How a case is shared or transferred.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Handing {
    /// In words; every reader of the case reads them
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    /// Say who would read it, and keep nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// A transfer to a unit of another agency.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Abroad {
    /// The other agency's pack, where --to names a unit of its roster
    #[arg(long, value_name = "PACK", requires = "fingerprint", conflicts_with_all = ["accept", "reject"])]
    pub(super) to_agency: Option<PathBuf>,
    /// The words of its roster, read aloud by its people
    #[arg(long, value_name = "WORDS", requires = "to_agency")]
    pub(super) fingerprint: Option<String>,
    /// Where to write what they get
    #[arg(long, value_name = "FILE", requires = "to_agency")]
    pub(super) out: Option<PathBuf>,
    /// Which offer is taken back, by the beginning of its id, where several wait
    #[arg(long, value_name = "ID", requires_all = ["to_agency", "take_back"])]
    pub(super) offer: Option<String>,
}

/// How a file of another agency is read.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Receiving {
    /// The words of its roster, read aloud by its people
    #[arg(long, value_name = "WORDS")]
    pub(super) fingerprint: Option<String>,
    /// Take the case over: keep it here
    #[arg(long, conflicts_with = "reject", requires = "out")]
    pub(super) accept: bool,
    /// Do not; needs a note
    #[arg(long, requires_all = ["note", "out"])]
    pub(super) reject: bool,
    /// In words; the other side reads them
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    /// Where to write the answer
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// What becomes of a transfer: it is sent, or one of these.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(id = "what", required = true, multiple = false, args = ["to", "accept", "reject", "take_back"])]
pub(super) struct TransferAnswer {
    /// Take the case over
    #[arg(long)]
    pub(super) accept: bool,
    /// Do not; needs a note
    #[arg(long, requires = "note")]
    pub(super) reject: bool,
    /// Ask no longer
    #[arg(long)]
    pub(super) take_back: bool,
}

impl TransferAnswer {
    /// The step that is meant.
    pub(super) const fn step(self) -> crate::model::Step {
        use crate::model::Step;
        match self {
            Self { accept: true, .. } => Step::Accepted,
            Self { reject: true, .. } => Step::Rejected,
            Self { take_back: true, .. } => Step::TakenBack,
            Self { .. } => Step::Sent,
        }
    }
}

/// `amanat case …`
#[derive(Debug, Subcommand)]
pub(super) enum CaseVerb {
    /// List cases, newest first
    #[command(after_help = "Examples:\n  amanat case list --exploitation BONDED --days 30\n  \
                            amanat case list --due --save \"look again\"\n  amanat case list --filter \"look again\"\n\n\
                            Filters with a name are kept sealed on this device; the screen (F3) and the command line share them.")]
    List {
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Which cases
        #[command(flatten)]
        which: Box<Which>,
    },
    /// Other cases that share something with one: a card, a phone, an FIR, a like name, a place
    Links {
        /// The case's id, or its beginning
        id: String,
    },
    /// Show one case, or all of them
    #[command(after_help = "Examples:\n  amanat case show 5f0c…\n  amanat case show --all --json > cases.json\n\n\
                            Names, phones and homes are not shown; `amanat entry show ID --names` shows one person's. A case that\n\
                            is another's is put on record as opened before it is shown, once, as on the screen. --all prints case\n\
                            by case: {\"cases\": [{\"case\", \"sharing\", \"entries\"}, …], \"total\", \"closed\", \"offered\"}.")]
    Show {
        /// The case's id, or its beginning
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Every case that this device reads, newest first
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Find cases whose entries hold all these words
    #[command(
        after_help = "Examples:\n  amanat case search layyah kiln\n  amanat case search -        asks for them\n\n\
                            Words given as arguments stay in the shell's history and are seen by other users of the machine.\n\
                            Give names on stdin: `-` reads them from there."
    )]
    Search {
        /// The words; `-` reads them from stdin
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Let another unit read a case, from its first entry on
    #[command(
        after_help = "Examples, at a supervisor's home:\n  amanat case share 5f0c… --unit \"PS Layyah\" --dry-run\n  \
                            amanat case share 5f0c… --unit \"PS Layyah\" --note \"The kiln lies there.\"\n  amanat sync\n\n\
                            A case of sharing level H1 is for its own unit alone: correct its level first. The same command again opens\n\
                            for the unit what came meanwhile."
    )]
    Share {
        /// The case's id, or its beginning
        id: String,
        /// The unit, by its name
        #[arg(long)]
        unit: String,
        /// How
        #[command(flatten)]
        how: Handing,
    },
    /// Hand a case to another unit, or answer for the unit that was asked
    #[command(after_help = "Examples:\n  amanat case transfer 5f0c… --to \"FIA AHTC Multan\" --reason XBORDER\n  \
                            (at the other unit's supervisor: amanat case transfer 5f0c… --accept)\n  \
                            amanat case transfer 5f0c… --reject --note \"No border was crossed.\"\n\n\
                            The unit reads the case from the next sync on, and has it once it accepts. Who read it before still does.\n\n\
                            To a unit of another agency, with the pack of its roster and the words of it, read aloud by its people:\n  \
                            amanat case transfer 5f0c… --to \"AHTC Multan\" --to-agency fia.pack --fingerprint \"eight words\" \\\n    \
                            --reason XBORDER --out fia-case.age\n\
                            They get one file, sealed to that unit, and answer with another: amanat case receive answer.age\n\
                            Not answered, it can be taken back, with a file that tells them so:\n  \
                            amanat case transfer 5f0c… --take-back --to-agency fia.pack --fingerprint \"eight words\" --out back.age")]
    Transfer {
        /// The case's id, or its beginning
        id: String,
        /// The unit that is to have it, by its name
        #[arg(long, value_name = "UNIT")]
        to: Option<String>,
        /// Which answer, where it is one
        #[command(flatten)]
        answer: TransferAnswer,
        /// Where the unit is another agency's
        #[command(flatten)]
        away: Box<Abroad>,
        /// Why (list transfer_reason)
        #[arg(long, value_name = "CODE", default_value = "OTHER")]
        reason: String,
        /// How
        #[command(flatten)]
        how: Handing,
    },
    /// Read what another agency wrote: a case that it offers, or its answer to one that was offered
    #[command(after_help = "Examples, at a supervisor's home:\n  \
                            amanat case receive fia-case.age --fingerprint \"eight words, read aloud\"      what it is\n  \
                            amanat case receive fia-case.age --fingerprint … --accept --out answer.age\n  \
                            amanat case receive fia-case.age --fingerprint … --reject --note \"No border was crossed.\" --out answer.age\n  \
                            (at the unit that offered: amanat case receive answer.age)\n\n\
                            Nothing is kept before --accept. Every entry is proven by its author's signature and kept with it; reading a file\n\
                            twice adds nothing.")]
    Receive {
        /// The file
        file: PathBuf,
        /// How
        #[command(flatten)]
        how: Box<Receiving>,
    },
    /// Hand a case in: what this device kept in it stays sealed until headquarters has it, and nothing here opens it ever again
    #[command(
        after_help = "Examples:\n  amanat case hand-in 5f0c…          what it would come to\n  amanat case hand-in 5f0c… --yes\n\n\
                            Its readers go on reading it, this device can still add to it, and what waits leaves with the next sync or\n\
                            stick. There is no way back on this device. Copies of the home folder made before still open it: keep none."
    )]
    HandIn {
        /// The case's id, or its beginning
        id: String,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Erase a case by a court's order: propose it, then carry out what the admins have signed
    #[command(
        after_help = "Examples, at a custodian's home:\n  amanat case erase 5f0c… --order \"LHC, 3 Nov 2026, WP 812/2026\" --out 5f0c.erasure\n  \
                            (each admin: amanat roster sign 5f0c.erasure)\n  amanat case erase 5f0c… --signed 5f0c.erasure\n  amanat sync\n\n\
                            Where an interview says that consent was withdrawn and nothing in the case is there by law (CrPC\n\
                            ss.154, 161, 164):\n  amanat case erase 5f0c… --consent 77ab…\n\
                            Afterwards, what became of it:\n  amanat case erase 5f0c… --receipt 5f0c.receipt\n\n\
                            Entries that arrive after the proposal are not in it: propose again for those. The order's text stays\n\
                            readable to the case's readers; put no name of a victim in it."
    )]
    Erase {
        /// The case's id, or its beginning
        id: String,
        /// Propose: the order's reference and reason, kept sealed in the case
        #[arg(long, value_name = "TEXT", group = "what")]
        order: Option<String>,
        /// With --order: this entry alone, and others named in the same way; by default all that the case holds
        #[arg(long, value_name = "ENTRY", requires = "order")]
        entry: Vec<String>,
        /// Propose: because this entry says that consent was withdrawn
        #[arg(long, value_name = "ENTRY", group = "what")]
        consent: Option<String>,
        /// Carry out: the proposal with the admins' signatures
        #[arg(long, value_name = "FILE", group = "what")]
        signed: Option<PathBuf>,
        /// Write what became of it into a new file: the orders, what is gone, what the hub has signed for
        #[arg(long, value_name = "FILE", group = "what", required_unless_present_any = ["order", "consent", "signed"])]
        receipt: Option<PathBuf>,
        /// Where to write the proposal (default: erasure-ID here)
        #[arg(long, value_name = "FILE", conflicts_with_all = ["signed", "receipt"])]
        out: Option<PathBuf>,
    },
}
