"""What makes a module in Python short: the configuration by its keys, columns by their names, and the answers.

Types go by their names in the contract (wit/module/types.wit): "int", "double", "text", ...
"""

import json
from dataclasses import dataclass, replace
from itertools import accumulate
from struct import pack, unpack

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import transform
from wit_world.imports import log, types

# For each flat type with one value a row: its case in the contract, and the case of its values.
TYPES = {
    "boolean": (types.DataType_Boolean, types.Values_Bits),
    "tinyint": (types.DataType_Tinyint, types.Values_Int8),
    "smallint": (types.DataType_Smallint, types.Values_Int16),
    "int": (types.DataType_Int, types.Values_Int32),
    "bigint": (types.DataType_Bigint, types.Values_Int64),
    "float": (types.DataType_Float, types.Values_Float32),
    "double": (types.DataType_Double, types.Values_Float64),
    "text": (types.DataType_Text, types.Values_Spans),
    "bytes": (types.DataType_Bytes, types.Values_Spans),
    "date": (types.DataType_Date, types.Values_Int32),
}
NAMES = {case: name for name, (case, _) in TYPES.items()}
JSON_TYPES = {"integer": int, "number": (int, float), "string": str, "boolean": bool}


def invalid_config(key, expected):
    """What `open` raises when the key of the configuration is wrong."""
    return Err(transform.ErrorCode_InvalidConfig((key, expected)))


def unsuitable_input(missing):
    """What `open` raises when the input lacks a column, or has it with another type."""
    return Err(transform.ErrorCode_UnsuitableInput(missing))


def exported(module):
    """The class `Transform` of a module, which must stand in `app.py` under that name.

    `module` is a class: the first line of its text says what it does, `PARAMETERS` has a JSON Schema for each key of its
    configuration (with `default`, or it must be given), `__init__(self, plan, settings)` says which columns it reads and
    writes, and `apply(self, batch)` returns the answer to a batch.
    """
    # A new `Transform` is made for every call, so the module's object lies here.
    opened = [None]

    class Transform(exports.Transform):
        @_logged
        def describe(self):
            return description(module.__doc__.splitlines()[0], module.PARAMETERS)

        @_logged
        def open(self, context):
            plan = Plan(context)
            opened[0] = module(plan, configuration(context, module.PARAMETERS))
            return plan.finish()

        @_logged
        def apply(self, batch):
            return opened[0].apply(batch)

    return Transform


def _logged(method):
    """Logs an exception that nobody meant: it ends the instance, and the host then names the message as the cause."""

    def call(*arguments):
        try:
            return method(*arguments)
        except Err:
            raise
        except Exception as error:
            log.write(log.Level.ERROR, f"{type(error).__name__}: {error}")
            raise

    return call


def description(summary, parameters):
    """What the module is. `parameters` holds for each key a JSON Schema; a key without `default` must be given."""
    required = [key for key, parameter in parameters.items() if "default" not in parameter]
    schema = {"type": "object", "properties": parameters, "required": required, "additionalProperties": False}
    return transform.Description(summary, json.dumps(schema))


def configuration(context, parameters):
    """The configuration: the keys of `parameters`, checked for their `type`, with defaults."""
    given = json.loads(context.config)
    for key in given:
        if key not in parameters:
            raise invalid_config(key, f"there is no such key; there are: {', '.join(parameters) or 'none'}")
    values = {}
    for key, parameter in parameters.items():
        value = given.get(key, parameter.get("default"))
        expected = parameter["type"]
        # A bool is an int to Python.
        if not isinstance(value, JSON_TYPES[expected]) or (isinstance(value, bool) and expected != "boolean"):
            raise invalid_config(key, f"must be a value of type {expected}")
        values[key] = value
    return values


@dataclass
class Input:
    """A column that is read: its place among those that a batch has, and its type."""

    place: int
    type: str

    def of(self, batch):
        """The values of a batch, `None` for a null; texts as `str`, bytes as `bytes`."""
        column = batch.columns[self.place]
        values = self._values(column.values, batch.rows)
        if column.validity is None:
            return values
        return [value if valid else None for value, valid in zip(values, booleans(column.validity, batch.rows))]

    def _values(self, values, rows):
        if isinstance(values, types.Values_Bits):
            return booleans(values.value, rows)
        if isinstance(values, types.Values_Int8):
            return unpack(f"{rows}b", values.value)
        if isinstance(values, types.Values_Spans):
            offsets, content = values.value.offsets, values.value.bytes
            parts = [content[start:end] for start, end in zip(offsets, offsets[1:])]
            # What stands in a null's place need not be UTF-8.
            return [part.decode(errors="replace") for part in parts] if self.type == "text" else parts
        return values.value


