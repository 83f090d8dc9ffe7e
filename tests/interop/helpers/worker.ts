/** Runs one test a request, inside the Workers runtime. */
import { RateLimiter } from 'scaffold/rate-limit';
import * as before from './before';
import * as cache from './cache';
import * as rateLimit from './rate-limit';
import * as sessions from './sessions';
import type { Kv } from './doubles';

const suites: Record<string, [binding: string, tests: Record<string, (kv: Kv, env: Record<string, Kv>) => Promise<void>>]> = {
  cache: ['CONFIG_CACHE', cache.tests],
  sessions: ['SESSIONS', sessions.tests],
  'rate-limit': ['RATE_LIMIT', rateLimit.tests],
  before: ['SESSIONS', before.tests],
};

export default {
  async fetch(request: Request, env: Record<string, Kv>): Promise<Response> {
    const [suite = '', name = ''] = new URL(request.url).pathname.slice(1).split('/').map(decodeURIComponent);
    if (suite === 'names')
      return Response.json(Object.entries(suites).flatMap(([suite, [, tests]]) => Object.keys(tests).map((name) => [suite, name])));
    if (suite === 'attempt') return Response.json(await new RateLimiter(env.RATE_LIMIT).checkAndIncrement(name));
    if (suite === 'shared') return cache.answer(env.CONFIG_CACHE, name);
    try {
      const [binding, tests] = suites[suite]!;
      await tests[name]!(env[binding], env);
      return new Response('passed');
    } catch (error) {
      return new Response((error as Error).stack, { status: 500 });
    }
  },
};
