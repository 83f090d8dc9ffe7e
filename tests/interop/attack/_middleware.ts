/**
 * Stands in front of the README's functions: counts what they ask of KV, makes KV fail, and moves the
 * clock, which stands still otherwise, as a request of the method PATCH says.
 */
import { ConfigCache } from '../src/lib/kv/cache';
import type { Env } from '../src/lib/types';
import { onRequestPost } from './api/me';

type Context = {
  request: Request;
  env: Env & { wrapped?: true };
  next: () => Promise<Response>;
  waitUntil(work: Promise<unknown>): void;
};

const operations = ['get', 'getWithMetadata', 'put', 'delete', 'list'];
const counts: Record<string, number> = { get: 0, put: 0, delete: 0, list: 0 };
const start = Date.now();
let seconds = 0;
let down = false;
Date.now = () => start + seconds * 1000;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function counted(kv: any) {
  const wrap = (operation: string) => async (...given: unknown[]) => {
    counts[operation === 'getWithMetadata' ? 'get' : operation]!++;
    if (down) throw new Error(`KV ${operation} failed: 503`);
    return kv[operation](...given);
  };
  return Object.fromEntries(operations.map((operation) => [operation, wrap(operation)]));
}

export async function onRequest(context: Context): Promise<Response> {
  const { request, env, next } = context;
  if (!env.wrapped) {
    const [cache, sessions, limit] = [env.CONFIG_CACHE, env.SESSIONS, env.RATE_LIMIT].map(counted);
    Object.assign(env, { CONFIG_CACHE: cache, SESSIONS: sessions, RATE_LIMIT: limit, wrapped: true });
  }
  if (request.method !== 'PATCH') return next();
  const { fail = down, guesses = 0, profiles = 0 } = await request.json<{ fail?: boolean; guesses?: number; profiles?: number }>();
  down = fail;
  const statuses: number[] = [];
  for (let i = 0; i < guesses; i++) {
    const { url, headers } = request;
    const guess = new Request(url, { method: 'POST', headers, body: `name=ann&password=${i}` });
    statuses.push((await onRequestPost({ request: guess, env, waitUntil: (work) => context.waitUntil(work) })).status);
    seconds++;
  }
  for (let i = 0; i < profiles; i++) await new ConfigCache(env.CONFIG_CACHE).getOrLoad(crypto.randomUUID(), async () => null);
  return Response.json({ counts, statuses });
}
