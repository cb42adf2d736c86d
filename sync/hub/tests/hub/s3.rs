//! Attachments in an object store: a hub's own pieces against a real server that speaks S3.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use amanat_hub::store::MemoryStore;
use amanat_hub::{Blobs, PlaceUrl};
use amanat_keys::erasure::Doomed;
use amanat_sync::part_files::Wish;
use amanat_sync::wire::parts::PartAt;

use super::attachments::{Desk, hub_with, noise};
use super::carrying::block;
use super::s3_server::{CREDENTIALS, Server};
use super::support::*;

#[test]
fn attachments_are_kept_and_served_and_erased_in_an_object_store() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("s3");
    std::fs::create_dir(&served).unwrap();
    let server = Server::start(&served);
    server.bucket("case-files");
    let credentials = folder.path().join("credentials");
    std::fs::write(&credentials, CREDENTIALS).unwrap();
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = format!("s3://case-files/hq?endpoint=http://{}&region=us-east-1", server.address);
    let place = || PlaceUrl::read(&url).unwrap().open(Some(&credentials)).unwrap();
    let blobs = || Blobs::new(&folder.path().join("coming"), place()).unwrap();
    let agency = Agency::new("http://127.0.0.1:7070");
    let store = Arc::new(MemoryStore::default());
    let hub = block(hub_with(&agency, store.clone(), blobs()));
    let mut desk = Desk::new(&agency, 0, 1);
    // One that goes in a single request, and one that takes several.
    let (small, large) = (desk.seal(&noise(1, 40_000)), desk.seal(&noise(2, 18 << 20)));
    let entry = desk.attach(&[small, large]);
    let mut road = Road::new(&agency, &hub, 0);
    road.room = 1 << 20;
    desk.carry(&agency, &mut road);
    let mut reader = Desk::new(&agency, 3, 9);
    for part in [&small, &large] {
        let at = PartAt { entry: entry.at(), digest: part.digest };
        reader.files.wish(&Wish { at, size: part.size }).unwrap();
    }
    // Another start of the hub finds them in the same place.
    let hub = block(hub_with(&agency, store.clone(), blobs()));
    let mut road = Road::new(&agency, &hub, 3);
    road.room = 1 << 20;
    reader.carry(&agency, &mut road);
    for part in [&small, &large] {
        assert!(reader.files.holds(part) && reader.files.is_whole(&part.digest).unwrap());
    }
    // What an order and a stand-in name goes from there too: here the books say so, and the next start carries it out.
    let target = Doomed { device: entry.header.device, journal: entry.header.journal, seq: 2, hash: entry.hash() };
    block(async {
        use amanat_hub::store::HubStore as _;
        store.order(vec![target]).await.unwrap();
        store.erase(vec![target]).await.unwrap();
        assert_eq!(store.doomed_parts().await.unwrap().len(), 2);
    });
    drop(hub);
    block(hub_with(&agency, store.clone(), blobs()));
    block(async {
        use amanat_hub::store::HubStore as _;
        assert_eq!(store.doomed_parts().await.unwrap(), []);
        use object_store::ObjectStoreExt as _;
        for part in [&small, &large] {
            let key = object_store::path::Path::from_iter([entry.header.device.to_string(), part.digest.to_string()]);
            let gone = place().head(&key).await;
            assert!(matches!(gone, Err(object_store::Error::NotFound { .. })), "{gone:?}");
        }
    });
}
