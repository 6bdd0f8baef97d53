"""The design that was first proposed for this service, to compare with: a Flask application that
opens SQLite in each request, selects what is asked for, and makes JSON of it."""

import json
import os
import sqlite3

from flask import Flask, abort, jsonify

app = Flask(__name__)


def select(sql, *parameters):
    database = sqlite3.connect(os.environ["BENCH_DATABASE"])
    try:
        return database.execute(sql, parameters).fetchall()
    finally:
        database.close()


def document(name):
    rows = select("SELECT document FROM extension WHERE name = ?", name)
    return json.loads(rows[0][0]) if rows else abort(404)


@app.get("/info/extensions/<name>")
def info(name):
    return jsonify(document(name))


@app.get("/list/extensions")
def names():
    return jsonify(extensions=[name for (name,) in select("SELECT name FROM extension ORDER BY name")])


@app.get("/r/projects/mediawiki/extensions/<name>/branches")
def branches(name):  # the server has decoded %2F
    rows = select("SELECT branch, revision FROM branch WHERE name = ?", name)
    return jsonify([{"ref": f"refs/heads/{branch}", "revision": revision} for branch, revision in rows])
