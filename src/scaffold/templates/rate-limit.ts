/**
 * RateLimiter: limits failed attempts, such as wrong passwords, on a Workers KV namespace.
 *
 *   const limiter = new RateLimiter(env.RATE_LIMIT);
 *   const attempt = await limiter.begin(clientKey(request), { endpoint: 'login', account: username });
 *   if (!attempt.allowed) {
 *     const headers = { 'Retry-After': String(attempt.retryAfterSeconds) };
 *     return new Response('too many attempts', { status: 429, headers });
 *   }
 *   if (!(await isRight(username, password))) {
 *     await attempt.failed();
 *     return new Response('wrong', { status: 401 });
 *   }
 *   await attempt.succeeded();
 *
 * begin() reserves an attempt in this isolate's memory and writes nothing. failed() counts it and writes;
 * the last failure allowed starts the block. succeeded() forgets the failures, except where they were
 * those of another `account`: else whoever owns one could guess at others for ever. An attempt that
 * ends in neither way, because its request died, is given up after 30 seconds. Both change the memory
 * at once; the rest may be given to ctx.waitUntil(). Other isolates that know of the failures count them
 * until the window ends, and may write them again.
 *
 * Within one isolate the limit is exact. KV has no atomic increment, serves reads that may be 60 seconds
 * old or more and takes one write a second for a key, so each further isolate that an attacker reaches
 * may allow as many attempts again until it has read the block. An account that is guessed at from many
 * addresses is not limited. Where that matters use a Durable Object.
 *
 * An isolate remembers 5,000 counts and 50,000 blocks. When a flood of addresses exceeds that, the
 * oldest counts are dropped first and blocks last; what was written is still in KV.
 *
 * What a call costs, and how many the free plan allows in a day, for the whole account:
 *
 *   | call                            |  reads | writes | deletes |   a day |
 *   | begin(), also while blocked     |      1 |      0 |       0 | 100,000 |
 *   | failed()                        |      0 |      1 |       0 |   1,000 |
 *   | succeeded()                     |      0 |      0 |       0 |         |
 *   | succeeded() after failures      |      0 |      0 |       1 |   1,000 |
 *
 * For two days after a reset(), succeeded() after failures costs a write in place of the delete.
 *
 * Only the last failure allowed starts a block: who stops before it may go on in the next window, for ever. So
 * many failures, each a write, can an address make in a day if it stops there, and if it does not:
 *
 *   | attempts, window, block | stops | goes on |
 *   | 5, 5 min, 15 min        | 1,152 |     480 |
 *   | 5, 5 min, 4 h           | 1,152 |      30 |
 *   | 5, 4 h, 4 h             |    24 |      30 |
 *
 * By the first rule one address can spend the day's writes, and then nobody can sign in. By the last one that
 * takes 34 addresses, but an office that shares one is blocked for as long after five mistakes; the paid plan
 * or a challenge such as Turnstile helps more. A blocked address that goes on costs a read each time. In a Worker, put the rate limiting binding in front, which costs no KV operation:
 *
 *   [[ratelimits]]
 *   name = "LOGIN_LIMIT"
 *   namespace_id = "1001"
 *   simple = { limit = 10, period = 60 }
 *
 *   const { success } = await env.LOGIN_LIMIT.limit({ key: clientKey(request) });
 *   if (!success) return new Response('too many requests', { status: 429 });
 */

/** Defaults of this project; the constructor takes others. */
const BINDING = 'RATE_LIMIT';
const PREFIX = 'auth_attempt:';
const FAIL_MODE: 'open' | 'closed' = 'open';
const DEFAULT_RULE: RateLimitRule = { maxAttempts: 5, windowSeconds: 300, blockSeconds: 900 };
const RULES = {};

export interface RateLimitRule {
  /** Attempts allowed in one window. */
  maxAttempts: number;
  /** Length of the window, from its first attempt. */
  windowSeconds: number;
  /** How long the block lasts, at least until the window ends; 0: just until then. */
  blockSeconds: number;
}

export type RateLimitRules = Record<string, Partial<RateLimitRule>>;

/** Names of endpoints: those that have rules. Without any rules: all. */
export type Endpoint<R> = [keyof R | keyof typeof RULES] extends [never]
  ? string
  : (keyof R | keyof typeof RULES | 'default') & string;

