"""Whatever can happen to a few sessions of a company, in any order."""

from house import HOUR, new_id


def random_walk(house, walk, steps=150):
    """walk: a random.Random. Yields the ids of the sessions so far after each step."""
    people = [house.technician, house.new_technician()]
    sessions = [new_id(house.bucket)]
    for _ in range(steps):
        sid = walk.choice(sessions[-6:])
        doing = walk.choice(
            [
                lambda: sessions.append(
                    house.create(technician=walk.choice(people), send_email=walk.random() < 0.5)[0]
                ),
                lambda: house.reinvite(sid, walk.choice(people)),  # noqa: B023
                lambda: house.activate(
                    sid,  # noqa: B023
                    walk.choice(["right", "wrong", "wrong", "superseded"]),
                    key=walk.choice("abc") * 8,
                    generation=walk.choice([None, 1]),
                ),
                lambda: house.report(
                    sid, {walk.choice(["network", "set_up"]): walk.choice(["ok", "failed"])}, walk.random() < 0.3  # noqa: B023
                ),
                lambda: house.hand_over(sid, walk.choice(people)),  # noqa: B023
                lambda: house.report(sid, kind="event", reason="password_wrong"),  # noqa: B023
                lambda: house.end(sid, expiry=walk.random() < 0.7),  # noqa: B023
                lambda: house.mail(sid, walk.choice(["sent", "mail_delayed", "mail_rejected"])),  # noqa: B023
                lambda: house.removal(sid, walk.choice(["removed", "unconfirmed"])),  # noqa: B023
                lambda: house.pass_time(walk.choice([1, HOUR, 7 * HOUR])),
            ]
        )
        doing()
        yield sessions
