"""fill.py ANSWER DATABASE: the application's database, from an answer of /info/extensions."""

import json
import sqlite3
import sys

answer, path = sys.argv[1:]
with open(answer, encoding="utf-8") as file:
    extensions = json.load(file)["extensions"]
database = sqlite3.connect(path)
with database:
    database.executescript(
        "CREATE TABLE extension (name TEXT PRIMARY KEY, document TEXT NOT NULL);"
        "CREATE TABLE branch (name TEXT, branch TEXT, revision TEXT, PRIMARY KEY (name, branch));"
    )
    for name, document in extensions.items():
        database.execute("INSERT INTO extension VALUES (?, ?)", (name, json.dumps(document)))
        for branch, record in document["branches"].items():
            database.execute("INSERT INTO branch VALUES (?, ?, ?)", (name, branch, record["commit"]))
database.close()
