/** Traces of this process, when an option says where they go. OpenTelemetry is imported only then. */
import { hostname } from 'node:os';
import { FlamelakeError } from '@flamelake/model';
import { noTracing, type Tracing } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';

/** Where OTLP/HTTP takes traces below an address without a path (OTLP specification). */
const TRACES_PATH = '/v1/traces';

/** @throws {FlamelakeError} `invalid_argument` on an address or a ratio that is none */
export async function openTracing(options: ServeOptions, version: string): Promise<Tracing> {
  const endpoint = options['traces.endpoint'];
  if (endpoint === '') return noTracing;
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const details = { option: 'traces.endpoint', value: endpoint, expected: 'a URL such as http://collector:4318' };
    throw new FlamelakeError('invalid_argument', 'option has a wrong value', details);
  }
  if (url.pathname === '/') url.pathname = TRACES_PATH;
  const { createOpenTelemetry } = await import('@flamelake/runtime/open-telemetry');
  return createOpenTelemetry({
    url: url.href,
    sampleRatio: ratioOf(options['traces.sample-ratio']),
    resource: {
      'service.name': `flamelake-${options.target}`,
      'service.version': version,
      'service.instance.id': `${hostname()}-${process.pid}`,
    },
  });
}

function ratioOf(text: string): number {
  const ratio = text.trim() === '' ? Number.NaN : Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  const details = { option: 'traces.sample-ratio', value: text, expected: 'a number from 0 to 1' };
  throw new FlamelakeError('invalid_argument', 'option has a wrong value', details);
}
