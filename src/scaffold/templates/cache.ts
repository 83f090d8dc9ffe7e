/**
 * ConfigCache: a JSON cache on a Workers KV namespace. Make one for each request; that is cheap.
 *
 *   const cache = new ConfigCache<Profile>(env.CONFIG_CACHE, { waitUntil: (work) => ctx.waitUntil(work) });
 *   const profile = await cache.getOrLoad(name, () => loadProfile(name));
 *
 * After a change store the new value; otherwise the old one is served until it expires:
 *
 *   await saveProfile(name, changed);
 *   await cache.set(name, changed);
 *
 * KV is eventually consistent: for 60 seconds or more after a change, other locations may serve what
 * they have read before. set() and invalidate() win over loads and sets that began before them in the same
 * isolate and binding, except a write that KV carries out after it was given up, or after its request has ended. A load
 * in another isolate can still store the older value. Do not cache what must never be stale, such as
 * permissions.
 *
 * A visit is a read, and a write too if the entry has expired; a name that the loader does not know is a
 * read, and with a negativeTtlSeconds a write too. The free plan allows 100,000 reads and 1,000 writes a day, for the whole account. Each profile
 * that is visited all day takes so many writes, which then last for so many profiles:
 *
 *   | lifetime |  writes | profiles |
 *   | 1 hour   |      25 |       40 |
 *   | 24 hours |    1.05 |      950 |
 *
 * That is an average; on a single day a profile can take 2 writes at 24 hours.
 */

/** Defaults of this project; the constructor takes others. */
const BINDING = 'CONFIG_CACHE';
const PREFIX = 'profile:';
const TTL_SECONDS = 86400;
const MAX_TTL_SECONDS = 86400;
const NEGATIVE_TTL_SECONDS = 0;

/**
 * What T has to extend, so that JSON gives its values back as they were; in an error, `never` or `undefined`
 * stands for what it does not. It cannot see NaN, symbol keys, what Error hides from JSON, getters and constructors,
 * `object`, `{}`, and a type parameter of the caller, and it refuses tuples with optional elements.
 */
export type Json<T> = [[T] extends [Plain<T>] ? 1 : never] extends [never] ? Plain<T> : unknown;
// prettier-ignore
type Plain<T> = unknown extends T ? T
  : T extends string | number | boolean | null ? T
  : T extends readonly (infer U)[] ? PlainArray<U>
  : T extends bigint | symbol | void | Date | ((...args: never) => unknown) ? never
  : { [K in keyof T]: Plain<T[K]> | ({} extends Pick<T, K> ? undefined : never) };
interface PlainArray<T> extends ReadonlyArray<Plain<T>> {}

type Loaded<T> = T | null | undefined | Promise<T | null | undefined>;
type Entry = { value: string | null; metadata: unknown };
type Listed = { keys: { name: string }[]; list_complete: boolean; cursor?: string };

/** The part of KVNamespace this file uses; any KVNamespace binding fits. */
export interface CacheKv {
  getWithMetadata(key: string, options?: { cacheTtl?: number | undefined }): Promise<Entry>;
  getWithMetadata(keys: string[], options?: { cacheTtl?: number | undefined }): Promise<Map<string, Entry | null>>;
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options?: { prefix?: string; limit?: number; cursor?: string | null }): Promise<Listed>;
}

export interface CacheProblem {
  /** An unreadable entry, a loaded value that cannot be stored, or a failure of KV. */
  kind: 'corrupt' | 'value' | 'kv';
  operation: 'get' | 'set' | 'invalidate';
  /** Contains the user name. */
  key: string;
  error: unknown;
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
  /**
   * How long getOrLoad() remembers that the loader found nothing: 0 (not at all) or at least 60. Each
   * unknown name then costs a write, and requests for random names can spend those of the day.
   */
  negativeTtlSeconds?: number;
  /** How long a location may serve a read from its cache, at least 30. The platform's own is 60. */
  cacheTtlSeconds?: number;
  /** Checks values that are read or about to be stored. */
  validate?: (value: unknown) => value is T;
  /** Keeps the request alive for writes of getOrLoad(), which then does not wait for them. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** Told of failures that were survived. Default: console.warn of all but the key. */
  onProblem?: (problem: CacheProblem) => void;
}

const MIN_TTL = 60;
/** How long KV may take before it counts as failed. */
const KV_MS = 2000;
/** Metadata of an entry that says: known not to exist. Its value is the text `null`. */
const MISSING = { m: 1 };

/** Writes a key; `goOn` tells before another try whether no later write of the key has begun. */
type Write = (goOn: () => boolean) => Promise<unknown>;