class Plan:
    """Which columns a module reads and writes, and the answers that fit."""

    def __init__(self, context):
        # `ONE` for a module that must see all batches in order.
        self.instances = transform.Instances.ANY
        self._input = context.input
        self._reads = []
        self._types = {}
        # The names of the written columns in the order of the output.
        self._written = []

    def _find(self, name):
        fields = self._input.fields
        return next((place for place, at in enumerate(self._input.columns) if fields[at].name == name), None)

    def read(self, name, *expected):
        """Reads a column of one of the types."""
        place = self._find(name)
        if place is None:
            raise unsuitable_input(f"there is no column {name}")
        found = NAMES.get(type(self._input.fields[self._input.columns[place]].data_type))
        if found not in expected:
            raise unsuitable_input(f"column {name} is {found or 'of another type'}, but {' or '.join(expected)} is expected")
        self._reads.append(place)
        return Input(len(self._reads) - 1, found)

    def write(self, name, data_type, nullable=True):
        """Writes a column: in place of the one of that name, or behind the last."""
        self._types[name] = (data_type, nullable)

    def finish(self):
        """As `open` returns it."""
        if not self._types:
            return transform.Plan(self._reads, None, self.instances)
        fields, columns = list(self._input.fields), list(self._input.columns)
        for name, (data_type, nullable) in self._types.items():
            field = types.Field(name, TYPES[data_type][0](), nullable)
            place = self._find(name)
            if place is None:
                columns.append(len(fields))
                fields.append(field)
            elif type(fields[columns[place]].data_type) in NAMES:
                fields[columns[place]] = field
            else:
                raise unsuitable_input(f"column {name} cannot be replaced, for its type")
        names = [fields[at].name for at in columns]
        self._written = [name for name in names if name in self._types]
        sources = [
            transform.Source_Written() if name in self._types else transform.Source_Input(place)
            for place, name in enumerate(names)
        ]
        schema = replace(self._input, fields=fields, columns=columns)
        return transform.Plan(self._reads, (schema, sources), self.instances)

    def replaced(self, keep, values, refusals=None):
        """The answer of a map: the rows that `keep` has a `True` for (`None` keeps all), with a value a row for each
        written column by its name."""
        columns = [written(self._types[name][0], values[name]) for name in self._written]
        selection = transform.Selection_All() if keep is None else transform.Selection_Rows(bitmap(keep))
        return transform.Answer(transform.Outcome_Replaced((selection, columns)), refusals and refusals.finish())


def kept(keep, refusals=None):
    """The answer of a filter: the rows that `keep` has a `True` for."""
    selection = transform.Selection_Rows(bitmap(keep))
    return transform.Answer(transform.Outcome_Kept(selection), refusals and refusals.finish())


class Refusals:
    """Rows that the module refuses, each with a reason."""

    def __init__(self):
        self._rows, self._causes, self._messages = [], [], {}

    def push(self, row, message):
        """Refuses a row; rows come rising."""
        self._rows.append(row)
        self._causes.append(self._messages.setdefault(message, len(self._messages)))

    def finish(self):
        """As it stands in an answer: `None` if no row is refused."""
        return transform.Refusals(self._rows, self._causes, list(self._messages)) if self._rows else None


def bitmap(booleans):
    """Booleans as a bitmap, the least significant bit of the first byte first."""
    digits = "".join(["1" if value else "0" for value in booleans])
    return int(digits[::-1] or "0", 2).to_bytes((len(digits) + 7) // 8, "little")


def booleans(bitmap, rows):
    """The first bits of a bitmap as booleans."""
    digits = format(int.from_bytes(bitmap, "little"), f"0{max(rows, 1)}b")
    return [digit == "1" for digit in digits[: -rows - 1 : -1]]


def written(data_type, values):
    """A written column from a value a row; `None` is a null."""
    validity = bitmap([value is not None for value in values]) if None in values else None
    case = TYPES[data_type][1]
    if case is types.Values_Bits:
        content = bitmap(values)
    elif case is types.Values_Spans:
        parts = [value.encode() if isinstance(value, str) else value or b"" for value in values]
        content = types.Spans(list(accumulate(map(len, parts), initial=0)), b"".join(parts))
    else:
        content = [0 if value is None else value for value in values] if validity else values
        if case is types.Values_Int8:
            content = pack(f"{len(content)}b", *content)
    return types.Column(validity, case(content))
