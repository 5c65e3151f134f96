"""S-71: live status. One order per company on every gateway, resumed by Last-Event-ID without loss or repetition."""
import concurrent.futures
import secrets

import pytest

from processes import activate, bucket_of, running, wait_for
from sse import Events


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("plane"), EVENTS_HEARTBEAT_MS="300") as p:
        yield p


@pytest.fixture
def ada(plane):
    return plane.technician(plane.company(limit_technician=100, limit_company=100, seats=1000), role="administrator")


def feed(plane, client):
    """Ids and types of the company's feed, as Redis has it."""
    return [(i, fields["t"]) for i, fields in plane.redis.xrange(f"{client.tag}:feed:{client.company}")]


def work(client, n, gateway=1):
    """n sessions made and ended: 2n events."""
    for _ in range(n):
        made = client.create(gateway=gateway)[1]
        assert client.call("POST", f"/v1/sessions/{made['id']}/end", gateway=gateway)[0] == 202


def order(stream):
    return [e[0] for e in stream.of("session")]


def test_two_gateways_tell_the_same_in_the_same_order(plane, ada):
    """S-71"""
    with Events(ada, 0) as one, Events(ada, 1) as two:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: work(ada, 5), range(8)))
        wait_for(lambda: len(order(one)) == len(order(two)) == 80, 20, lambda: f"{len(order(one))}, {len(order(two))}")
        assert order(one) == order(two)
        assert [i.split("-", 1)[1] for i in order(one)] == [i for i, kind in feed(plane, ada) if kind.startswith("session.")]


def test_a_resumed_stream_misses_and_repeats_nothing(plane, ada):
    """S-71: also on another gateway, also after the one it was on was killed, while changes go on."""
    seen, last, number = [], None, 0
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        load = pool.submit(work, ada, 200)
        stream = Events(ada, 0)
        while not load.done() or last is None:
            wait_for(lambda: len(stream.of("session")) >= 4 or load.done(), 20)
            stream.close()
            stream.thread.join(10)
            seen += order(stream)
            last, number = stream.last_id, number + 1
            if number == 2:
                plane.services[0].kill()
                plane.services[0].start().wait_ready()
            stream = Events(ada, number % 2, last)
            wait_for(lambda: stream.events, 10)
            assert stream.events[0][1] == "ready" and stream.events[0][2]["resumed"] is True
        load.result()
    wait_for(lambda: len(seen) + len(order(stream)) == 400, 20, lambda: f"{len(seen)} + {len(order(stream))}")
    seen += order(stream)
    stream.close()
    assert number >= 3
    assert [i.split("-", 1)[1] for i in seen] == [i for i, kind in feed(plane, ada) if kind.startswith("session.")]


def test_an_id_that_was_trimmed_resets(plane, ada):
    """S-71: too old is said, not guessed."""
    with Events(ada) as stream:
        stream.wait(lambda e: e)
        first = stream.last_id
    made = ada.create()[1]
    key = f"{ada.tag}:feed:{ada.company}"
    plane.redis.xtrim(key, minid=plane.redis.xrevrange(key, count=1)[0][0], approximate=False)
    with Events(ada, 1, first) as stream:
        event = stream.wait(lambda e: e)[0]
        assert event[1] == "reset"
        ada.call("POST", f"/v1/sessions/{made['id']}/end")
        stream.wait_session(made["id"], lambda s: s["status"] == "ended")


@pytest.mark.parametrize("last", ["nonsense", "1-0-0", "1-99999999999999-0", "99-1-1", "1-1-1-1", "-", "1--1", "9" * 400])
def test_an_unknown_id_resets(ada, last):
    """S-71"""
    with Events(ada, last_id=last) as stream:
        assert stream.status == 200
        assert stream.wait(lambda e: e)[0][1] == "reset"


def test_a_new_epoch_resets_open_and_resumed_streams(plane, ada):
    """S-71: after Redis lost writes and was folded anew, what a client knows may never have been."""
    with Events(ada) as stream:
        stream.wait(lambda e: e)
        before = stream.last_id
        plane.redis.set(f"{ada.tag}:epoch", 7)
        stream.wait(lambda e: [x for x in e if x[1] == "reset"])
        assert stream.last_id.startswith("7-")
        with Events(ada, 1, before) as second:
            assert second.wait(lambda e: e)[0][1] == "reset"
        with Events(ada, 1, stream.last_id) as third:
            assert third.wait(lambda e: e)[0][1:] == ("ready", {"resumed": True})


