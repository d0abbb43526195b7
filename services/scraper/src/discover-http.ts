/** Target groups from a URL: asked again and again, kept while it does not answer. */
import { FlamelakeError } from '@flamelake/model';
import type { Discovery } from './discover-files.ts';
import type { HttpClient } from './http-client.ts';
import { readTargetGroups } from './read-target-groups.ts';
import type { HttpDiscovery, TargetGroup } from './scrape-config.ts';

const TIMEOUT_MS = 15_000;
const BYTES_MAX = 16_777_216;

export function discoverHttp({ url, refreshMs }: HttpDiscovery, client: HttpClient): Discovery {
  let text = '';
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
        const now = Buffer.from(body).toString('utf8');
        if (now !== text) groups = readTargetGroups(now, url);
        text = now;
        return { groups, failures: [] };
      } catch (cause) {
        if (cause instanceof FlamelakeError) return { groups, failures: [cause] };
        const failure = new FlamelakeError('internal', 'list of targets cannot be read', { url }, { cause });
        return { groups, failures: [failure] };
      }
    },
  };
}
