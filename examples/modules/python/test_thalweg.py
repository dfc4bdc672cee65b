"""What app.py builds on: every flat type in and out, the order of columns, the configuration's errors."""

import unittest

from testing import messages, run

from componentize_py_types import Err
from thalweg import exported

VALUES = {
    "boolean": [True, None, False],
    "tinyint": [-128, None, 127],
    "smallint": [-1, None, 2],
    "int": [-3, None, 4],
    "bigint": [-(2**63), None, 2**63 - 1],
    "float": [0.5, None, -2.0],
    "double": [0.1, None, -0.25],
    "text": ["", None, "Tübingen 🛫"],
    "bytes": [b"", None, b"\xff\x00"],
    "date": [-1, None, 19000],
}


def module(open, apply=None, parameters={}):
    """A module of two functions."""

    class Module:
        """Is tested."""

        PARAMETERS = parameters

        def __init__(self, plan, settings):
            self.plan, self.opened = plan, open(plan, settings)

        def apply(self, batch):
            return apply(self.plan, self.opened, batch)

    return exported(Module)


class Helper(unittest.TestCase):
    def test_every_type_comes_back_as_it_went_in(self):
        for kind, values in VALUES.items():

            def open(plan, _, kind=kind):
                plan.write("b", kind)
                return plan.read("a", kind)

            copy = module(open, lambda plan, a, batch: plan.replaced(None, {"b": list(a.of(batch))}))
            rows, _ = run(copy, {"a": (kind, values)})
            self.assertEqual([row["b"] for row in rows], values, kind)

    def test_columns_are_written_in_the_order_of_the_table(self):
        def open(plan, _):
            for name in ["c", "b", "a"]:
                plan.write(name, "text")

        values = {name: [name.upper()] * 9 for name in "abc"}
        swapped = module(open, lambda plan, _, batch: plan.replaced([True] * 9, values))
        rows, _ = run(swapped, {name: ("int", [1] * 9) for name in ["a", "x", "b"]})
        self.assertEqual(list(rows[8].items()), [("a", "A"), ("x", 1), ("b", "B"), ("c", "C")])

    def test_errors_of_the_configuration_name_the_key(self):
        parameters = {"min": {"type": "integer"}, "unit": {"type": "string", "default": "km"}}

        def fail(_, settings):
            raise RuntimeError(sorted(settings.items()))

        configured = module(fail, parameters=parameters)
        cases = [({}, "min"), ({"min": 1.5}, "min"), ({"min": True}, "min"), ({"min": 1, "x": 0}, "x")]
        for config, key in cases:
            with self.assertRaises(Err) as raised:
                run(configured, {"a": ("int", [])}, config)
            self.assertEqual(raised.exception.value.value[0], key)
        with self.assertRaises(RuntimeError):
            run(configured, {"a": ("int", [])}, {"min": 1})
        self.assertEqual(messages, [("error", "RuntimeError: [('min', 1), ('unit', 'km')]")])

    def test_a_column_that_is_missing_or_of_another_type_is_named(self):
        reads = module(lambda plan, _: plan.read("a", "int", "bigint"))
        cases = [({"b": ("int", [])}, "no column a"), ({"a": ("text", [])}, "a is text, but int or bigint")]
        for columns, text in cases:
            with self.assertRaises(Err) as raised:
                run(reads, columns)
            self.assertIn(text, raised.exception.value.value)


if __name__ == "__main__":
    unittest.main()