def test_a_thousand_missed_events_come_through_a_slow_socket(plane, ada):
    """S-71: what waits for a client is bounded; nothing is lost by it."""
    with Events(ada) as stream:
        stream.wait(lambda e: e)
        first = stream.last_id
    made = ada.create(note="n" * 2000)[1]
    key = f"{ada.tag}:feed:{ada.company}"
    for _ in range(950):
        plane.redis.xadd(key, {"t": "session.reported", "s": made["id"]})
    plane.redis.publish("beistand.changed", f"{ada.company} {made['id']}")
    with Events(ada, 1, first) as stream:
        stream.wait(lambda e: len(e) == 952, 30)
        assert len(set(order(stream))) == 951


def test_presence_is_in_the_feed(plane, ada):
    """S-71 S-25: online and offline as the relay knows them, in the same order as everything else."""
    made = ada.create()[1]
    assert activate(plane, made)[0] == 200
    script = presence_script(plane)
    record = f"{ada.tag}:session:{made['id']}"
    with Events(ada) as stream:
        stream.wait(lambda e: e)
        script(keys=[record], args=["open", "relay-1/1", ""])
        stream.wait_session(made["id"], lambda s: s["online"] and s["online_since"])
        script(keys=[record], args=["close", "relay-1/1", "reboot"])
        stream.wait(lambda e: [x for x in e if x[1] == "session"][-1][2]["online"] is False)
        assert [kind for _, kind in feed(plane, ada)][-2:] == ["presence.online", "presence.offline"]


def presence_script(plane):
    from processes import ROOT
    lua = ROOT / "proto" / "lua"
    return plane.redis.register_script((lua / "common.lua").read_text() + "\n" + (lua / "presence.lua").read_text())


def test_a_technician_sees_only_their_own(plane):
    """S-29: the administrator sees all; ids stay in one order for both."""
    cid = plane.company()
    ada, tina, tom = plane.technician(cid, "administrator"), plane.technician(cid), plane.technician(cid)
    with Events(ada) as all_, Events(tina) as hers, Events(tom, 1) as his:
        of_tom = tom.create()[1]["id"]
        of_tina = tina.create()[1]["id"]
        all_.wait(lambda e: len(all_.of("session")) == 2)
        hers.wait_session(of_tina, lambda s: True)
        his.wait_session(of_tom, lambda s: True)
        assert [e[2]["id"] for e in hers.of("session")] == [of_tina]
        assert [e[2]["id"] for e in his.of("session")] == [of_tom]
        assert order(all_) == sorted(order(hers) + order(his), key=lambda i: [int(n) for n in i.split("-")])


def test_heartbeats_come_and_carry_the_place(plane, ada):
    """S-71: a quiet stream is alive, and its id stays young although nothing may be seen."""
    tina = plane.technician(ada.company)
    with Events(tina) as stream:
        stream.wait(lambda e: e)
        first = stream.last_id
        ada.create()
        newest = feed(plane, ada)[-1][0]
        wait_for(lambda: stream.last_id.split("-", 1)[1] == newest and stream.beats >= 2, 10)
        assert first != stream.last_id and not stream.of("session")


def test_streams_end_cleanly_when_their_gateway_drains(plane, ada):
    """S-61 S-71: SIGTERM ends streams as complete answers; they are resumed elsewhere."""
    with Events(ada, 1) as stream:
        stream.wait(lambda e: e)
        assert plane.services[1].stop() == 0
        wait_for(lambda: stream.ended, 5)
        assert stream.clean
        made = ada.create()[1]
        with Events(ada, 0, stream.last_id) as other:
            other.wait_session(made["id"], lambda s: True)
    plane.services[1].start().wait_ready()


def test_redis_lost_and_back_loses_no_event(plane, ada):
    """S-8 S-71: streams end (a notice of a revoked credential may have been lost) and are resumed behind the last event."""
    with Events(ada) as stream:
        stream.wait(lambda e: e)
        plane.redis_process.terminate()
        plane.redis_process.wait(10)
        plane.start_redis()
        plane.redis.xadd(f"{ada.tag}:feed:{ada.company}", {"t": "session.unknown", "s": ""})
        wait_for(lambda: stream.ended, 10)
        plane.ready()
        told = stream.of("change")
        with Events(ada, 1, stream.last_id) as second:
            second.wait(lambda e: e)
            assert second.events[0][1:] == ("ready", {"resumed": True})
            wait_for(lambda: len(told) + len(second.of("change")) == 1, 10)


def test_the_feed_is_bounded(plane, ada):
    """STYLE 8"""
    bucket = bucket_of(ada.company)
    for _ in range(12):
        for _ in range(100):
            plane.redis.xadd(f"{{s{bucket:02d}}}:feed:{ada.company}", {"t": "x", "s": ""})
        ada.create(key=secrets.token_hex(8))
    assert 1000 <= plane.redis.xlen(f"{ada.tag}:feed:{ada.company}") <= 1100
    assert plane.redis.pttl(f"{ada.tag}:feed:{ada.company}") > 0
