/**
 * RateLimiter: a best-effort attempt counter on a Workers KV namespace.
 *
 *   const limiter = new RateLimiter(env.RATE_LIMIT);
 *   const attempt = await limiter.checkAndIncrement(ip, { endpoint: 'login' });
 *   if (!attempt.allowed) return new Response('Too many attempts', {
 *     status: 429, headers: { 'Retry-After': String(attempt.retryAfterSeconds) } });
 *
 * Exact within one isolate. Across isolates and locations it is not: KV has no atomic increment,
 * serves reads that may be 60 seconds old, and takes one write a second for a key, so an attacker in
 * many places gets more attempts than the rule says. Where that matters put the Workers rate limiting
 * binding (per location) or a Durable Object (exact) in front.
 *
 * Every attempt that is counted costs a write, and the free plan has 1,000 a day for the account. The
 * cheapest way: check() before the password is tested, checkAndIncrement() only after a failure.
 *
 * Whom to count: the header CF-Connecting-IP (never X-Forwarded-For; an IPv6 address cut to its /64),
 * or `${ip}|${username}` with reset() after a success, beside a looser rule for the address alone that
 * is never reset: else one good account lets its owner guess at others for ever.
 */

/** Defaults of this project; the constructor takes others. */
const PREFIX = 'auth_attempt:';
const FAIL_MODE: 'open' | 'closed' = 'open';
const DEFAULT_RULE: RateLimitRule = { maxAttempts: 5, windowSeconds: 300, blockSeconds: 900 };
const RULES: Record<string, Partial<RateLimitRule>> = {};

export interface RateLimitRule {
  /** Attempts allowed in one window. */
  maxAttempts: number;
  /** Length of the window, from its first attempt. */
  windowSeconds: number;
  /** How long one attempt too many blocks, at least until the window ends; 0: just until then. */
  blockSeconds: number;
}

export interface RateLimitResult {
  allowed: boolean;
  /** Attempts counted in the current window. */
  attempts: number;
  /** Attempts left in it. */
  remaining: number;
  /** When the block or, if allowed, the window ends. */
  resetAt?: Date;
  /** Whole seconds for a Retry-After header; 0 when allowed. */
  retryAfterSeconds: number;
  /** True when KV failed and this isolate's memory alone decided. */
  degraded: boolean;
}

/** The part of KVNamespace this file uses; any KVNamespace binding fits. */
export interface RateLimitKv {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options?: { expirationTtl?: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface RateLimiterOptions {
  /** What keys begin with. */
  prefix?: string;
  /** Rules by endpoint name, in place of this project's; "default" applies to all others. */
  rules?: Record<string, Partial<RateLimitRule>>;
  /** When KV cannot be read: "open" lets this isolate's memory decide, "closed" denies. */
  failMode?: 'open' | 'closed';
  /** Told of corrupt records and KV failures that were survived. Default: console.warn. */
  onProblem?: (problem: { kind: 'corrupt' | 'kv'; operation: 'get' | 'put'; key: string; error?: unknown }) => void;
  /** The clock, in milliseconds; for tests. */
  now?: () => number;
}

export interface AttemptOptions extends Partial<RateLimitRule> {
  /** What is attempted: each endpoint counts for itself, by its own rule. */
  endpoint?: string;
}

/** A record as stored: attempts, window start, and the end of a block. */
interface State {
  n: number;
  w: number;
  b: number;
}

/** What this isolate knows beyond KV. */
interface Local {
  state: State | null;
  /** Until then the local state counts beside KV's. */
  until: number;
  /** KV records whose window began at or before this are from before a reset. */
  resetAt: number;
  dirty: boolean;
}

const MIN_TTL = 60;
/** How old a read may be. */
const KV_LAG_MS = 60_000;
/** Clocks of two locations may differ by this much. */
const SKEW_MS = 60_000;
/** Keys that an isolate remembers. */
const MAX_LOCAL = 5000;
/** What this isolate knows, by binding: instances come and go with requests. */
const memory = new WeakMap<object, Map<string, Local>>();

export class RateLimiter {
  readonly #kv: RateLimitKv;
  readonly #prefix: string;
  readonly #rules: Map<string, Partial<RateLimitRule>>;
  readonly #closed: boolean;
  readonly #problem: NonNullable<RateLimiterOptions['onProblem']>;
  readonly #now: () => number;
  readonly #local: Map<string, Local>;

