//! The command line as clap sees it: every verb, its arguments and its examples (`DESIGN.md` section 11).

use std::path::PathBuf;

use amanat_keys::recipient::RecipientKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use super::args_case::{Abroad, AsideVerb, CaseVerb, EntryVerb, Handing, PaperKind, Receiving, Which};
use super::args_later::{ExportVerb, ReportArgs, ReviewVerb};
pub(super) use super::args_roster::{Consent, PeopleVerb, RosterVerb, UpdateVerb};

/// Encrypted, signed, offline case entry for officers who interview victims of trafficking.
#[derive(Debug, Parser)]
#[command(
    name = "amanat",
    version,
    max_term_width = 110,
    after_help = "Without a verb the screen opens.\n\nExamples:\n  amanat                                  open the screen\n  \
                  amanat device init --name \"Laptop 7\"    make this machine's keys and a join request\n  \
                  amanat status --json                    what is kept, what is received\n  \
                  amanat sync                             push, pull, done\n\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 3 locked or wrong passphrase, 4 hub not reached (nothing lost), \
                  5 integrity or trust refused."
)]
pub(super) struct Cli {
    /// What holds for every verb.
    #[command(flatten)]
    pub(super) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

/// Options of every verb.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Home folder of the device (else AMANAT_HOME, else the XDG data folder)
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Read the passphrase from this file (mode 600) instead of asking
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// One JSON document on stdout and nothing else
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Language of the screen
    #[arg(long, global = true, value_enum)]
    pub(super) lang: Option<Tongue>,
    /// Lines instead of a drawing, for screen readers and pipes: `/f1` and so on name keys
    #[arg(long, global = true)]
    pub(super) plain: bool,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

/// Languages of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tongue {
    /// English
    En,
    /// Urdu
    Ur,
}

/// `amanat home …`
#[derive(Debug, Subcommand)]
pub(super) enum HomeVerb {
    /// List the homes that lie here, as a locked machine shows them
    List,
    /// Make room for one more officer
    #[command(after_help = "Examples:\n  amanat home add \"desk 2\"\n  amanat home list\n\n\
                            Whoever sits there makes keys of their own in it; nobody else's passphrase opens them. The name is seen by\n\
                            whoever finds the machine. All homes belong to one user of the system: the passphrases keep them apart.")]
    Add {
        /// What the chooser on the lock screen calls it
        name: String,
    },
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Found an agency: root keys, headquarters, roster 1
    #[command(subcommand)]
    Agency(AgencyVerb),
    /// This machine's keys, and joining an agency
    #[command(subcommand)]
    Device(DeviceVerb),
    /// Homes on this machine: one for each officer who shares it, each under their own passphrase
    #[command(subcommand)]
    Home(HomeVerb),
    /// Units, members, devices, hubs: who may speak and who may read
    #[command(subcommand)]
    Roster(RosterVerb),
    /// Keep, show and correct entries
    #[command(subcommand)]
    Entry(EntryVerb),
    /// Cases: list, show, search, share
    #[command(subcommand)]
    Case(CaseVerb),
    /// Take in existing records
    #[command(subcommand)]
    Import(ImportVerb),
    /// What is kept, handed over and received; how fresh the roster is
    #[command(
        after_help = "Examples:\n  amanat status\n  amanat status --team     your unit's people, as the hub knows them"
    )]
    Status {
        /// Ask the hub for the people of the units that you supervise: last contact, what waits, clocks
        #[arg(long)]
        team: bool,
    },
    /// Push, pull and take newer documents
    #[command(
        after_help = "Examples:\n  amanat sync\n  amanat sync --watch      keep going until interrupted\n  amanat sync --parts      fetch the attachments of others too"
    )]
    Sync {
        /// Keep syncing until interrupted
        #[arg(long)]
        watch: bool,
        /// Fetch every attachment that this device may open; else those that somebody asked for
        #[arg(long)]
        parts: bool,
    },
    /// Carry entries and receipts on a stick
    #[command(subcommand)]
    Bundle(BundleVerb),
    /// Keys of this device, units, recovery
    #[command(subcommand)]
    Keys(KeysVerb),
    /// A supervisor's word on entries
    #[command(subcommand)]
    Review(ReviewVerb),
    /// Forms: check, take in, publish
    #[command(subcommand)]
    Form(FormVerb),
    /// Hold an outside table of counts to what must add up
    #[command(subcommand)]
    Check(CheckVerb),
    /// National tables
    Report(ReportArgs),
    /// Write entries for others
    #[command(subcommand)]
    Export(ExportVerb),
    /// Walk every chain, signature, commitment and receipt, and name what is wrong
    #[command(after_help = "Examples:\n  amanat verify\n  amanat verify --json\n  amanat verify stick.age")]
    Verify {
        /// A bundle to verify instead of the journal
        bundle: Option<PathBuf>,
    },
    /// A new program from a stick, held to what the admins signed for
    #[command(subcommand)]
    Update(UpdateVerb),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  amanat completions bash > /etc/bash_completion.d/amanat")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Practise on a made-up case, with a hint at every step, in a home of its own that can never sync
    #[command(
        after_help = "The home is made beside yours (its name ends in -training) and opens with the words that the screen shows. Type \
                            nothing real: those words are no secret."
    )]
    Train,
}

