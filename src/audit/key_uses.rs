//! Which key seals whose events.

use std::collections::BTreeMap;

use crate::model::id::RequestId;
use crate::model::payload::KeyId;

/// Which key seals whose events: one for each request, one for the system's.
#[derive(Default)]
pub(super) struct KeyUses {
    pub(super) system: Option<KeyId>,
    of_request: BTreeMap<RequestId, KeyId>,
    of_key: BTreeMap<KeyId, RequestId>,
}

impl KeyUses {
    /// Notes one use; says what was expected and found if it is one that must not be.
    pub(super) fn note(&mut self, key_id: KeyId, request: Option<&RequestId>) -> Option<(String, String)> {
        let found = format!("key {key_id}");
        let Some(request) = request else {
            let is_systems = self.system == Some(key_id);
            return (!is_systems).then(|| ("the system's key".to_owned(), found));
        };
        match (self.of_request.get(request), self.of_key.get(&key_id)) {
            (Some(key), _) => (*key != key_id).then(|| (format!("key {key} of this request"), found)),
            (None, None) if self.system != Some(key_id) => {
                self.of_request.insert(request.clone(), key_id);
                self.of_key.insert(key_id, request.clone());
                None
            }
            (None, _) => Some(("a key of its own".to_owned(), format!("{found}, which serves others too"))),
        }
    }
}
