/**
 * SessionManager: sessions on a Workers KV namespace. Signing in, once the password was checked:
 *
 *   if (!sameOrigin(request)) return new Response('wrong origin', { status: 403 });
 *   const sessions = new SessionManager<{ admin: boolean }>(env.SESSIONS);
 *   const { token, expiresAt } = await sessions.create(username, { data: { admin: false } });
 *   return new Response('welcome', { headers: { 'Set-Cookie': sessionCookie(token, expiresAt) } });
 *
 * Any later request, and signing out:
 *
 *   const session = await sessions.verify(sessionToken(request));    // null: not signed in
 *   if (session === null) return new Response('sign in first', { status: 401 });
 *
 *   if (!sameOrigin(request)) return new Response('wrong origin', { status: 403 });
 *   await sessions.destroy(sessionToken(request));
 *   return new Response('bye', { headers: { 'Set-Cookie': clearCookie() } });
 *
 * Calls reject when KV fails: answer 503 then, and leave the cookie alone. Make one instance for each
 * request; that is cheap. Check sameOrigin() in every request that changes something.
 *
 * The token is a random secret that only the client keeps; KV holds its SHA-256, so whoever can list
 * keys cannot sign in.
 *
 * KV is eventually consistent: destroy() and destroyAll() usually take effect at once where they ran,
 * and elsewhere within 60 seconds or more. Until then an ended session may be accepted elsewhere, and a
 * session created where destroyAll() is not visible yet is refused as soon as it is: the user signs in
 * again. Where that is too slow, check the revocation in a Durable Object or in D1 before the sensitive
 * action. No clocks are compared for this.
 *
 * destroy() also leaves a mark that ends what came from the session by rotating, even if rotate() ran where
 * the end was not visible yet. If KV refuses the mark, which is reported, or if somebody else rotated the
 * token before, so that destroy() finds no session under it, only destroyAll() ends what came from it.
 *
 * The first version of this file reads no revocation of this one: rolled back to it, it refuses every session
 * of a user after destroyAll(), new ones too, until the longest lifetime is over. Deleting the keys that begin
 * with the prefix and `revoked:` helps, and revives sessions that destroyAll() could not delete. Nor does it
 * know the marks.
 *
 * What a call costs, and how many the free plan allows in a day, for the whole account:
 *
 *   | call                            |  reads | writes | deletes |   a day |
 *   | create()                        |      1 |      1 |       0 |   1,000 |
 *   | verify()                        |      2 |      0 |       0 |  50,000 |
 *   | verify() with an idle timeout   |      3 |      0 |       0 |  33,333 |
 *   | verify() of a rotated session   |      3 |      0 |       0 |  33,333 |
 *   | destroy()                       |      1 |      1 |       1 |   1,000 |
 *
 * With an idle timeout a session in use also costs a write each half of the timeout. If KV refuses that
 * write, only the isolate knows of the use, and the session may end early elsewhere.
 */

/** Defaults of this project; the constructor takes others. */
const BINDING = 'SESSIONS';
const PREFIX = 'session:';
const TTL_SECONDS = 86400;
const MAX_TTL_SECONDS = 2592000;
const IDLE_TIMEOUT_SECONDS = 0;

/** Browsers let only this host set a cookie of such a name, and only over HTTPS or on localhost. */
const COOKIE = '__Host-session';
const COOKIE_ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Lax';

/**
 * What D has to extend, so that JSON gives its values back as they were. It cannot see NaN, symbol keys, what Error
 * hides from JSON, getters and constructors, `object`, `{}`, and a type parameter of the caller, and it refuses
 * tuples with optional elements.
 */
export type Json<D> = [[D] extends [Plain<D>] ? 1 : never] extends [never] ? Plain<D> : unknown;
// prettier-ignore
type Plain<T> = unknown extends T ? T
  : T extends string | number | boolean | null ? T
  : T extends readonly (infer U)[] ? PlainArray<U>
  : T extends bigint | symbol | void | Date | ((...args: never) => unknown) ? never
  : { [K in keyof T]: Plain<T[K]> | ({} extends Pick<T, K> ? undefined : never) };
interface PlainArray<T> extends ReadonlyArray<Plain<T>> {}

