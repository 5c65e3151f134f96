"""The scripts that are no transitions: presence of a program, and the sweeper's fenced lease of a bucket."""

from house import HOUR, SCRIPTS


def test_the_newest_socket_holds_the_presence(house):
    """S-8: a program that redials is online once; the old socket's end does not take it offline."""
    sid, _, _ = house.create()
    assert house.run("presence", sid, "open", "relay-1/1")[0] == 1
    assert house.run("presence", sid, "renew", "relay-1/1")[0] == 1
    assert house.run("presence", sid, "open", "relay-2/9")[0] == 1
    assert house.run("presence", sid, "renew", "relay-1/1")[0] == 0
    assert house.run("presence", sid, "close", "relay-1/1")[0] == 1
    assert house.redis.hget(house.key("presence", sid), "node") == "relay-2/9"
    assert "last_online" not in house.record(sid)
    house.run("presence", sid, "close", "relay-2/9")
    assert not house.redis.exists(house.key("presence", sid)) and int(house.record(sid)["last_online"]) <= house.now()


def test_presence_ends_by_itself_and_a_renewal_brings_it_back(house):
    """A relay that dies leaves no program online for longer than 30 s."""
    sid, _, _ = house.create()
    house.run("presence", sid, "open", "relay-1/1")
    assert 0 < house.redis.pttl(house.key("presence", sid)) <= 30000
    house.redis.delete(house.key("presence", sid))
    assert house.run("presence", sid, "renew", "relay-1/1")[0] == 1


def test_nobody_is_online_without_a_session(house):
    """A record that is gone is not made again by a socket."""
    for verb in ("open", "renew", "close"):
        assert house.run("presence", "x" * 26, verb, "relay-1/1")[0] == 0
    assert not house.redis.exists(house.key("session", "x" * 26))


class Sweeper:
    def __init__(self, house, name):
        self.house, self.name = house, name

    def script(self, script, *arguments):
        return self.house.redis.eval(SCRIPTS[script], 1, self.house.key("lease"), self.name, *arguments)

    def lease(self):
        return self.script("sweep_lease", 3000)


def test_one_sweeper_holds_a_bucket_and_a_successor_has_a_higher_epoch(house):
    """DESIGN 2: fenced leases. The old holder's epoch is worth nothing once another has taken over."""
    a, b = Sweeper(house, "a"), Sweeper(house, "b")
    assert (a.lease(), b.lease(), a.lease()) == (1, 0, 1)
    house.pass_time(3001)
    assert (b.lease(), a.lease()) == (2, 0)
    house.create()
    ((entry, _),) = house.redis.xrange(house.key("outbox"))
    assert a.script("sweep_trim", 1, entry) == -1 and house.redis.xlen(house.key("outbox")) == 1
    assert b.script("sweep_trim", 1, entry) == -1
    assert b.script("sweep_trim", 2, entry) == 1 and house.redis.xlen(house.key("outbox")) == 0
    assert b.script("sweep_trim", 2, entry) == 0


def test_due_members_are_handed_out_to_the_holder_and_asked_for_again(house):
    """What is due comes to the holder of the lease only, and again after the retry time until its owner has moved it."""
    a = Sweeper(house, "a")
    epoch = a.lease()
    sid, _, _ = house.create()
    assert a.script("sweep_due", epoch, 5000, 10) == []
    house.pass_time(7 * HOUR)
    assert a.lease() == epoch
    assert (
        Sweeper(house, "b").script("sweep_due", epoch, 5000, 10) == []
        and a.script("sweep_due", epoch + 1, 5000, 10) == []
    )
    assert sorted(a.script("sweep_due", epoch, 5000, 10)) == [f"expire:{sid}", f"mail:{sid}"]
    assert a.script("sweep_due", epoch, 5000, 10) == []
    house.pass_time(5001)
    assert len(a.script("sweep_due", epoch, 5000, 1)) == 1
    house.end(sid, expiry=True)
    house.pass_time(5001)
    assert a.script("sweep_due", epoch, 5000, 10) == []