  constructor(kv: RateLimitKv, options: RateLimiterOptions = {}) {
    this.#kv = kv;
    this.#prefix = options.prefix ?? PREFIX;
    if (this.#prefix === '') throw new TypeError('RateLimiter: prefix must not be empty');
    this.#rules = new Map(Object.entries({ ...RULES, ...options.rules }));
    for (const endpoint of this.#rules.keys()) this.#rule({ endpoint });
    this.#closed = (options.failMode ?? FAIL_MODE) === 'closed';
    this.#problem = options.onProblem ?? ((p) => console.warn(`RateLimiter: ${p.kind} problem in ${p.operation}`));
    this.#now = options.now ?? Date.now;
    let local = memory.get(kv);
    if (local === undefined) memory.set(kv, (local = new Map()));
    this.#local = local;
  }

  /** Counts one attempt and says whether it is allowed. */
  async checkAndIncrement(identifier: string, options: number | AttemptOptions = {}): Promise<RateLimitResult> {
    const given = typeof options === 'number' ? { maxAttempts: options } : options;
    const rule = this.#rule(given);
    const key = await this.#key(identifier, given.endpoint);
    const { raw, failed } = await this.#get(key);

    // From here to the put nothing awaits, so attempts in this isolate cannot overtake each other.
    const now = this.#now();
    const entry = this.#entry(key);
    const before = this.#merge(this.#parse(key, raw), entry, rule, now);
    if (failed && this.#closed) return result(false, before, rule, now, true);
    if (before.b > now) {
      if (entry.dirty) await this.#put(key, before, rule, entry, now);
      return result(false, before, rule, now, failed || entry.dirty);
    }
    const after: State = { ...before };
    const allowed = before.n < rule.maxAttempts;
    if (allowed) after.n = before.n + 1;
    else after.b = Math.max(now + rule.blockSeconds * 1000, before.w + rule.windowSeconds * 1000);
    entry.state = after;
    const stored = await this.#put(key, after, rule, entry, now);
    return result(allowed, after, rule, now, failed || !stored);
  }

  /** What checkAndIncrement() would meet, without counting or writing. */
  async check(identifier: string, options: number | AttemptOptions = {}): Promise<RateLimitResult> {
    const given = typeof options === 'number' ? { maxAttempts: options } : options;
    const rule = this.#rule(given);
    const key = await this.#key(identifier, given.endpoint);
    const { raw, failed } = await this.#get(key);
    const now = this.#now();
    const state = this.#merge(this.#parse(key, raw), this.#entry(key), rule, now);
    return result(!(failed && this.#closed) && state.b <= now && state.n < rule.maxAttempts, state, rule, now, failed);
  }

  /** Forgets the attempts, after a success. Do not call it for an address that many accounts share. */
  async reset(identifier: string, options: { endpoint?: string } = {}): Promise<void> {
    const key = await this.#key(identifier, options.endpoint);
    const now = this.#now();
    this.#remember(key, { state: null, until: now + KV_LAG_MS, resetAt: now, dirty: false });
    await this.#kv.delete(key);
  }

  #rule(given: AttemptOptions): RateLimitRule {
    const { endpoint, ...own } = given;
    const named = endpoint === undefined ? undefined : this.#rules.get(endpoint);
    const rule: RateLimitRule = { ...DEFAULT_RULE, ...this.#rules.get('default'), ...named, ...own };
    if (!(Number.isSafeInteger(rule.maxAttempts) && rule.maxAttempts >= 1))
      throw new RangeError('RateLimiter: maxAttempts must be a positive integer');
    if (!(rule.windowSeconds >= 1 && rule.windowSeconds <= 86_400))
      throw new RangeError('RateLimiter: windowSeconds must be 1 to 86400');
    if (!(rule.blockSeconds >= 0 && rule.blockSeconds <= 86_400))
      throw new RangeError('RateLimiter: blockSeconds must be 0 to 86400');
    return rule;
  }

  /** The identifier is hashed: no length limit to hit, nothing to inject, no addresses in the key list. */
  async #key(identifier: string, endpoint = 'default'): Promise<string> {
    if (typeof identifier !== 'string' || identifier === '')
      throw new TypeError('RateLimiter: identifier must not be empty');
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(endpoint))
      throw new TypeError('RateLimiter: endpoint must match [A-Za-z0-9_.-]{1,64}');
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(identifier)));
    const id = btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    return `${this.#prefix}${endpoint}:${id}`;
  }

  async #get(key: string): Promise<{ raw: string | null; failed: boolean }> {
    try {
      return { raw: await this.#kv.get(key), failed: false };
    } catch (error) {
      this.#problem({ kind: 'kv', operation: 'get', key, error });
      return { raw: null, failed: true };
    }
  }

  async #put(key: string, state: State, rule: RateLimitRule, entry: Local, now: number): Promise<boolean> {
    const end = Math.max(state.b, state.w + rule.windowSeconds * 1000);
    entry.until = Math.min(end, now + KV_LAG_MS);
    entry.dirty = false;
    this.#remember(key, entry);
    try {
      const expirationTtl = Math.max(MIN_TTL, Math.ceil((end - now) / 1000));
      await this.#kv.put(key, JSON.stringify(state), { expirationTtl });
      return true;
    } catch (error) {
      // 429 for a key written too fast, among others. The next attempt here writes the whole count.
      entry.dirty = true;
      entry.until = end;
      this.#problem({ kind: 'kv', operation: 'put', key, error });
      return false;
    }
  }

