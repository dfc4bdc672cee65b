"""The module under CPython: what is kept, changed and refused."""

import unittest

from testing import run

from app import Transform
from componentize_py_types import Err

COLUMNS = {"delay": ("int", [45, 30, 31, None, 90]), "distance": ("double", [100.0, 200.0, None, 300.0, -1.0])}


class Late(unittest.TestCase):
    def test_late_flights_are_kept_in_kilometres(self):
        rows, refused = run(Transform, COLUMNS)
        self.assertEqual(rows, [{"delay": 45, "distance": 160.9344}, {"delay": 31, "distance": None}])
        self.assertEqual(refused, [(4, "the distance is negative")])

    def test_what_is_late_can_be_set_and_must_be_a_number(self):
        rows, _ = run(Transform, COLUMNS, {"min": 40, "factor": 2})
        self.assertEqual(rows, [{"delay": 45, "distance": 200.0}])
        with self.assertRaises(Err) as raised:
            run(Transform, COLUMNS, {"min": "x"})
        self.assertEqual(raised.exception.value.value, ("min", "must be a value of type integer"))


if __name__ == "__main__":
    unittest.main()