/// How a passphrase is hashed.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Hashing {
    /// log2 N of scrypt: 15 to 20 (10 to 14 with --practice)
    #[arg(long, value_name = "N")]
    pub(super) work_factor: Option<u8>,
    /// A home for practice and tests: weak hashing allowed, only loopback hubs, stamped for good
    #[arg(long)]
    pub(super) practice: bool,
}

/// `amanat agency …`
#[derive(Debug, Subcommand)]
pub(super) enum AgencyVerb {
    /// Make root keys, the HQ unit, roster 1, an admin's home and an HQ reader's home
    #[command(
        after_help = "Example:\n  amanat agency init --name \"Punjab Police\" --dir agency\n  (makes agency/admin and agency/reader)"
    )]
    Init {
        /// Name of the agency
        #[arg(long)]
        name: String,
        /// Folder for the two homes
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Name of the first admin
        #[arg(long, default_value = "Admin")]
        admin: String,
        /// Name of the first HQ reader
        #[arg(long, default_value = "HQ reader")]
        reader: String,
        /// Passphrase of the reader's home, where it differs
        #[arg(long, value_name = "FILE")]
        reader_passphrase_file: Option<PathBuf>,
        /// A further admin with a root key of their own, in a home of their own (DIR/admin-2, DIR/admin-3 …)
        #[arg(long, value_name = "NAME")]
        co_admin: Vec<String>,
        /// Passphrase of a further admin's home, in the same order
        #[arg(long, value_name = "FILE")]
        co_admin_passphrase_file: Vec<PathBuf>,
        /// How many of the admins must sign each change
        #[arg(long, default_value_t = 1)]
        threshold: u64,
        /// What everything is sealed to: x25519, or mlkem768x25519, which a quantum computer does not open either
        #[arg(long, value_name = "KIND", default_value = "x25519")]
        recipients: RecipientKind,
        /// How the passphrases are hashed
        #[command(flatten)]
        hashing: Hashing,
    },
}

/// `amanat device …`
#[derive(Debug, Subcommand)]
pub(super) enum DeviceVerb {
    /// Make this machine's keys and write a join request
    #[command(after_help = "Example:\n  amanat device init --name \"Laptop 7, PS Layyah\" --out layyah-7.join")]
    Init {
        /// Name of the device, as the roster will show it
        #[arg(long)]
        name: String,
        /// The unit it hopes to join (a note for the admin)
        #[arg(long)]
        unit: Option<String>,
        /// Where to write the join request (default: join-request in the home folder)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// What the agency seals to: x25519, or mlkem768x25519 (its admin knows)
        #[arg(long, value_name = "KIND", default_value = "x25519")]
        recipients: RecipientKind,
        /// How the passphrase is hashed
        #[command(flatten)]
        hashing: Hashing,
    },
    /// Write the join request again
    Request {
        /// Where to (default: join-request in the home folder)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Join the agency with the pack that the admin wrote
    #[command(
        after_help = "Example:\n  amanat device join punjab.pack --fingerprint \"eight words read aloud by the admin\""
    )]
    Join {
        /// The join pack
        pack: PathBuf,
        /// The agency's words, read aloud by the admin
        #[arg(long, value_name = "WORDS")]
        fingerprint: String,
    },
}

