"""Something that is done again and again beside a test, until its `with` is over."""
import threading


class Meanwhile:
    """step() is a subclass's."""

    def __init__(self, pause):
        self.pause, self.over = pause, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.wait(self.pause):
            self.step()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        self.thread.join()
