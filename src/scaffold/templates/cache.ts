/**
 * ConfigCache: a JSON cache on a Workers KV namespace.
 *
 *   const cache = new ConfigCache<Profile>(env.CONFIG_CACHE);
 *   const profile = await cache.getOrLoad(name, () => loadFromDatabase(name));
 *
 * Make one instance for each request; that is cheap.
 *
 * KV is eventually consistent. A value that was set or invalidated is usually seen at once in the
 * location that wrote it, and elsewhere after up to 60 seconds or more ("not found" is cached too).
 * Use it for data that may be stale for a while, never as the source of truth: after a change write
 * the new value with set(). KV takes one write a second for a key, and the free plan 1,000 writes a
 * day for the account.
 */

/** Defaults of this project; the constructor takes others. */
const PREFIX = 'profile:';
const TTL_SECONDS = 3600;
const MAX_TTL_SECONDS = 86400;
const NEGATIVE_TTL_SECONDS = 60;

/** The part of KVNamespace this file uses; any KVNamespace binding fits. */
export interface CacheKv {
  get(key: string, options?: { cacheTtl?: number }): Promise<string | null>;
  getWithMetadata<M = unknown>(
    key: string,
    options?: { cacheTtl?: number },
  ): Promise<{ value: string | null; metadata: M | null }>;
  getWithMetadata<M = unknown>(
    keys: string[],
    options?: { cacheTtl?: number },
  ): Promise<Map<string, { value: string | null; metadata: M | null }>>;
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options?: { prefix?: string; limit?: number; cursor?: string }): Promise<{
    keys: { name: string }[];
    list_complete: boolean;
    cursor?: string;
  }>;
}

export interface CacheProblem {
  kind: 'corrupt' | 'kv';
  operation: 'get' | 'set' | 'invalidate' | 'list';
  key: string;
  error?: unknown;
}

export interface ConfigCacheOptions<T> {
  /**
   * What keys begin with. Put a schema version here ("profile:v2:") when the shape of T changes.
   * Of two caches in one namespace, neither prefix may begin with the other.
   */
  prefix?: string;
  /** Lifetime of an entry when set() is given none, in seconds, at least 60. */
  ttlSeconds?: number;
  /** Longest lifetime accepted, in seconds. */
  maxTtlSeconds?: number;
  /** Share of the lifetime, 0 to 0.5, taken off at random so entries do not expire together. Default 0.1. */
  jitter?: number;
  /** How long getOrLoad() remembers that the loader found nothing: 0 (not at all) or at least 60. */
  negativeTtlSeconds?: number;
  /** How long a location may serve a read from its cache, at least 30. The platform's own is 60. */
  cacheTtlSeconds?: number;
  /** Checks a parsed value; one that fails counts as a miss. */
  validate?: (value: unknown) => value is T;
  /** Told of corrupt entries and KV failures that were survived. Default: console.warn. */
  onProblem?: (problem: CacheProblem) => void;
}

export interface InvalidateAllOptions {
  /** Most keys deleted in this call. Default 500, at most 900 (KV allows 1,000 operations an invocation). */
  maxKeys?: number;
  /** Deletes under way at once, 1 to 6. Default 5. */
  concurrency?: number;
}

export interface InvalidateAllResult {
  deleted: number;
  failed: number;
  /** False when keys are left over: call again in a later invocation. */
  complete: boolean;
}

const MIN_TTL = 60;
const MAX_KEY_BYTES = 512;
/** Keys that KV reads in one operation. */
const BATCH = 100;
/** Metadata of an entry that says: known not to exist. Its value is the text `null`. */
const MISSING = { m: 1 } as const;

export class ConfigCache<T = unknown> {
  readonly #kv: CacheKv;
  readonly #prefix: string;
  readonly #ttl: number;
  readonly #maxTtl: number;
  readonly #jitter: number;
  readonly #negativeTtl: number;
  readonly #read: { cacheTtl?: number };
  readonly #validate: ((value: unknown) => value is T) | undefined;
  readonly #problem: (problem: CacheProblem) => void;
  /** Loads under way in this instance. Make one instance a request: promises must not cross requests. */
  readonly #loading = new Map<string, Promise<T | null>>();