export interface SessionData<D = unknown> {
  username: string;
  /** What create() was given, as JSON keeps it. Sessions made without data have `{ admin }`. */
  data: D;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601. Decides, not KV's own expiry, which a copied namespace may have lost. */
  expiresAt: string;
  /** @deprecated Use `data`. True when `data.admin` is. */
  admin: boolean;
}

export interface NewSession {
  /** Goes into the cookie and nowhere else. */
  token: string;
  /** ISO 8601. */
  expiresAt: string;
}

export interface SessionSummary {
  /** SHA-256 of the token, for destroyById(). It opens no session. */
  id: string;
  createdAt: string;
  expiresAt: string;
}

/** The part of KVNamespace this file uses; any KVNamespace binding fits. */
export interface SessionKv {
  get(key: string, options?: { cacheTtl?: number }): Promise<string | null>;
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor: string | null }): Promise<Listed>;
}
type Listed = { keys: { name: string; metadata?: unknown }[]; list_complete: boolean; cursor?: string };

export interface SessionProblem {
  kind: 'corrupt' | 'kv';
  operation: 'get' | 'put' | 'delete';
  key: string;
  error?: unknown;
}

export interface SessionManagerOptions {
  /** What keys begin with. Managers with different prefixes share nothing, in one namespace too. */
  prefix?: string;
  /** Lifetime of a session in seconds, fixed at its creation; at least 60. */
  ttlSeconds?: number;
  /** Longest lifetime accepted, in seconds. */
  maxTtlSeconds?: number;
  /**
   * End a session that was not verified for so many seconds, at least 300; 0: never. Where it was 0
   * before, that ends older sessions that are in use, too.
   */
  idleTimeoutSeconds?: number;
  /**
   * How long a location may serve a read from its cache, at least 30. The platform's own is 60, which
   * is also that of idle times.
   */
  cacheTtlSeconds?: number;
  /** Lets idle times be written after the response: `(promise) => ctx.waitUntil(promise)`. */
  waitUntil?: (promise: Promise<unknown>) => void;
  /** Told of corrupt records and KV failures that were survived. Default: console.warn. */
  onProblem?: (problem: SessionProblem) => void;
  /** The clock, in milliseconds; for tests. */
  now?: () => number;
}

export interface NewSessionOptions<D> {
  /** What the application wants to know of the session, such as rights. Must be JSON. */
  data: D;
  /** Lifetime in seconds; the manager's own when not given. */
  ttlSeconds?: number;
}

/** @deprecated Give create() and rotate() `data`. */
export interface CreateSessionOptions {
  ttlSeconds?: number;
  /** Becomes `data.admin`; default false. */
  admin?: boolean;
}

/** Calls without data, as the first version had them, unless data have a type of their own. */
type WithoutData<D> = unknown extends D ? [options?: number | CreateSessionOptions] : never;

export interface DestroyAllResult {
  deleted: number;
  /** False when records are left to delete; their sessions are invalid all the same. */
  complete: boolean;
}

/**
 * `after` has the revocations known at the creation, newest first; the first version had none. `root` and
 * `since` are the id and the creation of the session that a rotated one came from at first.
 */
interface Stored extends Omit<SessionData, 'data'> {
  v: 1;
  data?: unknown;
  after?: string[] | undefined;
  root?: string | undefined;
  since?: string | undefined;
}

