//! Which database, as a keeper writes it: a URL without a password, and the file in which the password stands.
//!
//! The URL is libpq's: several hosts, a unix socket as `?host=/run/postgresql`, `connect_timeout` and the like. An argument can be
//! read by everybody on the machine and the environment by every child, so a password comes from a file that only its owner may
//! read, in the form of libpq's `.pgpass`.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use zeroize::Zeroizing;

/// A host that does not answer is given up, and the next of the URL tried.
const CONNECT: Duration = Duration::from_secs(3);

/// A PostgreSQL database to keep things in.
#[derive(Clone)]
pub struct PostgresAddress {
    config: Config,
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressFault {
    /// It is no URL that PostgreSQL's programs would understand. It is not repeated: it may hold a password.
    #[error(
        "the store's URL is not understood; it looks like postgres://USER@HOST/DATABASE or postgres:///DATABASE?host=/run/postgresql"
    )]
    Shape,
    /// It holds a password.
    #[error(
        "the store's URL holds a password, which everybody on this machine could read; put it into a file like ~/.pgpass and leave it out here"
    )]
    Password,
    /// It asks for TLS.
    #[error(
        "the store's URL asks for TLS, which this version does not speak to a database; use a unix socket, or an encrypted tunnel"
    )]
    Tls,
    /// The file of passwords cannot be read.
    #[error("{0}, the file of the database's password, cannot be read")]
    Disk(PathBuf, #[source] std::io::Error),
    /// Others may read the file of passwords.
    #[error("{0} holds a password and others may read it: chmod 600 {0}")]
    Open(PathBuf),
    /// The named file has no line for this database.
    #[error("{0} has no line for this database: HOST:PORT:DATABASE:USER:PASSWORD, each but the last may be *")]
    NoLine(PathBuf),
}

impl PostgresAddress {
    /// Reads a URL. A named file must hold the password; without one, that of `PGPASSFILE` or `~/.pgpass` is taken, if it has any.
    ///
    /// # Errors
    /// [`AddressFault`].
    pub fn read(url: &str, file: Option<&Path>) -> Result<Self, AddressFault> {
        let mut address = Self::parse(url)?;
        let by_custom = if file.is_none() { usual_file() } else { None };
        if let Some(path) = file.or(by_custom.as_deref()) {
            match password(path, &address.config)? {
                Some(password) => drop(address.config.password(password.as_bytes())),
                None if file.is_some() => return Err(AddressFault::NoLine(path.to_owned())),
                None => {}
            }
        }
        Ok(address)
    }

    fn parse(url: &str) -> Result<Self, AddressFault> {
        if !is_postgres(url) {
            return Err(AddressFault::Shape);
        }
        let mut config: Config = url.parse().map_err(|_may_hold_a_password| AddressFault::Shape)?;
        if config.get_password().is_some() {
            return Err(AddressFault::Password);
        }
        // Left to itself the driver falls back to plain text where a server has no TLS; so nobody is told of TLS that is none.
        if config.get_ssl_mode() != SslMode::Prefer && config.get_ssl_mode() != SslMode::Disable {
            return Err(AddressFault::Tls);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host_path("/run/postgresql");
        }
        // A standby keeps nothing: of several hosts the one that takes writes is meant, whoever leads now.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite).ssl_mode(SslMode::Disable);
        config.application_name("amanat-hub").keepalives_idle(Duration::from_secs(30));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        Ok(Self { config })
    }

    /// For the driver; with the password.
    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Whether what is sent to the database crosses a network, where without TLS it could be read.
    #[must_use]
    pub fn leaves_the_machine(&self) -> bool {
        let local = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        };
        let elsewhere = self.config.get_hostaddrs().iter().any(|address| !address.is_loopback());
        elsewhere || !self.config.get_hosts().iter().all(local)
    }
}

/// Hosts and database; neither user nor password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host_name).collect();
        let database = self.config.get_dbname().unwrap_or("(the user's own)");
        write!(f, "PostgreSQL database {database} at {}", hosts.join(", "))
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a store's URL names PostgreSQL.
pub(in crate::store) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn host_name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    }
}

/// Where libpq would look: `PGPASSFILE`, or `.pgpass` at home if it is there.
#[expect(
    clippy::disallowed_methods,
    reason = "where a keeper's other PostgreSQL programs find the password; read when the hub starts"
)]
fn usual_file() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PGPASSFILE") {
        return Some(PathBuf::from(named));
    }
    let file = PathBuf::from(std::env::var_os("HOME")?).join(".pgpass");
    file.exists().then_some(file)
}

