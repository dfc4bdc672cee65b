"""Logs in: "logins.py SERVER", a node with the user alice, whose password is s3cret-word."""

import sys

import thalweg

server = sys.argv[1]
login = {"user": "alice", "password": "s3cret-word"}


def refused(kind, said, **settings):
    try:
        thalweg.connect(server, **settings)
    except kind as error:
        assert said in str(error) and "s3cret" not in str(error), error
        return
    raise AssertionError(f"{settings} is not refused")


for engine in ["component", "native"]:
    with thalweg.connect(server, engine=engine, login=login) as client:
        client.create_table(engine, "id BIGINT")
        table = client.table(engine)
        table.append([{"id": 1}])
        assert engine in client.list_tables()
    refused(thalweg.ServerError, "does not take the login of user `alice`", engine=engine, login={**login, "password": "guess"})
    refused(thalweg.ServerError, "wants a login", engine=engine)
    refused(thalweg.InvalidError, 'login must have "user" and "password"', engine=engine, login={"user": "alice"})
    refused(thalweg.InvalidError, 'no setting login["name"]', engine=engine, login={**login, "name": "x"})
    refused(thalweg.InvalidError, "must not have a NUL character", engine=engine, login={**login, "password": "s3cret\0"})
