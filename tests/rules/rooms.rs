//! The table of the house: what each room may name, and what it never may.

/// One room: the files that begin with `at`, unless a longer row fits them better.
pub(crate) struct Room {
    pub(crate) at: &'static str,
    /// Rooms and packages of ours that it may name.
    pub(crate) ours: &'static [&'static str],
    /// Packages of others that it may name; `None`: any.
    pub(crate) others: Option<&'static [&'static str]>,
    /// Paths it may never name.
    pub(crate) never: &'static [&'static str],
}

/// What a pure room has no business with. A duration is a number; a clock is not.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::os",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::time::UNIX_EPOCH",
];

/// The same, and reading and writing too.
const OUTSIDE_AND_IO: &[&str] = &[
    "std::fs",
    "std::net",
    "std::os",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::time::UNIX_EPOCH",
    "std::io",
    "std::path",
    "std::ffi",
];

/// Every room of the workspace. A file of ours without a row is a finding: a new room is agreed on here.
pub(crate) const ROOMS: &[Room] = &[
    Room {
        at: "keys/src/",
        ours: &[],
        others: Some(&[
            "age",
            "age_core",
            "chacha20poly1305",
            "curve25519_dalek",
            "hkdf",
            "hmac",
            "ed25519_dalek",
            "sha2",
            "rand",
            "rand_10",
            "zeroize",
            "secrecy",
            "subtle",
            "bech32",
            "unicode_normalization",
            "zstd",
            "minicbor",
            "base64",
            "thiserror",
            "vsss_rs",
            "hpke",
            "ml_kem",
            "x25519_dalek",
            "sha3",
        ]),
        never: OUTSIDE,
    },
    Room {
        at: "sync/src/",
        ours: &["amanat_keys"],
        // zeroize: local rows (case keys, drafts) pass through the journal opened, and are wiped when dropped. bytes: many pages in one piece of
        // memory, each opened in its own part, which this package cannot have without `unsafe`.
        others: Some(&[
            "minicbor",
            "bytes",
            "rusqlite",
            "ureq",
            "ureq_proto",
            "rustls",
            "base64",
            "thiserror",
            "zeroize",
            "rustix",
        ]),
        never: OUTSIDE,
    },
    Room {
        at: "sync/hub/src/",
        ours: &["amanat_keys", "amanat_sync"],
        others: None,
        never: &["age", "age_core", "amanat_sync::journal", "amanat_sync::http", "ureq", "ratatui"],
    },
    // foldhash: plain arithmetic, asked for each entry of an unlocking.
    Room { at: "src/model/", ours: &[], others: Some(&["foldhash"]), never: OUTSIDE_AND_IO },
    Room {
        at: "src/codebook/",
        ours: &["amanat::model"],
        // unicode_normalization: a list is searched by what people type, and Urdu keyboards differ in their letters.
        // memchr: the text of a hundred thousand cases is looked through at every key; foldhash: and grows with every entry.
        others: Some(&["toml", "serde", "include_dir", "thiserror", "unicode_normalization", "memchr", "foldhash"]),
        never: OUTSIDE,
    },
    Room {
        at: "src/record/",
        ours: &["amanat::model"],
        // base64 and serde_json are the record's encoding: the slot and the JSON of an envelope; foldhash looks up each of its words.
        others: Some(&["serde", "serde_json", "base64", "foldhash", "thiserror"]),
        never: OUTSIDE,
    },
    Room {
        at: "src/intake/",
        ours: &["amanat::model", "amanat::codebook"],
        others: Some(&["csv", "calamine", "serde", "toml", "thiserror"]),
        never: OUTSIDE,
    },
    Room {
        at: "src/report/",
        // A table has headings that a person reads.
        ours: &["amanat::model", "amanat::codebook", "amanat::words"],
        others: Some(&["csv", "serde", "serde_json", "thiserror"]),
        never: OUTSIDE,
    },
    Room {
        at: "src/ui/",
        // report: a paper is made of what is opened, and that is here alone.
        ours: &["amanat::model", "amanat::codebook", "amanat::report", "amanat::words"],
        others: Some(&[
            "ratatui",
            "ratatui_textarea",
            "unicode_segmentation",
            "unicode_width",
            "unicode_bidi",
            "unicode_bidi_mirroring",
            "ar_reshaper",
            "qrcode",
            // A passphrase on its way to the vault is wiped here too.
            "zeroize",
            "memchr",
            "foldhash",
            // A passphrase is typed on the unlock screen and travels in an effect: it is wiped when dropped.
            "zeroize",
        ]),
        never: &[
            "std::fs",
            "std::net",
            "std::os",
            "std::env",
            "std::process",
            "std::thread",
            "std::io",
            "std::time::SystemTime",
            "std::time::Instant",
            "std::time::UNIX_EPOCH",
            "ratatui::init",
            "ratatui::run",
            "ratatui::restore",
            "ratatui::crossterm::execute",
            "ratatui::crossterm::queue",
            "ratatui::crossterm::terminal",
            "ratatui::crossterm::cursor",
            "ratatui::crossterm::event::read",
            "ratatui::crossterm::event::poll",
        ],
    },
    Room {
        at: "src/runtime/",
        ours: &[
            "amanat::model",
            "amanat::codebook",
            "amanat::record",
            "amanat::intake",
            "amanat::report",
            "amanat::ui",
            "amanat::words",
            "amanat::failure",
            "amanat_keys",
            "amanat_sync",
        ],
        others: None,
        never: &["clap"],
    },
    Room {
        at: "src/commands/",
        ours: &[
            "amanat::model",
            "amanat::codebook",
            "amanat::record",
            "amanat::intake",
            "amanat::report",
            "amanat::runtime",
            "amanat::words",
            "amanat::failure",
            "amanat_keys",
            "amanat_sync",
        ],
        others: None,
        never: &["ratatui", "ratatui_textarea", "rusqlite"],
    },
    Room { at: "src/words.rs", ours: &[], others: Some(&["toml", "serde", "include_dir"]), never: OUTSIDE },
    Room {
        at: "src/failure.rs",
        ours: &["amanat::words"],
        others: Some(&["thiserror"]),
        // Kinds become exit codes here, so `std::process::ExitCode` is its business; ending the process is not.
        never: &[
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "std::time",
            "std::process::Command",
            "std::process::exit",
            "std::process::abort",
        ],
    },
    Room { at: "src/lib.rs", ours: &[], others: Some(&[]), never: &[] },
    Room {
        at: "src/main.rs",
        ours: &["amanat::commands", "amanat::runtime", "amanat::failure", "amanat::words"],
        // The program's allocator is chosen here: what is given back is wiped.
        others: Some(&["clap", "zeroizing_alloc"]),
        never: &["std::fs", "std::net"],
    },
    Room {
        at: "tests/demo/src/",
        ours: &["amanat", "amanat_keys", "amanat_sync", "amanat_hub"],
        others: None,
        never: &[],
    },
];

