//! Names and times of partitions, as Fluss has them.

use std::collections::BTreeMap;

use super::*;

/// 2026-01-31T23:30:00Z.
const NOW: i64 = 1_769_902_200_000;

fn auto(properties: &[(&str, &str)]) -> AutoPartition {
    let on = (AutoPartition::ENABLED, "true");
    let properties = properties.iter().chain([&on]).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    AutoPartition::parse(Values(&properties.collect::<BTreeMap<_, _>>())).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_value_is_a_time_of_its_unit_or_none() {
    let cases = [
        (TimeUnit::Year, ["2026", "0001"], ["0000", "20260"]),
        (TimeUnit::Quarter, ["20261", "20264"], ["20260", "20265"]),
        (TimeUnit::Month, ["202601", "202612"], ["202600", "202613"]),
        (TimeUnit::Day, ["20260101", "20260231"], ["20260100", "2026-01-01"]),
        (TimeUnit::Hour, ["2026010100", "2026123123"], ["2026010124", "20260101"]),
    ];
    for (unit, right, wrong) in cases {
        assert_eq!(right.map(|value| unit.fits(value)), [true, true], "{right:?}");
        assert_eq!(wrong.map(|value| unit.fits(value)), [false, false], "{wrong:?}");
        for value in ["", "+202", "-2026", "2026 ", "today", "２０２６"] {
            assert!(!unit.fits(value), "{value}");
        }
    }
}

#[test]
fn what_would_be_dropped_at_once_is_not_made() {
    let days = auto(&[(AutoPartition::TIME_ZONE, "UTC"), (AutoPartition::RETENTION, "2")]);
    let check = |name| days.check_anywhere(&names(&["day"]), name, NOW).map_err(|error| error.to_string());
    assert_eq!(check("20260129"), Ok(()));
    assert_eq!(check("99990101"), Ok(()));
    let old = "Partition value '20260128' is out-of-date. The earliest retained partition is '20260129'.";
    assert_eq!(check("20260128"), Err(old.to_owned()));
    let no_day = "Partition value 'eu' does not match the expected format 'yyyyMMdd' for auto-partition time unit \
                  'DAY'.";
    assert_eq!(check("eu"), Err(no_day.to_owned()));
}

#[test]
fn the_key_with_the_time_is_checked_and_no_other() {
    let keys = names(&["region", "day"]);
    let zone = (AutoPartition::TIME_ZONE, "GMT+01:00");
    let hours = auto(&[(AutoPartition::KEY, "day"), (AutoPartition::TIME_UNIT, "hour"), zone]);
    assert_eq!(hours.position(&keys), Some(1));
    assert_eq!(hours.check_anywhere(&keys, "eu$2026013118", NOW), Ok(()));
    let old = PartitionTimeError::Old { value: "2026013116".to_owned(), oldest: "2026013117".to_owned() };
    assert_eq!(hours.check_anywhere(&keys, "eu$2026013116", NOW), Err(old));
    let off = AutoPartition { enabled: false, ..hours };
    assert_eq!(off.check_anywhere(&keys, "eu$x", NOW), Ok(()));
}

/// It is still the 31st far in the west, and the 1st in the east.
#[test]
fn a_zone_with_a_name_may_be_anywhere() {
    for zone in [None, Some("Asia/Shanghai")] {
        let mut today = auto(&[(AutoPartition::RETENTION, "0")]);
        today.zone = zone.map(str::to_owned);
        let check = |name| today.check_anywhere(&names(&["day"]), name, NOW).is_ok();
        assert!(check("20260131") && !check("20260130"));
    }
    let endless = auto(&[(AutoPartition::RETENTION, "-1")]);
    assert_eq!(endless.check_anywhere(&names(&["day"]), "00010101", NOW), Ok(()));
    assert_eq!(endless.check_anywhere(&names(&["day"]), "00010101", i64::MIN), Ok(()));
}

#[test]
fn zones_are_distances_as_java_has_them() {
    let seconds = |text| fixed_zone(text).map(|zone| zone.local_minus_utc());
    let cases = [("UTC", 0), ("GMT+8", 28_800), ("GMT+08:00", 28_800), ("GMT-0330", -12_600)];
    for (text, expected) in cases {
        assert_eq!(seconds(text), Some(expected), "{text}");
    }
    for text in ["GMT+", "GMT+1:2:3:4", "GMT+99", "GMT+10:60", "+08:00", "Mars/Base", ""] {
        assert_eq!(seconds(text), None, "{text}");
    }
}