const MIN_TTL = 60;
const MAX_REVOCATIONS = 5;
/** Clocks of two locations may differ by this much. */
const SKEW_MS = 5 * 60_000;
/** How long to wait with another try after an idle time could not be written. */
const RETRY_MS = 10_000;
/** How long KV may take for an operation. */
const KV_MS = 5000;
const TOKEN = /^([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}$/;
/** When sessions were last used in this isolate, and when to write that next. */
const MAX_USED = 5000;
const used = new Map<string, { at: number; next: number }>();

/** The token in the request's cookie, or null. Two cookies of the name are one too many: null. */
export function sessionToken(request: { headers: { get(name: string): string | null } }): string | null {
  // Only what browsers trim is trimmed: a name behind other blanks is another name to them.
  const cookies = (request.headers.get('Cookie') ?? '').split(';').map((c) => c.replace(/^[ \t]+|[ \t]+$/g, ''));
  const [found, ...more] = cookies.filter((c) => c.startsWith(`${COOKIE}=`));
  return found === undefined || more.length > 0 ? null : found.slice(COOKIE.length + 1);
}

/** The Set-Cookie header for what create() and rotate() return. */
export function sessionCookie(token: string, expiresAt: string, now = Date.now()): string {
  const left = Math.ceil((Date.parse(expiresAt) - now) / 1000);
  if (tagOf(token) === null || Number.isNaN(left)) throw new TypeError('sessionCookie: wants a token and its expiresAt');
  return `${COOKIE}=${token}; ${COOKIE_ATTRIBUTES}; Max-Age=${Math.max(0, left)}`;
}

/** The Set-Cookie header that signs out. */
export function clearCookie(): string {
  return `${COOKIE}=; ${COOKIE_ATTRIBUTES}; Max-Age=0`;
}

/**
 * Whether no other site made the browser send this request. Browsers say where a request comes from;
 * a program that says nothing has no user's cookies to misuse, and passes. Behind a proxy that changes
 * the host, compare Origin with the origin of the site instead.
 */
export function sameOrigin(request: { url: string; headers: { get(name: string): string | null } }): boolean {
  const [origin, site] = ['Origin', 'Sec-Fetch-Site'].map((name) => request.headers.get(name));
  // "null" also stands for the own origin, where the site has the Referrer-Policy no-referrer.
  if (origin !== null && origin !== 'null') return origin === new URL(request.url).origin;
  return site === 'same-origin' || (origin === null && (site === 'none' || site === null));
}

export class SessionManager<D extends Json<D> = unknown> {
  readonly #kv: SessionKv;
  readonly #options;
  /** The last revocation made through this instance, for a create() right after it. */
  readonly #revoked = new Map<string, string>();

  constructor(kv: SessionKv, options: SessionManagerOptions = {}) {
    if (typeof (kv as SessionKv | undefined)?.get !== 'function')
      throw new TypeError(
        `SessionManager: env.${BINDING} is missing: not bound in this environment, or Pages has no pages_build_output_dir`,
      );
    const { cacheTtlSeconds: ttl } = options;
    const read = ttl === undefined ? {} : { cacheTtl: seconds(ttl, 30, Number.MAX_SAFE_INTEGER, 'cacheTtlSeconds') };
    this.#kv = {
      get: (key, given = read) => limited(kv.get(key, given)),
      put: (...entry) => limited(kv.put(...entry)),
      delete: (key) => limited(kv.delete(key)),
      list: (page) => limited(kv.list(page)),
    };
    const maxTtl = seconds(options.maxTtlSeconds ?? MAX_TTL_SECONDS, MIN_TTL, Number.MAX_SAFE_INTEGER, 'maxTtlSeconds');
    const idle = options.idleTimeoutSeconds ?? IDLE_TIMEOUT_SECONDS;
    this.#options = {
      prefix: options.prefix ?? PREFIX,
      maxTtl,
      ttl: seconds(options.ttlSeconds ?? Math.min(TTL_SECONDS, maxTtl), MIN_TTL, maxTtl, 'ttlSeconds'),
      idle: idle && seconds(idle, 300, maxTtl, 'idleTimeoutSeconds') * 1000,
      waitUntil: options.waitUntil,
      report: options.onProblem ?? ((p) => console.warn(`SessionManager: ${p.kind} problem in ${p.operation}`, p.error)),
      now: options.now ?? Date.now,
    };
    if (this.#options.prefix === '') throw new TypeError('SessionManager: prefix must not be empty');
  }

  /** Starts a session. Call it after every login: never reuse a token that came in. */
  async create(username: string, options: NewSessionOptions<D>): Promise<NewSession>;
  /** @deprecated Give it `data`; then it also tells when the session ends. */
  async create(username: string, ...options: WithoutData<D>): Promise<string>;
  async create(username: string, options: number | CreateSessionOptions | NewSessionOptions<D> = {}) {
    const given = typeof options === 'number' ? { ttlSeconds: options } : options;
    const tag = await userTag(username);
    const life = this.#life(given.ttlSeconds ?? this.#options.ttl);
    const data = 'data' in given ? given.data : { admin: 'admin' in given && given.admin === true };
    const after = await this.#revocations(tag);
    const now = this.#options.now();
    const made = await this.#start(tag, { username, data, after }, now, now + life);
    return 'data' in given ? made : made.token;
  }

  /** The session, or null. Rejects only when KV fails: answer 503 then, and keep the cookie. */
  async verify(token: string | null | undefined): Promise<SessionData<D> | null> {
    const found = await this.#open(token);
    if (found === null) return null;
    const { username, data, createdAt, admin, end } = found;
    return { username, data: data as D, createdAt, expiresAt: new Date(end).toISOString(), admin };
  }

  /** Ends one session, and what came from it by rotating. Rejects when KV refuses, for then it lives on. */
  async destroy(token: string | null | undefined): Promise<void> {
    const tag = tagOf(token);
    if (tag !== null) await this.#end(tag, await hash(token as string));
  }

  /** Ends the session that list() shows with this id. */
  async destroyById(username: string, id: string): Promise<void> {
    if (!/^[A-Za-z0-9_-]{43}$/.test(id)) throw new TypeError('SessionManager: an id is what list() shows');
    await this.#end(await userTag(username), id);
  }

  /**
   * Replaces a good token by a new one, after a change of rights; the session ends when it would have
   * ended. Null when the old one is not good. If the old one cannot be deleted that is reported.
   */
  async rotate(token: string | null | undefined, options: NewSessionOptions<D>): Promise<NewSession | null>;
  /** @deprecated Give it `data`; then it also tells when the session ends. */
  async rotate(token: string | null | undefined, ...options: WithoutData<D>): Promise<string | null>;
  async rotate(token: string | null | undefined, options: number | CreateSessionOptions | NewSessionOptions<D> = {}) {
    const given = typeof options === 'number' ? { ttlSeconds: options } : options;
    const old = await this.#open(token);
    if (old === null) return null;
    const now = this.#options.now();
    const end = Math.min(old.end, now + this.#life(given.ttlSeconds ?? this.#options.maxTtl));
    const data = 'data' in given ? given.data : 'admin' in given ? { admin: given.admin === true } : old.data;
    // With the revocations of the old one: a token that was revoked elsewhere must not outlive that.
    const { tag, key, username, after, root, since = old.createdAt } = old;
    const made = await this.#start(tag, { username, data, after, root, since }, now, end);
    await this.#survive('delete', key, this.#kv.delete(key));
    return 'data' in given ? made : made.token;
  }

  /**
   * The user's sessions as KV lists them: one made seconds ago may be missing. One that is idle is shown, and
   * one that was made by rotating another where its end was not visible yet.
   */
  async list(username: string, limit = 100): Promise<SessionSummary[]> {
    const tag = await userTag(username);
    const revoked = await this.#kv.get(this.#key('revoked', tag));
    const found: SessionSummary[] = [];
    for (const { name, metadata } of (await this.#listed(tag)).keys) {
      const { createdAt = '', expiresAt = '', since, after } = (metadata ?? {}) as Partial<Stored>;
      const end = this.#endOf({ createdAt, expiresAt, since });
      if (!(end > this.#options.now()) || isRevoked(createdAt, after, revoked)) continue;
      found.push({ id: name.slice(this.#key(tag, '').length), createdAt, expiresAt: new Date(end).toISOString() });
    }
    return found.slice(0, limit);
  }

  /**
   * Ends every session of a user, also those KV does not list yet: a new revocation is written first,
   * and verify() refuses sessions that were created without knowing it. Then the listed keys are deleted.
   */
  async destroyAll(username: string, maxKeys = 500): Promise<DestroyAllResult> {
    const tag = await userTag(username);
    // Reads elsewhere may show an earlier revocation for a while, so a few of them are kept.
    const id = random(8);
    const all = [id, ...(await this.#revocations(tag))].slice(0, MAX_REVOCATIONS);
    const expirationTtl = this.#options.maxTtl + MIN_TTL;
    // KV takes one write a second for a key, and others may be waiting for theirs.
    const write = (tries: number): Promise<void> =>
      this.#kv.put(this.#key('revoked', tag), all.join(), { expirationTtl }).catch(async (error: unknown) => {
        if (tries === 1) throw error;
        await new Promise((done) => setTimeout(done, 1100));
        return write(tries - 1);
      });
    await limited(write(4));
    this.#revoked.set(tag, id);
    const { keys, complete } = await this.#listed(tag);
    let deleted = 0;
    // An invocation has six connections.
    for (let i = 0; i < Math.min(keys.length, maxKeys); i += 5) {
      const some = keys.slice(i, Math.min(i + 5, maxKeys));
      const done = await Promise.all(some.map(({ name }) => this.#survive('delete', name, this.#kv.delete(name))));
      deleted += done.filter(Boolean).length;
    }
    return { deleted, complete: complete && deleted === keys.length };
  }

  async #start(tag: string, session: Omit<Stored, 'v' | 'admin' | 'createdAt' | 'expiresAt'>, now: number, end: number) {
    if (JSON.stringify(session.data) === undefined) throw new TypeError('SessionManager: data must be JSON');
    const token = `${tag}.${random(32)}`;
    const [createdAt, expiresAt] = [now, end].map((time) => new Date(time).toISOString()) as [string, string];
    const times = { createdAt, expiresAt, since: session.since };
    // `admin` stands beside `data` for the first version, which may still run during a deployment.
    const stored: Stored = { v: 1, admin: isAdmin(session.data), ...session, ...times };
    await this.#kv.put(this.#key(tag, await hash(token)), JSON.stringify(stored), {
      expirationTtl: Math.max(MIN_TTL, Math.ceil((end - now) / 1000)),
      metadata: { ...times, after: session.after },
    });
    return { token, expiresAt };
  }

  /**
   * The mark counts elsewhere for a session that is made by rotate() from a read older than the delete. An
   * unknown id costs no write and no delete, for anybody can send one.
   */
  async #end(tag: string, id: string): Promise<void> {
    const key = this.#key(tag, id);
    const text = await this.#kv.get(key).catch((error: unknown) => {
      // It can be ended without a mark, too.
      this.#options.report({ kind: 'kv', operation: 'get', key, error });
      return '';
    });
    if (text === null) return;
    const session = parse(text);
    const left = session === null ? 0 : Math.ceil((this.#endOf(session) - this.#options.now()) / 1000);
    const ended = this.#key('ended', tag, session?.root ?? id);
    const mark = () => this.#survive('put', ended, this.#kv.put(ended, '1', { expirationTtl: left + MIN_TTL }));
    await Promise.all([this.#kv.delete(key), left > 0 && mark()]);
  }

  async #open(token: string | null | undefined) {
    const tag = tagOf(token);
    if (tag === null) return null;
    const id = await hash(token as string);
    const [key, seenKey] = [this.#key(tag, id), this.#key('seen', tag, id)];
    const [text, revoked, seen] = await Promise.all([
      this.#kv.get(key),
      this.#kv.get(this.#key('revoked', tag)),
      this.#options.idle === 0 ? null : this.#kv.get(seenKey, {}),
    ]);
    if (text === null) return null;
    const session = parse(text);
    if (session === null)
      this.#options.report({ kind: 'corrupt', operation: 'get', key, error: new TypeError('not a session') });
    if (session === null || (await userTag(session.username)) !== tag) return null;
    const [now, created, end] = [this.#options.now(), Date.parse(session.createdAt), this.#endOf(session)];
    if (created > now + SKEW_MS || end <= now || isRevoked(session.createdAt, session.after, revoked)) return null;
    const { root = id } = session;
    if (root !== id && (await this.#kv.get(this.#key('ended', tag, root))) !== null) return null;
    if (!(await this.#use(seenKey, created, Number(seen ?? NaN), now))) return null;
    const data = session.data === undefined ? { admin: session.admin } : session.data;
    const after = session.after ?? revocations(revoked);
    return { ...session, data, admin: isAdmin(data), after, root, tag, key, end };
  }

  /**
   * Whether the session was used in time; if so it was used again now. That has a key of its own, which
   * expires, so that writing it can never bring a destroyed session back.
   */
  async #use(key: string, created: number, mark: number, now: number): Promise<boolean> {
    const { idle, waitUntil, report } = this.#options;
    if (idle === 0) return true;
    const stored = mark > created && mark <= now + SKEW_MS ? mark : created;
    const use = used.get(key) ?? { at: 0, next: 0 };
    if (now - Math.max(stored, use.at) > idle) return false;
    use.at = now;
    used.delete(key);
    used.set(key, use);
    if (used.size > MAX_USED) used.delete(used.keys().next().value as string);
    if (now - stored <= idle / 2 || now < use.next) return true;
    use.next = now + RETRY_MS;
    const put = this.#kv.put(key, String(now), { expirationTtl: idle / 1000 + MIN_TTL });
    const write = this.#survive('put', key, put).then((ok) => void (ok && (use.next = now + idle / 2)));
    if (waitUntil === undefined) await write;
    else {
      // It fails if it is `ctx.waitUntil` without its `ctx`.
      const given = new Promise((done) => done(waitUntil(write)));
      given.catch((error: unknown) => report({ kind: 'kv', operation: 'put', key, error }));
    }
    return true;
  }

  async #survive(operation: 'put' | 'delete', key: string, work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      this.#options.report({ kind: 'kv', operation, key, error });
      return false;
    }
  }

  async #listed(tag: string) {
    const keys: Listed['keys'] = [];
    for (let page = 0, cursor: string | null = null; page < 10; page++) {
      const listed: Listed = await this.#kv.list({ prefix: this.#key(tag, ''), cursor });
      keys.push(...listed.keys);
      if (listed.list_complete) return { keys, complete: true };
      cursor = listed.cursor ?? null;
    }
    return { keys, complete: false };
  }

  async #revocations(tag: string): Promise<string[]> {
    const [own, stored] = [this.#revoked.get(tag), revocations(await this.#kv.get(this.#key('revoked', tag)))];
    return own === undefined || stored.includes(own) ? stored : [own, ...stored].slice(0, MAX_REVOCATIONS);
  }

  /** A lifetime in milliseconds. */
  #life(given: number): number {
    return seconds(given, MIN_TTL, this.#options.maxTtl, 'ttlSeconds') * 1000;
  }

  /**
   * Of a session: its user's tag and its id. No tag looks like the words before it in other keys: `revoked` for
   * the ids of a user's latest destroyAll() calls, newest first; `ended` for the mark of destroy(); `seen`.
   */
  #key(...parts: string[]): string {
    return this.#options.prefix + parts.join(':');
  }

  /** A maxTtlSeconds lowered later also ends older sessions, so none outlives its revocation record. */
  #endOf({ createdAt, expiresAt, since = createdAt }: Pick<Stored, 'createdAt' | 'expiresAt' | 'since'>): number {
    return Math.min(Date.parse(expiresAt), Date.parse(since) + this.#options.maxTtl * 1000);
  }
}

/** The first version wrote the time of a revocation. An unreadable one ends sessions rather than none. */
function isRevoked(createdAt: string, after: string[] | undefined, revoked: string | null): boolean {
  if (revoked === null) return false;
  if (after !== undefined) return !after.includes(revocations(revoked)[0] ?? '');
  return !(/^\d+$/.test(revoked) && Date.parse(createdAt) > Number(revoked));
}

/** The ids in a revocation record. What is no such record counts as some that fit into metadata. */
function revocations(text: string | null): string[] {
  return text === null ? [] : text.split(',', MAX_REVOCATIONS).map((id) => id.slice(0, 16));
}

/** KV that does not answer has failed. */
function limited<R>(work: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, KV_MS, new Error('KV does not answer'));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function isAdmin(data: unknown): boolean {
  return (data as { admin?: unknown } | null | undefined)?.admin === true;
}

function tagOf(token: unknown): string | null {
  return (typeof token === 'string' ? TOKEN.exec(token)?.[1] : undefined) ?? null;
}

function parse(text: string): Stored | null {
  try {
    const s = JSON.parse(text) as Stored | null;
    if (s?.v !== 1 || typeof s.admin !== 'boolean' || typeof s.username !== 'string' || s.username === '') return null;
    const isDate = (date: unknown) => typeof date === 'string' && Number.isFinite(Date.parse(date));
    return [s.createdAt, s.expiresAt, s.since ?? s.createdAt].every(isDate) && (s.after === undefined || Array.isArray(s.after)) ? s : null;
  } catch {
    return null;
  }
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

async function hash(token: string): Promise<string> {
  return base64url(await digest(token));
}

async function userTag(username: string): Promise<string> {
  if (typeof username !== 'string' || username === '')
    throw new TypeError('SessionManager: username must not be empty');
  return base64url((await digest(`user:${username}`)).subarray(0, 16));
}

function random(bytes: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function seconds(value: number, min: number, max: number, name: string): number {
  if (typeof value !== 'number' || !(value >= min && value <= max))
    throw new RangeError(`SessionManager: ${name} must be ${min} to ${max} seconds, got ${String(value)}`);
  return Math.floor(value);
}
