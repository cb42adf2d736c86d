//! The command line of the hub.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The keeper at headquarters: proves what it received and can read none of it.
#[derive(Debug, Parser)]
#[command(
    name = "amanat-hub",
    version,
    about,
    after_help = "EXAMPLES:
  amanat-hub init --home /var/lib/amanat-hub --name 'HQ Islamabad'
  amanat-hub roster agency.roster --fingerprint 'eight words read aloud by the admin' --home /var/lib/amanat-hub
  amanat-hub serve --home /var/lib/amanat-hub"
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Makes the hub's keys, its settings and a join request for an admin to approve.
    Init {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// Address and port to listen on; a loopback address, until this hub speaks TLS.
        #[arg(long, default_value = crate::config::DEFAULT_LISTEN)]
        listen: String,
        /// How the hub calls itself.
        #[arg(long, default_value = "hub")]
        name: String,
    },
    /// Serves until told to stop (SIGTERM or Ctrl-C). Prints one line with the address when it is ready.
    Serve {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// Address and port, instead of the one in the settings.
        #[arg(long)]
        listen: Option<String>,
    },
    /// Says what the hub holds.
    Status {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Takes a roster, or a chain of them. The first is pinned by the words that the admin reads aloud.
    Roster {
        /// The file.
        file: PathBuf,
        /// The eight words of the current roster.
        #[arg(long)]
        fingerprint: Option<String>,
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
    },
}
