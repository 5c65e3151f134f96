"""Kills by the hundred: processes that die at a named place of the code (services/common/failpoint.h) or at any instant,
and are started again at once, while people go on working (tests/system/load.py)."""
import random
import signal
import time
from collections import Counter, defaultdict
from contextlib import contextmanager

from flows import read_redis
from invariants import sessions
from load import Load, check_after, check_works
from stack import SERVICES, Stack, StackError, http_status

SIGKILLED = -9
REACHED_S = 240
# Each boundary between commit, outbox, produce, ack, trim and reply; a process dies at the 1st to n-th time it passes there.
FAILPOINTS = {
    "gateway": {"gateway.command": 4, "gateway.commanded": 4, "gateway.outcome": 4, "gateway.ended": 3, "gateway.ticket": 2},
    "licensing": {"licensing.received": 4, "licensing.committed": 4, "licensing.acked": 4},
    "sweeper": {"sweeper.read": 9, "sweeper.sent": 7, "sweeper.acked": 7, "sweeper.produced": 7, "sweeper.trimmed": 7,
                "sweeper.due": 6, "sweeper.commanded": 6},
    "activation": {"activation.received": 3, "activation.committed": 3, "activation.reply": 2, "activation.reported": 3,
                   "activation.removed": 2},
    "invitations": {"invitations.received": 3, "invitations.sent": 2, "invitations.stored": 2, "invitations.enqueued": 4,
                    "invitations.taken": 3, "invitations.posted": 3, "invitations.noted": 3},
    "relay": {"relay.ticket": 3, "relay.offered": 2, "relay.paired": 3},
}
# Where a sweeper dies before any of its commands has left: were all of them to die there, nothing would ever be over. One of
# them at a time.
LAST_STEPS = ("sweeper.due", "sweeper.commanded")
# And an armed sweeper mostly dies before it has looked at what is due: now and then all of them live until nothing is late.
PEACE_EVERY_S, PEACE_ENDS_S, LOOK_S, LATE_MS = 15, 45, 0.5, 1000
POINTS = [point for points in FAILPOINTS.values() for point in points]
# Short lives, so that what is left alone expires; groups notice their dead after 3 s; a webhook's claim runs out soon.
ENV = {"INVITATION_TTL_MS": "8000", "SESSION_TTL_MS": "20000", "REMOVAL_TTL_MS": "5000", "COMMAND_TIMEOUT_MS": "8000",
       "WEBHOOK_ALLOW_HTTP": "1", "WEBHOOK_ALLOW_PRIVATE": "1", "WEBHOOK_TIMEOUT_MS": "1500",
       "WEBHOOK_SCHEDULE_MS": "200,400,800,1600,3200,6400,12800,25600"}


class Suite(Stack):
    """A stack that is used to this. broker: Kafka, or None for the embedded one."""

    def __init__(self, root, broker, replicas=None, env=None, **options):
        kafka = {"kafka": broker.bootstrap} if broker else {}
        quick = {"KAFKA_PROFILE": "quick"} if broker else {}
        super().__init__(root, replicas=replicas or {name: 2 for name in SERVICES}, env={**ENV, **quick, **(env or {})},
                         redis_options=["--appendfsync", "always"], **kafka, **options)
        self.broker = broker

    def everybody(self):
        return [i for s in SERVICES for i in self.instances(s)]

    def heal(self):
        """Starts what does not run, wakes what was stopped."""
        if self.broker and not self.broker.process.pid:
            self.broker.up()
        for name in self.embedded() + self.everybody() + ["edge"]:
            if self.process(name).pid:
                self.process(name).signal(signal.SIGCONT)
            else:
                self.start(name)
        self.wait_ready(seconds=60)

    def restart(self, names):
        """Gently, side by side, without failpoints."""
        [self.process(n).signal(signal.SIGTERM) for n in names if self.process(n).pid]
        for name in names:
            self.stop(name)
            self.start(name)
        self.wait_ready(seconds=60)


class Shot:
    """A process that was started with a failpoint, and what the world was like then."""

    def __init__(self, point, load):
        self.point, self.since, self.created, self.unanswered = point, time.monotonic(), load.created(), load.unanswered


