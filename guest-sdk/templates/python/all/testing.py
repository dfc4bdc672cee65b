"""Runs a module under CPython, without a host. Import it first: it finds the bindings that a build has made."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "bindings"))

from wit_world.exports import transform  # noqa: E402
from wit_world.imports import log, types  # noqa: E402

import thalweg  # noqa: E402

# What the module logged: a level and a message each.
messages = []
log.write = lambda level, message: messages.append((level.name.lower(), message))


def run(module, columns, config=None):
    """Runs rows through a module, the class `Transform`.

    `columns` has for each name a type and a value a row, as in `{"delay": ("int", [45, None])}`. What comes back: the
    rows that go on, as dicts, and each row that was refused with its reason.
    """
    fields = [types.Field(name, thalweg.TYPES[kind][0](), True) for name, (kind, _) in columns.items()]
    schema = types.Schema(fields, list(range(len(fields))), [])
    context = transform.Context("test.rows", transform.Operation.APPEND, schema, json.dumps(config or {}))
    plan = module().open(context)
    given = [thalweg.written(kind, values) for kind, values in columns.values()]
    rows = len(next(iter(columns.values()))[1])
    answer = module().apply(types.Batch(rows, [given[place] for place in plan.reads]))

    selection, replaced = answer.outcome.value, []
    if isinstance(answer.outcome, transform.Outcome_Replaced):
        selection, replaced = selection
    after, sources = plan.output or (schema, [transform.Source_Input(place) for place in schema.columns])
    written = iter(replaced)
    whole = types.Batch(
        rows,
        [given[source.value] if isinstance(source, transform.Source_Input) else next(written) for source in sources],
    )
    names = {after.fields[at].name: thalweg.NAMES[type(after.fields[at].data_type)] for at in after.columns}
    values = [thalweg.Input(place, kind).of(whole) for place, kind in enumerate(names.values())]
    refused = answer.refused or transform.Refusals([], [], [])
    left = set(refused.rows)
    kept = [row for row, keep in enumerate(_selected(selection, rows)) if keep and row not in left]
    return (
        [dict(zip(names, (column[row] for column in values))) for row in kept],
        [(row, refused.messages[cause]) for row, cause in zip(refused.rows, refused.causes)],
    )


def _selected(selection, rows):
    if isinstance(selection, transform.Selection_Rows):
        return thalweg.booleans(selection.value, rows)
    return [isinstance(selection, transform.Selection_All)] * rows
