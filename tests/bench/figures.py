"""The figures of one run: printed as they come, with the target of the issue beside them."""

import json
import math


def percentile(values, p):
    """The smallest value that p percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * p / 100) - 1)]


class Figures:
    def __init__(self):
        self.all = []

    def add(self, name, value, unit, at_most=None, at_least=None, note=""):
        held = (
            None
            if at_most is None and at_least is None
            else (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        )
        target = f"≤ {at_most:g}" if at_most is not None else f"≥ {at_least:g}" if at_least is not None else ""
        self.all.append(
            {"name": name, "value": round(value, 3), "unit": unit, "target": target, "held": held, "note": note}
        )
        verdict = {True: "ok", False: "MISSED", None: ""}[held]
        print(f"{name:44} {value:10.2f} {unit:12} {target:8} {verdict:7} {note}", flush=True)

    def skip(self, name, why):
        self.all.append({"name": name, "skipped": why})
        print(f"{name:44} skipped: {why}", flush=True)

    def write(self, path):
        path.write_text(json.dumps(self.all, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @property
    def missed(self):
        return [f["name"] for f in self.all if f.get("held") is False]