class Campaign:
    """per_point: kills at each failpoint; random_kills: at random instants; checkpoint: kills between two checks."""

    def __init__(self, suite, report, receiver, per_point, random_kills, checkpoint, seed=None):
        self.suite, self.report, self.receiver = suite, report, receiver
        self.per_point, self.checkpoint = per_point, checkpoint
        self.seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
        self.rng = random.Random(self.seed)
        self.kills, self.random_kills = Counter(), Counter()
        self.random_left, self.turn, self.peace_since, self.longest_peace = random_kills, [], None, 0.0
        self.last_peace = self.next_look = time.monotonic()
        self.spent = defaultdict(lambda: [0.0, 0, 0])  # of a point: seconds, sessions, requests asked again
        self.shots, self.sessions, self.asked_again, self.checks, self.used_tickets = {}, 0, 0, 0, 0

    def missing(self):
        return [p for p in POINTS if self.kills[p] < self.per_point]

    # ---- at named places ----

    def next_point(self, service):
        """The point of this service that was died at, or is waited for, least; None when all have had enough."""
        waiting = Counter(shot.point for name, shot in self.shots.items() if shot)
        taken = any(waiting[p] for p in LAST_STEPS)
        left = [p for p in FAILPOINTS[service] if self.kills[p] < self.per_point and not (taken and p in LAST_STEPS)]
        return min(left, key=lambda p: (self.kills[p] + waiting[p], self.rng.random()), default=None)

    def arm(self, name, load):
        service = name.rsplit("-", 1)[0]
        self.shots[name] = None  # so that it does not count as waiting for the point it died at
        point = self.next_point(service)
        passing = self.rng.randint(1, FAILPOINTS[service][point]) if point else 0
        self.suite.start(name, {"FAILPOINT": f"{point}:{passing}"} if point else None)
        self.shots[name] = Shot(point, load) if point else None

    def peace(self, load, r):
        """Now and then the sweepers live until nobody waits for them; that they come to that in time is a check of its own."""
        now, sweepers = time.monotonic(), self.suite.instances("sweeper")
        if self.peace_since is None:
            if now > self.last_peace + PEACE_EVERY_S and any(self.shots.get(name) for name in sweepers):
                for name in sweepers:
                    self.kill_by_chance(name, load)
                    self.suite.start(name)
                self.peace_since = time.monotonic()
            return
        if now < self.next_look:
            return
        self.next_look = now + LOOK_S
        late = overdue(r)
        assert not late or now < self.peace_since + PEACE_ENDS_S, f"sweepers live, and yet late: {late}"
        if not late:
            self.longest_peace = max(self.longest_peace, now - self.peace_since)
            for name in sweepers:
                self.kill_by_chance(name, load)
                self.arm(name, load)
            self.peace_since, self.last_peace = None, time.monotonic()

    def kill_by_chance(self, name, load):
        """Not at its failpoint, unless it was quicker."""
        process = self.suite.process(name)
        try:
            process.signal(signal.SIGKILL)
            self.random_kills[name.rsplit("-", 1)[0]] += 1
        except (StackError, ProcessLookupError):
            self.note(name, load)
        assert process.wait_gone(5)
        self.shots[name] = None

    def note(self, name, load):
        """name is dead: it must have died where it was told to."""
        assert self.suite.process(name).wait_gone(10)  # its threads may take a moment
        shot, status = self.shots.get(name), self.suite.process(name).exit_status
        assert shot and status == SIGKILLED, f"{name} ended by itself ({status}): {self.suite.why_not(name)}"
        self.kills[shot.point] += 1
        spent = self.spent[shot.point]
        spent[0] += time.monotonic() - shot.since
        spent[1] += load.created() - shot.created
        spent[2] += load.unanswered - shot.unanswered

    def round_of_points(self, load):
        """Until so many have died that it is time for a check, or every point has had enough."""
        goal = self.kills.total() + self.checkpoint
        for name in self.suite.everybody():
            if any(self.kills[p] < self.per_point for p in FAILPOINTS[name.rsplit("-", 1)[0]]):
                self.suite.stop(name)
                self.arm(name, load)
        last, r = time.monotonic(), read_redis(self.suite)
        self.peace_since = None
        while self.missing() and self.kills.total() < goal and not load.errors:
            assert time.monotonic() < last + REACHED_S, f"not reached: {self.missing()}; armed {self.armed()}"
            for name in [n for n, shot in self.shots.items() if shot]:
                process = self.suite.process(name)
                if process.pid is None and process.exit_status is not None:
                    self.note(name, load)
                    self.arm(name, load)
                    last = time.monotonic()
            self.peace(load, r)
            load.stopping.wait(0.05)
        self.disarm(load)

    def armed(self):
        return {name: shot.point for name, shot in self.shots.items() if shot}

    def disarm(self, load):
        for name, shot in self.shots.items():
            if shot and not self.suite.process(name).pid:
                self.note(name, load)
        armed, self.shots = list(self.armed()), {}
        self.suite.restart(armed)

    # ---- at any instant ----

    def round_of_random(self, load):
        """Every process in turn, in an order and at instants that chance has; now and then two at once."""
        left = min(self.checkpoint, self.random_left)
        self.random_left -= left
        while left > 0 and not load.errors:
            self.turn = self.turn or self.rng.sample(self.suite.everybody(), len(self.suite.everybody()))
            victims = [self.turn.pop() for _ in range(min(left, len(self.turn), self.rng.choice([1, 1, 1, 2])))]
            left -= len(victims)
            load.stopping.wait(self.rng.uniform(0.1, 1.8))
            [self.suite.process(name).signal(signal.SIGKILL) for name in victims]
            for name in victims:
                assert self.suite.process(name).wait_gone(5)
                self.suite.start(name)
                self.random_kills[name.rsplit("-", 1)[0]] += 1
        self.suite.wait_ready(seconds=60)

    # ---- all of it ----

    def checked(self, a_round):
        """One round under a load of its own, then every invariant."""
        with loaded(self.suite, self.receiver, technicians=12, viewers=2, seed=self.rng.randrange(1 << 32)) as load:
            a_round(load)
        self.sessions += load.created()
        self.asked_again += load.unanswered
        self.used_tickets += load.used_tickets
        check_works(self.suite, load.apis)
        self.checks += 1
        print(f"{self.kills.total()} kills at failpoints, {self.random_kills.total()} at random instants, {self.sessions} sessions; "
              f"{len(self.missing())} points are not through", flush=True)

    def run(self):
        print(f"seed of the campaign: {self.seed}", flush=True)
        started = time.monotonic()
        while self.missing():
            self.checked(self.round_of_points)
        while self.random_left > 0:
            self.checked(self.round_of_random)
        self.tell(time.monotonic() - started)

    def tell(self, seconds):
        total = self.kills.total() + self.random_kills.total()
        self.report.table("Kills at named failpoints", ["point", "kills", "seconds", "sessions created meanwhile", "requests asked again"],
                          [[p, self.kills[p], f"{self.spent[p][0]:.0f}", *self.spent[p][1:]] for p in POINTS])
        self.report.table("Kills at random instants", ["service", "kills"], sorted(self.random_kills.items()))
        self.report.add(f"{total} kills in {seconds:.0f} s, {self.sessions} sessions created, {self.asked_again} requests asked again, every "
                        f"invariant checked {self.checks} times; sweepers left alone had done all that was late after {self.longest_peace:.1f} s "
                        f"at most; seed {self.seed}. Several processes are armed at once, so seconds, sessions "
                        "and requests of the points overlap.")


def overdue(r):
    """Open sessions whose time has been over for LATE_MS and more."""
    now = time.time() * 1000
    ends = {sid: int(record["expires_at" if record["state"] == "active" else "invitation_expires_at"])
            for _, sid, record in sessions(r) if record.get("state") in ("invited", "active")}
    return [sid for sid, at in ends.items() if at + LATE_MS < now]


@contextmanager
def loaded(suite, receiver=None, **options):
    """A load for the time of the with, then every invariant."""
    with Load(suite, **{"technicians": 9, "viewers": 1, "expiring": 0.2, "receiver": receiver, **options}) as load:
        yield load
    check_after(suite, load)


def nobody_is_ready(suite, services=SERVICES):
    """Each of them says 503 (or nothing)."""
    return all(http_status(suite.health(i) + "/readyz")[0] != 200 for s in services for i in suite.instances(s))
