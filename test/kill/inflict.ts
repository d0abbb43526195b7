/**
 * Does to the world what a plan says, each fault at its time. Faults of one kind of
 * server wait for one another; all others overlap as they come.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault-plan.ts';
import { NO_TROUBLE, type S3Trouble } from './s3-proxy.ts';
import type { World } from './world.ts';

const TROUBLES: Readonly<Record<'slow' | 'refuse' | 'lose', S3Trouble>> = {
  slow: { ...NO_TROUBLE, delayMs: 400 },
  refuse: { ...NO_TROUBLE, refused: 0.4 },
  lose: { ...NO_TROUBLE, lost: 0.3 },
};

/** Resolves when all are over, and everything that was killed has been started again. */
export async function inflict(world: World, plan: readonly Fault[], onFault: (fault: Fault) => void): Promise<void> {
  /** By what they are done to, the end of its last one. */
  const ends = new Map<string, Promise<void>>();
  const startMs = performance.now();
  for (const fault of plan) {
    await sleep(Math.max(0, startMs + fault.atMs - performance.now()));
    const target = targetOf(fault);
    const before = ends.get(target) ?? Promise.resolve();
    const end = before.then(() => {
      onFault(fault);
      return apply(world, fault);
    });
    ends.set(target, end);
    // An error is met below.
    end.catch(() => undefined);
  }
  await Promise.all(ends.values());
}

/** One broker and one process of a role at a time: the load goes on. */
function targetOf({ what }: Fault): string {
  return what.on === 'role' ? what.role : what.on;
}

async function apply(world: World, { what, lastsMs }: Fault): Promise<void> {
  if (what.on === 's3-proxy') {
    world.s3Proxy.set(TROUBLES[what.action]);
    await sleep(lastsMs);
    world.s3Proxy.set(NO_TROUBLE);
    return;
  }
  if (what.on === 'broker') {
    const broker = world.kafka.brokers[what.broker];
    await (what.action === 'kill' ? broker.kill() : broker.freeze());
    await sleep(lastsMs);
    if (what.action === 'kill') await broker.restart();
    else broker.thaw();
    return;
  }
  if (what.on === 'role') {
    const process = world.roles.filter(({ role }) => role === what.role)[what.copy];
    if (what.action === 'restart') await process.restart();
    else await process[what.action](lastsMs);
    return;
  }
  await world[what.on][what.action](lastsMs);
}
