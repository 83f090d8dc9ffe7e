// Runs the tests of this directory in the Workers runtime, on the helpers in the directory SCAFFOLD.
// SDK_ROOT is where the tools are installed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';

const { SDK_ROOT, SCAFFOLD } = process.env;
const require = createRequire(`${SDK_ROOT}/`);
const { build } = require('esbuild');
// The one of newer wranglers has other options.
const { Miniflare, convertV4MiniflareOptions: options = (given) => given } = require('miniflare');

const NAMES = ['cache', 'sessions', 'rate-limit'];

/** The paragraphs of code and the tables in a helper's header. */
function header(name) {
  const [, text] = /\/\*\*\n([^]*?)\n \*\//.exec(readFileSync(`${SCAFFOLD}/${name}.ts`, 'utf8'));
  const paragraphs = text.split(/^ \*(?: \S.*)?$/m).map((lines) => lines.replace(/^ \*   /gm, '').trim());
  return paragraphs.filter((paragraph) => paragraph !== '');
}

/** `scaffold/NAME`, another isolate's instance of it as `scaffold/NAME?2`, and the code in `header/NAME`. */
const helpers = {
  name: 'helpers',
  setup(build) {
    build.onResolve({ filter: /^scaffold\// }, ({ path }) => {
      const [, name, suffix] = /^scaffold\/([a-z-]+)(.*)$/.exec(path);
      return { path: `${SCAFFOLD}/${name}.ts`, suffix };
    });
    // With a rule of the project's own.
    build.onLoad({ filter: /rate-limit\.ts$/ }, ({ path, suffix }) => {
      if (suffix !== '?ruled') return undefined;
      return { contents: readFileSync(path, 'utf8').replace('RULES = {}', 'RULES = { login: { maxAttempts: 3 } }'), loader: 'ts' };
    });
    build.onResolve({ filter: /^header\// }, ({ path }) => ({ path: path.slice('header/'.length), namespace: 'header' }));
    build.onLoad({ filter: /.*/, namespace: 'header' }, ({ path }) => {
      const code = header(path).filter((paragraph) => !/^[[|]/.test(paragraph));
      const run = code.map((text) => `async (given) => {\nconst { ${GIVEN} } = given;\n{\n${text}\n}\n}`);
      const rows = header(path).flatMap((paragraph) => paragraph.split('\n').filter((line) => /^\|.*\d/.test(line)));
      const costs = rows.map((row) => row.split('|').slice(1, 5).map((cell) => cell.trim()));
      const contents = `import * as helper from 'scaffold/${path}';\nconst { ${HELPERS[path]} } = helper;\nexport const flows = [${run}];\nexport const costs = ${JSON.stringify(costs)};`;
      return { contents, loader: 'ts', resolveDir: SCAFFOLD };
    });
  },
};
const HELPERS = {
  cache: 'ConfigCache',
  sessions: 'SessionManager, sessionToken, sessionCookie, clearCookie, sameOrigin',
  'rate-limit': 'RateLimiter, clientKey',
};

// What the code in the headers leaves to the project.
const GIVEN =
  'env, ctx, request, username, password, isRight, sessions, cache, name, loadProfile, saveProfile, changed';

const bundle = await build({
  entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
  plugins: [helpers],
  bundle: true,
  format: 'esm',
  external: ['node:*'],
  logLevel: 'error',
  write: false,
});
const limits = NAMES.flatMap(header).flatMap((text) => {
  const [, name, namespace_id, limit, period] = /^\[\[ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "(\d+)"\nsimple = \{ limit = (\d+), period = (\d+) \}$/.exec(text) ?? [];
  return name === undefined ? [] : [[name, { namespace_id, simple: { limit: Number(limit), period: Number(period) } }]];
});
const runtime = new Miniflare(options({
  modules: true,
  script: bundle.outputFiles[0].text,
  compatibilityDate: '2026-01-18',
  compatibilityFlags: ['nodejs_compat'],
  kvNamespaces: ['CONFIG_CACHE', 'SESSIONS', 'RATE_LIMIT'],
  ratelimits: Object.fromEntries(limits),
  cf: false,
  host: '127.0.0.1',
}));
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

test('cache: a load that a request left unfinished holds up no other request', async () => {
  assert.equal(await (await ask('shared/unfinished')).text(), 'left');
  const answer = await Promise.race([ask('shared/read'), new Promise((resolve) => setTimeout(resolve, 5000))]);
  assert.deepEqual(await answer?.json(), { title: 'x' });
});