  constructor(kv: CacheKv, options: ConfigCacheOptions<T> = {}) {
    this.#kv = kv;
    this.#prefix = options.prefix ?? PREFIX;
    if (this.#prefix === '') throw new TypeError('ConfigCache: prefix must not be empty');
    this.#maxTtl = ttl(options.maxTtlSeconds ?? MAX_TTL_SECONDS, Number.MAX_SAFE_INTEGER, 'maxTtlSeconds');
    this.#ttl = ttl(options.ttlSeconds ?? Math.min(TTL_SECONDS, this.#maxTtl), this.#maxTtl, 'ttlSeconds');
    this.#jitter = options.jitter ?? 0.1;
    if (!(this.#jitter >= 0 && this.#jitter <= 0.5)) throw new RangeError('ConfigCache: jitter must be 0 to 0.5');
    const negative = options.negativeTtlSeconds ?? Math.min(NEGATIVE_TTL_SECONDS, this.#maxTtl);
    this.#negativeTtl = negative === 0 ? 0 : ttl(negative, this.#maxTtl, 'negativeTtlSeconds');
    const cacheTtl = options.cacheTtlSeconds;
    if (cacheTtl !== undefined && !(Number.isInteger(cacheTtl) && cacheTtl >= 30))
      throw new RangeError('ConfigCache: cacheTtlSeconds must be an integer of at least 30');
    this.#read = cacheTtl === undefined ? {} : { cacheTtl };
    this.#validate = options.validate;
    this.#problem =
      options.onProblem ?? ((p) => console.warn(`ConfigCache: ${p.kind} problem in ${p.operation} of ${p.key}`));
  }

  /** The cached value, or null. Never throws for a corrupt entry or a KV failure: both are misses. */
  async get(username: string): Promise<T | null> {
    const hit = await this.#lookup(await this.#key(username));
    return hit.found ? hit.value : null;
  }

  /** Stores a value. A KV failure is reported, not thrown; a bad TTL or an unstorable value throws. */
  async set(username: string, data: T, ttlSeconds: number = this.#ttl): Promise<void> {
    const lifetime = ttl(ttlSeconds, this.#maxTtl, 'ttlSeconds');
    await this.#put(await this.#key(username), encode(data), lifetime);
  }

  /** The cached value, else what the loader returns (which is then cached). */
  async getOrLoad(username: string, load: () => Promise<T | null>, ttlSeconds: number = this.#ttl): Promise<T | null> {
    const lifetime = ttl(ttlSeconds, this.#maxTtl, 'ttlSeconds');
    const key = await this.#key(username);
    const current = this.#loading.get(key);
    if (current !== undefined) return current;
    const work = (async () => {
      const hit = await this.#lookup(key);
      if (hit.found) return hit.value;
      const value = await load();
      if (value !== null && value !== undefined) await this.#put(key, encode(value), lifetime);
      else if (this.#negativeTtl > 0) await this.#put(key, 'null', this.#negativeTtl, MISSING);
      return value ?? null;
    })();
    this.#loading.set(key, work);
    try {
      return await work;
    } finally {
      this.#loading.delete(key);
    }
  }

  /** The cached values of many users; one KV operation for each 100. A failed batch counts as misses. */
  async getMany(usernames: readonly string[]): Promise<Map<string, T | null>> {
    const wanted: { name: string; key: string }[] = [];
    for (const name of new Set(usernames)) wanted.push({ name, key: await this.#key(name) });
    const found = new Map<string, T | null>();
    for (let i = 0; i < wanted.length; i += BATCH) {
      const batch = wanted.slice(i, i + BATCH);
      // The runtime gives null for a missing key, whatever the types say.
      let got: Map<string, { value: string | null; metadata: unknown } | null> = new Map();
      try {
        got = await this.#kv.getWithMetadata([...new Set(batch.map(({ key }) => key))], this.#read);
      } catch (error) {
        this.#problem({ kind: 'kv', operation: 'get', key: this.#prefix, error });
      }
      for (const { name, key } of batch) {
        const entry = got.get(key);
        const hit = this.#decode(key, entry?.value ?? null, entry?.metadata);
        found.set(name, hit.found ? hit.value : null);
      }
    }
    return found;
  }

  /** Deletes one entry. Throws when KV refuses, for then the old value is still served. */
  async invalidate(username: string): Promise<void> {
    await this.#kv.delete(await this.#key(username));
  }

  /**
   * Deletes every entry under this cache's prefix that KV lists, up to maxKeys. An entry written
   * seconds ago may not be listed yet, and other locations may serve deleted entries for up to 60 s.
   */
  async invalidateAll(options: InvalidateAllOptions = {}): Promise<InvalidateAllResult> {
    const maxKeys = Math.min(900, Math.max(1, Math.floor(options.maxKeys ?? 500)));
    const concurrency = Math.min(6, Math.max(1, Math.floor(options.concurrency ?? 5)));
    let deleted = 0;
    let failed = 0;
    let cursor: string | undefined;
    // Pages may be empty and yet not the last; the bound on pages keeps the operations under 1,000.
    for (let page = 0; page < 50; page++) {
      const left = maxKeys - deleted - failed;
      if (left <= 0) return { deleted, failed, complete: false };
      const listed: Awaited<ReturnType<CacheKv['list']>> = await this.#kv.list({
        prefix: this.#prefix,
        limit: Math.min(1000, left),
        ...(cursor === undefined ? {} : { cursor }),
      });
      const names = listed.keys.map((k) => k.name);
      const worker = async () => {
        for (let name = names.pop(); name !== undefined; name = names.pop()) {
          try {
            await this.#kv.delete(name);
            deleted++;
          } catch (error) {
            failed++;
            this.#problem({ kind: 'kv', operation: 'invalidate', key: name, error });
          }
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
      if (listed.list_complete) return { deleted, failed, complete: failed === 0 };
      cursor = listed.cursor;
    }
    return { deleted, failed, complete: false };
  }

  async #lookup(key: string): Promise<{ found: true; value: T | null } | { found: false }> {
    let text: string | null;
    let metadata: unknown;
    try {
      ({ value: text, metadata } = await this.#kv.getWithMetadata(key, this.#read));
    } catch (error) {
      this.#problem({ kind: 'kv', operation: 'get', key, error });
      return { found: false };
    }
    return this.#decode(key, text, metadata);
  }

  #decode(key: string, text: string | null, metadata: unknown): { found: true; value: T | null } | { found: false } {
    if (text === null) return { found: false };
    if (text === 'null') return isMissing(metadata) ? { found: true, value: null } : { found: false };
    let value: unknown;
    try {
      value = JSON.parse(text);
      if (this.#validate === undefined || this.#validate(value)) return { found: true, value: value as T };
    } catch (error) {
      this.#problem({ kind: 'corrupt', operation: 'get', key, error });
      return { found: false };
    }
    this.#problem({ kind: 'corrupt', operation: 'get', key });
    return { found: false };
  }

  async #put(key: string, text: string, lifetime: number, metadata?: object): Promise<void> {
    const expirationTtl = Math.max(MIN_TTL, Math.floor(lifetime * (1 - Math.random() * this.#jitter)));
    try {
      await this.#kv.put(key, text, metadata === undefined ? { expirationTtl } : { expirationTtl, metadata });
    } catch (error) {
      this.#problem({ kind: 'kv', operation: 'set', key, error });
    }
  }

  async #key(username: string): Promise<string> {
    if (typeof username !== 'string' || username === '') throw new TypeError('ConfigCache: username must not be empty');
    // Percent-encoding leaves plain names as they are and cannot run into the prefix or another key.
    const key = this.#prefix + encodeURIComponent(username.replace(/[\ud800-\udfff]/gu, '\ufffd'));
    if (new TextEncoder().encode(key).length <= MAX_KEY_BYTES) return key;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(username)));
    return this.#prefix + '@' + Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
  }
}

function isMissing(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && 'm' in metadata && metadata.m === MISSING.m;
}

function encode(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined || text === 'null') throw new TypeError('ConfigCache: value has no JSON form');
  return text;
}

function ttl(seconds: number, max: number, name: string): number {
  if (typeof seconds !== 'number' || !(seconds >= MIN_TTL && seconds <= max))
    throw new RangeError(`ConfigCache: ${name} must be ${MIN_TTL} to ${max} seconds, got ${String(seconds)}`);
  return Math.floor(seconds);
}
