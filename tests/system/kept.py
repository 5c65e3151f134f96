"""A service that is killed by a failpoint and started again without it, while a test goes on."""
from meanwhile import Meanwhile


class Kept(Meanwhile):
    def __init__(self, service, **env):
        super().__init__(0.05)
        self.service, self.deaths = service, 0
        service.start(**env)

    def step(self):
        if self.service.process.poll() is not None:
            self.deaths += 1
            self.service.start()
