/** Settings of the compactor as the options set them. */
import { identityWindowMs } from '@flamelake/catalog';
import type { CompactorOptions } from '@flamelake/compactor';
import type { Clock } from '@flamelake/model';
import type { TenantOptions } from '../overrides/watch-overrides.ts';
import { hasSizeLimits, latestExpiryOf, retentionOf, sizeLimitOf } from './retention.ts';
import type { ServeOptions } from './serve-options.ts';

type Settings = Pick<
  CompactorOptions,
  'foldIntervalMs' | 'foldSegments' | 'keepMs' | 'retention' | 'sizeLimit' | 'hasSizeLimits'
>;

export function compactorSettings(options: ServeOptions, tenantOptions: TenantOptions, clock: Clock): Settings {
  return {
    foldIntervalMs: options['compactor.fold-interval'],
    foldSegments: options['compactor.fold-segments'],
    keepMs: options['compactor.keep'],
    sizeLimit: sizeLimitOf(tenantOptions),
    hasSizeLimits: hasSizeLimits(tenantOptions),
    retention: {
      expireBefore: retentionOf(tenantOptions, clock),
      latestExpiry: latestExpiryOf(tenantOptions, clock),
      identityWindowMs: identityWindowMs({ ingestionWindowMs: options['limits.ingestion-window'] }),
      rewriteAfterMs: options['compactor.rewrite-after'],
    },
  };
}
