import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { costs, flows } from 'header/sessions';
import * as helper from 'scaffold/sessions';
import { SessionManager as SessionManager2 } from 'scaffold/sessions?2';
import { Clock, FaultyKv, Location, SLACK, type Kv, aDay, atOnce, cost, down, fresh, inMemory, lifetimes, names, onePutASecond, refusing, times, warnings } from './doubles';

const { SessionManager, clearCookie, sameOrigin, sessionCookie, sessionToken } = helper;

const TAG = 22;
const silent = { onProblem: () => {} };
/** A request with these headers. */
const request = (headers: Record<string, string> = {}) => new Request('https://example.com/api/me', { headers });
const cookies = (text: string) => request({ Cookie: text });

/** Stores a session as the first version of the helper did, and returns its token. */
async function firstVersion(kv: Kv, username: string, admin: boolean, createdAt = new Date()): Promise<string> {
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const digest = async (text: string) => new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  const tag = base64url((await digest(`user:${username}`)).subarray(0, 16));
  const token = `${tag}.${base64url(crypto.getRandomValues(new Uint8Array(32)))}`;
  const dates = { createdAt: createdAt.toISOString(), expiresAt: new Date(createdAt.getTime() + 86_400_000).toISOString() };
  const record = JSON.stringify({ v: 1, username, admin, ...dates });
  await kv.put(`session:${tag}:${base64url(await digest(token))}`, record, { expirationTtl: 86_400, metadata: dates });
  return token;
}

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
    // What says so outlives the session.
    assert.ok((await lifetimes(kv, `session:ended:${token.slice(0, TAG)}:`)).every((left) => left > 86_400));
    await sessions.destroy('no token at all');
    await assert.rejects(sessions.create(''), TypeError);
  },
  async 'nobody is an admin who was not made one'(kv) {
    const sessions = new SessionManager(kv);
    assert.equal((await sessions.verify(await sessions.create('ordinary')))?.admin, false);
    assert.equal((await sessions.verify(await sessions.create('ordinary', { admin: false })))?.admin, false);
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
      { username: '' },
      { after: 'x' },
      { createdAt: '2999-01-01', expiresAt: '2999-01-02' },
      { since: 'then' },
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
    await sessions.destroy('no token at all');
    assert.deepEqual(counted.counts, { get: 0, put: 0, delete: 0, list: 0 });
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
    for (const ttlSeconds of [59, 0, NaN, Infinity, 31 * 86_400, '3600' as never])
      await assert.rejects(new SessionManager(kv).create('u', { ttlSeconds }), RangeError);
    assert.throws(() => new SessionManager(kv, { idleTimeoutSeconds: 299 }), RangeError);
    new SessionManager(kv, { idleTimeoutSeconds: 300 });
    assert.throws(() => new SessionManager(kv, { prefix: '' }), TypeError);
    const token = await new SessionManager(kv, { ttlSeconds: 7200 }).create(fresh());
    const [left] = await lifetimes(kv, records(token));
    assert.ok(left! > 7200 - SLACK && left! <= 7200, String(left));
    const later = () => Date.now() + 3_601_000;
    assert.equal(await new SessionManager(kv, { maxTtlSeconds: 3600, now: later }).verify(token), null);
    assert.notEqual(await new SessionManager(kv, { now: later }).verify(token), null);
  },
  async 'a lowered maximum counts from the sign-in, in the list and after rotating too'(kv) {
    const clock = new Clock();
    const day = 86_400;
    const manager = (days: number) => new SessionManager(kv, { maxTtlSeconds: days * day, now: clock.now });
    const [name, start] = [fresh(), clock.time];
    const tokens = await times(2, () => manager(30).create(name, 30 * day));
    clock.add(2 * day);
    tokens[1] = (await manager(30).rotate(await manager(30).rotate(tokens[1])))!;
    clock.add(2 * day);
    // Its end is told as it is now.
    const ends = await Promise.all(tokens.map(async (token) => Date.parse((await manager(5).verify(token))!.expiresAt)));
    for (const { expiresAt } of await manager(5).list(name)) ends.push(Date.parse(expiresAt));
    assert.deepEqual(ends.map((end) => (end - start) / 1000), Array(4).fill(5 * day));
    clock.add(day);
    assert.deepEqual(await Promise.all(tokens.map((token) => manager(5).verify(token))), [null, null]);
    assert.deepEqual([await manager(5).list(name), await manager(5).rotate(tokens[1])], [[], null]);
    assert.equal((await manager(6).list(name)).length, 2);
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
    const puts = [];
    for (const wait of [300, 1]) {
      clock.add(wait);
      const before = counted.counts.put;
      await sessions.verify(idle);
      puts.push(counted.counts.put - before);
    }
    assert.deepEqual(puts, [0, 1]);
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
    const first = await firstVersion(kv, fresh(), false);
    for (const token of [first, await sessions.create(fresh())])
      for (const text of ['abc', '', '-1', '1e99']) {
        await kv.put(revoked(token), text);
        assert.equal(await sessions.verify(token), null, text);
      }
    await kv.put(revoked(first), '5');
    assert.notEqual(await sessions.verify(first), null);
    // Nor does it keep anybody from signing in, however long it is.
    for (const text of ['x'.repeat(2000), `${'é'.repeat(50)},`.repeat(40), '\u0001'.repeat(2000)]) {
      const name = fresh();
      const before = await sessions.create(name);
      await kv.put(revoked(before), text);
      const after = await sessions.create(name);
      assert.deepEqual([await sessions.verify(before), (await sessions.verify(after))?.username], [null, name]);
      assert.equal((await sessions.list(name)).length, 1);
      await new SessionManager(kv).destroyAll(name);
      assert.equal(await sessions.verify(after), null);
      assert.notEqual(await sessions.verify(await sessions.create(name)), null);
    }
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
  async 'a cookie whose name only ends or begins alike is another cookie'() {
    const [mallory, victim] = ['m'.repeat(22) + '.' + 'm'.repeat(43), 'v'.repeat(22) + '.' + 'v'.repeat(43)];
    const mine = `__Host-session=${victim}`;
    for (const other of ['x__Host-session', '__host-session', '__Host-session2', '\u00a0__Host-session', '\u0085__Host-session', 'a=b __Host-session'])
      for (const both of [`${other}=${mallory}; ${mine}`, `${mine}; ${other}=${mallory}`, `${mine};${other}=${mallory};`])
        assert.equal(sessionToken(cookies(both)), victim, both);
    assert.equal(sessionToken(cookies(`x__Host-session=${mallory}`)), null);
    assert.equal(sessionToken(cookies(`a=1;\t${mine} ; b=2`)), victim);
    // Browsers send one; which of two is the user's nobody can tell.
    assert.equal(sessionToken(cookies(`__Host-session=${mallory}; ${mine}`)), null);
    assert.equal(sessionToken(cookies('__Host-session=')), '');
    assert.equal(sessionToken(request()), null);
  },
  async 'the cookie lives as long as the session'(kv) {
    const clock = new Clock();
    const sessions = new SessionManager<object>(kv, { ttlSeconds: 7 * 86_400, now: clock.now });
    const { token, expiresAt } = await sessions.create('u', { data: {} });
    const rest = 'Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age';
    assert.equal(sessionCookie(token, expiresAt, clock.time), `__Host-session=${token}; ${rest}=604800`);
    assert.equal(sessionCookie(token, expiresAt, clock.time + 6e8), `__Host-session=${token}; ${rest}=4800`);
    assert.equal(sessionCookie(token, expiresAt, clock.time + 7e8), `__Host-session=${token}; ${rest}=0`);
    assert.match(sessionCookie(token, expiresAt), /Max-Age=604(800|7..)$/);
    assert.equal(clearCookie(), `__Host-session=; ${rest}=0`);
    for (const [bad, end] of [['x; Domain=evil', expiresAt], [undefined, expiresAt], [token, 'soon'], [token, undefined]])
      assert.throws(() => sessionCookie(bad as never, end as never), TypeError);
  },
  async 'requests that another site has a browser send are told apart'() {
    const allowed = (headers: Record<string, string>) => sameOrigin(request(headers));
    const site = 'https://example.com';
    const own = { 'Sec-Fetch-Site': 'same-origin' };
    for (const headers of [{ Origin: site }, {}, own, { 'Sec-Fetch-Site': 'none' }, { Origin: 'null', ...own }])
      assert.equal(allowed(headers as never), true, JSON.stringify(headers));
    for (const origin of ['https://evil.example', 'http://example.com', 'https://example.com:8443', 'https://www.example.com', ''])
      assert.equal(allowed({ Origin: origin, ...own }), false, origin);
    assert.equal(allowed({ Origin: 'null' }), false);
    for (const from of ['cross-site', 'same-site', '']) assert.equal(allowed({ 'Sec-Fetch-Site': from }), false, from);
    for (const from of ['cross-site', 'none']) assert.equal(allowed({ Origin: 'null', 'Sec-Fetch-Site': from }), false, from);
  },
  async 'the header says it as it works'(kv) {
    const run = (flow: number, given: object) => flows[flow]!({ env: { SESSIONS: kv }, username: 'ann', request: request(), ...given });
    const evil = request({ Origin: 'https://evil.example' });
    assert.equal((await run(0, { request: evil })).status, 403);
    const welcome: Response = await run(0, {});
    const cookie = welcome.headers.get('Set-Cookie')!.split(';')[0]!;
    const sessions = new SessionManager<{ admin: boolean }>(kv);
    const given = { sessions, request: cookies(cookie) };
    assert.equal(await run(1, given), undefined);
    assert.deepEqual((await sessions.verify(sessionToken(given.request)))?.data, { admin: false });
    assert.equal((await run(2, { sessions, request: evil })).status, 403);
    assert.match((await run(2, given)).headers.get('Set-Cookie'), /Max-Age=0$/);
    assert.equal((await run(1, given)).status, 401);
    assert.equal(flows.length, 3);
  },
  async 'a thousand sign-outs with made-up tokens cost no write and no delete'(kv) {
    const counted = new FaultyKv(kv);
    const token = await new SessionManager(kv).create(fresh());
    const sessions = new SessionManager(counted as Kv);
    const junk = () => `${token.slice(0, TAG + 1)}${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`;
    const bye: Response[] = await times(1000, () => flows[2]!({ sessions, request: cookies(`__Host-session=${junk()}`) }));
    assert.ok(bye.every((answer) => answer.status === 200));
    assert.deepEqual(counted.counts, { get: 1000, put: 0, delete: 0, list: 0 });
    // From another site not even a read.
    await flows[2]!({ sessions, request: request({ Origin: 'https://evil.example', Cookie: `__Host-session=${token}` }) });
    assert.equal(counted.counts.get, 1000);
    // What cannot be read is deleted all the same.
    const [key] = await names(kv, records(token));
    await kv.put(key, 'corrupt');
    await sessions.destroy(token);
    assert.deepEqual([await kv.get(key!), counted.counts.delete], [null, 1]);
  },
  async 'destroyAll has five deletes under way at most'(kv) {
    const name = fresh();
    const sessions = new SessionManager(kv);
    await times(24, () => sessions.create(name));
    let [open, most] = [0, 0];
    const busy = new FaultyKv(kv) as Kv;
    busy.delete = async (key: string) => {
      most = Math.max(most, ++open);
      await scheduler.wait(5);
      await kv.delete(key);
      open--;
    };
    assert.deepEqual(await new SessionManager(busy).destroyAll(name, 13), { deleted: 13, complete: false });
    assert.deepEqual(await new SessionManager(busy).destroyAll(name), { deleted: 11, complete: true });
    assert.equal(most, 5);
  },
  async 'an instance that revoked once goes on to see what others revoke'(kv) {
    const clock = new Clock();
    const one = new SessionManager(kv, { now: clock.now });
    const name = fresh();
    await one.destroyAll(name);
    await new SessionManager2(kv, { now: clock.now }).destroyAll(name);
    assert.notEqual(await one.verify(await one.create(name)), null);
    await times(6, () => new SessionManager2(Object.assign(new FaultyKv(kv)), { now: clock.now }).destroyAll(name));
    assert.notEqual(await one.verify(await one.create(name)), null);
  },
  async 'reads that may be old for long do not end a session in use'(kv) {
    const clock = new Clock();
    const asked: Record<string, unknown> = {};
    const seen = new FaultyKv(kv) as Kv;
    seen.get = (key: string, options?: { cacheTtl?: number }) => ((asked[key.split(':')[1]!.length === TAG ? 'session' : key.split(':')[1]!] = options?.cacheTtl), kv.get(key, options));
    const sessions = new SessionManager(seen, { idleTimeoutSeconds: 300, cacheTtlSeconds: 600, now: clock.now });
    await sessions.verify(await sessions.create(fresh()));
    assert.deepEqual(asked, { session: 600, revoked: 600, seen: undefined });
  },
  async 'calls cost what the header says'(kv) {
    const counted = new FaultyKv(kv);
    const sessions = new SessionManager(counted as Kv);
    const idle = new SessionManager(counted as Kv, { idleTimeoutSeconds: 600 });
    let token = '';
    const measured = [
      ['create()', await cost(counted, async () => (token = await sessions.create('u')))],
      ['verify()', await cost(counted, () => sessions.verify(token))],
      ['verify() with an idle timeout', await cost(counted, () => idle.verify(token))],
      ['destroy()', await cost(counted, () => sessions.destroy(token))],
    ] as [string, string[]][];
    token = (await sessions.rotate(await sessions.create('u')))!;
    measured.splice(3, 0, ['verify() of a rotated session', await cost(counted, () => sessions.verify(token))]);
    assert.deepEqual(costs, measured.map(([call, costs]) => [call, ...costs]));
    // Nor do sessions that nobody has cost a write.
    assert.deepEqual(await cost(counted, () => sessions.destroy(token.slice(0, -1) + '_')), ['1', '0', '0']);
    const days = costs.map(([, ...row]: string[]) => aDay(row));
    assert.deepEqual(days, ['1,000', '50,000', '33,333', '33,333', '1,000']);
  },
  async 'a session has the data of the application'(kv) {
    const sessions = new SessionManager<{ role: string; teams: number[] }>(kv);
    const data = { role: 'editor', teams: [1, 2] };
    const { token, expiresAt } = await sessions.create('u', { data, ttlSeconds: 600 });
    const session = await sessions.verify(token);
    assert.deepEqual([session?.data, session?.expiresAt, session?.admin], [data, expiresAt, false]);
    const next = await sessions.rotate(token, { data: { ...data, role: 'owner' } });
    assert.equal((await sessions.verify(next!.token))?.data.role, 'owner');
    for (const value of [null, 0, '', false]) {
      const any = new SessionManager(kv);
      const { token } = await any.create('u', { data: value });
      assert.equal((await any.verify(token))?.data, value);
    }
    await assert.rejects(sessions.create('u', { data: undefined } as never), TypeError);
    await assert.rejects(sessions.create('u', { data: () => 1 } as never), TypeError);
  },
  async 'sessions of the first version go on'(kv) {
    const sessions = new SessionManager<{ admin: boolean }>(kv);
    const name = fresh();
    const [root, user] = [await firstVersion(kv, name, true), await firstVersion(kv, fresh(), false)];
    const session = await sessions.verify(root);
    assert.deepEqual([session?.username, session?.admin, session?.data], [name, true, { admin: true }]);
    assert.deepEqual((await sessions.verify(user))?.data, { admin: false });
    // Its calls too: the token alone, and rights as `admin`.
    const old = new SessionManager(kv);
    assert.equal((await old.verify(await old.create(name, { admin: true })))?.admin, true);
    assert.equal(typeof (await old.create(name, 3600)), 'string');
    assert.equal((await old.list(name)).length, 3);
    const rotated = await old.rotate(root);
    assert.deepEqual([(await old.verify(rotated!))?.data, await old.verify(root)], [{ admin: true }, null]);
    await old.destroyAll(name);
    assert.deepEqual([await old.verify(rotated!), await old.list(name)], [null, []]);
    // What the first version revoked stays revoked, and what began later is good.
    const time = Date.now() - 10_000;
    const [before, after] = [await firstVersion(kv, name, false, new Date(time - 1)), await firstVersion(kv, name, false, new Date(time + 1))];
    await kv.put(revoked(before), String(time));
    assert.equal(await old.verify(before), null);
    assert.notEqual(await old.verify(after), null);
    assert.notEqual(await old.verify(await old.rotate(after)), null);
    const now = await new SessionManager(kv).create(name);
    assert.notEqual(await old.verify(now), null);
    await kv.put(revoked(before), String(Date.now()));
    assert.equal(await old.verify(now), null);
  },
  async 'the first version can read what this one stores'(kv) {
    const { token } = await new SessionManager(kv).create(fresh(), { data: { admin: true } });
    const stored = JSON.parse(await kv.get((await names(kv, records(token)))[0]!));
    assert.deepEqual([stored.v, stored.admin, typeof stored.createdAt], [1, true, 'string']);
  },
  async 'rotating does not lengthen a session'(kv) {
    const clock = new Clock();
    const sessions = new SessionManager<object>(kv, { now: clock.now });
    const { token, expiresAt } = await sessions.create('u', { data: {}, ttlSeconds: 600 });
    clock.add(590);
    const next = await sessions.rotate(token, { data: {} });
    assert.equal(next?.expiresAt, expiresAt);
    clock.add(9);
    assert.notEqual(await sessions.verify(next!.token), null);
    const third = await new SessionManager(kv, { now: clock.now }).rotate(next!.token, { ttlSeconds: 3600 });
    clock.add(1);
    assert.equal(await sessions.verify(third!), null);
    const long = await sessions.create('u', { data: {}, ttlSeconds: 86_400 });
    const short = new SessionManager<object>(kv, { maxTtlSeconds: 3600, now: clock.now });
    clock.add(600);
    const lowered = await short.rotate(long.token, { data: {} });
    assert.equal(Date.parse(lowered!.expiresAt) - clock.time, 3_000_000);
    const shorter = await short.rotate(lowered!.token, { data: {}, ttlSeconds: 60 });
    assert.equal(Date.parse(shorter!.expiresAt) - clock.time, 60_000);
  },
  async 'if the old token cannot be deleted the new one is returned, and that is said'(kv) {
    const token = await new SessionManager(kv).create('u');
    const problems: helper.SessionProblem[] = [];
    const sessions = new SessionManager(refusing(kv, 'delete') as Kv, { onProblem: (problem) => void problems.push(problem) });
    const next = await sessions.rotate(token);
    assert.notEqual(await sessions.verify(next!), null);
    assert.deepEqual(problems.map((p) => [p.kind, p.operation, String(p.error)]), [['kv', 'delete', 'Error: KV delete failed: 429']]);
  },
  async 'a missing binding is named at once'() {
    for (const missing of [undefined, null, 'id', {}])
      assert.throws(() => new SessionManager(missing as never), /^TypeError: SessionManager: env\.SESSIONS .*pages_build_output_dir.*$/);
  },
  async 'reports pass the error on, and name nobody'(kv) {
    const name = fresh();
    const token = await new SessionManager(kv).create(name);
    const sessions = new SessionManager(refusing(kv, 'delete') as Kv);
    const [[text, error] = []] = await warnings(() => sessions.rotate(token));
    assert.match(`${text}`, /^SessionManager: kv problem in delete$/);
    assert.match(String(error), /429/);
    await kv.put((await names(kv, records(token)))[0]!, '{');
    const said = await warnings(async () => {
      const tokens = await names(kv, records(token));
      for (const key of tokens) await kv.put(key, '{');
      assert.equal(await new SessionManager(kv).verify(token), null);
    });
    assert.deepEqual(said.map(([text]) => text), ['SessionManager: corrupt problem in get']);
    assert.ok(!String(said).includes(token.slice(0, TAG)));
  },
  async 'no call does nothing without a word'(kv) {
    const sessions = new SessionManager(kv);
    for (const nobody of [undefined, null, ''] as never[])
      for (const call of [() => sessions.destroyAll(nobody), () => sessions.list(nobody), () => sessions.destroyById(nobody, 'x'.repeat(43))])
        await assert.rejects(call(), TypeError);
    for (const id of [undefined, '', 'x', await sessions.create('u')] as never[])
      await assert.rejects(sessions.destroyById('u', id), TypeError);
  },
  async 'one of the listed sessions can be ended'(kv) {
    const sessions = new SessionManager(kv);
    const name = fresh();
    const [one, two] = [await sessions.create(name), await sessions.create(name)];
    const [listed, ...more] = await sessions.list(name, 1);
    assert.equal(more.length, 0);
    await sessions.destroyById(name, listed!.id);
    const alive = await Promise.all([one, two].map((token) => sessions.verify(token)));
    assert.equal(alive.filter(Boolean).length, 1);
    assert.equal((await sessions.list(name)).length, 1);
    await assert.rejects(new SessionManager(down(kv)).destroyById(name, listed!.id), /503/);
  },
  async 'revocation compares no clocks'(kv) {
    for (const off of [-120, 0, 120]) {
      const clock = new Clock();
      const [here, there] = [new SessionManager(kv, { now: clock.now }), new SessionManager2(kv, { now: () => clock.time + off * 1000 })];
      const name = fresh();
      const before = await there.create(name);
      await here.destroyAll(name);
      const after = await there.create(name);
      assert.deepEqual([await here.verify(before), await there.verify(before)], [null, null], String(off));
      assert.notEqual(await here.verify(after), null, String(off));
      assert.equal((await here.list(name)).length, 1, String(off));
    }
  },
  async 'sessions end a second time within a second'(kv) {
    const strict = new FaultyKv(kv, onePutASecond(Date.now)) as Kv;
    const sessions = new SessionManager(strict);
    const name = fresh();
    await sessions.destroyAll(name);
    const token = await new SessionManager(kv).create(name);
    await sessions.destroyAll(name);
    assert.equal(await new SessionManager(kv).verify(token), null);
  },
  async 'calls that end sessions at once wait for one another'(kv) {
    const strict = new FaultyKv(kv, onePutASecond(Date.now)) as Kv;
    const [name, other] = [fresh(), new SessionManager2(strict)];
    const before = await new SessionManager(kv).create(name);
    await new SessionManager(strict).destroyAll(name);
    const all = await Promise.all([new SessionManager(strict), new SessionManager(strict), other].map((s) => s.destroyAll(name)));
    assert.ok(all.every(({ complete }) => complete));
    assert.equal(await new SessionManager(kv).verify(before), null);
    assert.notEqual(await new SessionManager(kv).verify(await new SessionManager(kv).create(name)), null);
  },
  async 'a session that was revoked elsewhere does not live on by rotating'(kv) {
    const clock = new Clock();
    const there = new Location(kv, clock);
    const sessions = new SessionManager(kv, { now: clock.now });
    const stolen = await sessions.create('victim');
    const thief = new SessionManager(there as Kv, { now: clock.now });
    assert.notEqual(await thief.verify(stolen), null);
    await sessions.destroyAll('victim');
    clock.add(5);
    // The revocation is seen between the two reads of it that a rotation could make.
    const mixed = new FaultyKv(kv) as Kv;
    let reads = 0;
    mixed.get = (key: string) => (key.includes('revoked') && ++reads > 1 ? kv.get(key) : there.get(key));
    const next = await new SessionManager(mixed, { now: clock.now }).rotate(stolen);
    assert.notEqual(next, null);
    clock.add(61);
    assert.equal(await sessions.verify(next!), null);
  },
  async 'a session that was ended elsewhere does not live on by rotating'(kv) {
    for (const way of ['destroy', 'destroyById'])
      for (const before of [0, 1]) {
        const clock = new Clock();
        const name = fresh();
        const here = new SessionManager(kv, { now: clock.now });
        const thief = new SessionManager(new Location(kv, clock) as Kv, { now: clock.now });
        let stolen = await here.create(name);
        if (before > 0) stolen = (await here.rotate(stolen))!;
        assert.notEqual(await thief.verify(stolen), null);
        if (way === 'destroy') await here.destroy(stolen);
        else for (const { id } of await here.list(name)) await here.destroyById(name, id);
        clock.add(5);
        const once = await thief.rotate(stolen);
        clock.add(61);
        for (const manager of [here, thief]) assert.equal(await manager.verify(once ?? assert.fail(way)), null);
        assert.equal(await thief.rotate(once), null);
        // Another session of the user's goes on, and may be rotated.
        const other = await here.rotate(await here.rotate(await here.create(name)));
        assert.equal((await here.verify(other))?.username, name);
      }
    // Rotated again at once, before the mark is seen.
    const clock = new Clock();
    const here = new SessionManager(kv, { now: clock.now });
    const thief = new SessionManager(new Location(kv, clock) as Kv, { now: clock.now });
    const stolen = await here.create(fresh());
    const once = await thief.rotate(stolen);
    await thief.verify(once);
    await here.destroy(once);
    const twice = await thief.rotate(await thief.rotate(once));
    clock.add(61);
    assert.notEqual(twice, null);
    assert.equal(await here.verify(twice), null);
  },
  async 'without the mark a session is ended all the same, and it is said'(kv) {
    const told: string[] = [];
    const onProblem = (p: { operation: string; key: string }) => told.push(`${p.operation} ${p.key.split(':')[1]}`);
    const token = await new SessionManager(kv).create(fresh());
    await new SessionManager(refusing(kv, 'put', 'get') as Kv, { onProblem }).destroy(token);
    assert.equal(await new SessionManager(kv).verify(token), null);
    const next = await new SessionManager(kv).create(fresh());
    await new SessionManager(refusing(kv, 'put') as Kv, { onProblem }).destroy(next);
    assert.deepEqual([await new SessionManager(kv).verify(next), told.at(-1)], [null, 'put ended']);
    assert.equal(told.length, 2);
  },
  async 'KV that does not answer fails in seconds'(kv) {
    const token = await new SessionManager(kv).create(fresh());
    const slow = (operation: string) => new SessionManager(Object.assign(new FaultyKv(kv), { [operation]: () => new Promise<never>(() => {}) }) as Kv, silent);
    const name = fresh();
    await new SessionManager(kv).create(name);
    const calls: [string, (s: ReturnType<typeof slow>) => Promise<unknown>][] = [
      ['get', (s) => s.verify(token)],
      ['get', (s) => s.create(name)],
      ['get', (s) => s.list(name)],
      ['put', (s) => s.create(name)],
      ['put', (s) => s.rotate(token)],
      ['put', (s) => s.destroyAll(name)],
      ['list', (s) => s.list(name)],
      ['list', (s) => s.destroyAll(name)],
      ['delete', (s) => s.destroy(token)],
    ];
    const late = scheduler.wait(9000);
    await Promise.all(calls.map(([operation, call]) => assert.rejects(Promise.race([call(slow(operation)), late]), /not answer/, operation)));
  },
  async 'a location that sees an earlier revocation accepts new sessions'(kv) {
    const clock = new Clock();
    const name = fresh();
    const [here, there] = [new SessionManager(kv, { now: clock.now }), new SessionManager(new Location(kv, clock) as Kv, { now: clock.now })];
    await here.destroyAll(name);
    assert.notEqual(await there.verify(await here.create(name)), null);
    await new SessionManager(kv, { now: clock.now }).destroyAll(name);
    const token = await new SessionManager(kv, { now: clock.now }).create(name);
    assert.notEqual(await there.verify(token), null);
    clock.add(61);
    assert.notEqual(await there.verify(token), null);
    assert.equal((await lifetimes(kv, revoked(token)))[0]! > 2_592_000, true);
    // Also where not even its own writes are visible yet.
    const behind = new SessionManager(new Location(kv, clock, true) as Kv, { now: clock.now });
    await behind.create(name);
    await behind.destroyAll(name);
    const next = await behind.create(name);
    clock.add(61);
    assert.notEqual(await here.verify(next), null);
  },
  async 'destroyAll says when records are left, and their sessions are over'(kv) {
    const name = fresh();
    const sessions = new SessionManager(refusing(kv, 'delete') as Kv, silent);
    const token = await sessions.create(name);
    assert.deepEqual(await sessions.destroyAll(name), { deleted: 0, complete: false });
    assert.equal(await sessions.verify(token), null);
    const some = new SessionManager(kv);
    await times(3, () => some.create(name));
    assert.deepEqual(await some.destroyAll(name, 1), { deleted: 1, complete: false });
    assert.deepEqual(await some.list(name), []);
    await assert.rejects(new SessionManager(refusing(kv, 'put') as Kv).destroyAll(name), /429/);
    // Pages may be empty and yet not the last; ten of them are read.
    const cursors: unknown[] = [];
    const endless = Object.assign(new FaultyKv(kv), {
      list: async ({ cursor }: { cursor: unknown }) => (cursors.push(cursor), { keys: [], list_complete: false, cursor: `page ${cursors.length}` }),
    });
    assert.deepEqual(await new SessionManager(endless as Kv).destroyAll(name), { deleted: 0, complete: false });
    assert.deepEqual([cursors.length, ...cursors.slice(0, 3)], [10, null, 'page 1', 'page 2']);
  },
  async 'use in one isolate keeps a session alive in another'(kv) {
    const clock = new Clock();
    const options = { idleTimeoutSeconds: 600, now: clock.now };
    const [here, there] = [new SessionManager(kv, options), new SessionManager2(kv, options)];
    const token = await here.create('u');
    clock.add(400);
    assert.notEqual(await here.verify(token), null);
    clock.add(400);
    assert.notEqual(await there.verify(token), null);
    // A mark from the future is not believed.
    const [key] = await names(kv, `session:seen:${token.slice(0, TAG)}`);
    await kv.put(key, String(clock.time + 1e9));
    clock.add(601);
    assert.equal(await there.verify(token), null);
  },
  async 'many requests at once write one idle mark'(kv) {
    const clock = new Clock();
    const counted = new FaultyKv(kv);
    const manager = () => new SessionManager(counted as Kv, { idleTimeoutSeconds: 600, now: clock.now });
    const token = await manager().create('u');
    clock.add(400);
    const before = counted.counts.put;
    const sessions = await atOnce(12, () => manager().verify(token));
    assert.ok(sessions.every((session) => session !== null));
    assert.equal(counted.counts.put - before, 1);
    // Nor do reads write again that are older than the mark.
    const stale = new Location(counted as Kv, clock, true) as Kv;
    const other = new SessionManager(stale, { idleTimeoutSeconds: 600, now: clock.now });
    const next = await other.create('u');
    clock.add(301);
    const { put } = counted.counts;
    await atOnce(3, () => other.verify(next));
    await times(11, async () => {
      clock.add(5);
      assert.notEqual(await other.verify(next), null);
    });
    assert.equal(counted.counts.put - put, 1);
  },
  async 'refused idle marks do not sign an active user out'(kv) {
    const clock = new Clock();
    const token = await new SessionManager(kv, { now: clock.now }).create('u');
    const refused = refusing(kv, 'put');
    const sessions = new SessionManager(refused as Kv, { ...silent, idleTimeoutSeconds: 600, now: clock.now });
    const alive = await times(60, async () => {
      clock.add(30);
      return (await sessions.verify(token)) !== null;
    });
    assert.ok(alive.every(Boolean));
    // Tried again and again, yet not in every request.
    assert.ok(refused.counts.put > 40 && refused.counts.put <= 60, String(refused.counts.put));
    const rush = refused.counts.put;
    await times(12, () => sessions.verify(token));
    assert.equal(refused.counts.put, rush);
    clock.add(601);
    assert.equal(await sessions.verify(token), null);
  },
  async 'of those in use the ones that came back last are remembered'() {
    const clock = new Clock();
    const lost = refusing(inMemory(), 'put');
    const kept = inMemory();
    const options = { ...silent, idleTimeoutSeconds: 600, now: clock.now };
    const sessions = new SessionManager(Object.assign(lost, { get: kept.get }) as Kv, options);
    const create = () => new SessionManager(kept, options).create(fresh());
    const [often, once] = [await create(), await create()];
    const use = async (token: string) => (await sessions.verify(token)) !== null;
    const tokens = await times(4999, create);
    clock.add(500);
    for (const token of [often, once, ...tokens.slice(0, 4990), often, ...tokens.slice(4990)]) assert.ok(await use(token));
    clock.add(200);
    assert.deepEqual([await use(often), await use(tokens[0]!), await use(once)], [true, true, false]);
  },
  async 'idle marks need not be waited for'(kv) {
    const clock = new Clock();
    const token = await new SessionManager(kv, { now: clock.now }).create('u');
    const later: Promise<unknown>[] = [];
    let write = () => {};
    const slow = new FaultyKv(kv) as Kv;
    slow.put = (...args: [string, string, object]) => new Promise<void>((done) => (write = () => done(kv.put(...args))));
    const sessions = new SessionManager(slow, { idleTimeoutSeconds: 600, now: clock.now, waitUntil: (promise) => void later.push(promise) });
    clock.add(400);
    assert.notEqual(await sessions.verify(token), null);
    assert.equal(later.length, 1);
    write();
    await later[0];
    assert.equal((await names(kv, `session:seen:${token.slice(0, TAG)}`)).length >= 1, true);
    // Nor does a waitUntil that does not work refuse anybody: `ctx.waitUntil` without its `ctx` throws.
    const told: string[] = [];
    const onProblem = (p: helper.SessionProblem) => told.push(`${p.operation}: ${(p.error as Error).message}`);
    for (const waitUntil of [() => assert.fail('Illegal invocation'), async () => assert.fail('later')]) {
      const next = await new SessionManager(kv, { now: clock.now }).create('u');
      clock.add(400);
      const broken = new SessionManager(kv, { idleTimeoutSeconds: 600, now: clock.now, onProblem, waitUntil });
      assert.notEqual(await broken.verify(next), null);
      await scheduler.wait(20);
    }
    assert.deepEqual(told, ['put: Illegal invocation', 'put: later']);
  },
};

/** The name of the record that was created last. */
async function newest(kv: Kv, listed: string[]): Promise<string> {
  const created = await Promise.all(listed.map(async (name) => [JSON.parse(await kv.get(name)).createdAt, name]));
  return created.sort().at(-1)![1];
}