/** What is under way in this isolate, by key. */
interface UnderWay {
  /**
   * The number of the load that began last, and what is stored by which. set() and invalidate() take it away,
   * so that an older load stores nothing.
   */
  loading: Map<string, { last: number; stored: number; text: string }>;
  /**
   * By how many a key is being written, which write began last, of what and when, whether that one is still under
   * way, and whether an earlier one ended meanwhile, so that KV may have either.
   */
  writing: Map<string, { count: number; last: Write; text: string; at: number; busy: boolean; again: boolean }>;
}
/** Namespaces may have the same keys. Bindings wrapped anew for each request are as far apart as isolates. */
const underWay = new WeakMap<CacheKv, UnderWay>();
let loads = 0;

export class ConfigCache<T extends Json<T> = unknown> {
  readonly #kv: CacheKv;
  readonly #options;
  readonly #loading;
  readonly #writing;
  /** Loads that began in this turn of the event loop. */
  readonly #begun = new Map<string, Promise<T | null>>();

  constructor(kv: CacheKv, options: ConfigCacheOptions<T> = {}) {
    if (typeof kv?.getWithMetadata !== 'function')
      throw new TypeError(
        `ConfigCache: env.${BINDING} is missing: not bound in this environment, or Pages has no pages_build_output_dir`,
      );
    const max = within('maxTtlSeconds', options.maxTtlSeconds ?? MAX_TTL_SECONDS, MIN_TTL, 2 ** 31 - 1);
    const negative = options.negativeTtlSeconds ?? Math.min(NEGATIVE_TTL_SECONDS, max);
    this.#kv = kv;
    const known: UnderWay = underWay.get(kv) ?? { loading: new Map(), writing: new Map() };
    underWay.set(kv, known);
    this.#loading = known.loading;
    this.#writing = known.writing;
    this.#options = {
      ...options,
      prefix: options.prefix ?? PREFIX,
      max,
      ttl: within('ttlSeconds', options.ttlSeconds ?? Math.min(TTL_SECONDS, max), MIN_TTL, max),
      negative: within('negativeTtlSeconds', negative, negative && MIN_TTL, max),
      jitter: within('jitter', options.jitter ?? 0.1, 0, 0.5),
      read: { cacheTtl: options.cacheTtlSeconds },
      report: options.onProblem ?? ((p) => console.warn(`ConfigCache: ${p.kind} problem in ${p.operation}`, p.error)),
    };
    if (options.cacheTtlSeconds !== undefined) within('cacheTtlSeconds', options.cacheTtlSeconds, 30, 2 ** 31 - 1);
    if (this.#options.prefix === '') throw new TypeError('ConfigCache: prefix must not be empty');
  }

  /** The cached value, or null. Never throws for a corrupt entry or a KV failure: both are misses. */
  async get(username: string): Promise<T | null> {
    return (await this.getMany([username])).get(username) ?? null;
  }

