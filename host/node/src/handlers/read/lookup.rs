//! Rows by their key, and by the beginning of it (`fluss.md` 3.7).

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::message::{
    LookupRequest, LookupResponse, PbLookupReqForBucket, PbLookupRespForBucket, PbPrefixLookupReqForBucket,
    PbPrefixLookupRespForBucket, PbValue, PbValueList, PrefixLookupRequest, PrefixLookupResponse, ServerErrorCode,
};
use thalweg_wire::record::check_key_length;

use crate::failure::Failure;
use crate::handlers::bound;
use crate::handlers::service::Service;
use crate::handlers::write::insert::insert_missing;
use crate::keys::BucketKeys;
use crate::runtime::memory::{Budget, Share};

/// Answers of so many bytes are read without a share of the memory for answers.
const SMALL: usize = 64 << 10;
/// Keys that are looked for in memory at once, before a thread that may wait for the disk is asked.
const FEW: usize = 1024;
/// What each value takes beyond its bytes.
const OVERHEAD: usize = 16;

/// How much of an answer there may still be.
struct Room {
    left: usize,
    /// How many bytes it may have at most.
    most: usize,
    /// Where memory for all of these is taken when the answer is no longer small.
    budget: Option<Arc<Budget>>,
    /// That memory.
    share: Option<Share>,
    /// Whether something had no place.
    full: bool,
}

impl Room {
    /// For a small answer, without memory of its own.
    fn small() -> Self {
        Self { left: SMALL, most: SMALL, budget: None, share: None, full: false }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        let bytes = bytes.saturating_add(OVERHEAD);
        if bytes > self.left {
            self.grow();
        }
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.full = true;
                let text = "The rows are more than fit into one answer: look up fewer keys at once.";
                Err(Failure::new(ServerErrorCode::RECORD_TOO_LARGE, text))
            }
        }
    }

    /// Makes room for all that an answer may have, if there is memory for that now.
    fn grow(&mut self) {
        if let Some(share) = self.budget.as_ref().and_then(|budget| budget.try_take(self.most)) {
            self.share = Some(share);
            self.budget = None;
            self.left += self.most.saturating_sub(SMALL);
        }
    }
}

/// Reads a request's answer.
type Read<Q, A> = fn(&Service, &Q, &mut Room) -> A;

/// Answers a request by `read`. Where the answer becomes larger than small and there is no memory for that, it is read
/// again when there is.
async fn answer<Q: Send + 'static, A: Send + 'static>(
    service: Arc<Service>,
    request: Q,
    read: Read<Q, A>,
) -> Result<(A, Option<Share>), Failure> {
    let most = service.limits.answer_bytes.max(SMALL);
    let room = Room { most, budget: Some(Arc::clone(&service.answers)), ..Room::small() };
    let (mut answer, mut room, request) = read_in(&service, room, request, read).await?;
    if room.full && room.share.is_none() {
        drop(answer);
        let share = service.answers.take(most, service.limits.transfer).await.ok_or_else(Failure::busy)?;
        let all = Room { left: most, most, budget: None, share: Some(share), full: false };
        (answer, room, _) = read_in(&service, all, request, read).await?;
    }
    if let Some(share) = &mut room.share {
        share.shrink(most - room.left);
    }
    Ok((answer, room.share))
}

/// Reads on a thread that may wait for the disk. Gives the request back too.
async fn read_in<Q: Send + 'static, A: Send + 'static>(
    service: &Arc<Service>,
    mut room: Room,
    request: Q,
    read: Read<Q, A>,
) -> Result<(A, Room, Q), Failure> {
    let turn = Arc::clone(&service.key_reads).acquire_owned().await.map_err(|_| Failure::stopping())?;
    let service = Arc::clone(service);
    let work = move || {
        let answer = read(&service, &request, &mut room);
        drop(turn);
        (answer, room, request)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::broken())
}

/// Looks keys up that are all in memory, and that are few enough; `None`: `lookup` must be asked.
pub(crate) fn find_at_once(service: &Service, request: &LookupRequest) -> Option<LookupResponse> {
    bound(request.buckets_req.len()).ok()?;
    if request.insert_if_not_exists == Some(true) {
        return None;
    }
    find_recent(service, request)
}

/// Looks keys up, on a thread that may wait for the disk; first inserts those that are missing, if that is asked for.
pub(crate) async fn lookup(
    service: Arc<Service>,
    request: LookupRequest,
) -> Result<(LookupResponse, Option<Share>), Failure> {
    bound(request.buckets_req.len())?;
    if request.insert_if_not_exists != Some(true) {
        return answer(service, request, read_keys).await;
    }
    let (found, share) = find(Arc::clone(&service), request.clone()).await?;
    let inserted = insert_missing(&service, &request, &found).await;
    drop((found, share));
    let (mut found, share) = find(service, request).await?;
    for (part, inserted) in found.buckets_resp.iter_mut().zip(inserted) {
        if let Err(failure) = inserted {
            part.values.clear();
            (part.error_code, part.error_message) = (Some(failure.code.code()), Some(failure.text));
        }
    }
    Ok((found, share))
}

