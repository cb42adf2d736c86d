//! Where whole attachments are kept, as a person writes it: nothing (a folder in the home), a folder, or an object store by URL.

use amanat_sync::own_files::make_private;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};
use zeroize::Zeroizing;

use crate::limits::{CREDENTIALS_FILE, PLACE_RETRIES, PLACE_TURN};

/// A place for attachments that was read and can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceUrl {
    /// A folder.
    Folder(PathBuf),
    /// A bucket of an object store that speaks S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every name in it begins with; may be empty.
        prefix: String,
        /// The server; none means Amazon's own of the region.
        endpoint: Option<String>,
        /// The region.
        region: String,
    },
}

/// Why a place is refused.
#[derive(Debug, thiserror::Error)]
pub enum PlaceFault {
    /// No place that is known.
    #[error("parts = \"{0}\" is neither a folder nor s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION")]
    Unknown(String),
    /// Something in the URL that has no meaning here.
    #[error("parts: \"{0}\" has no meaning in an s3 URL; endpoint and region have")]
    Option(String),
    /// A password or key in the URL.
    #[error("parts: keys do not stand in a URL, which is shown and logged; name their file as parts_credentials")]
    Secret,
    /// Plain HTTP over a network.
    #[error(
        "parts: the endpoint {0} in plain HTTP would let a network watch every attachment; use https, or one on this machine"
    )]
    Plain(String),
    /// No credentials for the object store.
    #[error("parts: an object store wants credentials; name their file as parts_credentials")]
    NoCredentials,
    /// Credentials without an object store.
    #[error("parts_credentials is set, but parts names no object store")]
    NotNeeded,
    /// Others may read the credentials.
    #[error("parts_credentials: others may read {0}; chmod 600 it")]
    OthersRead(PathBuf),
    /// The file of credentials cannot be read, or has not both lines.
    #[error("parts_credentials: {0} must hold two lines: access_key = … and secret_key = …")]
    Credentials(PathBuf),
    /// The folder or the object store cannot be used.
    #[error("the place for attachments cannot be used")]
    Place(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PlaceUrl {
    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        if let Self::Folder(folder) = self { Some(folder) } else { None }
    }

    /// Reads what the settings say.
    ///
    /// # Errors
    /// [`PlaceFault`].
    pub fn read(text: &str) -> Result<Self, PlaceFault> {
        let Some(rest) = text.strip_prefix("s3://") else {
            let path = text.strip_prefix("file://").unwrap_or(text);
            let known = !path.is_empty() && !path.contains("://");
            return known.then(|| Self::Folder(path.into())).ok_or_else(|| PlaceFault::Unknown(text.to_owned()));
        };
        if rest.contains('@') {
            return Err(PlaceFault::Secret);
        }
        let (name, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        if bucket.is_empty() {
            return Err(PlaceFault::Unknown(text.to_owned()));
        }
        let (mut endpoint, mut region) = (None, "us-east-1".to_owned());
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("endpoint", value)) => endpoint = Some(value.to_owned()),
                Some(("region", value)) => value.clone_into(&mut region),
                Some((name, _)) if name.contains("key") || name.contains("secret") => return Err(PlaceFault::Secret),
                _ => return Err(PlaceFault::Option(option.to_owned())),
            }
        }
        if let Some(url) = endpoint.as_ref().filter(|url| !url.starts_with("https://"))
            && !url.strip_prefix("http://").is_some_and(is_this_machine)
        {
            return Err(PlaceFault::Plain(url.clone()));
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned(), endpoint, region })
    }

    /// Opens the place, making the folder where there is none.
    ///
    /// # Errors
    /// [`PlaceFault`].
    pub fn open(&self, credentials: Option<&Path>) -> Result<Arc<dyn ObjectStore>, PlaceFault> {
        match self {
            Self::Folder(_) if credentials.is_some() => Err(PlaceFault::NotNeeded),
            Self::Folder(folder) => {
                make_private(folder).map_err(|fault| PlaceFault::Place(Box::new(fault)))?;
                let place = LocalFileSystem::new_with_prefix(folder).map_err(cannot)?;
                // An answer means that it is on the disk.
                Ok(Arc::new(place.with_fsync(true)))
            }
            Self::S3 { bucket, prefix, endpoint, region } => {
                let (access, secret) = read_credentials(credentials.ok_or(PlaceFault::NoCredentials)?)?;
                let mut builder = AmazonS3Builder::new()
                    .with_bucket_name(bucket)
                    .with_region(region)
                    .with_access_key_id(access.as_str())
                    // The device that waits is told, and comes again: the hub need not be patient in its stead.
                    .with_retry(RetryConfig {
                        max_retries: PLACE_RETRIES,
                        retry_timeout: PLACE_TURN,
                        ..RetryConfig::default()
                    })
                    .with_secret_access_key(secret.as_str());
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                let place = builder.build().map_err(cannot)?;
                Ok(Arc::new(PrefixStore::new(place, prefix.as_str())))
            }
        }
    }
}

