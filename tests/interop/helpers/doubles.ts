/** Test doubles around a real binding, for what the local runtime does not simulate. */

/** What of a binding the helpers use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Kv = any;

type Operation = 'get' | 'put' | 'delete' | 'list';

/** A clock that goes on when it is told to. */
export class Clock {
  constructor(public time = Date.now()) {}
  now = () => this.time;
  add(seconds: number) {
    this.time += seconds * 1000;
  }
}

/** Counts operations, and fails those that `fail` picks. */
export class FaultyKv {
  counts: Record<Operation, number> = { get: 0, put: 0, delete: 0, list: 0 };

  constructor(
    private kv: Kv,
    private fail: (operation: Operation, key: string) => Error | null = () => null,
  ) {}

  private count(operation: Operation, key: string) {
    this.counts[operation]++;
    const error = this.fail(operation, key);
    if (error) throw error;
  }

  async get(key: string, options?: object) {
    this.count('get', key);
    return this.kv.get(key, options);
  }
  async getWithMetadata(key: Kv, options?: object) {
    this.count('get', String(key));
    return this.kv.getWithMetadata(key, options);
  }
  async put(key: string, value: string, options?: object) {
    this.count('put', key);
    return this.kv.put(key, value, options);
  }
  async delete(key: string) {
    this.count('delete', key);
    return this.kv.delete(key);
  }
  async list(options?: { prefix?: string }) {
    this.count('list', options?.prefix ?? '');
    return this.kv.list(options);
  }
}

/** A namespace in memory, whose reads all answer in the same turn of the event loop. */
export function inMemory(): Kv {
  const values = new Map<string, string>();
  return {
    get: async (key: string) => values.get(key) ?? null,
    put: async (key: string, value: string) => void values.set(key, value),
    delete: async (key: string) => void values.delete(key),
  };
}

/** Refuses these operations. */
export const refusing = (kv: Kv, ...operations: Operation[]) =>
  new FaultyKv(kv, (operation) => (operations.includes(operation) ? new Error(`KV ${operation} failed: 429`) : null));

/** What `work` has console.warn say. */
export async function warnings(work: () => Promise<unknown>): Promise<unknown[][]> {
  const { warn } = console;
  const said: unknown[][] = [];
  console.warn = (...args) => void said.push(args);
  try {
    await work();
  } finally {
    console.warn = warn;
  }
  return said;
}

/** What `work` costs, as the tables in the headers have it. */
export async function cost(counted: FaultyKv, work: () => Promise<unknown>): Promise<string[]> {
  const before = { ...counted.counts };
  await work();
  return (['get', 'put', 'delete'] as const).map((operation) => String(counted.counts[operation] - before[operation]));
}

/** How often the free plan allows in a day what costs so much, as the tables in the headers have it. */
export function aDay(costs: string[]): string {
  const most = Math.min(...costs.map((n, i) => Math.floor([100_000, 1000, 1000][i]! / Number(n))));
  return most === Infinity ? '' : most.toLocaleString('en-US');
}

/** A namespace that is down. */
export const down = (kv: Kv, what = 'GET') => new FaultyKv(kv, () => new Error(`KV ${what} failed: 503`)) as Kv;

/** Another object for the same binding. */
export const wrapped = (kv: Kv) => new FaultyKv(kv) as Kv;

/** Refuses a put of a key within a second of the last one, as the network does. */
export function onePutASecond(now: () => number) {
  const last = new Map<string, number>();
  return (operation: Operation, key: string) => {
    if (operation !== 'put') return null;
    if (now() - (last.get(key) ?? -Infinity) < 1000) return new Error('KV PUT failed: 429 Too Many Requests');
    last.set(key, now());
    return null;
  };
}

/**
 * One location's view of a shared namespace: reads, hits and misses alike, are cached for 60 s of the
 * clock. `sticky`: also over the location's own writes, which the service does not rule out.
 */
export class Location {
  private cache = new Map<string, { value: unknown; until: number }>();

  constructor(
    private kv: Kv,
    private clock: Clock,
    private sticky = false,
  ) {}

  private async read(key: string, load: () => Promise<unknown>) {
    const cached = this.cache.get(key);
    if (cached && cached.until > this.clock.time) return cached.value;
    const value = await load();
    this.cache.set(key, { value, until: this.clock.time + 60_000 });
    return value;
  }
  private forget(key: string) {
    if (this.sticky) return;
    this.cache.delete(`get ${key}`);
    this.cache.delete(`meta ${key}`);
  }

  get(key: string, options?: object) {
    return this.read(`get ${key}`, () => this.kv.get(key, options));
  }
  getWithMetadata(key: string, options?: object) {
    return this.read(`meta ${key}`, () => this.kv.getWithMetadata(key, options));
  }
  async put(key: string, value: string, options?: object) {
    await this.kv.put(key, value, options);
    this.forget(key);
  }
  async delete(key: string) {
    await this.kv.delete(key);
    this.forget(key);
  }
  list(options?: object) {
    return this.kv.list(options);
  }
}

/** How many seconds a busy machine may take between a write and a look at it. */
export const SLACK = 50;

/** The names of the keys with a prefix. */
export async function names(kv: Kv, prefix = ''): Promise<string[]> {
  return (await kv.list({ prefix })).keys.map((key: { name: string }) => key.name);
}

/** How long the keys with a prefix live from now, in seconds. */
export async function lifetimes(kv: Kv, prefix: string): Promise<number[]> {
  const keys: { expiration: number }[] = (await kv.list({ prefix })).keys;
  return keys.map((key) => key.expiration - Math.floor(Date.now() / 1000));
}

let count = 0;
/** A name that no other test uses. */
export const fresh = () => `n${count++}-${crypto.randomUUID()}`;

/** Calls `work` so many times, one after the other. */
export async function times<R>(n: number, work: (i: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < n; i++) results.push(await work(i));
  return results;
}

/** Calls `work` so many times at once. */
export const atOnce = <R>(n: number, work: (i: number) => Promise<R>) =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)));

/** A namespace with another `put`. */
export const withPut = (kv: Kv, put: (...args: unknown[]) => Promise<unknown>) =>
  Object.assign(new FaultyKv(kv), { put }) as Kv;
