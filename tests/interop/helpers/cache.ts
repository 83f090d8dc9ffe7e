import assert from 'node:assert/strict';
import { ConfigCache, type CacheProblem } from 'scaffold/cache';
import { Clock, FaultyKv, Location, SLACK, type Kv, atOnce, down, fresh, lifetimes, names, times } from './doubles';

type Bio = { title: string };
const quiet = { onProblem: () => {} };
const cache = (kv: Kv, options = {}) => new ConfigCache<Bio>(kv, { ...quiet, ...options });

export const tests: Record<string, (kv: Kv) => Promise<void>> = {
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
    await assert.rejects(cache(kv).get(''), TypeError);
  },
  async 'a lifetime out of bounds is one clear error'(kv) {
    for (const seconds of [59, 0, -1, NaN, Infinity, 3e9, 100_000, null as never])
      await assert.rejects(cache(kv).set('t', { title: 'x' }, seconds), RangeError, String(seconds));
    for (const options of [{ ttlSeconds: 59 }, { jitter: 0.6 }, { cacheTtlSeconds: 29 }, { negativeTtlSeconds: 5 }])
      assert.throws(() => cache(kv, options), RangeError);
    assert.throws(() => cache(kv, { prefix: '' }), TypeError);
  },
  async 'what has no JSON form is not stored'(kv) {
    const name = fresh();
    for (const value of [undefined, null, () => 1]) await assert.rejects(cache(kv).set(name, value as never), TypeError);
    await assert.rejects(cache(kv).getOrLoad(name, async () => (() => 1) as never), TypeError);
    assert.equal(await kv.get(`profile:${name}`), null);
  },
  async 'lifetimes are spread, none shorter than KV allows'(kv) {
    const prefix = `${fresh()}:`;
    await times(40, (i) => cache(kv, { prefix }).set(`n${i}`, { title: 'x' }));
    const left = await lifetimes(kv, prefix);
    assert.ok(Math.min(...left) > 3240 - SLACK && Math.max(...left) <= 3600, String(left));
    assert.ok(new Set(left).size > 10);
    // KV would have refused them.
    await times(5, (i) => cache(kv, { prefix: `short-${prefix}` }).set(`n${i}`, { title: 'x' }, 60));
    assert.equal((await names(kv, `short-${prefix}`)).length, 5);
  },
  async 'a known absence is not loaded again'(kv) {
    let loads = 0;
    const nothing = async () => (loads++, null);
    const name = fresh();
    await times(5, () => cache(kv, { negativeTtlSeconds: 0 }).getOrLoad(name, nothing));
    assert.equal(loads, 5);
    loads = 0;
    await times(5, () => cache(kv).getOrLoad(name, nothing));
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
    await many.getOrLoad('n200', async () => null);
    const before = counted.counts.get;
    const found = await many.getMany([...wanted, 'n5']);
    assert.equal(counted.counts.get - before, 3);
    assert.equal(found.size, 250);
    assert.equal([...found.values()].filter((value) => value !== null).length, 119);
    assert.deepEqual([found.get('n5'), found.get('n7'), found.get('n200')], [{ title: 'n5' }, null, null]);
    assert.deepEqual([...(await cache(down(kv)).getMany(['a', 'b'])).values()], [null, null]);
  },
};
