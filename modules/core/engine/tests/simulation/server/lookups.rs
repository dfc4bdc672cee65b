//! Keyed buckets of the model: the rows that keys have, looked up whole and by prefix.

use thalweg_wire::message::*;

use super::Cluster;

impl Cluster {
    pub(super) fn lookup(&mut self, server: i32, request: &LookupRequest) -> LookupResponse {
        let made = self.made.clone().filter(|_| request.insert_if_not_exists == Some(true));
        self.looked_up.push(request.buckets_req.iter().map(|entry| entry.keys.len()).sum());
        let answer = |entry: &PbLookupReqForBucket| {
            let bucket = self.bucket(server, request.table_id, entry.partition_id, entry.bucket_id);
            let rows = bucket.map(|bucket| {
                let find = |key: &bytes::Bytes| {
                    let missing = !bucket.found.contains_key(&key[..]);
                    if let Some(made) = made.clone().filter(|_| missing) {
                        bucket.found.insert(key.to_vec(), made);
                    }
                    PbValue { values: bucket.found.get(&key[..]).map(|value| value.clone().into()) }
                };
                entry.keys.iter().map(find).collect::<Vec<_>>()
            });
            PbLookupRespForBucket {
                partition_id: entry.partition_id,
                bucket_id: entry.bucket_id,
                error_code: rows.as_ref().err().copied(),
                values: rows.unwrap_or_default(),
                ..Default::default()
            }
        };
        // A server answers in the order of a hash map.
        LookupResponse { buckets_resp: request.buckets_req.iter().rev().map(answer).collect() }
    }

    pub(super) fn prefix_lookup(&mut self, server: i32, request: &PrefixLookupRequest) -> PrefixLookupResponse {
        let answer = |entry: &PbPrefixLookupReqForBucket| {
            let bucket = self.bucket(server, request.table_id, entry.partition_id, entry.bucket_id);
            let lists = bucket.map(|bucket| {
                let find = |key: &bytes::Bytes| {
                    let rows = bucket.found.range(key.to_vec()..).take_while(|(other, _)| other.starts_with(key));
                    PbValueList { values: rows.map(|(_, value)| value.clone().into()).collect() }
                };
                entry.keys.iter().map(find).collect::<Vec<_>>()
            });
            PbPrefixLookupRespForBucket {
                partition_id: entry.partition_id,
                bucket_id: entry.bucket_id,
                error_code: lists.as_ref().err().copied(),
                value_lists: lists.unwrap_or_default(),
                ..Default::default()
            }
        };
        PrefixLookupResponse { buckets_resp: request.buckets_req.iter().map(answer).collect() }
    }
}
