"""What the runs came to, as Markdown."""


class Report:
    def __init__(self, path):
        self.path, self.parts = path, []

    def table(self, title, columns, rows):
        lines = [f"## {title}", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
        self.add("\n".join(lines))

    def line(self, text):
        """One more line of a list."""
        self.add(f"- {text}")

    def add(self, text):
        print(text)
        self.parts.append(text)
        self.write()

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        joined = ""
        for part in self.parts:
            both_lines = part.startswith("- ") and joined.rsplit("\n", 2)[-2:-1] and joined.rsplit("\n", 2)[-2].startswith("- ")
            joined += ("" if both_lines or not joined else "\n") + part + "\n"
        self.path.write_text(f"# make test-chaos\n\n{joined}")
