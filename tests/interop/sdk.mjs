// Every method of the official TypeScript SDK's `kv`, against the server that
// CLOUDFLARE_BASE_URL names. Prints the methods that it called; a method that the SDK has and this
// does not call is a failure.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(process.env.SDK_ROOT + "/package.json");
const { Cloudflare, toFile } = require("cloudflare");
const account_id = process.env.CLOUDFLARE_ACCOUNT_ID;
const client = new Cloudflare({ maxRetries: 0 });

const called = new Set();
const known = new Set();

/** Notes every method of a resource, and every call. */
function watched(resource, name) {
  const methods = [];
  for (let proto = Object.getPrototypeOf(resource); proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
    methods.push(...Object.getOwnPropertyNames(proto).filter((m) => m !== "constructor" && !m.startsWith("_")));
  }
  assert.notDeepEqual(methods, []);
  for (const method of methods) known.add(`${name}.${method}`);
  return new Proxy(resource, {
    get(target, method) {
      if (methods.includes(method)) called.add(`${name}.${method}`);
      const value = target[method];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const resource = client.kv.namespaces;
const namespaces = watched(resource, "namespaces");
const keys = watched(resource.keys, "keys");
const values = watched(resource.values, "values");
const metadata = watched(resource.metadata, "metadata");

const odd = ["a/b", "/lead", "?", "#", "%", "%2F", "+", "&", "=", "^", "a b", " ", "...", "-dash", "\u0001\n", "é", "🦀", "k".repeat(512)];
const bytes = Buffer.from([0, 255, 128, 10, 13, 0]);

async function all(page) {
  const items = [];
  for await (const item of page) items.push(item);
  return items;
}

const made = await namespaces.create({ account_id, title: "ts" });
assert.equal(made.title, "ts");
const id = made.id;
await assert.rejects(namespaces.create({ account_id, title: "ts" }), (error) => error.status === 400 && error.errors[0].code === 10014);
assert.deepEqual(await namespaces.get(id, { account_id }), made);
const renamed = await namespaces.update(id, { account_id, title: "ts two" });
assert.equal(renamed.title, "ts two");
assert.deepEqual((await all(namespaces.list({ account_id }))).filter((n) => n.id === id), [renamed]);

for (const key of odd) {
  const value = Buffer.concat([bytes, Buffer.from(key)]);
  await values.update(key, { account_id, namespace_id: id, value: await toFile(value, "value"), metadata: JSON.stringify({ key }), expiration_ttl: 600 });
  const answer = await values.get(key, { account_id, namespace_id: id });
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), value, `value of ${JSON.stringify(key)}`);
  assert.ok(Number(answer.headers.get("expiration")) > Date.now() / 1000);
  assert.deepEqual(await metadata.get(key, { account_id, namespace_id: id }), { key });
}
const listed = await all(keys.list(id, { account_id, limit: 10 }));
assert.deepEqual(listed.map((k) => k.name), [...odd].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
await values.delete("a/b", { account_id, namespace_id: id });
await assert.rejects(values.get("a/b", { account_id, namespace_id: id }), (error) => error.status === 404);

// The bulk methods, at both places where the SDK has them.
for (const [bulk, prefix] of [[keys, "keys"], [namespaces, "namespaces"]]) {
  const key = `${prefix}/bulk ?#%2F`;
  const body = [
    { key, value: "text", metadata: { n: 1 }, expiration_ttl: 600 },
    { key: key + "2", value: bytes.toString("base64"), base64: true },
  ];
  const written = await bulk.bulkUpdate(id, { account_id, body });
  assert.equal(written.successful_key_count, 2);
  assert.deepEqual(written.unsuccessful_keys, []);
  const read = await bulk.bulkGet(id, { account_id, keys: [key, "absent"], withMetadata: true });
  assert.equal(read.values[key].value, "text");
  assert.deepEqual(read.values[key].metadata, { n: 1 });
  const binary = await values.get(key + "2", { account_id, namespace_id: id });
  assert.deepEqual(Buffer.from(await binary.arrayBuffer()), bytes);
  const gone = await bulk.bulkDelete(id, { account_id, body: [key, key + "2", "absent"] });
  assert.equal(gone.successful_key_count, 3);
}
// More than one page of a thousand.
const many = Array.from({ length: 2500 }, (_, n) => ({ key: `many:${String(n).padStart(5, "0")}`, value: String(n) }));
await keys.bulkUpdate(id, { account_id, body: many });
const pages = await all(keys.list(id, { account_id, prefix: "many:" }));
assert.deepEqual(pages.map((k) => k.name), many.map((m) => m.key));

await namespaces.delete(id, { account_id });
await assert.rejects(namespaces.get(id, { account_id }), (error) => error.status === 404);

const missed = [...known].filter((method) => !called.has(method));
assert.deepEqual(missed, [], "the SDK has methods that were not called");
console.log(JSON.stringify([...called].sort()));