/// The password of the first line that fits any of the hosts.
fn password(path: &Path, config: &Config) -> Result<Option<Zeroizing<String>>, AddressFault> {
    let failed = |source| AddressFault::Disk(path.to_owned(), source);
    if std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(AddressFault::Open(path.to_owned()));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432).to_string();
    let places: Vec<(Vec<String>, String)> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| match host {
            Host::Tcp(name) => (vec![name.clone()], port(at)),
            // libpq calls the usual socket `localhost`.
            Host::Unix(path) => (vec![path.display().to_string(), "localhost".to_owned()], port(at)),
        })
        .collect();
    let fits = |field: &str, wanted: &str| field == "*" || field == wanted;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields = fields(line);
        let [host, port, of_database, of_user, password] = fields.as_slice() else { continue };
        let here =
            |(names, wanted): &(Vec<String>, String)| names.iter().any(|name| fits(host, name)) && fits(port, wanted);
        if places.iter().any(here) && fits(of_database, database) && fits(of_user, user) {
            return Ok(Some(password.clone()));
        }
    }
    Ok(None)
}

/// A line's fields: parted by colons, a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut fields = vec![Zeroizing::new(String::new())];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            ':' if fields.len() < 5 => {
                fields.push(Zeroizing::new(String::new()));
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(last) = fields.last_mut() {
            last.push(letter);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_refused_and_repeated_nowhere() {
        for url in ["postgres://hub:geheim@127.0.0.1/amanat", "postgres://hub@/amanat?password=geheim"] {
            let fault = PostgresAddress::parse(url).unwrap_err();
            assert!(matches!(fault, AddressFault::Password), "{fault:?}");
        }
        for url in ["postgres://hub:geheim@127.0.0.1:port/x", "mysql://hub:geheim@h/x", "postgres://h/x?geheim=1"] {
            let fault = PostgresAddress::parse(url).unwrap_err();
            assert!(
                matches!(fault, AddressFault::Shape) && !format!("{fault} {fault:?}").contains("geheim"),
                "{fault}"
            );
        }
        for url in ["postgres://hub@h/x?sslmode=require", "postgres://hub@h/x?sslmode=verify-full"] {
            assert!(matches!(PostgresAddress::parse(url), Err(AddressFault::Tls | AddressFault::Shape)), "{url}");
        }
    }

    #[test]
    fn an_address_is_told_without_its_user() {
        let address = PostgresAddress::parse("postgres://warden@db1,db2:5433/amanat").unwrap();
        assert_eq!(address.to_string(), "PostgreSQL database amanat at db1, db2");
        assert!(!format!("{address:?}").contains("warden") && address.leaves_the_machine());
        let local = PostgresAddress::parse("postgresql:///amanat").unwrap();
        assert_eq!(local.to_string(), "PostgreSQL database amanat at /run/postgresql");
        assert!(!local.leaves_the_machine());
        assert!(!PostgresAddress::parse("postgres://hub@127.0.0.1,localhost/amanat").unwrap().leaves_the_machine());
    }

    #[test]
    fn passwords_come_from_a_file_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        let text = "# HOST:…\ndb9:*:*:*:wrong\ndb2:5433:amanat:hub:a\\:b\\\\c:d\n/run/postgresql:*:*:hub:socket\n";
        std::fs::write(&path, text).unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let read = |url| PostgresAddress::read(url, Some(&path));
        mode(0o640);
        assert!(matches!(read("postgres://hub@db2:5433/amanat"), Err(AddressFault::Open(_))));
        mode(0o600);
        let password = |url| read(url).unwrap().config.get_password().map(<[u8]>::to_vec);
        assert_eq!(password("postgres://hub@db1,db2:5433/amanat").as_deref(), Some(&b"a:b\\c:d"[..]));
        assert_eq!(password("postgres://hub@/other").as_deref(), Some(&b"socket"[..]));
        for url in ["postgres://hub@db2/amanat", "postgres://else@db2:5433/amanat", "postgres://hub@db2:5433/x"] {
            assert!(matches!(read(url), Err(AddressFault::NoLine(_))), "{url}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(read("postgres://hub@db2/amanat"), Err(AddressFault::Disk(..))));
    }
}