/// A path that only some files of a room may name.
pub(crate) struct Narrow {
    pub(crate) room: &'static str,
    pub(crate) path: &'static str,
    /// Beginnings of the files that may.
    pub(crate) only: &'static [&'static str],
}

/// Doors inside a room: who alone touches the disk, the database, the network.
pub(crate) const NARROWS: &[Narrow] = &[
    Narrow { room: "keys/src/", path: "std::fs", only: &["keys/src/vault_file.rs"] },
    // Owner-only file modes are the same act as writing the file.
    Narrow { room: "keys/src/", path: "std::os", only: &["keys/src/vault_file.rs"] },
    Narrow { room: "sync/src/", path: "bytes", only: &["sync/src/journal/sealed.rs"] },
    Narrow { room: "sync/src/", path: "rusqlite", only: &["sync/src/journal/sqlite", "sync/src/journal/schema"] },
    // The one file of a stick is the same act wherever it is written: whole under its name, or not there. Sealed attachments are
    // files beside the journal: too large for a row. Owner-only file modes are the same act as writing the file.
    Narrow {
        room: "sync/src/",
        path: "std::fs",
        only: &["sync/src/own_files.rs", "sync/src/stick_file.rs", "sync/src/part_files.rs"],
    },
    Narrow { room: "sync/src/", path: "std::os", only: &["sync/src/own_files.rs"] },
    Narrow { room: "sync/src/", path: "rustix", only: &["sync/src/stick_file.rs"] },
    // All cores check the signatures of a page; nothing else of the package starts a thread.
    Narrow { room: "sync/src/", path: "std::thread", only: &["sync/src/cores.rs"] },
    Narrow { room: "sync/src/", path: "ureq", only: &["sync/src/http"] },
    Narrow { room: "sync/src/", path: "ureq_proto", only: &["sync/src/http/line.rs"] },
    Narrow { room: "sync/src/", path: "rustls", only: &["sync/src/http"] },
    // An address is a value: whether it is this machine's own is judged where connections are made.
    Narrow { room: "sync/src/", path: "std::net", only: &["sync/src/http"] },
    Narrow {
        room: "sync/hub/src/",
        path: "rusqlite",
        only: &["sync/hub/src/store/sqlite", "sync/hub/src/store/schema"],
    },
    Narrow { room: "sync/hub/src/", path: "tokio_postgres", only: &["sync/hub/src/store/postgres"] },
    Narrow { room: "sync/hub/src/", path: "deadpool_postgres", only: &["sync/hub/src/store/postgres"] },
    Narrow {
        room: "sync/hub/src/",
        path: "axum",
        // serve.rs binds the door and drains it; what comes through is for api/.
        only: &["sync/hub/src/api/", "sync/hub/src/lib.rs", "sync/hub/src/main.rs", "sync/hub/src/serve.rs"],
    },
    // What TLS is made of stands in one file; the rest of the hub gets streams.
    Narrow { room: "sync/hub/src/", path: "rustls", only: &["sync/hub/src/tls"] },
    Narrow { room: "sync/hub/src/", path: "tokio_rustls", only: &["sync/hub/src/tls"] },
    Narrow { room: "sync/hub/src/", path: "rcgen", only: &["sync/hub/src/tls"] },
    Narrow { room: "src/codebook/", path: "toml", only: &["src/codebook/load"] },
    Narrow { room: "src/codebook/", path: "serde", only: &["src/codebook/load"] },
];

/// The row a file belongs to: the longest beginning that fits.
pub(crate) fn room_of(path: &str) -> Option<&'static Room> {
    ROOMS.iter().filter(|room| path.starts_with(room.at)).max_by_key(|room| room.at.len())
}