  /** The cached values of many users; one KV operation for each 100. A failed batch counts as misses. */
  async getMany(usernames: readonly string[]): Promise<Map<string, T | null>> {
    const keys = new Map<string, string>();
    for (const name of usernames) keys.set(name, await this.#key(name));
    const found = await this.#lookup([...new Set(keys.values())]);
    return new Map([...keys].map(([name, key]) => [name, found.get(key) ?? null]));
  }

  /**
   * Stores a value. If KV refuses, tries again after a second, then deletes the old value; if that fails
   * too, it is reported, not thrown. A bad TTL or an unstorable value throws.
   */
  async set(username: string, data: T, ttlSeconds: number = this.#options.ttl): Promise<void> {
    within('ttlSeconds', ttlSeconds, MIN_TTL, this.#options.max);
    const [text] = this.#encode(data);
    const key = await this.#key(username);
    this.#loading.delete(key);
    await this.#inOrder(key, text, this.#storing(key, text, ttlSeconds));
  }

  /**
   * The cached value, else what the loader returns, which is then cached; as JSON gives it back, unless it cannot
   * be stored, which is reported. Calls for one name that begin together share a load.
   */
  async getOrLoad(username: string, load: () => Loaded<T>, ttlSeconds = this.#options.ttl): Promise<T | null> {
    within('ttlSeconds', ttlSeconds, MIN_TTL, this.#options.max);
    const begun = this.#begun.get(username) ?? this.#load(username, load, ttlSeconds);
    this.#begun.set(username, begun);
    // No other request may find this promise: if this request ends first, it never settles.
    queueMicrotask(() => this.#begun.delete(username));
    return begun;
  }

  /** Deletes one entry. Throws when KV refuses, for then the old value is still served. */
  async invalidate(username: string): Promise<void> {
    const key = await this.#key(username);
    this.#loading.delete(key);
    await this.#inOrder(key, '', () => limited(this.#kv.delete(key)));
  }

  /**
   * Deletes every entry under this cache's prefix that KV lists: up to maxKeys, at most 900, for KV allows
   * 1,000 operations an invocation. Unless `complete`, call again in a later invocation. An entry written
   * seconds ago may not be listed yet, and other locations may serve deleted entries for up to 60 s.
   */
  async invalidateAll({ maxKeys = 500 } = {}): Promise<{ deleted: number; failed: number; complete: boolean }> {
    within('maxKeys', maxKeys, 1, 900);
    this.#loading.clear();
    for (const [key, state] of this.#writing)
      if (key.startsWith(this.#options.prefix)) Object.assign(state, { last: () => this.#delete(key), text: '', busy: false });
    const result = { deleted: 0, failed: 0, complete: false };
    let cursor: string | null = null;
    // Pages may be empty and yet not the last; the bound on pages keeps the operations under 1,000.
    for (let page = 0; page < 50; page++) {
      const limit = Math.floor(maxKeys) - result.deleted - result.failed;
      if (limit === 0) break;
      const listed: Listed = await limited(this.#kv.list({ prefix: this.#options.prefix, limit, cursor }));
      // An invocation has six connections.
      for (let i = 0; i < listed.keys.length; i += 5) {
        const names = listed.keys.slice(i, i + 5).map((key) => key.name);
        for (const done of await Promise.all(names.map((name) => this.#delete(name)))) result[done ? 'deleted' : 'failed']++;
      }
      if (listed.list_complete) return { ...result, complete: result.failed === 0 };
      cursor = listed.cursor ?? null;
    }
    return result;
  }

  async #load(username: string, load: () => Loaded<T>, ttlSeconds: number): Promise<T | null> {
    const { negative, report, waitUntil } = this.#options;
    const key = await this.#key(username);
    const hit = (await this.#lookup([key])).get(key);
    if (hit !== undefined) return hit;
    // Requests that end early leave marks behind.
    if (this.#loading.size >= 1000) this.#loading.clear();
    const [number, mark] = [++loads, this.#loading.get(key) ?? { last: 0, stored: 0, text: '' }];
    this.#loading.set(key, Object.assign(mark, { last: number }));
    let value: T | null = (await (load() as Promise<T>)) ?? null;
    const stores = this.#loading.get(key) === mark && mark.stored < number;
    if (stores && mark.last === number) this.#loading.delete(key);
    let text = 'null';
    try {
      if (value !== null) [text, value] = this.#encode(value);
    } catch (error) {
      report({ kind: 'value', operation: 'set', key, error });
      return value;
    }
    const lifetime = value === null ? negative : ttlSeconds;
    if (!stores) return value;
    // Loads that overlap mostly find the same.
    const [earlier, under] = [mark.stored, this.#writing.get(key)];
    const same = mark.text === text || (under?.text === text && Date.now() - under.at < KV_MS);
    Object.assign(mark, { stored: number, text });
    if (same || (lifetime === 0 && earlier === 0)) return value;
    const metadata = value === null ? MISSING : undefined;
    let write = this.#storing(key, text, lifetime, metadata);
    if (lifetime === 0) write = () => this.#delete(key);
    else if (earlier === 0 && under === undefined) write = () => this.#put(key, text, lifetime, metadata);
    const put = this.#inOrder(key, text, write);
    if (waitUntil === undefined) await put;
    else {
      // It fails if it is `ctx.waitUntil` without its `ctx`.
      const given = new Promise((done) => done(waitUntil(put)));
      given.catch((error: unknown) => report({ kind: 'kv', operation: 'set', key, error }));
    }
    return value;
  }

  /** What is cached under the keys: null if that is a known absence, nothing for a miss. */
  async #lookup(keys: string[]): Promise<Map<string, T | null>> {
    const { read, report } = this.#options;
    const found = new Map<string, T | null>();
    for (let i = 0; i < keys.length; i += 100) {
      const [first = '', ...more] = keys.slice(i, i + 100);
      let entries = new Map<string, Entry | null>();
      try {
        if (more.length > 0) entries = await limited(this.#kv.getWithMetadata([first, ...more], read));
        else entries.set(first, await limited(this.#kv.getWithMetadata(first, read)));
      } catch (error) {
        report({ kind: 'kv', operation: 'get', key: first, error });
      }
      for (const [key, entry] of entries) {
        if (entry === null || entry.value === null) continue;
        try {
          if (entry.value !== 'null') found.set(key, this.#parse(entry.value));
          else if ((entry.metadata as Partial<typeof MISSING> | null)?.m === MISSING.m) found.set(key, null);
        } catch (error) {
          // The message of JSON.parse quotes the entry.
          const told = error instanceof SyntaxError ? new TypeError('not JSON') : error;
          report({ kind: 'corrupt', operation: 'get', key, error: told });
        }
      }
    }
    return found;
  }

  #parse(text: string): T {
    const value: unknown = JSON.parse(text);
    if (this.#options.validate?.(value) === false) throw new TypeError('ConfigCache: validate() refused the value');
    return value as T;
  }

  /** The value's JSON, and what a later read makes of it. */
  #encode(data: T): [text: string, value: T] {
    const text: string | undefined = JSON.stringify(data);
    if (text === undefined || text === 'null') throw new TypeError('ConfigCache: value has no JSON form');
    return [text, this.#parse(text)];
  }

  #put(key: string, text: string, ttlSeconds: number, metadata?: object): Promise<boolean> {
    const expirationTtl = Math.max(MIN_TTL, Math.floor(ttlSeconds * (1 - Math.random() * this.#options.jitter)));
    return this.#write('set', key, () => this.#kv.put(key, text, { expirationTtl, metadata }));
  }

  /** Stores a value, or else at least deletes the older one. */
  #storing(key: string, text: string, ttlSeconds: number, metadata?: object): Write {
    return async (goOn) => {
      if (await this.#put(key, text, ttlSeconds, metadata)) return;
      // KV takes one write a second for a key, and a load may just have made it.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      if (!goOn() || (await this.#put(key, text, ttlSeconds, metadata)) || !goOn()) return;
      // Deletes have a daily quota of their own.
      await this.#delete(key);
    };
  }

  #delete(key: string): Promise<boolean> {
    return this.#write('invalidate', key, () => this.#kv.delete(key));
  }

  /**
   * Of two writes under way KV may keep either. So when an earlier one ends, the last is made again: by its own
   * request or, where that is done, by the earlier one's. Neither waits for the other, whose request may end.
   */
  async #inOrder(key: string, text: string, write: Write): Promise<void> {
    // Requests that end early leave entries behind.
    if (this.#writing.size >= 1000) this.#writing.clear();
    const state = this.#writing.get(key) ?? { count: 0, last: write, text, at: 0, busy: true, again: false };
    const next = { count: state.count + 1, last: write, text, at: Date.now(), busy: true, again: false };
    this.#writing.set(key, Object.assign(state, next));
    let failure: unknown;
    for (let made = write, ended = false; !ended; ) {
      const last = made;
      const goOn = () => state.last === last && !(state.again = false);
      const error = await last(goOn).then(() => undefined, (error: unknown) => error);
      if (last === write) failure = error;
      else if (error !== undefined) this.#options.report({ kind: 'kv', operation: 'set', key, error });
      const isLast = state.last === last;
      ended = isLast ? !state.again : state.busy;
      state.again = ended && !isLast;
      state.busy = !ended || !isLast;
      made = state.last;
    }
    if (--state.count === 0 && this.#writing.get(key) === state) this.#writing.delete(key);
    if (failure !== undefined) throw failure;
  }

  /** Whether the write succeeded; a failure is reported. */
  async #write(operation: 'set' | 'invalidate', key: string, write: () => Promise<void>): Promise<boolean> {
    try {
      await limited(write());
      return true;
    } catch (error) {
      this.#options.report({ kind: 'kv', operation, key, error });
      return false;
    }
  }

  async #key(username: string): Promise<string> {
    if (typeof username !== 'string' || username === '') throw new TypeError('ConfigCache: username must not be empty');
    // Percent-encoding leaves plain names as they are and cannot run into the prefix or another key.
    const { prefix } = this.#options;
    const key = prefix + encodeURIComponent(username.replace(/[\ud800-\udfff]/gu, '\ufffd'));
    if (new TextEncoder().encode(key).length <= 512) return key;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(username)));
    return prefix + '@' + Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
  }
}

/** KV that does not answer has failed. */
function limited<R>(work: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, KV_MS, new Error('no answer'));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function within(name: string, value: number, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max))
    throw new RangeError(`ConfigCache: ${name} must be ${min} to ${max}, got ${String(value)}`);
  return value;
}
