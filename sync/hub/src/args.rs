//! The command line of the hub.

use std::path::PathBuf;

use amanat_keys::recipient::RecipientKind;
use clap::{Parser, Subcommand};

/// The keeper at headquarters: proves what it received and can read none of it.
#[derive(Debug, Parser)]
#[command(
    name = "amanat-hub",
    version,
    about,
    after_help = "EXAMPLES:
  amanat-hub init --home /var/lib/amanat-hub --name 'HQ Islamabad' --listen 0.0.0.0:7070 --url https://hub.example:7070
  amanat-hub roster agency.roster --fingerprint 'eight words read aloud by the admin' --home /var/lib/amanat-hub
  amanat-hub serve --home /var/lib/amanat-hub
  amanat-hub backup /mnt/stick/hub-2026-11-25 --home /var/lib/amanat-hub
  amanat-hub migrate --from sqlite --to 'postgres://amanat@/amanat?host=/run/postgresql' --home /var/lib/amanat-hub
  amanat-hub init --home /var/lib/amanat-hub --store 'postgres://amanat@/amanat?host=/run/postgresql'

A NEW CERTIFICATE:
  Devices know the hub by the key of its certificate, which the roster lists; names and dates in it decide nothing.
  With the same key: put it where the old one was, then send SIGHUP. With another key:
  1. amanat-hub request --next            an admin approves it; both keys are on the roster
  2. amanat-hub status                    once the hub holds that roster, and the devices have had time to sync
  3. mv tls-next.pem tls.pem              in the hub's folder; then send SIGHUP
  4. amanat-hub request                   an admin approves it; the old key is off the roster

A NEW SIGNING KEY:
  1. amanat-hub rotate-key                while the hub is stopped; then serve: both keys sign, and a backup is due
  2. amanat keys rotate hub --fingerprint 'eight words'    an admin; then amanat roster publish
  The hub takes the roster from the admin's device, signs with the new key alone and deletes the older one.

AFTER A RESTORE FROM A BACKUP, before serving:
  1. amanat-hub restore-epoch --reason 'disk lost, backup of 24 November'     writes hub.epoch in the hub's folder
  2. amanat roster sign hub.epoch                                             an admin reads it and signs
  3. amanat-hub restore-epoch hub.epoch                                       begins the epoch; then serve

