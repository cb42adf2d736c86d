//! Arguments of the verbs of review, and of verbs that this version parses and does not do yet.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `amanat review …`
#[derive(Debug, Subcommand)]
pub(super) enum ReviewVerb {
    /// What waits for review
    List,
    /// Approve an entry
    Approve {
        /// The entry
        id: String,
    },
    /// Return an entry to its author, who reads the note after the next sync
    #[command(after_help = "Example:\n  amanat review return 5f0c --note \"The date of the FIR is missing.\"")]
    Return {
        /// The entry
        id: String,
        /// What is to be done
        #[arg(long)]
        note: String,
    },
    /// Give a case to a member of the roster, who finds it on the page of what is due after the next sync
    #[command(after_help = "Example:\n  amanat review assign 5f0c --to \"Sana Malik\" --note \"Hear the driver.\"\n\n\
                            `amanat case list --mine` lists what was given to whoever sits here.")]
    Assign {
        /// The entry, or the case
        id: String,
        /// To whom: the name, or a part of it that is nobody else's
        #[arg(long, value_name = "MEMBER")]
        to: String,
        /// What is to be done
        #[arg(long)]
        note: String,
    },
    /// Say that an entry is a duplicate of another of its case, that a case is a duplicate of another, or that a person is one of
    /// another case; both stay
    #[command(after_help = "Examples:\n  amanat review merge 5f0c --into 77aa --note \"The same FIR.\"\n\n\
                            Of two cases, or persons of two, only those are told who read both. They see one and count one; \
                            `amanat review apart` takes it back.")]
    Merge {
        /// The duplicate: an entry, or a case
        id: String,
        /// What stands
        #[arg(long, value_name = "ENTRY|CASE")]
        into: String,
        /// Why
        #[arg(long)]
        note: String,
    },
    /// Say that two cases, or persons of two, are not one after all
    Apart {
        /// One of them: an entry, or a case
        id: String,
        /// The other
        other: String,
        /// Why
        #[arg(long)]
        note: String,
    },
}

/// `amanat report …`
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The table
    pub(super) table: String,
    /// First day
    #[arg(long, value_name = "D")]
    pub(super) from: Option<String>,
    /// Last day
    #[arg(long, value_name = "D")]
    pub(super) to: Option<String>,
    /// text, csv, xlsx, html or json
    #[arg(long, default_value = "text")]
    pub(super) format: String,
}

/// `amanat export …`
#[derive(Debug, Subcommand)]
pub(super) enum ExportVerb {
    /// The Human Trafficking Case Data Standard
    Htcds {
        /// Where to
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Comma-separated values
    Csv {
        /// Where to
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// A case for the court
    Evidence {
        /// The case
        id: String,
        /// Where to
        #[arg(long)]
        out: Option<PathBuf>,
    },
}
