"""Every method of the official Python SDK's `kv`, against the server that CLOUDFLARE_BASE_URL names.

Prints the methods that it called; a method that the SDK has and this does not call is a failure.
"""

import base64
import json
import os
import time

import cloudflare

account_id = os.environ["CLOUDFLARE_ACCOUNT_ID"]
client = cloudflare.Cloudflare(max_retries=0)
called = set()
known = set()


class Watched:
    """Notes every method of a resource, and every call."""

    def __init__(self, resource, name):
        self.resource, self.name = resource, name
        self.methods = {
            method
            for method, value in vars(type(resource)).items()
            if callable(value) and not method.startswith("_")
        }
        assert self.methods
        known.update(f"{name}.{method}" for method in self.methods)

    def __getattr__(self, method):
        if method in self.methods:
            called.add(f"{self.name}.{method}")
        return getattr(self.resource, method)


resource = client.kv.namespaces
namespaces = Watched(resource, "namespaces")
keys = Watched(resource.keys, "keys")
values = Watched(resource.values, "values")
metadata = Watched(resource.metadata, "metadata")

odd = [
    "a/b", "/lead", "?", "#", "%", "%2F", "+", "&", "=", "^", "a b", " ", "...", "-dash",
    "\u0001\n", "é", "🦀", "k" * 512,
]
raw = bytes([0, 255, 128, 10, 13, 0])


def refused(status, call):
    try:
        call()
    except cloudflare.APIStatusError as error:
        assert error.status_code == status, error
        return error
    raise AssertionError("it was not refused")


made = namespaces.create(account_id=account_id, title="py")
id = made.id
twice = refused(400, lambda: namespaces.create(account_id=account_id, title="py"))
assert twice.errors[0].code == 10014, twice
assert namespaces.get(id, account_id=account_id) == made
renamed = namespaces.update(id, account_id=account_id, title="py two")
assert renamed.title == "py two"
assert [n for n in namespaces.list(account_id=account_id) if n.id == id] == [renamed]

place = {"account_id": account_id, "namespace_id": id}
for key in odd:
    value = raw + key.encode()
    values.update(key, **place, value=value, metadata=json.dumps({"key": key}), expiration_ttl=600)
    answer = values.get(key, **place)
    assert answer.read() == value, key
    assert int(answer.headers["expiration"]) > time.time()
    assert metadata.get(key, **place) == {"key": key}, key
listed = [key.name for key in keys.list(id, account_id=account_id, limit=10)]
assert listed == sorted(odd, key=str.encode), listed
values.delete("a/b", **place)
refused(404, lambda: values.get("a/b", **place))

# The bulk methods, at both places where the SDK has them.
for bulk, prefix in [(keys, "keys"), (namespaces, "namespaces")]:
    key = f"{prefix}/bulk ?#%2F"
    body = [
        {"key": key, "value": "text", "metadata": {"n": 1}, "expiration_ttl": 600},
        {"key": key + "2", "value": base64.b64encode(raw).decode(), "base64": True},
    ]
    written = bulk.bulk_update(id, account_id=account_id, body=body)
    assert written.successful_key_count == 2 and written.unsuccessful_keys == [], written
    read = bulk.bulk_get(id, account_id=account_id, keys=[key, "absent"])
    assert read.values[key] == "text", read
    assert values.get(key + "2", **place).read() == raw
    gone = bulk.bulk_delete(id, account_id=account_id, body=[key, key + "2", "absent"])
    assert gone.successful_key_count == 3, gone

# More than one page of a thousand.
many = [{"key": f"many:{n:05}", "value": str(n)} for n in range(2500)]
keys.bulk_update(id, account_id=account_id, body=many)
listed = [key.name for key in keys.list(id, account_id=account_id, prefix="many:")]
assert listed == [item["key"] for item in many]

namespaces.delete(id, account_id=account_id)
refused(404, lambda: namespaces.get(id, account_id=account_id))

missed = known - called
assert not missed, f"the SDK has methods that were not called: {missed}"
print(json.dumps(sorted(called)))
