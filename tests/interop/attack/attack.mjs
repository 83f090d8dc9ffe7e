// Attacks the example of docs/scaffold.md, which `wrangler pages dev` serves at URL with _middleware.ts in front, and
// prints what that gave.
import assert from 'node:assert/strict';
import { Agent, request as send } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';

const { hostname, port, origin } = new URL(process.env.URL);
const agent = new Agent({ keepAlive: true, maxSockets: 50 });

/** Asks the example, as a client with this address. */
function ask(method, options = {}) {
  const { body, headers = {}, address = '192.0.2.1' } = options;
  return new Promise((done, failed) => {
    const all = { 'CF-Connecting-IP': address, 'Content-Type': 'application/x-www-form-urlencoded', ...headers };
    const request = send({ hostname, port, method, path: '/api/me', agent, headers: all }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    // A server may close a connection that was idle, at the moment when it is used again; it has seen no request then.
    const isUnseen = (error) => request.reusedSocket && error.code === 'ECONNRESET';
    request.on('error', (error) => (isUnseen(error) ? ask(method, options).then(done, failed) : failed(error)));
    request.end(body);
  });
}
const signIn = (name, password, rest = {}) => ask('POST', { body: new URLSearchParams({ name, password }).toString(), ...rest });
const guess = (rest) => signIn('ann', randomUUID(), rest);
const right = 'correct horse';
const cookieOf = (answer) => answer.headers['set-cookie'][0].split(';')[0];
const tell = async (what, rest) => JSON.parse((await ask('PATCH', { body: JSON.stringify(what), ...rest })).text);
const counts = async () => (await tell({})).counts;
/** How many operations `work` cost, and how often it got each status. */
async function measure(work) {
  const before = await counts();
  const statuses = {};
  for (const { status } of await work()) statuses[status] = (statuses[status] ?? 0) + 1;
  const after = await counts();
  const costs = Object.entries(after).map(([kind, n]) => [kind, n - before[kind]]);
  return { statuses, ...Object.fromEntries(costs.filter(([, n]) => n > 0)) };
}
/** Sends so many requests, so many of them at once. */
async function many(n, atOnce, work) {
  const answers = [];
  for (let i = 0; i < n; i += atOnce)
    answers.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, n - i) }, (_, j) => work(i + j)))));
  return answers;
}
function is(what, actual, expected) {
  console.log(`${what}: ${JSON.stringify(actual)}`);
  assert.deepEqual(actual, expected, what);
}

const [ann, mallory] = [cookieOf(await signIn('ann', right)), cookieOf(await signIn('mallory', right))];
const who = async (cookie) => {
  const { status, text } = await ask('GET', { headers: { Cookie: cookie } });
  return status === 200 ? JSON.parse(text).name : status;
};
const tossed = [`x${mallory}; ${ann}`, `${ann}; x${mallory}`, `__host-session${mallory.slice(14)}; ${ann}`, `x${mallory}`, `${mallory}; ${ann}`];
is('signed in as, by cookies of other names and by two of one', await many(5, 1, (i) => who(tossed[i])), ['ann', 'ann', 'ann', 401, 401]);

const evil = [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }];
const from = async (headers) => [(await signIn('mallory', right, { headers })).status, (await ask('DELETE', { headers: { Cookie: ann, ...headers } })).status];
is('sign-in and sign-out from another origin', await many(4, 1, (i) => from(evil[i])), evil.map(() => [403, 403]));
is('sign-in from its own', (await signIn('ann', right, { headers: { Origin: origin, 'Sec-Fetch-Site': 'same-origin' } })).status, 200);

is('ten right sign-ins', await measure(() => many(10, 1, () => signIn('ann', right))), { statuses: { 200: 10 }, get: 20, put: 10 });

const burst = await measure(() => many(50, 50, () => guess()));
is('50 guesses at once', burst.statuses, { 401: 5, 429: 45 });

let address = '192.0.2.2';
// In twelve requests, each of which makes the guesses of five minutes inside.
const hour = await measure(async () => {
  const told = await many(12, 1, () => tell({ guesses: 300 }, { address }));
  return told.flatMap(({ statuses }) => statuses.map((status) => ({ status })));
});
is('an hour of guesses, one a second', hour, { statuses: { 401: 20, 429: 3580 }, get: 3600, put: 20 });

address = '192.0.2.3';
const own = await measure(() => many(40, 1, (i) => (i % 5 === 4 ? signIn('mallory', right, { address }) : guess({ address }))));
is('40 sign-ins, each fifth to an account of the attacker', own.statuses, { 200: 1, 401: 5, 429: 34 });

address = '192.0.2.4';
const names = await measure(() => many(1000, 50, () => signIn(randomUUID(), 'x', { address })));
is('1,000 sign-ins with random names', names, { statuses: { 401: 5, 429: 995 }, get: 1000, put: 5 });

const inNetwork = () => `2001:db8:0:1:${[0, 2, 4, 6].map((at) => randomBytes(8).toString('hex').slice(at, at + 4)).join(':')}`;
const network = await measure(() => many(1000, 50, () => signIn(randomUUID(), 'x', { address: inNetwork() })));
is('1,000 junk sign-ins from one /64', network, { statuses: { 401: 5, 429: 995 }, get: 1000, put: 5 });

const junk = () => `__Host-session=${ann.slice(15, 38)}${randomBytes(32).toString('base64url')}`;
const signOuts = await measure(() => many(1000, 50, () => ask('DELETE', { headers: { Cookie: junk() } })));
is('1,000 sign-outs with made-up tokens', signOuts, { statuses: { 200: 1000 }, get: 1000 });

const before = await counts();
const { put } = (await tell({ profiles: 1000 })).counts;
is('writes for 1,000 profiles with random names', put - before.put, 0);

address = '192.0.2.5';
await tell({ fail: true });
const failing = await measure(async () => [
  await signIn('ann', right, { address }),
  await ask('GET', { headers: { Cookie: ann } }),
  await ask('DELETE', { headers: { Cookie: ann } }),
]);
is('sign-in, visit and sign-out while KV fails', failing.statuses, { 503: 3 });
is('50 guesses while KV fails', (await measure(() => many(50, 1, () => guess({ address })))).statuses, { 401: 5, 429: 45 });
await tell({ fail: false });
is('after that, signed in as', await who(ann), 'ann');

const bye = await ask('DELETE', { headers: { Cookie: ann, Origin: origin } });
is('signed out', [bye.status, bye.headers['set-cookie'][0].endsWith('; Max-Age=0'), await who(ann)], [200, true, 401]);