/// `amanat import …`
#[derive(Debug, Subcommand)]
pub(super) enum ImportVerb {
    /// A table of comma-separated values, read by a map
    #[command(after_help = "Example:\n  amanat import csv victims.csv --map victims.toml --dry-run")]
    Csv {
        /// The table
        file: PathBuf,
        /// The map from columns to questions
        #[arg(long, value_name = "MAP.toml")]
        map: PathBuf,
        /// Read and check everything, keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// A table in the Human Trafficking Case Data Standard 2.0
    Htcds {
        /// The table
        file: PathBuf,
        /// Read and check everything, keep nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// `amanat keys …`
#[derive(Debug, Subcommand)]
pub(super) enum KeysVerb {
    /// Which keys this device holds and which it waits for
    Status,
    /// Change this device's passphrase
    Passphrase {
        /// Read the new passphrase from this file instead of asking
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
        /// log2 N of scrypt for the new passphrase
        #[arg(long, value_name = "N")]
        work_factor: Option<u8>,
    },
    /// Make a root key in this home and a request to be listed as an admin
    #[command(
        after_help = "Example:\n  amanat keys root --out aisha.root     then, at an admin's: amanat roster admin-add aisha.root --fingerprint WORDS"
    )]
    Root {
        /// Where to write the request (default: root-request in the home folder)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// log2 N of scrypt for the root key's file
        #[arg(long, value_name = "N")]
        work_factor: Option<u8>,
    },
    /// New keys for a unit, this device, the root or the hub
    #[command(
        after_help = "Examples:\n  amanat keys rotate unit \"PS Layyah\"     makes the unit's next key; its request goes to an admin\n  \
                            amanat keys rotate unit \"PS Layyah\"     once a roster lists it: rewraps every slip; goes on after a kill\n  \
                            amanat keys rotate hub --fingerprint \"eight words\"\n  \
                                                                    lists what the hub asks for since `amanat-hub rotate-key`, whose words its\n  \
                                                                    keeper reads aloud; then amanat roster publish\n  \
                            amanat keys rotate device               this device's next keys; twice more once a roster lists them, and once it\n  \
                                                                    has ended the older ones\n\n\
                            Nothing is destroyed by it: older slips go only when another reader has opened the new ones."
    )]
    Rotate {
        /// unit, device, root or hub
        what: String,
        /// Which; left out, this device's own unit
        which: Option<String>,
        /// Where to write the request for the admins (default: in the home folder)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// For the hub, where no network reaches it: the request that `amanat-hub rotate-key` wrote
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// For the hub: the request's words, read aloud by its keeper
        #[arg(long, value_name = "WORDS")]
        fingerprint: Option<String>,
        /// For the hub: before signing
        #[command(flatten)]
        consent: Consent,
        /// For a unit or device, before `amanat keys raise`: a next key of this kind (mlkem768x25519)
        #[arg(long, value_name = "KIND")]
        recipients: Option<RecipientKind>,
    },
    /// A new case key
    Rekey {
        /// The case's id
        case: String,
        /// Seal older entries again too
        #[arg(long)]
        reseal: bool,
        /// Only look: what would be sealed again, and what would stay under an older key
        #[arg(long)]
        look: bool,
    },
    /// Make a recovery key, split it onto printed sheets, and have every sheet typed back before anything is sealed to it (admin)
    #[command(after_help = "Example:\n  amanat keys split --shares 5 --threshold 3 --sheets /media/printer\n\n\
                            A sheet is a secret: write them to a stick that is destroyed after printing. Every unit's key is sealed to the\n\
                            recovery key once the roster names it; its readers do so with their next sync.")]
    Split {
        /// How many sheets
        #[arg(long, value_name = "N", default_value_t = 5)]
        shares: u8,
        /// How many of them open it again
        #[arg(long, value_name = "M", default_value_t = 3)]
        threshold: u8,
        /// Folder for the sheets
        #[arg(long, value_name = "DIR")]
        sheets: PathBuf,
        /// Where to write the proposed roster, if other admins must sign as well
        #[arg(long, value_name = "FILE")]
        proposal: Option<PathBuf>,
    },
    /// Type in sheets of the recovery key, and take the keys of the units that this device reads for
    #[command(
        after_help = "The device must have joined and be listed as a reader; sync first, so that the sealed keys are here.\n\
                            The words are read from standard input, a sheet after the other, in any line breaks."
    )]
    Restore,
    /// What a key could read, and what it can still open now
    #[command(
        after_help = "Examples:\n  amanat keys audit 3522c910            a device, by the beginning of its id\n  amanat keys audit \"PS Layyah\" \
                            --html audit.html\n\nSync first: the answer is what this device knows of, and a custodian or a reader at headquarters \
                            knows most."
    )]
    Audit {
        /// A device or key by the beginning of its id, or a unit's or member's name; left out, this device
        whom: Option<String>,
        /// Write a page to keep or print
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// What may go from this device because headquarters has opened it long enough ago (policy retention-days)
    #[command(
        after_help = "Examples:\n  amanat keys retention            what would go, and what stays and why\n  amanat keys retention --apply\n\n\
                            Days are the hub's, never this machine's. Nothing goes that no reader at headquarters has opened. Each sync\n\
                            does the same by itself once an admin has set the policy: amanat roster policy retention-days 90."
    )]
    Retention {
        /// Drop what may go
        #[arg(long)]
        apply: bool,
    },
    /// Move the whole agency to hybrid recipients (mlkem768x25519) with one roster, from the requests of all (admin)
    #[command(
        after_help = "Examples:\n  amanat keys rotate device --recipients mlkem768x25519            on every device, the admins' too\n  \
                            amanat keys rotate unit \"PS Layyah\" --recipients mlkem768x25519   for every unit, by its custodian\n  \
                            amanat-hub request --recipients mlkem768x25519                   at the hub\n  \
                            amanat keys raise *.join                                         names whoever is missing; else signs\n\n\
                            Each request is signed by the key that the roster lists, so no words are read aloud. Afterwards everybody syncs, and\n\
                            custodians run `amanat keys rotate unit` again, which rewraps. There is no way back."
    )]
    Raise {
        /// The requests
        #[arg(required = true)]
        requests: Vec<PathBuf>,
        /// Let the recovery key go, whose sheets are of the older kind; `amanat keys split` makes the next one
        #[arg(long)]
        recovery_later: bool,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
}

