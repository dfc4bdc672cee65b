//! A client of very many tables asks for some at once.

use thalweg_wire::message::ApiKey;

use crate::world::{World, descriptor};

#[test]
fn what_is_known_of_many_tables_is_renewed_in_portions() {
    let mut world = World::new(7, 3, |_| {});
    for table in 0..1200 {
        let name = format!("t{table:04}");
        world.cluster.create(&name, descriptor(1, "NONE"));
        world.open_table(&name).expect("it is there");
    }
    let opened = world.sent.len();
    // The machine slept for longer than anything is believed.
    world.now += 400_000_000;
    world.carry_out();
    world.run(1_000_000);
    let metadata = |(api, length, _): &&(i16, usize, u64)| *api == ApiKey::Metadata.code() && *length > 1000;
    let longest = world.sent[opened..].iter().filter(metadata).map(|(_, length, _)| *length).max();
    // A table takes 14 bytes: what its names take, two tags and lengths, and those around them.
    let longest = longest.expect("many tables are asked for at once");
    assert!(longest < 500 * 16, "{longest} bytes");
    world.finish();
}