export interface RateLimitResult {
  allowed: boolean;
  /** Attempts counted in the current window. */
  attempts: number;
  /** Attempts left in it. */
  remaining: number;
  /** When the block or, if allowed, the window ends. */
  resetAt: Date;
  /** Whole seconds for a Retry-After header; 0 when allowed. */
  retryAfterSeconds: number;
  /** True when KV failed and this isolate's memory alone decided. */
  degraded: boolean;
}

/** Call failed() or succeeded(), if the attempt is allowed. Neither rejects when KV fails. */
export interface Attempt extends RateLimitResult {
  failed(): Promise<void>;
  succeeded(): Promise<void>;
}

/** The part of KVNamespace this file uses; any KVNamespace binding fits. */
export interface RateLimitKv {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options?: { expirationTtl?: number }): Promise<void>;
  delete(key: string): Promise<void>;
  /** For a reset() without an endpoint. */
  list?(options: { prefix: string; cursor: string | null }): Promise<Listed>;
}
type Listed = { keys: { name: string }[]; list_complete: boolean; cursor?: string };

export interface RateLimitProblem {
  kind: 'corrupt' | 'kv';
  operation: 'get' | 'put' | 'delete';
  key: string;
  error?: unknown;
}

export interface RateLimiterOptions<R extends RateLimitRules = RateLimitRules> {
  /** What keys begin with. Limiters with the same prefix share what an isolate remembers. */
  prefix?: string;
  /** Rules by endpoint. Each replaces this project's of its name; "default" has what others leave out. */
  rules?: R;
  /** When KV cannot be read: "open" lets this isolate's memory decide, "closed" denies. */
  failMode?: 'open' | 'closed';
  /** Told of corrupt records and KV failures that were survived. Default: console.warn. */
  onProblem?: (problem: RateLimitProblem) => void;
  /** The clock, in milliseconds; for tests. */
  now?: () => number;
}

export interface AttemptOptions<E extends string = string> extends Partial<RateLimitRule> {
  /** What is attempted: each endpoint counts for itself, by its own rule. */
  endpoint?: E;
  /** Whose password is tried. Only a hash is kept. */
  account?: string;
}

/** A number is that of attempts. */
type Given<E extends string = string> = number | AttemptOptions<E>;

/**
 * A record as stored: failures, window start, end of a block, a hash of whose they were ("*": several), and the
 * time of the last reset().
 */
type State = { n: number; w: number; b: number; a?: string; r?: number | undefined };

/** What this isolate knows of a key beyond KV. */
interface Local {
  state: State;
  /** Attempts begun and not ended, and when each is given up. */
  open: Set<{ until: number }>;
  /** When it was forgotten here. For a while KV may show a record from before that. */
  forgotAt: number;
  /** When KV may be asked to take the state again. */
  again: number;
}

/** A key, its rule, and what this isolate knows of it at a time. */
type Found = { key: string; rule: RateLimitRule; local: Local; now: number };

const MIN_TTL = 60;
/** How old a read may be. */
const LAG_MS = 60_000;
/** Clocks of two locations may differ by this much. */
const SKEW_MS = 60_000;
/** How long an attempt may take. */
const ATTEMPT_MS = 30_000;
/** When to come back if other attempts or KV stand in the way, and no block. */
const SOON_MS = 5000;
/** How long KV may take for an operation. */
const KV_MS = 2000;
const MAX_COUNTS = 5000;
const MAX_BLOCKS = 50_000;
/** What this isolate knows, by key: instances and bindings come and go with requests. */
const counts = new Map<string, Local>();
const blocks = new Map<string, Local>();
/** How long a reset is kept, as long as anybody can know of failures before it. */
const RESET_MS = 172_800_000;
/** What CF-Connecting-IP says of requests by Workers of other zones, in Cloudflare's reference. */
const WORKERS = '2a06:98c0:3600::103';

/**
 * Whom to count: the client's IPv4 address, or the /64 network of its IPv6 address, all of which is the
 * client's. Throws where Cloudflare names no client, rather than count everybody as one.
 */
