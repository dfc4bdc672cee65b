//! That every way to a bitmap gives the same bits.

use super::*;

#[test]
fn every_way_to_a_bitmap_agrees() {
    for rows in [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 200] {
        let expected: Vec<bool> = (0..rows).map(|row| row % 3 == 0 || row % 7 == 2).collect();
        let made = Bitmap::from_fn(rows, |row| expected[row]);
        assert_eq!(made.iter().collect::<Vec<_>>(), expected);
        assert_eq!(made, Bitmap::from_values(&expected, |value| value));
        let mut pushed = Bitmap::default();
        expected.iter().for_each(|&value| pushed.push(value));
        assert_eq!(made, pushed);
        let ones: Vec<_> = (0..rows).filter(|&row| expected[row]).collect();
        assert_eq!(made.ones().collect::<Vec<_>>(), ones);
        for (bitmap, ones) in [(&made, ones), (&Bitmap::filled(rows, true), (0..rows).collect())] {
            let mut called = Vec::new();
            bitmap.for_each_one(|row| called.push(row));
            assert_eq!(called, ones);
        }
        let bytes = made.clone().into_bytes();
        assert_eq!(bytes.len(), rows.div_ceil(8));
        assert_eq!(Bits::new(&bytes, rows).unwrap().to_bitmap(), made);
        assert!(Bits::new(&bytes, rows + 8).is_none());
        let mut inverted = made.clone();
        inverted.invert();
        assert_eq!(inverted.count() + made.count(), rows);
        inverted.or(&made);
        assert_eq!(inverted, Bitmap::filled(rows, true));
    }
}

#[test]
fn bits_past_the_last_row_are_ignored() {
    assert_eq!(Bits::new(&[0xff], 3).unwrap().word(0), 0b111);
    assert_eq!(Bits::new(&[0xff; 9], 65).unwrap().word(1), 1);
    assert_eq!(Bits::new(&[0xff; 9], 65).unwrap().word(2), 0);
}
