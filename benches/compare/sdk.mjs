// The work of one run with the official TypeScript SDK: `node sdk.mjs VERB NAMESPACE [ARG]`.
// SDK_ROOT is the folder whose node_modules has it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Cloudflare } = createRequire(`${process.env.SDK_ROOT}/package.json`)("cloudflare");
const account_id = process.env.CLOUDFLARE_ACCOUNT_ID;
const { namespaces } = new Cloudflare().kv;
const [verb, id, arg] = process.argv.slice(2);

/** Sends a request for each part, so many at once. */
async function each(all, size, lanes, send) {
  const parts = [];
  for (let at = 0; at < all.length; at += size) parts.push(all.slice(at, at + size));
  const answers = [];
  const next = parts.entries();
  const lane = async () => {
    for (const [n, part] of next) answers[n] = await send(part);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return answers;
}

const read = () => JSON.parse(readFileSync(arg, "utf8"));
const work = {
  get: async () => (await namespaces.values.get("k", { account_id, namespace_id: id })).text(),
  put: () => namespaces.values.update("k", { account_id, namespace_id: id, value: arg }),
  list: async () => {
    const keys = [];
    for await (const key of namespaces.keys.list(id, { account_id })) keys.push(key);
    return keys;
  },
  "bulk-put": () => each(read(), 10_000, 4, (body) => namespaces.keys.bulkUpdate(id, { account_id, body })),
  "bulk-delete": () => each(read(), 10_000, 4, (body) => namespaces.keys.bulkDelete(id, { account_id, body })),
  "bulk-get": async () => {
    const answers = await each(read(), 100, 12, (keys) => namespaces.keys.bulkGet(id, { account_id, keys }));
    return Object.assign({}, ...answers.map((answer) => answer.values));
  },
  create: async () => {
    for (const title of arg.split(",")) await namespaces.create({ account_id, title });
  },
};
const result = await work[verb]();
process.stdout.write(typeof result === "string" ? result : JSON.stringify(result ?? null));
