// Runs the example of docs/scaffold.md on `kvctl serve`, and compares what its log counts with the page's table.
// Works in the example's folder; LOG is the server's log.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { SDK_ROOT, CLOUDFLARE_API_BASE_URL, CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, LOG } = process.env;
const { build } = createRequire(`${SDK_ROOT}/`)('esbuild');
const { outputFiles } = await build({ entryPoints: ['functions/api/me.ts'], bundle: true, format: 'esm', write: false });
const example = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

/** A binding that asks the REST API. */
class Binding {
  #base;
  constructor(id) {
    this.#base = `${CLOUDFLARE_API_BASE_URL}/accounts/${CLOUDFLARE_ACCOUNT_ID}/storage/kv/namespaces/${id}`;
  }
  async #ask(method, path, body) {
    const headers = { Authorization: `Bearer ${CLOUDFLARE_API_TOKEN}` };
    const answer = await fetch(this.#base + path, { method, headers, body });
    assert.ok(answer.ok || (method === 'GET' && answer.status === 404), `${method} ${path}: ${answer.status}`);
    return answer;
  }
  async get(key) {
    const answer = await this.#ask('GET', `/values/${encodeURIComponent(key)}`);
    return answer.status === 404 ? null : answer.text();
  }
  async getWithMetadata(key) {
    return { value: await this.get(key), metadata: null };
  }
  async put(key, value, { expirationTtl } = {}) {
    await this.#ask('PUT', `/values/${encodeURIComponent(key)}?expiration_ttl=${expirationTtl}`, value);
  }
  async delete(key) {
    await this.#ask('DELETE', `/values/${encodeURIComponent(key)}`);
  }
}
const [CONFIG_CACHE, SESSIONS, RATE_LIMIT] = ['1', '2', '3'].map((digit) => new Binding(digit.repeat(32)));
const env = { CONFIG_CACHE, SESSIONS, RATE_LIMIT };

async function ask(method, { body, cookie = '', address = '192.0.2.1' } = {}) {
  const headers = { 'CF-Connecting-IP': address, ...(cookie && { Cookie: cookie }) };
  const request = new Request('https://example.com/api/me', { method, headers, body });
  const work = [];
  const waitUntil = (promise) => void work.push(promise);
  const answer = await example[`onRequest${method[0]}${method.slice(1).toLowerCase()}`]({ request, env, waitUntil });
  await Promise.all(work);
  await answer.clone().text();
  return answer;
}
const signIn = (password, address) => ask('POST', { body: new URLSearchParams({ name: 'ann', password }), address });
/** The lines that the server has logged. */
const logged = () => readFileSync(LOG, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line).method);

const rows = [];
async function row(what, expected, work) {
  const before = logged().length;
  const answer = await work();
  assert.equal(answer.status, expected, what);
  const methods = logged().slice(before);
  const costs = ['GET', 'PUT', 'DELETE'].map((method) => methods.filter((m) => m === method).length);
  const most = Math.min(...costs.map((n, i) => Math.floor([100_000, 1000, 1000][i] / n)));
  rows.push(`| ${[what, ...costs, most.toLocaleString('en-US')].join(' | ')} |`);
  return answer;
}
const welcome = await row('sign in', 200, () => signIn('correct horse'));
const cookie = welcome.headers.get('Set-Cookie').split(';')[0];
await row('visit, and load the profile', 200, () => ask('GET', { cookie }));
await row('visit', 200, () => ask('GET', { cookie }));
await row('sign out', 200, () => ask('DELETE', { cookie }));
const address = '192.0.2.2';
await row('sign in with a wrong password', 401, () => signIn('x', address));
for (let i = 1; i < 5; i++) await signIn('x', address);
await row('sign in while blocked', 429, () => signIn('x', address));
console.log(rows.join('\n'));

const page = readFileSync(new URL('../../../docs/scaffold.md', import.meta.url), 'utf8');
const [, table] = /a day on the free plan \|\n\| --- .*\n([^]*?)\n\n/.exec(page);
assert.equal(rows.join('\n'), table);
