import assert from 'node:assert/strict';
import { costs, flows } from 'header/cache';
import { ConfigCache, type CacheProblem } from 'scaffold/cache';
import {
  Clock,
  FaultyKv,
  Location,
  SLACK,
  type Kv,
  atOnce,
  down,
  fresh,
  lifetimes,
  names,
  onePutASecond,
  refusing,
  times,
  withPut,
} from './doubles';

type Bio = { title: string };
const quiet = { onProblem: () => {} };
const cache = (kv: Kv, options = {}) => new ConfigCache<Bio>(kv, { ...quiet, ...options });
const bio = async () => ({ title: 'x' });

/** An instance, and what it reports. */
function reporting(kv: Kv, options = {}): [ConfigCache<Bio>, string[]] {
  const told: string[] = [];
  const onProblem = (p: CacheProblem) => told.push(`${p.kind} ${p.operation}: ${(p.error as Error).message}`);
  return [cache(kv, { ...options, onProblem }), told];
}

/** Work that ends when it is told to, with `value`. */
function held<T>(value: T) {
  let begin = () => {};
  let end = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<T>((resolve) => (end = () => resolve(value)));
  return { work: () => (begin(), ended), begun, end };
}
const never = () => new Promise<never>(() => {});

/** What `work` writes to the log. */
async function logged(work: () => Promise<unknown>): Promise<string> {
  const { warn } = console;
  const lines: unknown[] = [];
  console.warn = (...args: unknown[]) => lines.push(...args);
  try {
    await work();
  } finally {
    console.warn = warn;
  }
  return lines.map((line) => (line instanceof Error ? line.message : String(line))).join('\n');
}

/** One for all requests, as nobody should have it. */
let shared: ConfigCache<Bio> | undefined;

/** Answers a request to /shared/NAME: one that leaves a load unfinished, or one that loads. */
export async function answer(kv: Kv, name: string): Promise<Response> {
  shared ??= cache(kv);
  if (name === 'unfinished') {
    const { work, begun } = held(null);
    shared.getOrLoad('bob', work).catch(() => {});
    await begun;
    return new Response('left');
  }
  return Response.json(await shared.getOrLoad('bob', bio));
}

