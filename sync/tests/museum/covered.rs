//! What the signature of a request covers, as vectors and specimens write it.

use amanat_sync::signature::Parts;
use serde_json::Value;

/// Of a request's `values`.
pub(crate) fn covered(request: &Value) -> Parts {
    let said = |name: &str| request["values"][name].as_str().unwrap().to_owned();
    Parts {
        method: said("@method"),
        authority: said("@authority"),
        path: said("@path"),
        query: said("@query"),
        content_digest: said("content-digest"),
        agency: said("amanat-agency"),
        hub: said("amanat-hub"),
        checkpoint: said("amanat-checkpoint"),
    }
}
