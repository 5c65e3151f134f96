"""A service that is killed by a failpoint and started again without it, while a test goes on."""
import threading


class Kept:
    def __init__(self, service, **env):
        self.service, self.deaths, self.over = service, 0, threading.Event()
        service.start(**env)
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.over.wait(0.05):
            if self.service.process.poll() is not None:
                self.deaths += 1
                self.service.start()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        self.thread.join()