export function clientKey(request: { headers: { get(name: string): string | null } }): string {
  const ip = request.headers.get('CF-Connecting-IP') ?? '';
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(ip)) return ip;
  const host = /^[\da-f.]*:[\da-f:.]*$/i.test(ip) ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : WORKERS;
  if (host === WORKERS)
    throw new TypeError('clientKey: no CF-Connecting-IP header, or one that stands for Workers of all other zones');
  const [left = [], right = []] = host.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  if (groups.slice(0, 6).join() !== '0,0,0,0,0,ffff') return `${groups.slice(0, 4).join(':')}::/64`;
  return groups.slice(6).flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join('.');
}

export class RateLimiter<R extends RateLimitRules = Record<never, never>> {
  readonly #kv: RateLimitKv;
  readonly #options;

  constructor(kv: RateLimitKv, options: RateLimiterOptions<R> = {}) {
    if (typeof (kv as RateLimitKv | undefined)?.get !== 'function')
      throw new TypeError(
        `RateLimiter: env.${BINDING} is missing: not bound in this environment, or Pages has no pages_build_output_dir`,
      );
    this.#kv = kv;
    this.#options = {
      prefix: options.prefix ?? PREFIX,
      rules: new Map(Object.entries<Partial<RateLimitRule>>({ ...RULES, ...options.rules })),
      closed: (options.failMode ?? FAIL_MODE) === 'closed',
      now: options.now ?? Date.now,
      report: options.onProblem ?? ((p) => console.warn(`RateLimiter: ${p.kind} problem in ${p.operation}`, p.error)),
    };
    if (this.#options.prefix === '') throw new TypeError('RateLimiter: prefix must not be empty');
    for (const endpoint of this.#options.rules.keys()) this.#rule({ endpoint: named(endpoint) });
  }

  /** Reserves an attempt, without a write. */
  async begin(identifier: string, options: AttemptOptions<Endpoint<R>> = {}): Promise<Attempt> {
    const account = options.account === undefined ? undefined : await hash(options.account);
    const found = this.#judge(await this.#read(identifier, options));
    const { key, rule, state, local, allowed, now } = found;
    const mine = { until: now + ATTEMPT_MS };
    if (allowed) {
      local.open.add(mine);
      remember(key, local, now);
    } else if (found.lost) await this.#put(found, state);
    /** Runs `end` once, with what is known by then, without another read. */
    const once = (end: (known: State, found: Found) => Promise<void>) => async () => {
      if (!allowed || mine.until === 0) return;
      mine.until = 0; // no longer open
      const [local, now] = [recall(key), this.#options.now()];
      await end(merge(rule, now, local, state), { key, rule, local, now });
    };
    return {
      ...result(found),
      failed: once(async (known, found) => {
        const a = known.n > 0 && known.a !== account ? '*' : account;
        const next: State = { ...known, n: known.n + 1, ...(a === undefined ? {} : { a }) };
        if (next.n >= rule.maxAttempts && next.b <= found.now) next.b = blockEnd(next, found);
        await this.#put(found, next);
      }),
      succeeded: once(async (known, { now }) => {
        if (known.n === 0 || (account !== undefined && known.a !== account)) return;
        const state = { n: 0, w: 0, b: 0, r: known.r };
        forget(key, now, state);
        // A reset is kept, for those who know of failures before it.
        const operation = resetEnd(state) > now ? 'put' : 'delete';
        const work = operation === 'put' ? this.#store(key, state, now, 0) : this.#kv.delete(key);
        const { report } = this.#options;
        await limited(work).catch((error) => report({ kind: 'kv', operation, key, error }));
      }),
    };
  }

  /** Counts one attempt, right or wrong, with a write. One more than allowed starts the block. */
  async checkAndIncrement(identifier: string, options: Given<Endpoint<R>> = {}): Promise<RateLimitResult> {
    const found = this.#judge(await this.#read(identifier, options));
    const { rule, state, allowed, now } = found;
    let next = state;
    if (allowed) next = { ...state, n: state.n + 1 };
    else if (state.n >= rule.maxAttempts && state.b <= now) next = { ...state, b: blockEnd(state, found) };
    const failed = (next !== state || found.lost) && !(await this.#put(found, next));
    return result({ ...found, state: next, failed: failed || found.failed });
  }

  /** What begin() would say, without reserving. To count, use begin(): checks alone stop no burst. */
  async check(identifier: string, options: Given<Endpoint<R>> = {}): Promise<RateLimitResult> {
    return result(this.#judge(await this.#read(identifier, options)));
  }

  /**
   * Forgets the attempts at an endpoint; when none is given, at all that have a rule, that this isolate knows, or
   * that KV lists, which may take a minute. Isolates that counted some do so when they see it. Costs a write for
   * each, and without an endpoint a list operation for each 1,000 counters of everybody's. Rejects when KV refuses.
   */
  async reset(identifier: string, options: { endpoint?: Endpoint<R> } = {}): Promise<void> {
    const { prefix, rules, now } = this.#options;
    const given = await this.#key(identifier, options.endpoint);
    const keys = new Set([given]);
    if (options.endpoint === undefined) {
      for (const endpoint of rules.keys()) keys.add(await this.#key(identifier, endpoint));
      const known = [...counts.keys(), ...blocks.keys()];
      for (let page: Listed = { keys: [], list_complete: false }; !page.list_complete; ) {
        page = await limited(this.#kv.list!({ prefix, cursor: page.cursor ?? null }));
        known.push(...page.keys.map((key) => key.name));
      }
      const end = given.slice(given.lastIndexOf(':'));
      for (const key of known) if (key === prefix + key.slice(prefix.length).split(':')[0] + end) keys.add(key);
    }
    for (const key of keys) {
      const at = now();
      const state = { n: 0, w: at, b: 0, r: at };
      forget(key, at, state);
      await limited(this.#store(key, state, at, 0));
    }
  }

  #rule(given: AttemptOptions): RateLimitRule {
    const { rules } = this.#options;
    const sources = [given, rules.get(given.endpoint ?? 'default'), rules.get('default'), DEFAULT_RULE];
    const pick = (name: keyof RateLimitRule, min: number, max: number): number => {
      const value = sources.find((source) => source?.[name] !== undefined)?.[name] as number;
      if (value >= min && value <= max && (name !== 'maxAttempts' || Number.isInteger(value))) return value;
      throw new RangeError(`RateLimiter: ${name} must be ${min} to ${max}`);
    };
    return {
      maxAttempts: pick('maxAttempts', 1, Number.MAX_SAFE_INTEGER),
      windowSeconds: pick('windowSeconds', 1, 86_400),
      blockSeconds: pick('blockSeconds', 0, 86_400),
    };
  }

  /** The identifier is hashed: no length limit to hit, nothing to inject, no addresses in the key list. */
  async #key(identifier: string, endpoint = 'default'): Promise<string> {
    if (typeof identifier !== 'string' || identifier === '')
      throw new TypeError('RateLimiter: identifier must not be empty');
    return `${this.#options.prefix}${named(endpoint)}:${await hash(identifier)}`;
  }

  async #read(identifier: string, options: Given) {
    const given = typeof options === 'number' ? { maxAttempts: options } : options;
    const [rule, key] = [this.#rule(given), await this.#key(identifier, given.endpoint)];
    try {
      return { key, rule, raw: await limited(this.#kv.get(key)), failed: false };
    } catch (error) {
      this.#options.report({ kind: 'kv', operation: 'get', key, error });
      return { key, rule, raw: null, failed: true };
    }
  }

  /** What KV and this isolate know together. Until that is changed nothing may await. */
  #judge({ key, rule, raw, failed }: { key: string; rule: RateLimitRule; raw: string | null; failed: boolean }) {
    const [now, local, stored] = [this.#options.now(), recall(key), this.#parse(key, raw)];
    const state = merge(rule, now, local, stored);
    for (const attempt of local.open) if (attempt.until <= now) local.open.delete(attempt);
    const allowed = !(failed && this.#options.closed) && state.b <= now && state.n + local.open.size < rule.maxAttempts;
    // A block that KV refused, or that another isolate with a stale read wrote over, is written again.
    const lost = state.b > now && (stored === null || stored.b < state.b) && now >= local.again;
    return { key, rule, failed, now, local, state, allowed, lost };
  }

  /** Whether KV took it; if not, the next write here has the whole count. */
  async #put({ key, rule, local, now }: Found, state: State): Promise<boolean> {
    Object.assign(local, { state, again: now + LAG_MS });
    remember(key, local, now);
    const end = Math.max(state.b, state.w + rule.windowSeconds * 1000);
    try {
      await limited(this.#store(key, state, now, end));
      return true;
    } catch (error) {
      // KV takes one write a second for a key.
      local.again = now + 1000;
      this.#options.report({ kind: 'kv', operation: 'put', key, error });
      return false;
    }
  }

  /** Until `end`, and as long as a reset is kept. */
  #store(key: string, state: State, now: number, end: number): Promise<void> {
    const left = Math.ceil((Math.max(end, resetEnd(state)) - now) / 1000);
    return this.#kv.put(key, JSON.stringify(state), { expirationTtl: Math.max(MIN_TTL, left) });
  }

  #parse(key: string, raw: string | null): State | null {
    if (raw === null) return null;
    try {
      const s = JSON.parse(raw) as State | null;
      if (Number.isSafeInteger(s?.n) && [s!.w, s!.b, s!.r ?? 0].every(Number.isFinite)) return s;
    } catch {
      // Falls through to the report.
    }
    this.#options.report({ kind: 'corrupt', operation: 'get', key, error: new TypeError('not a counter') });
    return null;
  }
}

/** The one state that a record and this isolate's memory make together; expired parts are dropped. */
function merge(rule: RateLimitRule, now: number, local: Local, record: State | null): State {
  const [window, block] = [rule.windowSeconds * 1000, rule.blockSeconds * 1000];
  const known = [record, local.state].filter((s): s is State => {
    // What a clock far ahead has written is not believed.
    if (s === null || Math.max(s.w, s.r ?? 0) > now + SKEW_MS) return false;
    return s !== record || s.w > local.forgotAt || now >= local.forgotAt + LAG_MS;
  });
  const r = Math.max(0, ...known.map((s) => s.r ?? 0));
  const out: State = { n: 0, w: now, b: 0, ...(r > 0 && { r }) };
  for (const s of known) {
    // No rule lets a block last longer than this.
    const b = Math.min(s.b, s.w + window + block);
    const counts = s.n > 0 && now - s.w < window;
    if ((!counts && b <= now) || (s !== record && (s.r ?? 0) < r)) continue;
    if (out.n > 0 && s.a !== out.a) out.a = '*';
    else if (s.a !== undefined) out.a = s.a;
    if (s.n > out.n) out.w = s.w;
    out.n = Math.max(out.n, s.n);
    out.b = Math.max(out.b, b);
  }
  return out;
}

/** An object literal takes __proto__ for something else, and its rule would be lost. */
function named(endpoint: string): string {
  if (/^(?!__proto__$)[A-Za-z0-9_.-]{1,64}$/.test(endpoint)) return endpoint;
  throw new TypeError('RateLimiter: endpoint must match [A-Za-z0-9_.-]{1,64}, and not be __proto__');
}

function resetEnd({ r = 0 }: State): number {
  return r + RESET_MS;
}

function blockEnd(state: State, { rule, now }: Found): number {
  return Math.max(now + rule.blockSeconds * 1000, state.w + rule.windowSeconds * 1000);
}

function result({ rule, local, now, state, allowed, failed }: Found & { state: State; allowed: boolean; failed: boolean }) {
  const attempts = state.n + local.open.size;
  const full = allowed || state.n >= rule.maxAttempts;
  const end = state.b > now ? state.b : full ? state.w + rule.windowSeconds * 1000 : now + SOON_MS;
  return {
    allowed,
    attempts,
    remaining: allowed ? Math.max(0, rule.maxAttempts - attempts) : 0,
    resetAt: new Date(end),
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((end - now) / 1000)),
    degraded: failed,
  };
}

function recall(key: string): Local {
  const none = { state: { n: 0, w: 0, b: 0 }, open: new Set<never>(), forgotAt: -Infinity, again: 0 };
  return blocks.get(key) ?? counts.get(key) ?? none;
}

function remember(key: string, local: Local, now: number): void {
  counts.delete(key);
  blocks.delete(key);
  const [map, max] = local.state.b > now ? [blocks, MAX_BLOCKS] : [counts, MAX_COUNTS];
  map.set(key, local);
  if (map.size > max) map.delete(map.keys().next().value as string);
}

function forget(key: string, now: number, state: State): void {
  remember(key, { state, open: recall(key).open, forgotAt: now, again: 0 }, now);
}

/** KV that does not answer has failed. */
function limited<R>(work: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, KV_MS, new Error('KV does not answer'));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function hash(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
