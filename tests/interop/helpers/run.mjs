// Runs the tests of this directory in the Workers runtime, on the helpers in the directory SCAFFOLD.
// SDK_ROOT is where the tools are installed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';

const { SDK_ROOT, SCAFFOLD } = process.env;
const require = createRequire(`${SDK_ROOT}/`);
const { build } = require('esbuild');
const { Miniflare } = require('miniflare');

const bundle = await build({
  entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
  alias: Object.fromEntries(['cache', 'sessions', 'rate-limit'].map((name) => [`scaffold/${name}`, `${SCAFFOLD}/${name}.ts`])),
  bundle: true,
  format: 'esm',
  external: ['node:*'],
  write: false,
});
const runtime = new Miniflare({
  modules: true,
  script: bundle.outputFiles[0].text,
  compatibilityDate: '2026-01-18',
  compatibilityFlags: ['nodejs_compat'],
  kvNamespaces: ['CONFIG_CACHE', 'SESSIONS', 'RATE_LIMIT'],
  cf: false,
  host: '127.0.0.1',
});
after(() => runtime.dispose());
const ask = (path) => runtime.dispatchFetch(`http://localhost/${path}`);

for (const [suite, name] of await (await ask('names')).json())
  test(`${suite}: ${name}`, async () => {
    const answer = await ask(`${suite}/${encodeURIComponent(name)}`);
    assert.equal(await answer.text(), 'passed');
  });

test('rate-limit: of fifty requests at once five are allowed', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, async () => (await ask('attempt/burst')).json()));
  assert.equal(answers.filter((answer) => answer.allowed).length, 5);
});
