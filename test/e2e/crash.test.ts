/**
 * Kill -9 at random moments under 64 pushers: every acknowledged profile is there exactly once, no refused one is.
 * A push whose answer never came may be there once or not at all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, startServer, temporaryDirectory } from './server-process.ts';
import { aroundNow, push, SMALL_TYPE, smallPprof } from './small-profile.ts';

const PUSHERS = 64;
const KILLS = 20;
const SERVICES = 8;

type Fate = 'acknowledged' | 'unanswered';

test('64 pushers and 20 crashes lose and double nothing', async () => {
  const directory = temporaryDirectory();
  const flags = [
    '--self-profiling.enabled=false',
    '--compactor.fold-interval=300ms',
    '--segment-writer.flush-interval=50ms',
  ];
  // A profile is known by its function: the flame graph then is a ledger of profiles.
  const ledger = new Map<string, { service: string; value: bigint; fate: Fate }>();
  let server = await startServer({ directory, flags });
  const pushing = { isOver: false };
  let nextId = 0;
  let waiting: (() => void)[] = [];

  const pusher = async (): Promise<void> => {
    while (!pushing.isOver) {
      const id = `profile_${nextId++}`;
      const entry = {
        service: `svc-${nextId % SERVICES}`,
        value: BigInt(1 + (nextId % 97)),
        fate: 'unanswered' as Fate,
      };
      ledger.set(id, entry);
      const bytes = smallPprof({ stacks: [{ frames: ['main', id], value: entry.value }], timeMs: Date.now() });
      try {
        await push(server.url, entry.service, bytes);
        entry.fate = 'acknowledged';
      } catch (error) {
        assert.doesNotMatch(String(error), /push answered 4/, 'no honest profile is refused');
        // The server is gone: wait for the next one.
        if (!pushing.isOver) await new Promise<void>((resolve) => waiting.push(resolve));
      }
    }
  };
  const pushers = Array.from({ length: PUSHERS }, pusher);

  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 400));
    await server.kill();
    server = await startServer({ directory, flags });
    const resume = waiting;
    waiting = [];
    for (const go of resume) go();
  }
  pushing.isOver = true;
  for (const go of waiting) go();
  await Promise.all(pushers);

  const commit = await push(
    server.url,
    'svc-0',
    smallPprof({ stacks: [{ frames: ['main', 'last'], value: 1n }], timeMs: Date.now() }),
  );
  ledger.set('last', { service: 'svc-0', value: 1n, fate: 'acknowledged' });
  const counted = new Map<string, bigint>();
  for (let i = 0; i < SERVICES; i++) {
    for (const [name, value] of await functionsOf(server.url, `svc-${i}`, commit)) counted.set(name, value);
  }
  const wrong: string[] = [];
  for (const [id, { value, fate }] of ledger) {
    const got = counted.get(id) ?? 0n;
    if (got !== value && !(fate === 'unanswered' && got === 0n))
      wrong.push(`${id} ${fate}: pushed ${value}, counted ${got}`);
  }
  const acknowledged = [...ledger.values()].filter(({ fate }) => fate === 'acknowledged').length;
  assert.deepEqual(wrong, []);
  assert.ok(acknowledged > KILLS, `only ${acknowledged} profiles were acknowledged`);
  console.log(
    `${acknowledged} acknowledged, ${ledger.size - acknowledged} unanswered, ${counted.size} functions counted`,
  );
  assert.equal(await server.terminate(), 0);
});

/** Total of every function below `main`. */
async function functionsOf(url: string, service: string, commit: string): Promise<[string, bigint][]> {
  interface Answer {
    readonly flamegraph: { readonly names: string[]; readonly levels: { readonly values: string[] }[] };
  }
  const question = {
    ...aroundNow(),
    profileTypeID: SMALL_TYPE,
    labelSelector: `{service_name="${service}"}`,
    maxNodes: 1_000_000,
  };
  const { flamegraph } = await ask<Answer>(url, 'querier.v1.QuerierService/SelectMergeStacktraces', question, {
    'x-flamelake-commit': commit,
  });
  const values = flamegraph.levels[2]?.values ?? [];
  const rows: [string, bigint][] = [];
  for (let i = 0; i + 3 < values.length; i += 4)
    rows.push([flamegraph.names[Number(values[i + 3])], BigInt(values[i + 1])]);
  return rows;
}
