//! The settings file and its defaults, checked when read: a wrong setting stops the start and not the third night.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::blob_place::{PlaceFault, PlaceUrl};
use crate::store::{AddressFault, PostgresAddress};

/// Where a hub listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7070";

/// The certificate that a hub makes for itself, in its home.
pub(crate) const DEFAULT_CERTIFICATE: &str = "tls.pem";

/// The settings, as `settings.toml` in the hub's home holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the hub calls itself in its join request.
    pub name: String,
    /// Where it listens: an address and a port. Port 0 takes any free one.
    pub listen: String,
    /// Where devices call it. `https` is served by TLS, `http` in plain and on loopback only. When left out: `http` on loopback,
    /// `https` at any other address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The certificate, in PEM; when left out, the one in the home. A relative path begins at the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// Its key, in PEM; when left out, it stands in the certificate's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Where whoever watches this machine may ask for numbers, like 127.0.0.1:9187: loopback only. When left out, nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// Counts from 1; rises when the hub was restored from a backup.
    pub epoch: u64,
    /// The URL of a PostgreSQL database, without a password; absent: an SQLite file in the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The file that holds the database's password, in the form of `.pgpass`; absent: where libpq would look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Where whole attachments are kept: a folder, or `s3://BUCKET/PREFIX?endpoint=…&region=…`; absent: the folder `parts` in the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
    /// The file of the object store's credentials: `access_key = …`, `secret_key = …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts_credentials: Option<PathBuf>,
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFault {
    /// The file cannot be read.
    #[error("the settings file cannot be read or written")]
    Disk(#[from] std::io::Error),
    /// The file is no TOML of this shape.
    #[error("the settings file is not understood: {0}")]
    Shape(String),
    /// The address is none.
    #[error("listen = \"{0}\" is not an address and a port, like 127.0.0.1:7070")]
    NoAddress(String),
    /// The address is reachable from elsewhere, and the URL asks for plain HTTP.
    #[error(
        "listening on {0} in plain HTTP would let a network watch every request; give a url that begins with https://, or listen \
         on 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
    /// Every address is listened on, and none of them is the one to be called.
    #[error("listening on {0} does not say where devices call this hub; add the url, like https://hub.example:7070")]
    NoUrl(SocketAddr),
    /// The URL is none of ours.
    #[error("url = \"{0}\" begins neither with https:// nor with http://")]
    OtherUrl(String),
    /// Numbers are for this machine.
    #[error("metrics = \"{0}\" could be asked from elsewhere; give a loopback address, like 127.0.0.1:9187")]
    MetricsAbroad(SocketAddr),
    /// A key without the certificate that it belongs to.
    #[error("a key is named and no certificate")]
    KeyAlone,
    /// The store's URL or the file of its password cannot be used.
    #[error(transparent)]
    Store(#[from] AddressFault),
    /// A file of passwords is named, and no database that would ask for one.
    #[error("password_file is set, but no store: the SQLite file has no password")]
    NoStore,
    /// The place of attachments cannot be used.
    #[error(transparent)]
    Parts(#[from] PlaceFault),
}

impl Settings {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`SettingsFault`].
    pub fn read(path: &Path) -> Result<Self, SettingsFault> {
        Self::from_text(&std::fs::read_to_string(path)?)
    }

    /// Reads and checks the file's text.
    ///
    /// # Errors
    /// [`SettingsFault`].
    pub fn from_text(text: &str) -> Result<Self, SettingsFault> {
        let settings: Self =
            toml::from_str(text).map_err(|source| SettingsFault::Shape(source.message().to_owned()))?;
        settings.url()?;
        settings.database()?;
        settings.parts_at(Path::new(""))?;
        settings.watched()?;
        if settings.key.is_some() && settings.certificate.is_none() {
            return Err(SettingsFault::KeyAlone);
        }
        Ok(settings)
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`SettingsFault::Shape`], which no value of this type gives.
    pub fn to_text(&self) -> Result<String, SettingsFault> {
        toml::to_string(self).map_err(|source| SettingsFault::Shape(source.to_string()))
    }

    /// Where to listen.
    ///
    /// # Errors
    /// [`SettingsFault::NoAddress`]; [`SettingsFault::NotLoopback`] for plain HTTP to a network; [`SettingsFault::OtherUrl`].
    pub fn address(&self) -> Result<SocketAddr, SettingsFault> {
        let address = self.bound()?;
        if address.ip().is_loopback() || self.secure()? {
            Ok(address)
        } else {
            Err(SettingsFault::NotLoopback(address))
        }
    }

    /// Where numbers are given out, if anywhere.
    ///
    /// # Errors
    /// [`SettingsFault::MetricsAbroad`].
    pub fn watched(&self) -> Result<Option<SocketAddr>, SettingsFault> {
        match self.metrics {
            Some(address) if !address.ip().is_loopback() => Err(SettingsFault::MetricsAbroad(address)),
            address => Ok(address),
        }
    }

    /// Whether TLS is spoken.
    ///
    /// # Errors
    /// As [`Settings::address`].
    pub fn secure(&self) -> Result<bool, SettingsFault> {
        match self.url.as_deref() {
            None => Ok(!self.bound()?.ip().is_loopback()),
            Some(url) if url.starts_with("https://") => Ok(true),
            Some(url) if url.starts_with("http://") => Ok(false),
            Some(url) => Err(SettingsFault::OtherUrl(url.to_owned())),
        }
    }

    /// The PostgreSQL database to keep things in; none means SQLite in the home.
    ///
    /// # Errors
    /// [`SettingsFault::Store`]; [`SettingsFault::NoStore`].
    pub fn database(&self) -> Result<Option<PostgresAddress>, SettingsFault> {
        match (&self.store, &self.password_file) {
            (None, Some(_)) => Err(SettingsFault::NoStore),
            (None, None) => Ok(None),
            (Some(url), file) => Ok(Some(PostgresAddress::read(url, file.as_deref())?)),
        }
    }

    /// Where whole attachments are kept, for a hub with this home.
    ///
    /// # Errors
    /// [`SettingsFault::Parts`].
    pub fn parts_at(&self, home: &Path) -> Result<PlaceUrl, SettingsFault> {
        let Some(text) = &self.parts else { return Ok(PlaceUrl::Folder(home.join("parts"))) };
        Ok(match PlaceUrl::read(text)? {
            PlaceUrl::Folder(folder) => PlaceUrl::Folder(home.join(folder)),
            s3 @ PlaceUrl::S3 { .. } => s3,
        })
    }

    /// The URL that goes into the join request, and from there into the roster.
    ///
    /// # Errors
    /// As [`Settings::address`]; [`SettingsFault::NoUrl`].
    pub fn url(&self) -> Result<String, SettingsFault> {
        let (address, secure) = (self.address()?, self.secure()?);
        match &self.url {
            Some(url) => Ok(url.clone()),
            None if address.ip().is_unspecified() => Err(SettingsFault::NoUrl(address)),
            None => Ok(format!("{}://{address}", if secure { "https" } else { "http" })),
        }
    }

    fn bound(&self) -> Result<SocketAddr, SettingsFault> {
        let text = self.listen.replace("localhost", "127.0.0.1");
        text.parse().map_err(|_source| SettingsFault::NoAddress(self.listen.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(listen: &str) -> Settings {
        Settings {
            name: "HQ".into(),
            listen: listen.into(),
            url: None,
            certificate: None,
            key: None,
            metrics: None,
            epoch: 1,
            store: None,
            password_file: None,
            parts: None,
            parts_credentials: None,
        }
    }

    fn called(listen: &str, url: &str) -> Settings {
        Settings { url: Some(url.into()), ..listening(listen) }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for listen in ["127.0.0.1:7070", "127.3.2.1:1", "[::1]:7070", "localhost:7070"] {
            assert!(!listening(listen).secure().unwrap(), "{listen}");
            assert!(called(listen, "https://hub.example").secure().unwrap(), "{listen}");
        }
        for listen in ["0.0.0.0:7070", "[::]:7070", "10.0.0.7:7070", "203.0.113.9:80"] {
            assert!(listening(listen).secure().unwrap(), "{listen}");
            let plain = called(listen, "http://hub.example");
            assert!(matches!(plain.address(), Err(SettingsFault::NotLoopback(_))), "{listen}");
        }
        assert_eq!(listening("127.0.0.1:7070").url().unwrap(), "http://127.0.0.1:7070");
        assert_eq!(listening("10.0.0.7:7070").url().unwrap(), "https://10.0.0.7:7070");
        assert_eq!(called("0.0.0.0:7070", "https://hub.example:7070").url().unwrap(), "https://hub.example:7070");
        assert!(matches!(listening("0.0.0.0:7070").url(), Err(SettingsFault::NoUrl(_))));
        assert!(matches!(called("127.0.0.1:1", "hub.example").url(), Err(SettingsFault::OtherUrl(_))));
        for listen in ["", "7070", "127.0.0.1", "hub.example:7070"] {
            assert!(matches!(listening(listen).address(), Err(SettingsFault::NoAddress(_))), "{listen}");
        }
    }

    #[test]
    fn a_file_is_read_back_and_a_misspelt_setting_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let settings = listening("127.0.0.1:7070");
        std::fs::write(&path, settings.to_text().unwrap()).unwrap();
        assert_eq!(Settings::read(&path).unwrap(), settings);
        std::fs::write(&path, "name = \"HQ\"\nlisten = \"127.0.0.1:1\"\nepoch = 1\nlisten_on = 3\n").unwrap();
        assert!(matches!(Settings::read(&path), Err(SettingsFault::Shape(_))));
        let full = Settings { certificate: Some("/etc/hub.pem".into()), ..called("0.0.0.0:1", "https://hub.example") };
        std::fs::write(&path, full.to_text().unwrap()).unwrap();
        assert_eq!(Settings::read(&path).unwrap(), full);
        let abroad = Settings { metrics: Some("10.0.0.7:9187".parse().unwrap()), ..settings.clone() };
        std::fs::write(&path, abroad.to_text().unwrap()).unwrap();
        assert!(matches!(Settings::read(&path), Err(SettingsFault::MetricsAbroad(_))));
        let alone = Settings { key: Some("key.pem".into()), ..settings };
        std::fs::write(&path, alone.to_text().unwrap()).unwrap();
        assert!(matches!(Settings::read(&path), Err(SettingsFault::KeyAlone)));
    }

    #[test]
    fn a_store_is_checked_with_the_settings() {
        let stored = |store: Option<&str>, file: Option<&str>| Settings {
            store: store.map(str::to_owned),
            password_file: file.map(PathBuf::from),
            ..listening("127.0.0.1:7070")
        };
        assert!(stored(None, None).database().unwrap().is_none());
        assert!(matches!(stored(None, Some("/x")).database(), Err(SettingsFault::NoStore)));
        let url = "postgres://hub:secret@/amanat";
        assert!(matches!(stored(Some(url), None).database(), Err(SettingsFault::Store(AddressFault::Password))));
        assert!(matches!(
            stored(Some("postgres://hub@/amanat"), Some("/there/is/none")).database(),
            Err(SettingsFault::Store(AddressFault::Disk(..)))
        ));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let settings = stored(Some("postgres://hub@/amanat"), None);
        std::fs::write(&path, settings.to_text().unwrap()).unwrap();
        assert_eq!(Settings::read(&path).unwrap(), settings);
    }
}