/// `amanat form …`
#[derive(Debug, Subcommand)]
pub(super) enum FormVerb {
    /// Check forms and lists: files, or the built-in codebook
    Check {
        /// Form and list files, checked with the built-in ones (left out: those alone)
        files: Vec<PathBuf>,
    },
    /// Check a form or list file and keep it as a draft for `form publish`
    #[command(
        after_help = "Examples:\n  amanat form import shelter.toml\n  amanat form import xlsform shelter.xlsx\n\n\
                            The file is checked with the built-in forms and lists and with the drafts kept before, and is copied into the\n\
                            home's folder codebook-draft, where it replaces a draft of the same form and version. Nobody is asked by\n\
                            a draft: `amanat form publish` signs all of them and hands them to the hub. Of an XLSForm (the workbook of\n\
                            ODK and Kobo) each repeat becomes a form of its own; what has no counterpart is named with its row."
    )]
    Import {
        /// The form or list, as TOML
        file: PathBuf,
        /// With `xlsform` as the first word: the workbook
        #[arg(hide = true)]
        workbook: Option<PathBuf>,
        /// For a workbook: the version of its forms, where it is not the one that its settings say
        #[arg(long, value_name = "N")]
        as_version: Option<u16>,
    },
    /// Sign forms and lists as the agency's next codebook and hand it to the hub (admin)
    #[command(after_help = "Examples:\n  amanat form publish codebook/\n  amanat form publish shelter.toml\n  \
                            amanat form publish           the drafts that `form import` kept\n\n\
                            Forms and lists published before stay in force unless a file replaces them. A form in use is never changed:\n\
                            a change is a new version of it. A list never loses a code. Devices take the codebook over at their next sync.")]
    Publish {
        /// A folder of TOML files (itself, its forms and its lists), or one file
        source: Option<PathBuf>,
    },
}

/// `amanat check …`
#[derive(Debug, Subcommand)]
pub(super) enum CheckVerb {
    /// Name what does not reconcile, with lines and numbers; exit code 1 when there is anything
    #[command(after_help = "Example:\n  amanat check table glotip.csv\n\n\
                            The table is a CSV in the columns of UNODC's published dataset: Indicator, Dimension, Category, Sex, Age,\n\
                            Year, txtVALUE, and Iso3_code or Country where there are several. No home and no passphrase is needed.")]
    Table {
        /// The table, as comma-separated values
        file: PathBuf,
    },
}

/// `amanat bundle …`
#[derive(Debug, Subcommand)]
pub(super) enum BundleVerb {
    /// Write what headquarters has not signed for, and what whoever reads it may lack, into one sealed file
    #[command(
        after_help = "Examples:\n  amanat bundle write /media/stick/to-hq.age                        for the hub\n  \
                            amanat bundle write /media/stick --to \"PS Sample, Gujrat\"        for the supervisor of a unit, or back \
                            to its officers\n\nWhoever finds the file can read nothing. What is in it counts as handed over; it \
                            counts as received only when headquarters' receipt has come back."
    )]
    Write {
        /// The file, or a folder (a stick) in which one is made
        file: PathBuf,
        /// The unit it is for (left out: the hub)
        #[arg(long, value_name = "UNIT")]
        to: Option<String>,
    },
    /// Take in what a file carries: entries to hand on, receipts, rosters, keys, codebooks, orders
    #[command(
        after_help = "Examples:\n  amanat bundle read /media/stick/amanat-to-ps-sample-gujrat.age\n  amanat bundle read \
                            /media/stick                    the newest bundle on it\n\nSafe to read twice, in any order, old, or \
                            half: what is whole is taken, and what is missing is named."
    )]
    Read {
        /// The file, or a folder with one in it
        file: PathBuf,
    },
}
