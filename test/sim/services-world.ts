/** The services as they are deployed, without their edges, and what acts upon them: all over a simulated Kafka, S3 and Redis. */
import { createSimulation, type SimulatedProcess } from '@flamelake/testkit';
import { createServicesClients } from './services-clients.ts';
import { createServicesProcesses, type Reader, type ServicesOptions } from './services-processes.ts';
import { Violation } from './violation.ts';

const HOUR_MS = 3_600_000;

export type ServicesWorld = ReturnType<typeof createServicesWorld>;

export function createServicesWorld(seed: string, options: ServicesOptions = {}) {
  const simulation = createSimulation(seed, { stepMsMax: 3, ...options });
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const processes = createServicesProcesses(simulation, options);
  const clients = createServicesClients(simulation, options, count);
  let actors = 0;
  let violation: unknown;

  /** Runs until it holds. */
  async function reach(what: string, holds: () => boolean, forMs = HOUR_MS): Promise<void> {
    await simulation.run(() => violation !== undefined || holds(), { forMs, stepsMax: 400_000 });
    if (violation !== undefined) throw violation;
    if (!holds()) throw new Violation('STUCK', `not reached: ${what}`);
  }

  /** Something a process does; a violation it finds ends the run. */
  function act(what: string, work: (process: SimulatedProcess) => Promise<void>): () => boolean {
    const process = simulation.process(`${what} ${++actors}`);
    let isDone = false;
    process.spawn(() =>
      work(process).then(
        () => {
          isDone = true;
        },
        (error: unknown) => {
          violation ??= error;
        },
      ),
    );
    return () => isDone;
  }

  return {
    ...processes,
    ...clients,
    simulation,
    counts,
    count,
    reach,
    act,
    /** Everything acknowledged counts once, and is seen by this reader. */
    async settle(reader: Reader): Promise<void> {
      let missing = 'everything';
      const watch = async () => {
        for (;;) {
          const answer = await clients.look(reader).catch((error: unknown) => {
            violation ??= error;
            return undefined;
          });
          if (answer !== undefined) missing = answer.missing.map(({ pod }) => pod).join();
          if (missing === '' || violation !== undefined) return;
          await reader.process.clock.sleep(1_000);
        }
      };
      reader.process.spawn(watch);
      await reach('every acknowledged profile counts', () => missing === '').catch((error: unknown) => {
        throw error instanceof Violation && error.property === 'STUCK'
          ? new Violation('STUCK', `acknowledged and not counted: ${missing}`)
          : error;
      });
    },
  };
}