  #parse(key: string, raw: string | null): State | null {
    if (raw === null) return null;
    try {
      const s = JSON.parse(raw) as Partial<State> | null;
      if (s !== null && isCount(s.n) && Number.isFinite(s.w) && Number.isFinite(s.b)) return s as State;
    } catch {
      // Falls through to the report.
    }
    this.#problem({ kind: 'corrupt', operation: 'get', key });
    return null;
  }

  /** The one state that KV's record and this isolate's memory make together; expired parts are dropped. */
  #merge(stored: State | null, entry: Local, rule: RateLimitRule, now: number): State {
    const out: State = { n: 0, w: now, b: 0 };
    const window = rule.windowSeconds * 1000;
    const longest = Math.max(rule.blockSeconds * 1000, window);
    const fresh = entry.until > now;
    for (const s of [stored, fresh ? entry.state : null]) {
      if (s === null || (s === stored && fresh && s.w <= entry.resetAt)) continue;
      // A block longer than the rule's, or a window from the future, is not believed.
      const block = s.b > now ? Math.min(s.b, now + longest) : 0;
      const counts = s.w <= now + SKEW_MS && now - s.w < window;
      if (!counts && block === 0) continue;
      if (s.n > out.n) out.w = Math.min(s.w, now);
      out.n = Math.max(out.n, s.n);
      out.b = Math.max(out.b, block);
    }
    return out;
  }

  #entry(key: string): Local {
    return this.#local.get(key) ?? { state: null, until: 0, resetAt: -Infinity, dirty: false };
  }

  #remember(key: string, entry: Local): void {
    this.#local.delete(key);
    this.#local.set(key, entry);
    if (this.#local.size <= MAX_LOCAL) return;
    for (const oldest of this.#local.keys()) {
      this.#local.delete(oldest);
      break;
    }
  }
}

function isCount(n: unknown): n is number {
  return Number.isSafeInteger(n) && (n as number) >= 0;
}

function result(allowed: boolean, state: State, rule: RateLimitRule, now: number, degraded: boolean): RateLimitResult {
  const end = allowed || state.b <= now ? state.w + rule.windowSeconds * 1000 : state.b;
  return {
    allowed,
    attempts: state.n,
    remaining: allowed ? Math.max(0, rule.maxAttempts - state.n) : 0,
    resetAt: new Date(end),
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((end - now) / 1000)),
    degraded,
  };
}