THE STORE is the file hub.sqlite in the home, or a PostgreSQL database: --store, or store = \"URL\" in settings.toml. Several hosts may
stand in the URL (postgres://amanat@db1,db2/amanat): the one that takes writes is used. A password never stands in a URL or an
argument. It is read from the file named by --password-file or by password_file in settings.toml, else from the one that PGPASSFILE
names, else from ~/.pgpass: lines HOST:PORT:DATABASE:USER:PASSWORD, as for psql, readable by their owner alone (chmod 600). Through a
unix socket PostgreSQL can do without one (peer). This version speaks no TLS to a database: use a unix socket, or a tunnel."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Makes the hub's keys, its settings, a certificate and a join request for an admin to approve.
    Init {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// Address and port to listen on.
        #[arg(long, default_value = crate::config::DEFAULT_LISTEN)]
        listen: String,
        /// Where devices call it, like `https://hub.example:7070`. When left out: http on a loopback address, https on any other.
        /// Plain http is served on loopback only.
        #[arg(long)]
        url: Option<String>,
        /// A certificate in PEM to use instead of making one. Devices look at its key alone.
        #[arg(long)]
        certificate: Option<PathBuf>,
        /// The certificate's key in PEM, where it stands in another file.
        #[arg(long, requires = "certificate")]
        key: Option<PathBuf>,
        /// How the hub calls itself.
        #[arg(long, default_value = "hub")]
        name: String,
        /// PostgreSQL instead of SQLite: postgres://USER@/DATABASE?host=/run/postgresql. No password in it.
        #[arg(long, value_name = "URL")]
        store: Option<String>,
        /// The file of the database's password, in the form of ~/.pgpass and readable by its owner alone.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// What the agency seals to: x25519, or mlkem768x25519 where it has chosen hybrid recipients.
        #[arg(long, value_name = "KIND", default_value = "x25519")]
        recipients: RecipientKind,
    },
    /// Writes the join request anew, with the TLS key in use, for an admin to approve.
    Request {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// Names the key of the next certificate too: of this one, or of one that is made and kept in tls-next.pem.
        #[arg(long, num_args = 0..=1)]
        next: Option<Option<PathBuf>>,
        /// Names a recipient of this kind, made once and kept in transport.key, before the roster does: for `amanat keys raise`.
        #[arg(long, value_name = "KIND")]
        recipients: Option<RecipientKind>,
    },
    /// Makes the hub's next signing key and a request for an admin to list it; again, it is the same key. While the hub is stopped: it
    /// serves on with both, and with the new one alone once a roster names it.
    RotateKey {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Serves until told to stop (SIGTERM or Ctrl-C). Prints one line with the address when it is ready. SIGHUP reads the
    /// certificate again.
    Serve {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// Answers /alive, /ready and /metrics (Prometheus) there, like 127.0.0.1:9187: loopback only. Instead of the settings.
        #[arg(long, value_name = "ADDRESS")]
        metrics: Option<std::net::SocketAddr>,
        /// Address and port, instead of the one in the settings.
        #[arg(long)]
        listen: Option<String>,
        /// PostgreSQL instead of what the settings say: postgres://USER@/DATABASE?host=/run/postgresql. No password in it.
        #[arg(long, value_name = "URL")]
        store: Option<String>,
        /// The file of the database's password, in the form of ~/.pgpass and readable by its owner alone.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Says what the hub holds, and of each device when it was last heard, what is held of it and what it announced and did not bring.
    Status {
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
        /// Shows it again and again, until Ctrl-C.
        #[arg(long, conflicts_with = "json")]
        watch: bool,
        /// With --watch: seconds between two looks.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3_600))]
        every: u64,
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
    /// Makes a backup in a new folder, while the hub serves, and reads it back: a home like this one, keys included. Its tables
    /// are one SQLite file, also where the hub's are in a PostgreSQL database.
    Backup {
        /// The folder, which is not there yet.
        folder: PathBuf,
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
    },
    /// After a restore from a backup: asks an admin to believe what the backup holds, then begins the next epoch with the admin's word,
    /// so that devices offer again what was lost. First with --reason, then with the signed FILE.
    RestoreEpoch {
        /// What an admin has signed (amanat roster sign FILE). Without it, what an admin is to sign is written to hub.epoch.
        #[arg(required_unless_present = "reason")]
        file: Option<PathBuf>,
        /// What happened, in one line; the admin and every device read it.
        #[arg(long, conflicts_with = "file")]
        reason: Option<String>,
        /// The epoch to begin, where devices have seen later ones than the next.
        #[arg(long, requires = "reason")]
        epoch: Option<u64>,
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
    },
    /// Moves the hub to another store, from SQLite to PostgreSQL or back: copies while the hub serves, has it keep nothing new for
    /// a moment when nearly all is there, brings over the rest, compares both, and has the hub go on there. A hub that does not listen to
    /// its keeper is to be stopped then. Killed anywhere, the same command goes on.
    Migrate {
        /// Where the hub is: sqlite, or the URL of its database as in the settings.
        #[arg(long, value_name = "STORE")]
        from: String,
        /// Where it goes: sqlite, or the URL of an empty database.
        #[arg(long, value_name = "STORE")]
        to: String,
        /// The file of the password of the database it goes to.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
    },
    /// Sticks: reads one that a device wrote, writes one for a unit.
    #[command(subcommand)]
    Bundle(BundleVerb),
}

/// What to do with a stick.
#[derive(Debug, Subcommand)]
pub enum BundleVerb {
    /// Takes in what a device wrote, as if it had been pushed. Safe to repeat, in any order, with half a file. Works beside a hub
    /// that runs.
    #[command(
        after_help = "EXAMPLE:\n  amanat-hub bundle read /media/stick/from-gujrat.age --home /var/lib/amanat-hub"
    )]
    Read {
        /// The file.
        file: PathBuf,
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Writes what a network would bring: receipts, rosters, keys, codebooks, orders, and the entries that the readers may have.
    #[command(
        after_help = "EXAMPLE:\n  amanat-hub bundle write /media/stick/to-gujrat.age --to 'PS Sample, Gujrat' --home /var/lib/amanat-hub"
    )]
    Write {
        /// The file. One of this name is replaced once the new one is whole.
        file: PathBuf,
        /// A unit, or a device by its id; left out: every active device, if there are no more than 64.
        #[arg(long, value_name = "UNIT")]
        to: Option<String>,
        /// With the attachments that the readers may have, the newest first, as far as the medium has room behind the entries.
        #[arg(long)]
        attachments: bool,
        /// The hub's folder.
        #[arg(long, default_value = "hub")]
        home: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
}
