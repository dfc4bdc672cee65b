import unittest

from testing import run

from app import Transform


class Test(unittest.TestCase):
    def test_distances_are_scaled(self):
        rows, refused = run(Transform, {"distance": ("double", [100.0, None, -1.0])}, {"factor": 1.609344})
        self.assertEqual(rows, [{"distance": 160.9344}, {"distance": None}])
        self.assertEqual(refused, [(2, "a distance of -1")])


if __name__ == "__main__":
    unittest.main()
