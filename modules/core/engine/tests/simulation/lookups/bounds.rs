//! Lookups of very many and very long keys, and lookups that end their connection again and again.

use thalweg_contract::{Error, ErrorCode, Event, Found, TableHandle, Ticket};
use thalweg_wire::{
    column::{Batch, Column, Values},
    frame::MAX_PLAIN_REQUEST_LENGTH,
    message::ApiKey,
    record::MAX_KEY_LENGTH,
    table::{Schema, TableDescriptor},
};

use crate::{
    lookups::world_with,
    world::{World, descriptor},
};

const SECOND: u64 = 1_000_000;

/// A table whose key is two texts, of which the first is the bucket key.
fn texts(world: &mut World) -> TableHandle {
    let schema = Schema::parse_sql("a STRING NOT NULL, b STRING NOT NULL").expect("columns");
    let schema = schema.with_primary_key(&["a", "b"]).expect("a key");
    let table = TableDescriptor { schema, bucket_keys: vec!["a".into()], ..descriptor(4, "NONE") };
    world.cluster.create("texts", table);
    world.open_table("texts").expect("it is there").0
}

/// Texts of these lengths, each of its own.
struct Texts {
    ends: Vec<i32>,
    bytes: Vec<u8>,
}

impl Texts {
    fn new(lengths: impl Iterator<Item = usize>) -> Self {
        let mut texts = Self { ends: vec![0], bytes: Vec::new() };
        for (at, length) in lengths.enumerate() {
            texts.bytes.extend(at.to_string().bytes());
            let end = texts.bytes.len() + length.saturating_sub(at.to_string().len());
            texts.bytes.resize(end, b'x');
            texts.ends.push(end as i32);
        }
        texts
    }

    fn column(&self) -> Column<'_> {
        Column { validity: None, values: Values::Spans { offsets: &self.ends, bytes: &self.bytes } }
    }
}

/// Waits for the answer to a lookup.
fn answer(world: &mut World, ticket: Ticket) -> Result<Found, Error> {
    world.event(|event| match event {
        Event::Found { tickets, result } if *tickets == [ticket] => Some(result.clone()),
        _ => None,
    })
}

fn keys<'a>(one: &'a Texts, other: &'a Texts) -> Batch<'a> {
    Batch { rows: one.ends.len() - 1, columns: vec![one.column(), other.column()] }
}

#[test]
fn many_megabytes_of_keys_go_in_requests_that_every_server_takes() {
    for (count, length) in [(200, 60_000), (40_000, 300)] {
        let (mut world, _) = world_with(7, &[], |lookup| lookup.request_keys = 65_536);
        let table = texts(&mut world);
        let (one, other) = (Texts::new((0..count).map(|_| length)), Texts::new((0..count).map(|_| 4)));
        let whole = keys(&one, &other);
        let ticket = world.lookup(table, &whole, false).expect("keys");
        let found = answer(&mut world, ticket).expect("an answer");
        assert_eq!((found.counts.len(), found.rows), (count, 0));
        let prefix = Batch { rows: count, columns: vec![one.column()] };
        let ticket = world.prefix_lookup(table, &prefix).expect("prefixes");
        assert_eq!(answer(&mut world, ticket).expect("an answer").counts.len(), count);
        let longest = world.sent.iter().map(|(_, length, _)| *length).max().expect("requests");
        assert!(longest <= MAX_PLAIN_REQUEST_LENGTH, "{longest} bytes");
        // They are as long as they may be, or nearly so: not each key is a request.
        assert!(longest > MAX_PLAIN_REQUEST_LENGTH - 70_000, "{longest} bytes");
        world.finish();
    }
}

#[test]
fn a_key_that_is_too_long_is_refused_at_once_and_named() {
    let (mut world, _) = world_with(7, &[], |_| {});
    let table = texts(&mut world);
    // Two texts of such lengths have six bytes beside them.
    let most = MAX_KEY_LENGTH - 4 - 20_000;
    for (long, fits) in [(most - 2, true), (most - 1, false)] {
        let (one, other) = (Texts::new([3, 20_000].into_iter()), Texts::new([3, long].into_iter()));
        for insert in [false, true] {
            let taken = world.lookup(table, &keys(&one, &other), insert);
            assert_eq!(taken.is_ok(), fits, "{taken:?}");
            if let Err(error) = taken {
                let ErrorCode::Invalid(text) = &error.code else { panic!("{error}") };
                assert!(!error.retriable && text.contains("the key in row 1 has 65532 bytes"), "{text}");
            }
        }
    }
    let one = Texts::new([3, 70_000].into_iter());
    let prefixes = Batch { rows: 2, columns: vec![one.column()] };
    let error = world.prefix_lookup(table, &prefixes).expect_err("it is too long");
    assert!(!error.retriable && error.to_string().contains("row 1 has 70003 bytes"), "{error}");
}

#[test]
fn a_request_that_ends_its_connection_is_sent_ever_more_rarely() {
    let (mut world, _) = world_with(7, &[], |lookup| lookup.request_keys = 65_536);
    let table = texts(&mut world);
    let (one, other) = (Texts::new((0..60).map(|_| 60_000)), Texts::new((0..60).map(|_| 4)));
    world.faults.ends = Some(ApiKey::Lookup);
    let begin = world.now;
    let ticket = world.lookup(table, &keys(&one, &other), false).expect("keys");
    let error = answer(&mut world, ticket).expect_err("nobody answers");
    assert_eq!(world.now - begin, 60 * SECOND);
    let text = error.to_string();
    assert!(error.retriable && text.contains("no answer to a lookup in db.texts within 60 s"), "{text}");
    assert!(text.contains("lost the connection to"), "{text}");
    let lookups: Vec<_> = world.sent.iter().filter(|(api, ..)| *api == ApiKey::Lookup.code()).collect();
    let bytes: usize = lookups.iter().map(|(_, length, _)| *length).sum();
    // Half to all of 50 ms, 100 ms, .. 16 s between tries: a dozen of them in a minute, for each of three servers.
    assert!(bytes < 20 * 4_000_000, "{bytes} bytes in {} requests", lookups.len());
    world.faults.ends = None;
    let ticket = world.lookup(table, &keys(&one, &other), false).expect("keys");
    assert_eq!(answer(&mut world, ticket).expect("the server is well again").rows, 0);
    world.finish();
}
