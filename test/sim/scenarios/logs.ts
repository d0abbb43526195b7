/** Named simulations of logs that are not what they were: made anew, shorter than their chain, with holes, with records nobody can read. */
import { objectSource, openBlock, parseBlock } from '@flamelake/block';
import { lateAfterMs, openSegment, segmentKey, takeSnapshot } from '@flamelake/catalog';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { createSegmentWriter, type SegmentWriter } from '@flamelake/segment-writer';
import type { SimulatedProcess } from '@flamelake/testkit';
import { createLogTruth, rowsDiffer } from '../log-truth.ts';
import { createObserver } from '../observer.ts';
import { Violation } from '../violation.ts';
import { createWorld, HOUR_MS, type World } from '../world.ts';
import { ask, expectThat, fold, newProfile, reachEnd, send, sweepTwice, write } from './stage-directions.ts';

/** The segment-writer as it is deployed, and its process. */
function startService(world: World): { service: SegmentWriter; process: SimulatedProcess } {
  let service: SegmentWriter | undefined;
  const { process } = world.job('segment-writer', (process, store) => {
    service = createSegmentWriter({
      store,
      log: world.log.view(process),
      clock: process.clock,
      random: process.random,
      logger: createLogger({ level: 'silent' }),
      metrics: createMetrics(),
      flushIntervalMs: world.flushIntervalMs,
      ...world.rules,
    });
    return service.run(new AbortController().signal);
  });
  if (service === undefined) throw new RangeError('the service has not started');
  return { service, process };
}

/** The log is made anew, longer or shorter than the old one, its tail folded or not: a resend of what the old one took counts once. */
export async function logRecreated(): Promise<void> {
  for (const isFolded of [false, true]) {
    for (const records of [1, 4]) await recreate(isFolded, records);
  }
}

async function recreate(isFolded: boolean, records: number): Promise<void> {
  const world = createWorld(`log made anew ${isFolded} ${records}`);
  const { simulation, log, store, truth } = world;
  const resent = newProfile(world);
  const { process } = startService(world);
  send(world, resent, newProfile(world));
  await reachEnd(world);
  if (isFolded) {
    await fold(world, 9).finish();
    await sweepTwice(world);
  }
  log.recreate();
  await world.run(undefined, { forMs: 60_000 });
  // Who opened the old log goes nowhere; it is started again.
  process.crash();
  startService(world);
  const newTruth = createLogTruth(log, { lateAfterMs: lateAfterMs(world.rules), seenBefore: truth.seen });
  const newRoot = { logId: log.id, partition: 0 };
  const newObserver = createObserver(store, newRoot, newTruth, world.readRows);
  simulation.afterStep(() => newObserver.check());
  newTruth.append([resent]);
  for (let i = 1; i < records; i++) newTruth.append([newProfile(world)]);
  await world.run(() => newObserver.chainEnd === newTruth.end, { forMs: HOUR_MS });
  if (newObserver.chainEnd !== newTruth.end)
    throw new Violation('STUCK', `the new chain stays at ${newObserver.chainEnd}`);

  const { partitions } = await takeSnapshot(store.truth);
  const found = new Map<string, bigint>();
  for (const { manifest, segments } of partitions) {
    const blocks = manifest.blocks.map((entry) => openBlock(objectSource(store.truth, entry)));
    const opened = await Promise.all([...blocks, ...segments.map((segment) => openSegment(store.truth, segment))]);
    for (const block of opened) {
      for (const [row, total] of await world.readRows(block)) found.set(row, (found.get(row) ?? 0n) + total);
    }
  }
  const difference = rowsDiffer(found, new Map([...truth.rows(0, truth.end), ...newTruth.rows(0, newTruth.end)]));
  if (difference !== undefined) throw new Violation('COUNT', `a snapshot of both logs ${difference}`);
}

/** The log has lost records that the chain holds: the partition stops, for a writer that was there and for a new one, and says so. */
export async function logShorterThanChain(): Promise<void> {
  const world = createWorld('log shorter than its chain');
  send(world, newProfile(world), newProfile(world), newProfile(world));
  const { service } = startService(world);
  await reachEnd(world);
  world.log.loseTail(0, 1);
  const stopped = (writer: SegmentWriter) => () => writer.health()[0]?.state === 'stopped';
  await world.run(stopped(service), { forMs: HOUR_MS });
  const { service: newService } = startService(world);
  await world.run(stopped(newService), { forMs: HOUR_MS });
  for (const writer of [service, newService]) {
    const error = writer.health()[0]?.error;
    expectThat(
      stopped(writer)() && error instanceof Error && error.message === 'log ends before its chain',
      String(error),
    );
  }
  world.log.append(0, Uint8Array.of(1));
  await world.run(undefined, { forMs: HOUR_MS });
  expectThat(world.observer.chainEnd === 3, 'nothing is written');
  await ask(world).finish();
}

/** Bytes that are no record stand between profiles: they are kept as they are, through folds, and reading goes on. */
export async function poisonRecord(): Promise<void> {
  const world = createWorld('poison record');
  const { truth, store, observer, root } = world;
  send(world, newProfile(world));
  const poison = Uint8Array.from({ length: 50 }, (_, index) => 255 - index);
  truth.appendPoison(poison);
  truth.appendPoison(new Uint8Array(0));
  send(world, newProfile(world));
  await write(world);
  await expectQuarantine(world, segmentKey(root, 0), poison);
  send(world, newProfile(world));
  await write(world);
  await fold(world, 9).finish();
  await expectQuarantine(world, observer.newest.blocks[0]?.key ?? '', poison);
  expectThat(observer.newest.position === truth.end && store.objects.size > 0, 'all is folded');
  await ask(world).finish();
}

async function expectQuarantine(world: World, key: string, poison: Uint8Array): Promise<void> {
  const object = world.store.objects.get(key);
  expectThat(object !== undefined, `${key} is there`);
  const kept = object === undefined ? [] : await parseBlock(object.body, key).quarantine();
  const found = kept.map(({ offset, value }) => `${offset} ${Buffer.from(value).toString('hex')}`);
  const expected = [`1 ${Buffer.from(poison).toString('hex')}`, '2 '];
  if (found.join() !== expected.join()) throw new Violation('COUNT', `quarantine of ${key} holds ${found.join()}`);
}

/** The log has lost records before they were written: the chain goes on behind them and says what is missing. */
export async function gapInLog(): Promise<void> {
  const world = createWorld('gap in the log');
  send(world, ...Array.from({ length: 5 }, () => newProfile(world)));
  world.truth.lose(1, 3);
  await write(world);
  await fold(world, 9).finish();
  const gaps = JSON.stringify(world.observer.newest.blocks[0]?.log.gaps);
  expectThat(gaps === '[{"from":1,"until":3}]', `the block says ${gaps}`);
  await ask(world).finish();
}
