"""Which lines of a file are events to a JSON Schema, in the words of a validator that others wrote.

usage: schema.py SCHEMA LINES    prints `yes` or `no` for each line
"""

import json
import sys

from jsonschema import Draft202012Validator


def main():
    schema_path, lines_path = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    with open(lines_path, encoding="utf-8") as lines:
        for line in lines:
            print("yes" if validator.is_valid(json.loads(line)) else "no")


main()
