/** Which types ConfigCache takes: those whose values JSON gives back as they were. Compiled only, in a scaffolded project. */
import { ConfigCache, type CacheKv, type Json } from './lib/kv/cache.js';
import { SessionManager, type SessionKv } from './lib/kv/sessions.js';

declare const kv: CacheKv;
declare const store: SessionKv;

interface Profile {
  title: string;
  links: { href: string; label?: string }[];
  parent?: Profile;
}
interface Tree {
  readonly kids: readonly Tree[];
  byName: Record<string, Tree>;
  up?: Tree | undefined;
}
type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
type Mixed = string | Mixed[] | Profile;
declare enum Kind {
  Page,
  Post,
}
type Id = string & { readonly brand: 'id' };
class Point {
  x = 1;
  double() {
    return 2 * this.x;
  }
}

export const taken = [
  new ConfigCache(kv),
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  new ConfigCache<any>(kv),
  new ConfigCache<Profile>(kv),
  new ConfigCache<Profile[]>(kv),
  new ConfigCache<Profile | null>(kv),
  new ConfigCache<Partial<Profile>>(kv),
  new ConfigCache<Pick<Profile, 'title'> & { n: number }>(kv),
  new ConfigCache<Tree>(kv),
  new ConfigCache<Value>(kv),
  new ConfigCache<Mixed>(kv),
  new ConfigCache<Kind>(kv),
  new ConfigCache<{ id: Id; kind: Kind; state: 'on' | 'off'; rest: unknown }>(kv),
  new ConfigCache<{ kind: 'a'; n: number } | { kind: 'b'; s?: string }>(kv),
  new ConfigCache<readonly [string, number]>(kv),
  new ConfigCache<Record<string, unknown>>(kv),
  new ConfigCache<object>(kv),
  new ConfigCache<string>(kv),
  // What types do not show.
  new ConfigCache<Error>(kv),
  new ConfigCache<{ [Symbol.iterator]: string; title: string }>(kv),
];

export const refused = [
  // @ts-expect-error
  new ConfigCache<Date>(kv),
  // @ts-expect-error
  new ConfigCache<{ at: Date }>(kv),
  // @ts-expect-error
  new ConfigCache<{ at?: Date }>(kv),
  // @ts-expect-error
  new ConfigCache<{ at: Date | string }>(kv),
  // @ts-expect-error
  new ConfigCache<{ deep: { list: { at: Date }[] } }>(kv),
  // @ts-expect-error
  new ConfigCache<Set<string>>(kv),
  // @ts-expect-error
  new ConfigCache<{ map: Map<string, number> }>(kv),
  // @ts-expect-error
  new ConfigCache<Record<string, Date>>(kv),
  // @ts-expect-error
  new ConfigCache<[Date]>(kv),
  // @ts-expect-error
  new ConfigCache<Uint8Array>(kv),
  // @ts-expect-error
  new ConfigCache<Point>(kv),
  // @ts-expect-error
  new ConfigCache<{ run(): void }>(kv),
  // @ts-expect-error
  new ConfigCache<() => void>(kv),
  // @ts-expect-error
  new ConfigCache<Promise<string>>(kv),
  // @ts-expect-error
  new ConfigCache<bigint>(kv),
  // @ts-expect-error
  new ConfigCache<symbol>(kv),
  // @ts-expect-error
  new ConfigCache<undefined>(kv),
  // @ts-expect-error
  new ConfigCache<void>(kv),
  // @ts-expect-error
  new ConfigCache<{ title: string | undefined }>(kv),
  // @ts-expect-error
  new ConfigCache<(string | undefined)[]>(kv),
  // @ts-expect-error
  new ConfigCache<[string, number?]>(kv),
];

/** A type parameter is passed on. */
export async function use<T extends Json<T>>(value: T): Promise<T | null> {
  const cache = new ConfigCache<T>(kv);
  await cache.set('bob', value);
  return cache.getOrLoad('bob', () => value);
}

/** Also one of which nothing is known, as in code that is older than the constraint. */
export function make<T>(): ConfigCache<T> {
  return new ConfigCache<T>(kv);
}
export function read<T extends object>(cache: ConfigCache<T>): Promise<T | null> {
  return cache.get('bob');
}

/** Data of sessions have the same constraint. */
export const sessions = [
  new SessionManager(store),
  new SessionManager<Profile>(store),
  new SessionManager<object>(store),
  // @ts-expect-error
  new SessionManager<{ since: Date }>(store),
  // @ts-expect-error
  new SessionManager<{ roles: Set<string> }>(store),
];
export const manager = <D>(): SessionManager<D> => new SessionManager<D>(store);

/** Loaders may be synchronous, and find nothing. */
export async function load(cache: ConfigCache<Profile>): Promise<(Profile | null)[]> {
  const rows = new Map<string, Profile>();
  return [
    await cache.getOrLoad('bob', () => rows.get('bob')),
    await cache.getOrLoad('bob', async () => rows.get('bob')),
    await cache.getOrLoad('bob', () => null),
    // @ts-expect-error
    await cache.getOrLoad('bob', () => ({ name: 1 })),
  ];
}
