//! Arguments of the verbs about the roster: who may speak, who may read, and who decides.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What an admin may say about signing.
#[derive(Clone, Debug, Args)]
pub(super) struct Consent {
    /// Sign without being asked (scripts, which have no terminal, are not asked either)
    #[arg(long)]
    pub(super) yes: bool,
    /// Show what changes and what follows, and sign nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Where to write the proposal, if others must sign as well (default: roster-N in the home folder)
    #[arg(long, value_name = "FILE")]
    pub(super) proposal: Option<PathBuf>,
}

/// `amanat roster …`
#[derive(Debug, Subcommand)]
pub(super) enum RosterVerb {
    /// Show the adopted roster and its words
    Show,
    /// Check the chain of rosters from the first to the adopted one
    Verify,
    /// Enrol a device or a hub from its join request, and write a join pack
    #[command(
        after_help = "Examples:\n  amanat roster approve layyah-7.join --fingerprint \"eight words\" --role officer --unit \"PS Layyah\"\n  \
                            amanat roster approve join-request --fingerprint \"eight words\" --role hub"
    )]
    Approve {
        /// The join request
        request: PathBuf,
        /// The newcomer's words, read aloud by them
        #[arg(long, value_name = "WORDS")]
        fingerprint: String,
        /// officer, investigator, supervisor, focal, reader, analyst, auditor, admin, custodian — or hub; unit-key and device-key for
        /// rotations
        #[arg(long)]
        role: String,
        /// The unit, by name or id (HQ when left out)
        #[arg(long)]
        unit: Option<String>,
        /// The member, by name or id, who uses the device (default: a new member with the device's name)
        #[arg(long)]
        member: Option<String>,
        /// Where to write the join pack (default: the request with .pack)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// For a hub: its URL, where it differs from the request; https, or http on this machine. One that is listed keeps its
        /// URL unless another is given here
        #[arg(long)]
        url: Option<String>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Add a unit
    #[command(after_help = "Example:\n  amanat roster unit-add \"PS Layyah\"")]
    UnitAdd {
        /// Its name
        name: String,
        /// station, statistics or national
        #[arg(long, default_value = "station")]
        kind: String,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Set a policy of the roster: retention-days NUMBER|none, readers all|supervisors, write-only yes|no, least-program N.N.N|none,
    /// least-format N
    #[command(after_help = "Example:\n  amanat roster policy retention-days 90\n  amanat roster publish")]
    Policy {
        /// Its name
        name: String,
        /// Its value; `none` takes it away
        value: String,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Read what waits for this admin's signature, and sign it: a roster, an erasure, a codebook, a release, a restored hub's word
    #[command(
        after_help = "Examples:\n  amanat roster sign                  the roster that another admin proposed, as it came with the last sync\n  \
                            amanat roster sign roster-7         the same from a file or stick\n  amanat roster sign 5f0c.erasure\n  \
                            amanat roster sign hub.epoch        what `amanat-hub restore-epoch --reason` wrote\n\n\
                            What it changes is shown before it is signed. With --dry-run it is only shown."
    )]
    Sign {
        /// The proposal (left out: the proposed roster that came from another admin)
        file: Option<PathBuf>,
        /// Which of several proposed rosters, by the beginning of its hash
        #[arg(long, value_name = "HEX")]
        hash: Option<String>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Hand the roster chain and the unit keys to the hub, and write a join pack
    Publish {
        /// Write the join pack here as well
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List a root key as an admin's, from the request that its owner wrote with `amanat keys root`
    #[command(
        after_help = "Example:\n  amanat roster admin-add aisha.root --fingerprint \"eight words\" --threshold 2\n\n\
                            The old threshold of admins and the new one must sign: `amanat roster sign` at the others."
    )]
    AdminAdd {
        /// The request
        request: PathBuf,
        /// Its words, read aloud by the new admin
        #[arg(long, value_name = "WORDS")]
        fingerprint: String,
        /// How many admins must sign from then on
        #[arg(long)]
        threshold: Option<u64>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Sign for a program that devices may run; the release is written beside it
    #[command(after_help = "Example:\n  amanat roster release /media/stick/amanat --version 0.2.0\n  \
                            amanat roster policy least-program 0.2.0     what every device should run at least")]
    Release {
        /// The program
        program: PathBuf,
        /// Its version
        #[arg(long, value_name = "N.N.N")]
        version: String,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// People and devices after they were enrolled
    #[command(flatten)]
    People(PeopleVerb),
}

/// What changes for people and devices after they were enrolled.
#[derive(Debug, Subcommand)]
pub(super) enum PeopleVerb {
    /// End the trust in a device: what it signed up to a place of its journals counts, and nothing after
    #[command(
        after_help = "Examples:\n  amanat roster revoke \"PS Layyah 7\" --lost --dry-run     what follows from it, without signing\n  \
                            amanat roster revoke 5f0c --lost                      as far as its journals are known here\n  \
                            amanat roster revoke 5f0c --left --from 120           entries up to 120 still come in, and are marked"
    )]
    Revoke {
        /// The device, by the beginning of its id or its member's name
        device: String,
        /// The last number of its journal that counts, or `now`: as far as it is known here
        #[arg(long, value_name = "N|now", default_value = "now")]
        from: String,
        /// Which journal the number is of, where there are several
        #[arg(long, value_name = "ID")]
        journal: Option<String>,
        /// The link at the number, as the device itself shows it, where nobody here has seen that entry
        #[arg(long, value_name = "HEX")]
        link: Option<String>,
        /// It was lost or stolen
        #[arg(long, conflicts_with = "left")]
        lost: bool,
        /// Its member left, or handed it in
        #[arg(long)]
        left: bool,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Take an admin's root key off
    AdminRemove {
        /// The member, by name or id
        member: String,
        /// How many admins must sign from then on
        #[arg(long)]
        threshold: Option<u64>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Set how many admins must sign each change
    Threshold {
        /// So many
        admins: u64,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Give a member a role at a unit
    Grant {
        /// The member, by name or id
        member: String,
        /// The role
        role: String,
        /// The unit, by name or id (HQ when left out)
        #[arg(long)]
        unit: Option<String>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Take a role at a unit from a member
    Withdraw {
        /// The member, by name or id
        member: String,
        /// The role
        role: String,
        /// The unit, by name or id (HQ when left out)
        #[arg(long)]
        unit: Option<String>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Post a member to another unit with the roles that they have
    #[command(after_help = "Example:\n  amanat roster post \"ASI Nadia\" --to \"PS Layyah\"")]
    Post {
        /// The member, by name or id
        member: String,
        /// The new unit, by name or id
        #[arg(long)]
        to: String,
        /// The old unit, where they have roles at several
        #[arg(long)]
        from: Option<String>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Let a member read and stand in for a colleague on leave; `withdraw` ends it
    #[command(after_help = "Example:\n  amanat roster stand-in \"SI Bilal\" --for \"Inspector Sana\"")]
    StandIn {
        /// Who stands in, by name or id
        member: String,
        /// For whom
        #[arg(long = "for", value_name = "MEMBER")]
        colleague: String,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Take a member off who leaves: roles, devices, root key
    Leave {
        /// The member, by name or id
        member: String,
        /// For an admin: how many admins must sign from then on
        #[arg(long)]
        threshold: Option<u64>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Split a unit: a new one, and who goes there
    #[command(
        after_help = "Example:\n  amanat roster split \"PS City\" --new \"PS City North\" --member \"ASI Nadia\" --member \"SI Bilal\""
    )]
    Split {
        /// The unit, by name or id
        unit: String,
        /// The new unit's name
        #[arg(long)]
        new: String,
        /// Who goes there, by name or id
        #[arg(long, value_name = "MEMBER")]
        member: Vec<String>,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
    /// Merge a unit into another; what it kept stays readable there
    Merge {
        /// The unit that ends, by name or id
        unit: String,
        /// The unit that takes its people and cases
        #[arg(long)]
        into: String,
        /// Before signing
        #[command(flatten)]
        consent: Consent,
    },
}

/// `amanat update …`
#[derive(Debug, Subcommand)]
pub(super) enum UpdateVerb {
    /// Check a program against its release, and put it in its place only then
    #[command(after_help = "Example:\n  amanat update check /media/stick/amanat --install ~/.local/bin/amanat")]
    Check {
        /// The program
        program: PathBuf,
        /// Its release (default: the program's name with .release)
        #[arg(long, value_name = "FILE")]
        release: Option<PathBuf>,
        /// Where to put it
        #[arg(long, value_name = "PATH")]
        install: Option<PathBuf>,
    },
}
