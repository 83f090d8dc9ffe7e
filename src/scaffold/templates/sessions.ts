/**
 * SessionManager: sessions on a Workers KV namespace.
 *
 *   const sessions = new SessionManager(env.SESSIONS);
 *   const token = await sessions.create(username);    // after the login was checked
 *   const session = await sessions.verify(token);     // null: not signed in
 *
 * Make one instance for each request; that is cheap. Send the token as a cookie such as
 * `__Host-session=TOKEN; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=86400`.
 *
 * The token is a random secret that only the client keeps; KV holds its SHA-256, so whoever can list
 * keys cannot sign in. KV is eventually consistent: destroy() and destroyAll() usually take effect at
 * once where they ran, and elsewhere within 60 seconds or more. Where that is too slow, check the
 * revocation in a Durable Object or in D1 before the sensitive action. A session costs one write,
 * a check two reads; the free plan has 1,000 writes a day for the account.
 */

/** Defaults of this project; the constructor takes others. */
const PREFIX = 'session:';
const TTL_SECONDS = 86400;
const MAX_TTL_SECONDS = 2592000;
const IDLE_TIMEOUT_SECONDS = 0;

export interface SessionData {
  username: string;
  admin: boolean;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601. Decides, not KV's own expiry, which a copied namespace may have lost. */
  expiresAt: string;
}

export interface SessionSummary {
  /** SHA-256 of the token; tells sessions apart and opens none. */
  id: string;
  createdAt: string;
  expiresAt: string;
}

/** The part of KVNamespace this file uses; any KVNamespace binding fits. */
export interface SessionKv {
  get(key: string, options?: { cacheTtl?: number }): Promise<string | null>;
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list<M = unknown>(options?: { prefix?: string; limit?: number; cursor?: string }): Promise<{
    keys: { name: string; metadata?: M }[];
    list_complete: boolean;
    cursor?: string;
  }>;
}

export interface SessionManagerOptions {
  /** What keys begin with. Managers with different prefixes share nothing, in one namespace too. */
  prefix?: string;
  /** Lifetime of a session in seconds, fixed at its creation; at least 60. */
  ttlSeconds?: number;
  /** Longest lifetime accepted, in seconds. */
  maxTtlSeconds?: number;
  /** End a session that was not verified for so many seconds, at least 300; 0: never. */
  idleTimeoutSeconds?: number;
  /** How long a location may serve a read from its cache, at least 30. The platform's own is 60. */
  cacheTtlSeconds?: number;
  /** The clock, in milliseconds; for tests. */
  now?: () => number;
}

export interface CreateSessionOptions {
  /** Lifetime in seconds; the manager's own when not given. */
  ttlSeconds?: number;
  /** Default false: rights are granted on purpose, never by default. */
  admin?: boolean;
}

export interface DestroyAllResult {
  deleted: number;
  /** False when records are left to delete; their sessions are invalid all the same. */
  complete: boolean;
}

interface Stored extends SessionData {
  v: 1;
}