/// Looks keys up: at once those that are in memory, otherwise on a thread that may wait for the disk.
async fn find(service: Arc<Service>, request: LookupRequest) -> Result<(LookupResponse, Option<Share>), Failure> {
    match find_recent(&service, &request) {
        Some(found) => Ok((found, None)),
        None => answer(service, request, read_keys).await,
    }
}

/// Answers a lookup of a few keys that are all in memory.
fn find_recent(service: &Service, request: &LookupRequest) -> Option<LookupResponse> {
    if request.buckets_req.iter().map(|part| part.keys.len()).sum::<usize>() > FEW {
        return None;
    }
    let mut room = Room::small();
    let bucket = |part: &PbLookupReqForBucket| {
        let (_, keys) = service.keyed(request.table_id, part.partition_id, part.bucket_id).ok()?;
        keys.check().ok()?;
        let mut all = Vec::new();
        let places = keys.get_recent(&part.keys, room.left, &mut all)?;
        let all = Bytes::from(all);
        let value = |place: Option<Range<usize>>| {
            room.take(place.as_ref().map_or(0, Range::len)).ok()?;
            Some(PbValue { values: place.map(|place| all.slice(place)) })
        };
        let values = places.into_iter().map(value).collect::<Option<_>>()?;
        Some(PbLookupRespForBucket { values, ..answer_for(part) })
    };
    let buckets_resp = request.buckets_req.iter().map(bucket).collect::<Option<_>>()?;
    Some(LookupResponse { buckets_resp })
}

/// An answer for a bucket that has nothing yet.
fn answer_for(part: &PbLookupReqForBucket) -> PbLookupRespForBucket {
    PbLookupRespForBucket {
        partition_id: part.partition_id,
        bucket_id: part.bucket_id,
        original_partition_name: part.original_partition_name.clone(),
        ..Default::default()
    }
}

fn read_keys(service: &Service, request: &LookupRequest, room: &mut Room) -> LookupResponse {
    let bucket = |part: &PbLookupReqForBucket| {
        let answer = answer_for(part);
        let values = service
            .keyed(request.table_id, part.partition_id, part.bucket_id)
            .and_then(|(_, keys)| values(&keys, &part.keys, room));
        match values {
            Ok(values) => PbLookupRespForBucket { values, ..answer },
            Err(failure) => PbLookupRespForBucket {
                error_code: Some(failure.code.code()),
                error_message: Some(failure.text),
                ..answer
            },
        }
    };
    LookupResponse { buckets_resp: request.buckets_req.iter().map(bucket).collect() }
}

fn values(keys: &BucketKeys, wanted: &[Bytes], room: &mut Room) -> Result<Vec<PbValue>, Failure> {
    keys.check()?;
    check_keys(wanted)?;
    let mut full_key = Vec::new();
    let value = |key: &Bytes| {
        let values = keys.get(key, &mut full_key)?;
        room.take(values.as_ref().map_or(0, Bytes::len))?;
        Ok(PbValue { values })
    };
    wanted.iter().map(value).collect()
}

/// Looks up all rows whose key begins with one of the prefixes.
pub(crate) async fn prefix(
    service: Arc<Service>,
    request: PrefixLookupRequest,
) -> Result<(PrefixLookupResponse, Option<Share>), Failure> {
    bound(request.buckets_req.len())?;
    answer(service, request, |service, request, room| {
        let bucket = |part: &PbPrefixLookupReqForBucket| {
            let answer = PbPrefixLookupRespForBucket {
                partition_id: part.partition_id,
                bucket_id: part.bucket_id,
                ..Default::default()
            };
            let lists = service
                .keyed(request.table_id, part.partition_id, part.bucket_id)
                .and_then(|(_, keys)| lists(&keys, &part.keys, room));
            match lists {
                Ok(value_lists) => PbPrefixLookupRespForBucket { value_lists, ..answer },
                Err(failure) => PbPrefixLookupRespForBucket {
                    error_code: Some(failure.code.code()),
                    error_message: Some(failure.text),
                    ..answer
                },
            }
        };
        PrefixLookupResponse { buckets_resp: request.buckets_req.iter().map(bucket).collect() }
    })
    .await
}

/// Refuses keys that are so long that no row has them: the store could not even look for them.
fn check_keys(keys: &[Bytes]) -> Result<(), Failure> {
    keys.iter().enumerate().try_for_each(|(at, key)| check_key_length(key, at)).map_err(|error| {
        Failure::new(ServerErrorCode::RECORD_TOO_LARGE, format!("The keys cannot be looked up: {error}."))
    })
}

fn lists(keys: &BucketKeys, prefixes: &[Bytes], room: &mut Room) -> Result<Vec<PbValueList>, Failure> {
    keys.check()?;
    check_keys(prefixes)?;
    let list = |prefix: &Bytes| {
        room.take(0)?;
        let mut values = Vec::new();
        for value in keys.view(prefix, usize::MAX)?.into_iter().flatten() {
            let value = value?;
            room.take(value.len())?;
            values.push(Bytes::copy_from_slice(&value));
        }
        Ok(PbValueList { values })
    };
    prefixes.iter().map(list).collect()
}