/// Whether a host and port name this machine.
fn is_this_machine(authority: &str) -> bool {
    let host = authority.trim_end_matches('/').rsplit_once(':').map_or(authority, |(host, _port)| host);
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn cannot(fault: object_store::Error) -> PlaceFault {
    PlaceFault::Place(Box::new(fault))
}

type Credentials = (Zeroizing<String>, Zeroizing<String>);

fn read_credentials(path: &Path) -> Result<Credentials, PlaceFault> {
    let unreadable = |_fault: std::io::Error| PlaceFault::Credentials(path.to_owned());
    let file = File::open(path).map_err(unreadable)?;
    if others_read(&file.metadata().map_err(unreadable)?) {
        return Err(PlaceFault::OthersRead(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(CREDENTIALS_FILE).read_to_string(&mut text).map_err(unreadable)?;
    let value = |name: &str| {
        let line = text.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == name);
        line.map(|(_, value)| Zeroizing::new(value.trim().trim_matches('"').to_owned()))
    };
    let both = value("access_key").zip(value("secret_key"));
    both.ok_or_else(|| PlaceFault::Credentials(path.to_owned()))
}

#[cfg(unix)]
fn others_read(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn others_read(_meta: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_bucket_is_read_and_nothing_else() {
        assert_eq!(PlaceUrl::read("/srv/parts").unwrap(), PlaceUrl::Folder("/srv/parts".into()));
        assert_eq!(PlaceUrl::read("file:///srv/parts").unwrap(), PlaceUrl::Folder("/srv/parts".into()));
        let s3 = PlaceUrl::read("s3://case-files/hq/?endpoint=https://s3.example&region=ap-south-1").unwrap();
        let PlaceUrl::S3 { bucket, prefix, endpoint, region } = s3 else { unreachable!("a bucket") };
        assert_eq!((bucket.as_str(), prefix.as_str(), region.as_str()), ("case-files", "hq", "ap-south-1"));
        assert_eq!(endpoint.as_deref(), Some("https://s3.example"));
        assert!(PlaceUrl::read("s3://b?endpoint=http://127.0.0.1:9000").is_ok());
        for (url, word) in [
            ("ftp://host/parts", "neither"),
            ("s3://", "neither"),
            ("", "neither"),
            ("s3://b?endpoint=http://s3.example", "plain HTTP"),
            ("s3://b?endpoint=http://127.0.0.1.example:9", "plain HTTP"),
            ("s3://id:key@b", "keys do not stand"),
            ("s3://b?secret_access_key=x", "keys do not stand"),
            ("s3://b?color=red", "no meaning"),
        ] {
            let told = PlaceUrl::read(url).unwrap_err().to_string();
            assert!(told.contains(word), "{url}: {told}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn credentials_come_from_a_file_of_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let s3 = PlaceUrl::read("s3://b?endpoint=http://127.0.0.1:9").unwrap();
        assert!(matches!(s3.open(None), Err(PlaceFault::NoCredentials)));
        fs::write(&path, "access_key = AK\nsecret_key = \"S/K=\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(s3.open(Some(&path)), Err(PlaceFault::OthersRead(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let (access, secret) = read_credentials(&path).unwrap();
        assert_eq!((access.as_str(), secret.as_str()), ("AK", "S/K="));
        s3.open(Some(&path)).unwrap();
        fs::write(&path, "access_key = AK\n").unwrap();
        assert!(matches!(s3.open(Some(&path)), Err(PlaceFault::Credentials(_))));
        assert!(matches!(PlaceUrl::Folder(folder.path().into()).open(Some(&path)), Err(PlaceFault::NotNeeded)));
    }
}
