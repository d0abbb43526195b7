/** What tests see of a running server, and how they wait for it. */
import type { ServerProcess } from './server-process.ts';

const LOOK_AGAIN_MS = 50;

/** Values of a metric, one for each set of labels; none when it has no value. @param name - without the prefix */
export async function metricValues({ url }: Pick<ServerProcess, 'url'>, name: string): Promise<readonly number[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(new RegExp(`^flamelake_${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
  return [...lines].map(([, value]) => Number(value));
}

/** Value of a metric without labels. @throws when it has none */
export async function metric(server: Pick<ServerProcess, 'url'>, name: string): Promise<number> {
  const [value] = await metricValues(server, name);
  if (value === undefined) throw new Error(`metric ${name} has no value`);
  return value;
}

/** Looks again until it is so; the test's own time-out ends what never comes. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}
