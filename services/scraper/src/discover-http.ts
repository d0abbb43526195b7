/** Target groups from a URL: asked again and again, kept while it does not answer. */
import { FlamelakeError } from '@flamelake/model';
import type { Discovery } from './discover-files.ts';
import type { HttpClient } from './http-client.ts';
import { readTargetGroups } from './read-target-groups.ts';
import type { HttpDiscovery, TargetGroup } from './scrape-config.ts';

const TIMEOUT_MS = 15_000;
const BYTES_MAX = 16_777_216;

export function discoverHttp({ url, refreshMs }: HttpDiscovery, client: HttpClient): Discovery {
  let groups: readonly TargetGroup[] = [];
  const headers = {
    'user-agent': 'flamelake',
    accept: 'application/json',
    'x-prometheus-refresh-interval-seconds': String(refreshMs / 1_000),
  };
  return {
    refreshMs,
    source: url,
    async discover(signal) {
      try {
        const body = await client.get(url, { timeoutMs: TIMEOUT_MS, bytesMax: BYTES_MAX, headers, signal });
        groups = readTargetGroups(Buffer.from(body).toString('utf8'), url);
        return { groups, failures: [] };
      } catch (error) {
        if (!(error instanceof FlamelakeError)) throw error;
        return { groups, failures: [error] };
      }
    },
  };
}
