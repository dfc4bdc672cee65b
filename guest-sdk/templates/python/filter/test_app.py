import unittest

from testing import run

from app import Transform


class Test(unittest.TestCase):
    def test_late_flights_are_kept(self):
        rows, _ = run(Transform, {"delay": ("int", [45, 10, None, 30])}, {"min": 30})
        self.assertEqual(rows, [{"delay": 45}, {"delay": 30}])


if __name__ == "__main__":
    unittest.main()
