/** What the helpers of kvctl 0.1.0 stored before they were rewritten, as it was recorded, is read by those of today. */
import assert from 'node:assert/strict';
import { ConfigCache } from 'scaffold/cache';
import { RateLimiter } from 'scaffold/rate-limit';
import { SessionManager } from 'scaffold/sessions';
import type { Kv } from './doubles';

const recorded = Date.UTC(2026, 0, 2, 12);
const now = () => recorded + 60_000;

/** Calls `work` with these keys in the namespace. */
async function given(kv: Kv, entries: [key: string, value: string, metadata?: unknown][], work: () => Promise<void>) {
  for (const [key, value, metadata] of entries) await kv.put(key, value, { metadata });
  await work();
  for (const [key] of entries) await kv.delete(key);
}

export const tests: Record<string, (kv: Kv) => Promise<void>> = {
  async 'sessions go on, and ended ones stay ended'(kv) {
    const until = (expiresAt: string) => ({ createdAt: '2026-01-02T12:00:00.000Z', expiresAt });
    const ann = until('2026-01-02T13:00:00.000Z');
    const zoe = until('2026-01-03T12:00:00.000Z');
    const entries: [string, string, unknown?][] = [
      [
        'session:t7FaOSZJ6vWcl7j6o0Bwgg:zwM89H4vcXWGq3l4tZ4Hk7aC9fzhwE52sDkxM0O_YjE',
        JSON.stringify({ v: 1, username: 'ann', admin: true, ...ann }),
        ann,
      ],
      [
        'session:34Db9vuZnDRh46tgdGF21g:zDGkZtakZMsV3-ZdG_yH_p8XKXtKX4Nn3RsWgysxEck',
        JSON.stringify({ v: 1, username: 'zoe', admin: false, ...zoe }),
        zoe,
      ],
      // Her sessions were ended by destroyAll().
      ['session:revoked:34Db9vuZnDRh46tgdGF21g', String(recorded)],
    ];
    await given(kv, entries, async () => {
      const sessions = new SessionManager(kv, { now });
      const token = 't7FaOSZJ6vWcl7j6o0Bwgg.pFgksT4zF0kPw2BQvDHNfAEeWUQZBGwOYBDiYihfPxc';
      const session = await sessions.verify(token);
      assert.deepEqual([session?.username, session?.expiresAt], ['ann', ann.expiresAt]);
      assert.equal((await sessions.list('ann')).length, 1);
      const revoked = '34Db9vuZnDRh46tgdGF21g.xforWUFOGlHMRJJkyqK9RuSJpFmu5JgQACZPCZ7zWqM';
      assert.equal(await sessions.verify(revoked), null);
      await sessions.destroy(token);
      assert.equal(await sessions.verify(token), null);
    });
  },
  async 'a block holds, and a count goes on'(kv) {
    const entries: [string, string][] = [
      [
        'auth_attempt:login:_sUlZaoM8Y9X189bOscoUDuJktLW99RtodEgEJCQKwI',
        `{"n":5,"w":${recorded},"b":${recorded + 900_000}}`,
      ],
      ['auth_attempt:default:3b6lRxBWaQ5bHc_gw5_8ovke6BcQBI0Gbi1Tx9AS4U4', `{"n":4,"w":${recorded},"b":0}`],
    ];
    await given(kv, entries, async () => {
      const limiter = new RateLimiter(kv, { now });
      const blocked = await limiter.checkAndIncrement('203.0.113.7', { endpoint: 'login' });
      assert.deepEqual([blocked.allowed, blocked.retryAfterSeconds], [false, 840]);
      const fifth = await limiter.checkAndIncrement('203.0.113.8');
      const sixth = await limiter.checkAndIncrement('203.0.113.8');
      assert.deepEqual([fifth.allowed, fifth.attempts, sixth.allowed], [true, 5, false]);
    });
  },
  async 'cached values and known absences are read'(kv) {
    const entries: [string, string, unknown?][] = [
      ['profile:bob', '{"title":"x"}'],
      ['profile:eve', 'null', { m: 1 }],
    ];
    await given(kv, entries, async () => {
      const cache = new ConfigCache<{ title: string }>(kv);
      assert.deepEqual(await cache.getMany(['bob', 'eve']), new Map([['bob', { title: 'x' }], ['eve', null]]));
      assert.equal(await cache.getOrLoad('eve', () => ({ title: 'loaded all the same' })), null);
    });
  },
};
