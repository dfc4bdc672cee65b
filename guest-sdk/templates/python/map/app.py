"""A map: gives distances in another unit."""

from thalweg import Refusals, exported


class Scaled:
    """Gives distances in another unit, and refuses what is no distance."""

    # What can be set: `--set factor=1.852` at the command line, `config = { factor = 1.852 }` in a chain file.
    PARAMETERS = {"factor": {"type": "number", "description": "How many of the new unit are one of the old."}}

    def __init__(self, plan, settings):
        self.factor = settings["factor"]
        self.plan = plan
        self.distance = plan.read("distance", "double")
        plan.write("distance", "double")

    def apply(self, batch):
        distances = self.distance.of(batch)
        refusals = Refusals()
        for row, distance in enumerate(distances):
            if distance is not None and distance < 0:
                refusals.push(row, f"a distance of {distance:g}")
        scaled = [None if distance is None else distance * self.factor for distance in distances]
        return self.plan.replaced(None, {"distance": scaled}, refusals)


Transform = exported(Scaled)
