"""A filter: keeps flights that left late."""

from thalweg import exported, kept


class Late:
    """Keeps flights that left late."""

    # What can be set: `--set min=45` at the command line, `config = { min = 45 }` in a chain file.
    PARAMETERS = {"min": {"type": "integer", "description": "Minutes from which a flight is late."}}

    def __init__(self, plan, settings):
        self.min = settings["min"]
        self.delay = plan.read("delay", "int")

    def apply(self, batch):
        return kept([delay is not None and delay >= self.min for delay in self.delay.of(batch)])


Transform = exported(Late)