const MIN_TTL = 60;
/** Clocks of two locations may differ by this much. */
const SKEW_MS = 5 * 60_000;
const TOKEN = /^([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}$/;

export class SessionManager {
  readonly #kv: SessionKv;
  readonly #prefix: string;
  readonly #ttl: number;
  readonly #maxTtl: number;
  readonly #idle: number | undefined;
  readonly #read: { cacheTtl?: number };
  readonly #now: () => number;
  /** Revocations made through this instance, for a create() right after them. */
  readonly #revoked = new Map<string, number>();

  constructor(kv: SessionKv, options: SessionManagerOptions = {}) {
    this.#kv = kv;
    this.#prefix = options.prefix ?? PREFIX;
    if (this.#prefix === '') throw new TypeError('SessionManager: prefix must not be empty');
    this.#maxTtl = seconds(options.maxTtlSeconds ?? MAX_TTL_SECONDS, MIN_TTL, Number.MAX_SAFE_INTEGER, 'maxTtlSeconds');
    this.#ttl = seconds(options.ttlSeconds ?? Math.min(TTL_SECONDS, this.#maxTtl), MIN_TTL, this.#maxTtl, 'ttlSeconds');
    const idle = options.idleTimeoutSeconds ?? IDLE_TIMEOUT_SECONDS;
    this.#idle = idle === 0 ? undefined : seconds(idle, 300, this.#maxTtl, 'idleTimeoutSeconds');
    this.#read =
      options.cacheTtlSeconds === undefined
        ? {}
        : { cacheTtl: seconds(options.cacheTtlSeconds, 30, Number.MAX_SAFE_INTEGER, 'cacheTtlSeconds') };
    this.#now = options.now ?? Date.now;
  }

  /** Starts a session and returns its token. Call it after every login: never reuse a token that came in. */
  async create(username: string, options: number | CreateSessionOptions = {}): Promise<string> {
    if (typeof username !== 'string' || username === '')
      throw new TypeError('SessionManager: username must not be empty');
    const given = typeof options === 'number' ? { ttlSeconds: options } : options;
    const life = seconds(given.ttlSeconds ?? this.#ttl, MIN_TTL, this.#maxTtl, 'ttlSeconds');
    const tag = await userTag(username);
    const created = Math.max(this.#now(), (this.#revoked.get(tag) ?? 0) + 1);
    const token = `${tag}.${base64url(crypto.getRandomValues(new Uint8Array(32)))}`;
    const stored: Stored = {
      v: 1,
      username,
      admin: given.admin === true,
      createdAt: new Date(created).toISOString(),
      expiresAt: new Date(created + life * 1000).toISOString(),
    };
    await this.#kv.put(this.#key(tag, await hash(token)), JSON.stringify(stored), {
      expirationTtl: life,
      metadata: { createdAt: stored.createdAt, expiresAt: stored.expiresAt },
    });
    return token;
  }

  /** The session, or null. Rejects only when KV fails: answer 503 then, and keep the cookie. */
  async verify(token: string): Promise<SessionData | null> {
    const tag = tagOf(token);
    if (tag === null) return null;
    const id = await hash(token);
    const [text, revoked, seen] = await Promise.all([
      this.#kv.get(this.#key(tag, id), this.#read),
      this.#kv.get(this.#revokedKey(tag), this.#read),
      this.#idle === undefined ? null : this.#kv.get(this.#seenKey(tag, id), this.#read),
    ]);
    const session = text === null ? null : parse(text);
    if (session === null || (await userTag(session.username)) !== tag) return null;
    const now = this.#now();
    const created = Date.parse(session.createdAt);
    if (created > now + SKEW_MS || this.#endOf(session, created) <= now || isRevoked(created, revoked)) return null;
    if (this.#idle !== undefined) {
      const mark = Number(seen ?? NaN);
      const last = mark > created && mark <= now + SKEW_MS ? mark : created;
      if (now - last > this.#idle * 1000) return null;
      if (now - last > this.#idle * 500) {
        // Only this side key is renewed, so a renewal can never bring a destroyed session back.
        try {
          await this.#kv.put(this.#seenKey(tag, id), String(now), { expirationTtl: this.#idle + MIN_TTL });
        } catch {
          // The next request tries again; until the timeout the session stays good.
        }
      }
    }
    const { username, admin, createdAt, expiresAt } = session;
    return { username, admin, createdAt, expiresAt };
  }

  /** Ends one session. Rejects when KV refuses, for then the session lives on. */
  async destroy(token: string): Promise<void> {
    const tag = tagOf(token);
    if (tag === null) return;
    const id = await hash(token);
    await this.#kv.delete(this.#key(tag, id));
    // What is left of it means nothing without the session, and expires.
    if (this.#idle !== undefined) await this.#kv.delete(this.#seenKey(tag, id)).catch(() => undefined);
  }

  /** Replaces a good token by a new one (after a change of rights). Null when the old one is not good. */
  async rotate(token: string, options: CreateSessionOptions = {}): Promise<string | null> {
    const session = await this.verify(token);
    if (session === null) return null;
    const next = await this.create(session.username, { admin: session.admin, ...options });
    await this.destroy(token);
    return next;
  }

  /** The user's sessions as KV lists them: one made seconds ago may be missing. */
  async list(username: string, limit = 100): Promise<SessionSummary[]> {
    const tag = await userTag(username);
    const prefix = this.#key(tag, '');
    const revoked = await this.#kv.get(this.#revokedKey(tag), this.#read);
    const found: SessionSummary[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 10 && found.length < limit; page++) {
      const listed: Awaited<ReturnType<SessionKv['list']>> = await this.#kv.list({
        prefix,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { name, metadata } of listed.keys) {
        const m = (metadata ?? {}) as { createdAt?: unknown; expiresAt?: unknown };
        if (typeof m.createdAt !== 'string' || typeof m.expiresAt !== 'string') continue;
        if (Date.parse(m.expiresAt) <= this.#now() || isRevoked(Date.parse(m.createdAt), revoked)) continue;
        found.push({ id: name.slice(prefix.length), createdAt: m.createdAt, expiresAt: m.expiresAt });
      }
      if (listed.list_complete) break;
      cursor = listed.cursor;
    }
    return found.slice(0, limit);
  }

  /**
   * Ends every session of a user, also those KV does not list yet: a revocation time is written
   * first and verify() compares it with the session's creation. Then the listed keys are deleted.
   */
  async destroyAll(username: string, maxKeys = 500): Promise<DestroyAllResult> {
    const tag = await userTag(username);
    const now = this.#now();
    await this.#kv.put(this.#revokedKey(tag), String(now), { expirationTtl: this.#maxTtl + MIN_TTL });
    this.#revoked.set(tag, now);
    let deleted = 0;
    let cursor: string | undefined;
    for (let page = 0; page < 10; page++) {
      const listed: Awaited<ReturnType<SessionKv['list']>> = await this.#kv.list({
        prefix: this.#key(tag, ''),
        ...(cursor === undefined ? {} : { cursor }),
      });
      const names = listed.keys.map((k) => k.name);
      const worker = async () => {
        for (let name = names.pop(); name !== undefined && deleted < maxKeys; name = names.pop()) {
          deleted++;
          await this.#kv.delete(name);
        }
        return names.length === 0;
      };
      const all = await Promise.all(Array.from({ length: 5 }, worker));
      if (!all.every(Boolean)) return { deleted, complete: false };
      if (listed.list_complete) return { deleted, complete: true };
      cursor = listed.cursor;
    }
    return { deleted, complete: false };
  }

  #key(tag: string, id: string): string {
    return `${this.#prefix}${tag}:${id}`;
  }

  /** Holds when all of a user's sessions were ended, in milliseconds. No tag looks like the word. */
  #revokedKey(tag: string): string {
    return `${this.#prefix}revoked:${tag}`;
  }

  /** Holds when a session was last verified, in milliseconds. */
  #seenKey(tag: string, id: string): string {
    return `${this.#prefix}seen:${tag}:${id}`;
  }

  /** A maxTtlSeconds lowered later also ends older sessions, so none outlives its revocation record. */
  #endOf(session: SessionData, created: number): number {
    return Math.min(Date.parse(session.expiresAt), created + this.#maxTtl * 1000);
  }
}

/** An unreadable revocation record ends the user's sessions rather than none of them. */
function isRevoked(created: number, revoked: string | null): boolean {
  return revoked !== null && !(/^\d+$/.test(revoked) && created > Number(revoked));
}

function tagOf(token: unknown): string | null {
  return (typeof token === 'string' ? TOKEN.exec(token)?.[1] : undefined) ?? null;
}

function parse(text: string): Stored | null {
  try {
    const s = JSON.parse(text) as Partial<Stored> | null;
    return s !== null &&
      s.v === 1 &&
      typeof s.username === 'string' &&
      typeof s.admin === 'boolean' &&
      typeof s.createdAt === 'string' &&
      typeof s.expiresAt === 'string' &&
      Number.isFinite(Date.parse(s.createdAt)) &&
      Number.isFinite(Date.parse(s.expiresAt))
      ? (s as Stored)
      : null;
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
  return base64url((await digest(`user:${username}`)).subarray(0, 16));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function seconds(value: number, min: number, max: number, name: string): number {
  if (typeof value !== 'number' || !(value >= min && value <= max))
    throw new RangeError(`SessionManager: ${name} must be ${min} to ${max} seconds, got ${String(value)}`);
  return Math.floor(value);
}
