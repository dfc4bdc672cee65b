"""A module in Python: late flights, in kilometres."""

from thalweg import Refusals, exported


class Late:
    """Keeps the flights that left late, with their distance in kilometres."""

    PARAMETERS = {
        "min": {"type": "integer", "default": 30, "description": "More minutes of delay than these are late."},
        "factor": {"type": "number", "default": 1.609344, "description": "Kilometres in one unit of the distance."},
    }

    def __init__(self, plan, settings):
        self.min, self.factor = settings["min"], settings["factor"]
        self.plan = plan
        self.delay = plan.read("delay", "int", "bigint")
        self.distance = plan.read("distance", "double")
        plan.write("distance", "double")

    def apply(self, batch):
        keep = [delay is not None and delay > self.min for delay in self.delay.of(batch)]
        distances = self.distance.of(batch)
        kilometres = [None if distance is None else distance * self.factor for distance in distances]
        refusals = Refusals()
        for row, distance in enumerate(distances):
            if distance is not None and distance < 0 and keep[row]:
                refusals.push(row, "the distance is negative")
        return self.plan.replaced(keep, {"distance": kilometres}, refusals)


Transform = exported(Late)
