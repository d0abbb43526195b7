/** What a server says of itself at `/metrics`. */

export interface EventLoopLag {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How much later than due the event loop ran its timers in the last 15 to 30 s; 0 when none was due. */
export async function eventLoopLag(url: string): Promise<EventLoopLag> {
  const text = await (await fetch(`${url}/metrics`)).text();
  if (!text.includes('# HELP flamelake_event_loop_lag_seconds ')) throw new Error('metrics have no event loop lag');
  const ms = (quantile: string): number => {
    const found = new RegExp(`^flamelake_event_loop_lag_seconds\\{quantile="${quantile}"\\} (\\S+)$`, 'm').exec(text);
    return Number(found?.[1] ?? 0) * 1_000;
  };
  return { p99Ms: ms('0.99'), maxMs: ms('1') };
}

/** Sum of a metric's values over all its labels, or over those that match. @param name - without the prefix */
export async function metricSum(url: string, name: string, labels = /^/): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  if (!text.includes(`# TYPE flamelake_${name.replace(/_(count|sum)$/, '')}`))
    throw new Error(`there is no metric ${name}`);
  const lines = text.matchAll(new RegExp(`^flamelake_${name}(\\{.*\\})? (\\S+)$`, 'gm'));
  return [...lines]
    .filter(([, found]) => labels.test(found ?? ''))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}