export const tests: Record<string, (kv: Kv, env: Record<string, Kv>) => Promise<void>> = {
  async 'a value comes back, under the key it is known by, and expires'(kv) {
    const name = fresh();
    await cache(kv).set(name, { title: 'x' }, 600);
    assert.deepEqual(await cache(kv).get(name), { title: 'x' });
    assert.deepEqual(await names(kv, `profile:${name}`), [`profile:${name}`]);
    const [left] = await lifetimes(kv, `profile:${name}`);
    assert.ok(left! > 540 - SLACK && left! <= 600, String(left));
    assert.equal(await cache(kv).get(fresh()), null);
  },
  async 'a corrupt value is a miss, and is reported'(kv) {
    const name = fresh();
    await kv.put(`profile:${name}`, '{"title":');
    const problems: CacheProblem[] = [];
    assert.equal(await cache(kv, { onProblem: (p: CacheProblem) => problems.push(p) }).get(name), null);
    assert.deepEqual(
      problems.map((p) => [p.kind, p.operation]),
      [['corrupt', 'get']],
    );
  },
  async 'without KV reads miss, writes are reported, and invalidate rejects'(kv) {
    const off = cache(down(kv));
    assert.equal(await off.get('bob'), null);
    await off.set('bob', { title: 'x' });
    await assert.rejects(off.invalidate('bob'), /503/);
    assert.deepEqual(await off.getOrLoad('bob', async () => ({ title: 'db' })), { title: 'db' });
  },
  async 'a name that is too long is stored under a hash'(kv) {
    const name = 'é'.repeat(300);
    await cache(kv).set(name, { title: 'long' });
    assert.deepEqual(await cache(kv).get(name), { title: 'long' });
    assert.equal((await names(kv, 'profile:@'))[0]!.length, 'profile:@'.length + 64);
    await cache(kv).invalidate(name);
    assert.equal(await cache(kv).get(name), null);
  },
  async 'a name cannot reach into another prefix'(kv) {
    await cache(kv).set('v2:eve', { title: 'evil' });
    assert.equal(await cache(kv, { prefix: 'profile:v2:' }).get('eve'), null);
    assert.deepEqual(await names(kv, 'profile:v2'), ['profile:v2%3Aeve']);
  },
  async 'a lone surrogate is a name, and an empty one is none'(kv) {
    await cache(kv).set('x\ud800', { title: 'x' });
    assert.deepEqual(await cache(kv).get('x\ud800'), { title: 'x' });
    for (const name of ['', undefined, 5]) await assert.rejects(cache(kv).get(name as never), /^TypeError: ConfigCache: username/);
  },
  async 'a lifetime out of bounds is one clear error'(kv) {
    for (const seconds of [59, 0, -1, NaN, Infinity, 3e9, 100_000, null as never, '600' as never])
      for (const call of [() => cache(kv).set('t', { title: 'x' }, seconds), () => cache(kv).getOrLoad('t', bio, seconds)])
        await assert.rejects(call, RangeError, String(seconds));
    for (const options of [
      { ttlSeconds: 59 },
      { maxTtlSeconds: 2 ** 31 },
      { jitter: 0.6 },
      { cacheTtlSeconds: 29 },
      { negativeTtlSeconds: 5 },
    ])
      assert.throws(() => cache(kv, options), RangeError);
    assert.throws(() => cache(kv, { prefix: '' }), TypeError);
    cache(kv, { maxTtlSeconds: 2 ** 31 - 1 });
    // A shorter maximum shortens the default.
    await cache(kv, { maxTtlSeconds: 600 }).set('t', { title: 'x' });
    await assert.rejects(cache(kv, { maxTtlSeconds: 600 }).set('t', { title: 'x' }, 601), RangeError);
  },
  async 'what has no JSON form is not stored'(kv) {
    const name = fresh();
    for (const value of [undefined, null, () => 1]) await assert.rejects(cache(kv).set(name, value as never), TypeError);
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const value of [() => 1, { n: 1n }, cycle, NaN]) {
      const [one, told] = reporting(kv);
      assert.equal(await one.getOrLoad(name, async () => value as never), value);
      assert.match(told.join(), /^value set: /);
    }
    assert.equal(await kv.get(`profile:${name}`), null);
  },
  async 'lifetimes are spread, none shorter than KV allows'(kv) {
    const prefix = `${fresh()}:`;
    await times(40, (i) => cache(kv, { prefix }).set(`n${i}`, { title: 'x' }));
    const left = await lifetimes(kv, prefix);
    assert.ok(Math.min(...left) > 0.9 * 86400 - SLACK && Math.max(...left) <= 86400, String(left));
    assert.ok(new Set(left).size > 10);
    // KV would have refused them.
    await times(5, (i) => cache(kv, { prefix: `short-${prefix}` }).set(`n${i}`, { title: 'x' }, 60));
    assert.equal((await names(kv, `short-${prefix}`)).length, 5);
  },
  async 'a thousand requests for random names write nothing'(kv) {
    const counted = new FaultyKv(kv);
    let loads = 0;
    await times(20, () => atOnce(50, () => cache(counted).getOrLoad(fresh(), () => (loads++, undefined))));
    assert.deepEqual([loads, counted.counts], [1000, { get: 1000, put: 0, delete: 0, list: 0 }]);
  },
  async 'a known absence is not loaded again where that is asked for'(kv) {
    let loads = 0;
    const nothing = async () => (loads++, null);
    const name = fresh();
    await times(5, () => cache(kv, { negativeTtlSeconds: 60 }).getOrLoad(name, nothing));
    assert.equal(loads, 1);
    assert.equal(await cache(kv).get(name), null);
    await cache(kv).set(name, { title: 'now' });
    assert.deepEqual(await cache(kv).getOrLoad(name, nothing), { title: 'now' });
    // Metadata of somebody else's does not make a value absent.
    await kv.put(`profile:${name}`, '{"title":"theirs"}', { metadata: { m: 1 } });
    assert.deepEqual(await cache(kv).get(name), { title: 'theirs' });
    // Nor is a null that somebody else stored a known absence.
    for (const metadata of [undefined, { m: 2 }]) {
      await kv.put(`profile:${name}`, 'null', { metadata });
      assert.deepEqual(await cache(kv).getOrLoad(name, async () => ({ title: 'db' })), { title: 'db' });
    }
  },
  async 'fifty readers of one instance load once'(kv) {
    let loads = 0;
    const load = async () => {
      loads++;
      await scheduler.wait(20);
      return { title: 'x' };
    };
    const one = cache(kv);
    const name = fresh();
    await atOnce(50, () => one.getOrLoad(name, load));
    assert.equal(loads, 1);
    const failing = one.getOrLoad(fresh(), async () => Promise.reject(new Error('D1 down')));
    await assert.rejects(failing, /D1 down/);
  },
  async 'how long a location may keep what it reads is passed on'() {
    const seen: unknown[] = [];
    const getWithMetadata = async (_: string, options: object) => (seen.push(options), { value: null, metadata: null });
    await cache({ getWithMetadata }, { cacheTtlSeconds: 30 }).get('bob');
    assert.deepEqual(seen, [{ cacheTtl: 30 }]);
  },
  async 'a value of another shape is a miss where that is checked'(kv) {
    const name = fresh();
    await kv.put(`profile:${name}`, '{"old":1}');
    const validate = (v: unknown): v is Bio => typeof (v as Bio).title === 'string';
    const seen: string[] = [];
    const checked = cache(kv, { validate, onProblem: (p: CacheProblem) => seen.push(p.kind) });
    assert.equal(await checked.get(name), null);
    assert.deepEqual(seen, ['corrupt']);
  },
  async 'more than 1,000 keys are deleted in bounded runs, and no others'(kv) {
    const prefix = `${fresh()}:`;
    await times(101, (i) => atOnce(10, (j) => kv.put(`${prefix}${10 * i + j}`, '1')));
    await kv.put(`other:${prefix}`, 'keep');
    const counted = new FaultyKv(kv);
    const runs = [];
    let operations = 0;
    do {
      runs.push(await cache(counted, { prefix }).invalidateAll());
      const all = counted.counts.delete + counted.counts.list;
      assert.ok(all - operations <= 502);
      operations = all;
    } while (!runs.at(-1)!.complete && runs.length < 9);
    assert.deepEqual(
      runs.map((run) => [run.deleted, run.failed, run.complete]),
      [[500, 0, false], [500, 0, false], [10, 0, true]],
    );
    assert.deepEqual(await names(kv, prefix), []);
    assert.equal(await kv.get(`other:${prefix}`), 'keep');
  },
  async 'deletes that fail are counted'(kv) {
    const prefix = `${fresh()}:`;
    await times(20, (i) => kv.put(prefix + i, '1'));
    let n = 0;
    const every4th = new FaultyKv(kv, (op) => (op === 'delete' && n++ % 4 === 0 ? new Error('KV DELETE failed') : null));
    const result = await cache(every4th, { prefix }).invalidateAll();
    assert.deepEqual(result, { deleted: 15, failed: 5, complete: false });
    assert.equal((await names(kv, prefix)).length, 5);
    // Against the limit, too, over several pages.
    const paged = refusing(kv, 'delete');
    const { list } = paged;
    paged.list = (options) => list.call(paged, { ...options, limit: Math.min(2, (options as { limit: number }).limit) } as never);
    assert.deepEqual(await cache(paged, { prefix }).invalidateAll({ maxKeys: 3 }), { deleted: 0, failed: 3, complete: false });
  },
  async 'empty pages of the list are passed over, fifty at most'(kv) {
    const prefix = `${fresh()}:`;
    await times(3, (i) => kv.put(prefix + i, '1'));
    const cursors: unknown[] = [];
    const pages = (last: number) =>
      Object.assign(new FaultyKv(kv), {
        list: async (options: { cursor: string | null }) => {
          cursors.push(options.cursor);
          const page = { keys: [], list_complete: false, cursor: `page ${cursors.length}` };
          return cursors.length < last ? page : kv.list({ prefix });
        },
      });
    assert.deepEqual(await cache(pages(3), { prefix }).invalidateAll(), { deleted: 3, failed: 0, complete: true });
    assert.deepEqual(cursors.splice(0), [null, 'page 1', 'page 2']);
    assert.equal((await cache(pages(1000), { prefix }).invalidateAll()).complete, false);
    assert.equal(cursors.length, 50);
  },
  async 'caveat: another location lags by a minute'(kv) {
    const clock = new Clock();
    const [here, there] = [cache(new Location(kv, clock)), cache(new Location(kv, clock))];
    const name = fresh();
    assert.equal(await there.get(name), null);
    await here.set(name, { title: '1' });
    assert.equal(await there.get(name), null);
    clock.add(61);
    assert.deepEqual(await there.get(name), { title: '1' });
    await here.invalidate(name);
    assert.equal(await here.get(name), null);
    assert.deepEqual(await there.get(name), { title: '1' });
    clock.add(61);
    assert.equal(await there.get(name), null);
  },
  async 'many names cost one operation a hundred, and one corrupt entry spoils none'(kv) {
    const prefix = `${fresh()}:`;
    const counted = new FaultyKv(kv);
    const many = cache(counted, { prefix });
    const wanted = Array.from({ length: 250 }, (_, i) => `n${i}`);
    await Promise.all(wanted.slice(0, 120).map((name) => many.set(name, { title: name })));
    await kv.put(`${prefix}n7`, '{oops');
    await cache(counted, { prefix, negativeTtlSeconds: 60 }).getOrLoad('n200', async () => null);
    const before = counted.counts.get;
    const found = await many.getMany([...wanted, 'n5']);
    assert.equal(counted.counts.get - before, 3);
    assert.equal(found.size, 250);
    assert.equal([...found.values()].filter((value) => value !== null).length, 119);
    assert.deepEqual([found.get('n5'), found.get('n7'), found.get('n200')], [{ title: 'n5' }, null, null]);
    assert.deepEqual([...(await cache(down(kv)).getMany(['a', 'b'])).values()], [null, null]);
  },
  async 'the code in the header loads once, and stores what was changed'(kv) {
    const name = fresh();
    const calls: string[] = [];
    const work: Promise<unknown>[] = [];
    const scope = {
      env: { CONFIG_CACHE: new FaultyKv(kv, onePutASecond(() => Date.now())) },
      ctx: { waitUntil: (promise: Promise<unknown>) => work.push(promise) },
      name,
      changed: { title: 'new' },
      loadProfile: async (who: string) => (calls.push(`load ${who}`), { title: 'old' }),
      saveProfile: async (who: string, { title }: Bio) => calls.push(`save ${who} ${title}`),
    };
    await flows[0]!(scope);
    await flows[1]!({ ...scope, cache: cache(scope.env.CONFIG_CACHE) });
    await Promise.all(work);
    assert.deepEqual([calls, work.length], [[`load ${name}`, `save ${name} new`], 1]);
    assert.deepEqual(await cache(kv).get(name), { title: 'new' });
  },
  async 'a profile that is visited every minute costs what the header says'() {
    const measured = [];
    for (const [label, ttlSeconds, days] of [
      ['1 hour', 3600, 4],
      ['24 hours', undefined, 40],
    ] as const) {
      const clock = new Clock();
      let [text, until, writes] = ['', 0, 0];
      const memory = {
        getWithMetadata: async () => ({ value: clock.time < until ? text : null, metadata: null }),
        put: async (_: string, value: string, { expirationTtl }: { expirationTtl: number }) => {
          [text, until, writes] = [value, clock.time + expirationTtl * 1000, writes + 1];
        },
      };
      for (let minute = 0; minute < days * 1440; minute++) {
        await cache(memory, { ttlSeconds }).getOrLoad('bob', bio);
        clock.add(60);
      }
      measured.push([label, writes / days]);
    }
    for (const [i, [label, writes, profiles]] of costs.entries()) {
      assert.equal(label, measured[i]![0]);
      assert.ok(Math.abs(Number(writes) / Number(measured[i]![1]) - 1) < 0.04, `${measured[i]}`);
      assert.ok(Math.abs(Number(profiles) * Number(writes) - 1000) < 5);
    }
    assert.equal(costs.length, 2);
  },
  async 'a missing binding is an error that names it and the likely causes'() {
    for (const binding of [undefined, null, 'a variable'])
      assert.throws(() => new ConfigCache(binding as never), /^TypeError: .*env\.CONFIG_CACHE.*environment.*pages_build_output_dir/);
  },
  async 'the log has the error and no names'(kv) {
    const name = fresh();
    const refusing = new FaultyKv(kv, () => new Error('KV PUT failed: 429 Too Many Requests'));
    const lines = await logged(() => new ConfigCache(refusing).getOrLoad(name, bio));
    assert.equal(lines.match(/429/g)?.length, 2, lines);
    await kv.put(`profile:${name}`, `${name} is not JSON`);
    const corrupt = await logged(() => new ConfigCache(kv).get(name));
    assert.match(corrupt, /corrupt problem in get\n.*not JSON/);
    assert.ok(!(lines + corrupt).includes(name.slice(0, 9)), lines + corrupt);
  },
  async 'a hit and a miss give the same'(kv) {
    const loaded = { title: 'x', at: new Date(0), tags: new Set(['a']), gone: undefined, list: [undefined, NaN] };
    const name = fresh();
    const one = new ConfigCache(kv);
    const miss = await one.getOrLoad(name, () => loaded);
    const hit = await one.getOrLoad(name, () => loaded);
    assert.deepStrictEqual(miss, hit);
    assert.deepStrictEqual(hit, JSON.parse(JSON.stringify(loaded)));
    assert.equal('gone' in (miss as object), false);
    // What a reader does with the value is nobody else's matter.
    (miss as { title: string }).title = 'changed';
    assert.equal(loaded.title, 'x');
  },
  async 'a loader may answer at once, or with nothing'(kv) {
    const name = fresh();
    assert.equal(await cache(kv).getOrLoad(name, () => undefined), null);
    assert.equal(await cache(kv).getOrLoad(name, () => null), null);
    assert.deepEqual(await cache(kv).getOrLoad(name, () => ({ title: 'x' })), { title: 'x' });
    assert.deepEqual(await cache(kv).get(name), { title: 'x' });
    const throwing = cache(kv).getOrLoad(fresh(), () => {
      throw new Error('D1 down');
    });
    await assert.rejects(throwing, /D1 down/);
  },
  async 'a value that would be refused when read is not written at each visit'(kv) {
    const name = fresh();
    const validate = (v: unknown): v is Bio => typeof (v as Bio).title === 'string';
    const counted = new FaultyKv(kv);
    const [one, told] = reporting(counted, { validate });
    await times(3, async () => assert.deepEqual(await one.getOrLoad(name, () => ({ old: 1 }) as never), { old: 1 }));
    assert.deepEqual([counted.counts.put, told.length], [0, 3]);
    await assert.rejects(one.set(name, { old: 1 } as never), /validate/);
  },
  async 'what was set or deleted during a load is not overwritten by it'(kv) {
    // In another instance too: that is how two requests of one isolate meet.
    for (const sameInstance of [true, false])
      for (const older of [{ title: 'old' }, null]) {
        const name = fresh();
        const one = cache(kv, { negativeTtlSeconds: 60 });
        const other = sameInstance ? one : cache(kv);
        const set = () => other.set(name, { title: 'new' });
        for (const change of [set, () => other.invalidate(name), () => other.invalidateAll()]) {
          await kv.delete(`profile:${name}`);
          const { work, begun, end } = held(older);
          const loading = one.getOrLoad(name, work);
          await begun;
          await change();
          const left = await kv.get(`profile:${name}`);
          end();
          assert.deepEqual(await loading, older);
          assert.equal(await kv.get(`profile:${name}`), left);
        }
      }
  },
  async 'a load from before a change does not pass for one from after it'(kv) {
    const name = fresh();
    const one = cache(kv);
    const [older, younger] = [held({ title: 'old' }), held({ title: 'new' })];
    const first = one.getOrLoad(name, older.work);
    await older.begun;
    await one.invalidate(name);
    const second = one.getOrLoad(name, younger.work);
    await younger.begun;
    older.end();
    await first;
    assert.equal(await one.get(name), null);
    younger.end();
    await second;
    assert.deepEqual(await one.get(name), { title: 'new' });
  },
  async 'of loads that overlap the one that began last stays stored'(kv) {
    const all = ['a', 'b', 'c'];
    // In which order they end, and what is then stored after each.
    const rows: [number[], string[]][] = [
      [[0, 1, 2], ['a', 'b', 'c']],
      [[0, 2, 1], ['a', 'c', 'c']],
      [[1, 0, 2], ['b', 'b', 'c']],
      [[2, 0, 1], ['c', 'c', 'c']],
    ];
    await Promise.all(
      rows.map(async ([order, stored]) => {
        const name = fresh();
        // KV takes one write a second.
        const strict = new FaultyKv(kv, onePutASecond(Date.now));
        void cache(strict).getOrLoad(name, never);
        const loads = all.map((title) => held({ title }));
        const results: Promise<unknown>[] = [];
        for (const { work, begun } of loads) {
          results.push(cache(strict).getOrLoad(name, work));
          await begun;
        }
        for (const [i, load] of order.entries()) {
          loads[load]!.end();
          assert.deepEqual(await results[load], { title: all[load] });
          assert.deepEqual(await cache(kv).get(name), { title: stored[i] }, `${order} ${i}`);
        }
      }),
    );
  },
  async 'a load that finds nothing takes away what an older one has stored'(kv) {
    for (const negativeTtlSeconds of [0, 60]) {
      const counted = new FaultyKv(kv);
      const one = cache(counted, { negativeTtlSeconds });
      const [name, other] = [fresh(), fresh()];
      const [older, younger] = [held({ title: 'old' }), held(null)];
      const first = one.getOrLoad(name, older.work);
      await older.begun;
      const second = one.getOrLoad(name, younger.work);
      await younger.begun;
      older.end();
      await first;
      younger.end();
      assert.equal(await second, null);
      assert.equal(await cache(kv).get(name), null);
      // Nor is it stored after that.
      const [late, nothing] = [held({ title: 'old' }), held(null)];
      const third = one.getOrLoad(other, late.work);
      await late.begun;
      const fourth = one.getOrLoad(other, nothing.work);
      await nothing.begun;
      const fifth = one.getOrLoad(other, never);
      void fifth;
      nothing.end();
      await fourth;
      late.end();
      assert.deepEqual([await third, await cache(kv).get(other)], [{ title: 'old' }, null]);
      assert.deepEqual([counted.counts.put, counted.counts.delete], negativeTtlSeconds === 0 ? [1, 1] : [3, 0]);
    }
  },
  async 'loads that overlap and find the same write it once'(kv) {
    const counted = new FaultyKv(kv);
    const [name, loads] = [fresh(), Array.from({ length: 50 }, () => held({ title: 'x' }))];
    const results: Promise<unknown>[] = [];
    for (const { work, begun } of loads) {
      results.push(cache(counted).getOrLoad(name, work));
      await begun;
    }
    for (const [i, { end }] of loads.entries()) {
      end();
      await results[i];
    }
    assert.equal(counted.counts.put, 1);
    // One that found the same counts as the one that stored it.
    const [a, b, c] = [held({ title: 'x' }), held({ title: 'old' }), held({ title: 'x' })];
    const other = fresh();
    const three = [];
    for (const { work, begun } of [a, b, c]) {
      three.push(cache(counted).getOrLoad(other, work));
      await begun;
    }
    void cache(counted).getOrLoad(other, never);
    await scheduler.wait(5);
    for (const [i, load] of [[0, a], [2, c], [1, b]] as const) {
      load.end();
      await three[i];
    }
    assert.deepEqual(await cache(kv).get(other), { title: 'x' });
  },
  async 'loads that never end use up no memory'(kv) {
    const one = cache(kv, { prefix: `${fresh()}:` });
    const name = fresh();
    const first = held({ title: 'x' });
    const loading = one.getOrLoad(name, first.work);
    await first.begun;
    for (let i = 0; i < 1000; i += 50)
      await atOnce(50, async (j) => {
        const { work, begun } = held(null);
        void one.getOrLoad(`n${i + j}`, work);
        await begun;
      });
    first.end();
    await loading;
    // What is known of this load went with the others, so that it stores nothing. The next one does.
    assert.equal(await one.get(name), null);
    await one.getOrLoad(name, bio);
    assert.deepEqual(await one.get(name), { title: 'x' });
  },
  async 'with waitUntil nobody waits for the write'(kv) {
    const { work: wait, end } = held(null);
    const slow = withPut(kv, async (...args: unknown[]) => (await wait(), kv.put(...args)));
    const work: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>) => void work.push(promise);
    const one = cache(slow, { waitUntil, negativeTtlSeconds: 60 });
    const name = fresh();
    const loads = Promise.all([one.getOrLoad(name, bio), one.getOrLoad(`no-${name}`, () => null)]);
    assert.deepEqual(await Promise.race([loads, scheduler.wait(1000)]), [{ title: 'x' }, null]);
    assert.deepEqual([work.length, await kv.get(`profile:${name}`)], [2, null]);
    end();
    await Promise.all(work);
    assert.deepEqual(await cache(kv).get(name), { title: 'x' });
    // And a failure of it is reported.
    const [failing, told] = reporting(down(kv), { waitUntil });
    await failing.getOrLoad(name, bio);
    await Promise.all(work);
    assert.equal(told.length, 2);
    for (const broken of [() => assert.fail('Illegal invocation'), async () => assert.fail('Illegal invocation')]) {
      const [wrong, said] = reporting(kv, { waitUntil: broken });
      assert.deepEqual(await wrong.getOrLoad(fresh(), bio), { title: 'x' });
      await scheduler.wait(20);
      assert.deepEqual(said, ['kv set: Illegal invocation']);
    }
  },
  async 'a write that hangs holds up a page for two seconds at most'(kv) {
    const [one, told] = reporting(withPut(kv, never));
    const loading = one.getOrLoad(fresh(), bio);
    assert.deepEqual(await Promise.race([loading, scheduler.wait(6000)]), { title: 'x' });
    assert.deepEqual(told, ['kv set: no answer']);
  },
  async 'set makes up for a load that has just written'(kv) {
    const puts: number[] = [];
    const refusal = new Error('KV PUT failed: 429 Too Many Requests');
    const busy = new FaultyKv(kv, (op) => (op === 'put' && puts.push(Date.now()) === 2 ? refusal : null));
    const name = fresh();
    const [one, told] = reporting(busy);
    await one.getOrLoad(name, () => ({ title: 'old' }));
    await one.set(name, { title: 'new' });
    assert.deepEqual(await cache(kv).get(name), { title: 'new' });
    assert.deepEqual(told, ['kv set: KV PUT failed: 429 Too Many Requests']);
    // KV takes one write a second.
    assert.ok(puts[2]! - puts[1]! >= 1000, String(puts));
  },
  async 'with the writes of the day spent, set takes the old value away'(kv) {
    const spent = new FaultyKv(kv, (op) => (op === 'put' ? new Error('KV put() limit exceeded for the day.') : null));
    const name = fresh();
    await cache(kv).set(name, { title: 'old' });
    await cache(spent).set(name, { title: 'new' });
    assert.equal(await cache(kv).get(name), null);
    assert.deepEqual(await cache(spent).getOrLoad(name, () => ({ title: 'new' })), { title: 'new' });
  },
  async 'a number of keys out of bounds is refused'(kv) {
    for (const maxKeys of [NaN, 0, -1, 901, Infinity])
      await assert.rejects(cache(kv).invalidateAll({ maxKeys }), RangeError, String(maxKeys));
    const prefix = `${fresh()}:`;
    await times(7, (i) => kv.put(prefix + i, '1'));
    assert.deepEqual(await cache(kv, { prefix }).invalidateAll({ maxKeys: 5.5 }), { deleted: 5, failed: 0, complete: false });
  },
  async 'a later set or invalidate is not undone by a retry of set'(kv) {
    for (const after of ['set', 'invalidate'] as const) {
      const name = fresh();
      let n = 0;
      const flaky = new FaultyKv(kv, (op) => (op === 'put' && n++ === 0 ? new Error('KV PUT failed: 500') : null));
      const first = cache(flaky).set(name, { title: '1' });
      await scheduler.wait(200);
      await (after === 'set' ? cache(flaky).set(name, { title: '2' }) : cache(flaky).invalidate(name));
      await first;
      assert.deepEqual(await cache(kv).get(name), after === 'set' ? { title: '2' } : null);
      // The old value is not even tried again.
      assert.equal(n, after === 'set' ? 3 : 1);
    }
  },
  async 'a set or invalidate during a write wins over it'(kv) {
    const later: [(c: ConfigCache<Bio>, name: string) => Promise<unknown>, Bio | null][] = [
      [(c, name) => c.set(name, { title: 'new' }), { title: 'new' }],
      [(c, name) => c.invalidate(name), null],
      [(c) => c.invalidateAll(), null],
    ];
    for (const earlier of ['load', 'set'])
      for (const [act, expected] of later) {
        const prefix = `${fresh()}:`;
        let n = 0;
        const slow = withPut(kv, async (...args) => {
          if (n++ === 0) await scheduler.wait(300);
          return kv.put(...args);
        });
        const one = cache(slow, { prefix });
        const write = earlier === 'set' ? one.set('bob', { title: 'old' }) : one.getOrLoad('bob', () => ({ title: 'old' }));
        await scheduler.wait(50);
        await act(cache(slow, { prefix }), 'bob');
        await write;
        assert.deepEqual(await cache(kv, { prefix }).get('bob'), expected, earlier);
        // And what comes later is as it was.
        await one.set('bob', { title: 'next' });
        assert.deepEqual(await cache(kv, { prefix }).get('bob'), { title: 'next' });
      }
  },
  async 'two namespaces with the same keys have nothing to do with each other'(kv, env) {
    const other = env['SESSIONS'];
    // A set is tried again while another namespace's key is written.
    const name = fresh();
    await cache(kv).set(name, { title: 'old' });
    let n = 0;
    const busy = new FaultyKv(kv, (op) => (op === 'put' && n++ === 0 ? new Error('KV PUT failed: 429') : null));
    await Promise.all([cache(busy).set(name, { title: 'new' }), cache(other).set(name, { title: 'other' })]);
    assert.deepEqual([await cache(kv).get(name), await cache(other).get(name)], [{ title: 'new' }, { title: 'other' }]);
    // Both of two loads are stored.
    const [both, slow, fast] = [fresh(), held({ title: 'slow' }), held({ title: 'fast' })];
    const loads = [cache(kv).getOrLoad(both, slow.work), cache(other).getOrLoad(both, fast.work)];
    await Promise.all([slow.begun, fast.begun]);
    fast.end();
    await loads[1];
    slow.end();
    await loads[0];
    assert.deepEqual([await cache(kv).get(both), await cache(other).get(both)], [{ title: 'slow' }, { title: 'fast' }]);
    // A load that began before a change in the other one is stored, too.
    const [late, load] = [fresh(), held({ title: 'late' })];
    const loading = cache(kv).getOrLoad(late, load.work);
    await load.begun;
    await cache(other).invalidate(late);
    await cache(other, { prefix: `${fresh()}:` }).invalidateAll();
    load.end();
    await loading;
    assert.deepEqual(await cache(kv).get(late), { title: 'late' });
  },
  async 'a binding that is wrapped anew for each request caches as another isolate does'(kv) {
    const name = fresh();
    const counted = new FaultyKv(kv);
    const wrap = () => cache(Object.assign(new FaultyKv(counted)));
    await atOnce(20, () => wrap().getOrLoad(name, bio));
    await wrap().set(name, { title: 'new' });
    assert.deepEqual(await wrap().getOrLoad(name, bio), { title: 'new' });
    await wrap().invalidate(name);
    assert.equal(await wrap().get(name), null);
    assert.ok(counted.counts.put <= 21);
  },
  async 'of visits at once only the first one writes, for all requests of a binding'(kv) {
    const counted = new FaultyKv(kv);
    const name = fresh();
    await atOnce(20, () => cache(counted).getOrLoad(name, bio));
    assert.equal(counted.counts.put, 1);
    // Not if that one's request has ended, so that nobody knows whether KV has it.
    const { setTimeout } = globalThis;
    const [other, lost] = [fresh(), new FaultyKv(kv) as Kv];
    lost.put = never;
    globalThis.setTimeout = (() => 0) as never;
    void cache(lost).getOrLoad(other, bio);
    await cache(kv).get(other);
    await cache(kv).get(other);
    globalThis.setTimeout = setTimeout;
    lost.put = kv.put.bind(kv);
    await scheduler.wait(2100);
    await cache(lost).getOrLoad(other, bio);
    assert.deepEqual(await cache(kv).get(other), { title: 'x' });
  },
  async 'a load that takes over as the last write does what set() does'(kv) {
    // KV takes one write a second, and an older one is under way.
    const name = fresh();
    const limit = onePutASecond(Date.now);
    const slow = new FaultyKv(kv, limit) as Kv;
    let first = true;
    slow.put = async (key: string, ...rest: unknown[]) => {
      const refused = limit('put', key);
      if (refused) throw refused;
      if (first) await ((first = false), scheduler.wait(300));
      await kv.put(key, ...rest);
    };
    const writes = [cache(slow).set(name, { title: 'v2' }), cache(slow).invalidate(name)];
    await scheduler.wait(100);
    await cache(slow).getOrLoad(name, () => ({ title: 'v3' }));
    await Promise.all(writes);
    assert.deepEqual(await cache(kv).get(name), { title: 'v3' });
    // With the writes of the day spent, the old value is taken away.
    const other = fresh();
    await cache(kv).set(other, { title: 'old' });
    const spent = refusing(kv, 'put') as Kv;
    spent.getWithMetadata = async () => ({ value: null, metadata: null });
    const set = cache(spent).set(other, { title: 'new' });
    await scheduler.wait(100);
    await cache(spent).getOrLoad(other, () => ({ title: 'new' }));
    await set;
    assert.equal(await cache(kv).get(other), null);
  },
  async 'two sets of which the earlier one ends first, and KV keeps it'(kv) {
    const name = fresh();
    const puts: (() => Promise<void>)[] = [];
    const slow = withPut(kv, (...args) => new Promise<void>((done) => puts.push(async () => done(await kv.put(...args)))));
    const [one, two] = [cache(slow).set(name, { title: '1' }), cache(slow).set(name, { title: '2' })];
    await scheduler.wait(20);
    // The later put arrives first, and its answer last.
    await kv.put(`profile:${name}`, '{"title":"2"}');
    await puts[0]!();
    await one;
    puts[1] = ((put) => async () => void (await put(), await kv.put(`profile:${name}`, '{"title":"1"}')))(puts[1]!);
    await puts[1]();
    await scheduler.wait(20);
    assert.equal(puts.length, 3);
    await puts[2]!();
    await two;
    assert.deepEqual(await cache(kv).get(name), { title: '2' });
  },
  async 'ten thousand reads leave nothing behind'(kv) {
    // The runtime allows a request so many timers at a time.
    const entry = { value: '{"title":"x"}', metadata: null };
    const [one, told] = reporting(Object.assign(new FaultyKv(kv), { getWithMetadata: async () => (await null, entry) }));
    await times(10_050, async () => assert.deepEqual(await one.get('x'), { title: 'x' }));
    assert.deepEqual(told, []);
  },
  async 'a read that hangs is a miss after two seconds'(kv) {
    const [one, told] = reporting(Object.assign(new FaultyKv(kv), { getWithMetadata: never }));
    assert.deepEqual(await Promise.race([one.getOrLoad(fresh(), bio), scheduler.wait(6000)]), { title: 'x' });
    assert.deepEqual(told, ['kv get: no answer']);
    const hung = cache(Object.assign(new FaultyKv(kv), { list: never, delete: never }));
    for (const call of [hung.invalidateAll(), hung.invalidate('bob')])
      await assert.rejects(Promise.race([call, scheduler.wait(6000)]), /no answer/);
  },
};
