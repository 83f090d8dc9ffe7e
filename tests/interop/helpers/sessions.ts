import assert from 'node:assert/strict';
import { SessionManager } from 'scaffold/sessions';
import { Clock, FaultyKv, Location, SLACK, type Kv, down, fresh, lifetimes, names, times } from './doubles';

const TAG = 22;
/** The prefix of the records of a token's user. */
const records = (token: string) => `session:${token.slice(0, TAG)}:`;
const revoked = (token: string) => `session:revoked:${token.slice(0, TAG)}`;

export const tests: Record<string, (kv: Kv) => Promise<void>> = {
  async 'a session is created, verified and destroyed'(kv) {
    const sessions = new SessionManager(kv);
    const token = await sessions.create('bob');
    const session = await sessions.verify(token);
    assert.deepEqual([session?.username, session?.admin], ['bob', false]);
    assert.equal(Date.parse(session!.expiresAt) - Date.parse(session!.createdAt), 86_400_000);
    await sessions.destroy(token);
    assert.equal(await sessions.verify(token), null);
    assert.deepEqual(await names(kv, records(token)), []);
    await sessions.destroy('no token at all');
    await assert.rejects(sessions.create(''), TypeError);
  },
  async 'nobody is an admin who was not made one'(kv) {
    const sessions = new SessionManager(kv);
    assert.equal((await sessions.verify(await sessions.create('ordinary')))?.admin, false);
    assert.equal((await sessions.verify(await sessions.create('root', { admin: true })))?.admin, true);
  },
  async 'the list of keys gives no usable token'(kv) {
    const sessions = new SessionManager(kv);
    const token = await sessions.create(fresh());
    const listed = await names(kv);
    assert.equal(token.length, 66);
    assert.ok(listed.some((name) => name.startsWith(records(token))));
    assert.ok(!listed.some((name) => name.includes(token.slice(TAG + 1))));
    for (const name of listed) {
      const parts = name.split(':');
      for (const guess of [name, name.slice('session:'.length), `${parts[1]}.${parts[2]}`])
        assert.equal(await sessions.verify(guess), null);
    }
  },
  async 'a record of another form is no session'(kv) {
    const sessions = new SessionManager(kv);
    const token = await sessions.create('u');
    const [key] = (await names(kv, records(token))).slice(-1);
    const good = JSON.parse(await kv.get(key));
    const bad = ['{"user', '"x"', '[]', 'null', '{"v":1}', '{"username":"root","admin":true}'];
    const changes: object[] = [
      { admin: 'yes' },
      { v: 2 },
      { username: 'someone-else' },
      { createdAt: '2999-01-01', expiresAt: '2999-01-02' },
      { expiresAt: 'soon' },
    ];
    for (const text of [...bad, ...changes.map((change) => JSON.stringify({ ...good, ...change }))]) {
      await kv.put(key, text);
      assert.equal(await sessions.verify(token), null, text);
    }
    await kv.put(key, JSON.stringify(good));
    assert.notEqual(await sessions.verify(token), null);
  },
  async 'what is no token costs no read'(kv) {
    const counted = new FaultyKv(kv);
    const sessions = new SessionManager(counted as Kv);
    for (const token of [undefined, null, '', 'x'.repeat(600), '../x', 'a.b', { toString: () => 'x' }])
      assert.equal(await sessions.verify(token as never), null);
    assert.equal(counted.counts.get, 0);
  },
  async 'a copy of a namespace without its expiry revives nothing'(kv) {
    const clock = new Clock();
    const sessions = new SessionManager(kv, { now: clock.now });
    const token = await sessions.create('u', 60);
    for (const name of await names(kv, records(token))) await kv.put(name, await kv.get(name));
    assert.notEqual(await sessions.verify(token), null);
    clock.add(61);
    assert.equal(await sessions.verify(token), null);
  },
  async 'lifetimes have bounds, and a lowered maximum ends older sessions'(kv) {
    for (const seconds of [59, 0, NaN, Infinity, 31 * 86_400])
      await assert.rejects(new SessionManager(kv).create('u', seconds), RangeError);
    assert.throws(() => new SessionManager(kv, { idleTimeoutSeconds: 299 }), RangeError);
    assert.throws(() => new SessionManager(kv, { prefix: '' }), TypeError);
    const token = await new SessionManager(kv, { ttlSeconds: 7200 }).create(fresh());
    const [left] = await lifetimes(kv, records(token));
    assert.ok(left! > 7200 - SLACK && left! <= 7200, String(left));
    const later = () => Date.now() + 3_601_000;
    assert.equal(await new SessionManager(kv, { maxTtlSeconds: 3600, now: later }).verify(token), null);
    assert.notEqual(await new SessionManager(kv, { now: later }).verify(token), null);
  },
  async 'caveat: destroy takes up to a minute in another location'(kv) {
    const clock = new Clock();
    const [here, there] = [new Location(kv, clock), new Location(kv, clock)].map(
      (location) => new SessionManager(location as Kv, { now: clock.now }),
    );
    const token = await here!.create('u');
    // A new session is seen at once: nobody can have looked for it.
    assert.notEqual(await there!.verify(token), null);
    await here!.destroy(token);
    assert.equal(await here!.verify(token), null);
    assert.notEqual(await there!.verify(token), null);
    clock.add(61);
    assert.equal(await there!.verify(token), null);
  },
  async 'use keeps a session alive until its end, and idleness ends it'(kv) {
    const clock = new Clock();
    const counted = new FaultyKv(kv);
    const sessions = new SessionManager(counted as Kv, { idleTimeoutSeconds: 600, ttlSeconds: 3600, now: clock.now });
    const token = await sessions.create('u');
    const seen: [boolean, number][] = [];
    for (const wait of [200, 200, 200, 350, 550, 550, 550, 500, 500]) {
      clock.add(wait);
      const before = counted.counts.put;
      seen.push([(await sessions.verify(token)) !== null, counted.counts.put - before]);
    }
    assert.deepEqual(
      seen.map(([alive]) => alive),
      [true, true, true, true, true, true, true, true, false],
    );
    assert.deepEqual(
      seen.map(([, writes]) => writes),
      [0, 1, 0, 1, 1, 1, 1, 1, 0],
    );
    const idle = await sessions.create('u2');
    clock.add(601);
    assert.equal(await sessions.verify(idle), null);
  },
  async 'a renewal elsewhere does not undo destroy'(kv) {
    const clock = new Clock();
    const [here, there] = [new Location(kv, clock), new Location(kv, clock)].map(
      (location) => new SessionManager(location as Kv, { idleTimeoutSeconds: 600, now: clock.now }),
    );
    const token = await here!.create('u');
    clock.add(350);
    assert.notEqual(await there!.verify(token), null);
    await here!.destroy(token);
    clock.add(30);
    await there!.verify(token);
    clock.add(61);
    assert.equal(await here!.verify(token), null);
    assert.equal(await there!.verify(token), null);
  },
  async 'destroyAll reaches sessions that are not listed yet, and nobody else'(kv) {
    const clock = new Clock();
    const sessions = new SessionManager(kv, { now: clock.now });
    const ann = fresh();
    const mine = await times(3, () => sessions.create(ann));
    const other = await sessions.create('somebody-else');
    assert.equal((await sessions.list(ann)).length, 3);
    clock.add(1);
    const unlisted = await sessions.create(ann);
    const lagging = new FaultyKv(kv) as Kv;
    lagging.list = async (options: object) => {
      const listed = await kv.list(options);
      const own = (key: { name: string }) => key.name;
      const shown = listed.keys.filter((key: { name: string }) => !own(key).endsWith(hidden));
      return { ...listed, keys: shown };
    };
    const before = await names(kv, records(unlisted));
    const hidden = (await newest(kv, before)).slice(-20);
    const behind = new SessionManager(lagging, { now: clock.now });
    assert.deepEqual(await behind.destroyAll(ann), { deleted: 3, complete: true });
    const next = await behind.create(ann);
    assert.deepEqual(await Promise.all(mine.map((token) => sessions.verify(token))), [null, null, null]);
    assert.equal((await names(kv, records(unlisted))).length, 2);
    assert.equal(await sessions.verify(unlisted), null);
    assert.notEqual(await sessions.verify(other), null);
    // Signed in again at once, in the same millisecond.
    assert.notEqual(await sessions.verify(next), null);
    assert.equal((await sessions.list(ann)).length, 1);
  },
  async 'an unreadable revocation ends sessions rather than none'(kv) {
    const sessions = new SessionManager(kv);
    const token = await sessions.create(fresh());
    for (const text of ['abc', '', '-1', '1e99']) {
      await kv.put(revoked(token), text);
      assert.equal(await sessions.verify(token), null, text);
    }
    await kv.put(revoked(token), '5');
    assert.notEqual(await sessions.verify(token), null);
  },
  async 'rotate gives a new token and ends the old one'(kv) {
    const sessions = new SessionManager(kv);
    const old = await sessions.create('u');
    const next = await sessions.rotate(old, { admin: true });
    assert.equal(await sessions.verify(old), null);
    assert.equal((await sessions.verify(next!))?.admin, true);
    assert.equal((await sessions.verify((await sessions.rotate(next!))!))?.admin, true);
    assert.equal(await sessions.rotate('nope'), null);
  },
  async 'without KV verify and destroy reject and never answer'(kv) {
    const token = await new SessionManager(kv).create('u');
    const half = new FaultyKv(kv, (_, key) => (key.includes('revoked') ? new Error('KV GET failed: 503') : null));
    await assert.rejects(new SessionManager(half as Kv).verify(token), /503/);
    await assert.rejects(new SessionManager(down(kv, 'DELETE')).destroy(token), /503/);
  },
  async "another user's tag on one's own secret is no session"(kv) {
    const sessions = new SessionManager(kv);
    const [alice, bob] = [await sessions.create('alice'), await sessions.create('bob')];
    assert.equal(await sessions.verify(alice.slice(0, TAG) + bob.slice(TAG)), null);
  },
  async 'managers with different prefixes share nothing'(kv) {
    const [admins, users] = ['admin:', 'user:'].map((prefix) => new SessionManager(kv, { prefix }));
    const name = fresh();
    const token = await users!.create(name);
    assert.equal(await admins!.verify(token), null);
    await admins!.destroyAll(name);
    assert.notEqual(await users!.verify(token), null);
  },
};

/** The name of the record that was created last. */
async function newest(kv: Kv, listed: string[]): Promise<string> {
  const created = await Promise.all(listed.map(async (name) => [JSON.parse(await kv.get(name)).createdAt, name]));
  return created.sort().at(-1)![1];
}
